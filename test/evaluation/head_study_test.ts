import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runEvaluation } from "../../src/evaluation/run_evaluation.ts";
import type { PairedComparison } from "../../src/metrics/compare.ts";
import { Graph } from "../../src/graph/graph.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { encodeMetadata, type ModelMetadata } from "../../src/graph/onnx/metadata.ts";
import type { Value } from "../../src/graph/op.ts";
import { conv } from "../../src/graph/ops/convolution.ts";
import { resize } from "../../src/graph/ops/resize.ts";
import { softmax } from "../../src/graph/ops/softmax.ts";
import { floats } from "../../src/graph/tensor_type.ts";
import { type Affine, scalingAffine } from "../../src/imaging/volume.ts";
import { Random } from "../../src/random.ts";
import { silentReporter } from "../../src/reporter.ts";
import { inFolder } from "../commands/run_program.ts";
import { put, putNifti } from "../data/made_folders.ts";
import { identityModel } from "../prediction/identity_model.ts";

const SIZE = 12;
const IDS = ["p1", "p2", "p3"];

type Shape = readonly [number, number, number];

/** Volumes with two channels of noise, and masks of two classes. */
function putNoise(folder: string, { shape, affine }: { shape: Shape; affine: Affine }): void {
  const random = new Random(3);
  for (const id of IDS) {
    const voxels = shape[0] * shape[1] * shape[2];
    const image = Float32Array.from({ length: 2 * voxels }, () => random.uniform());
    const mask = Uint8Array.from(
      { length: voxels },
      (_, i) => (image[i]! > 0.6 ? 1 : image[voxels + i]! > 0.6 ? 2 : 0),
    );
    putNifti(folder, `imagesTr/${id}.nii.gz`, { data: image, shape, channels: 2, affine });
    putNifti(folder, `labelsTr/${id}.nii.gz`, { data: mask, shape, affine });
  }
  put(folder, "dataset.json", {
    modality: { 0: "channel 0", 1: "channel 1" },
    labels: { 0: "background", 1: "label 1", 2: "label 2" },
    training: IDS.map((id) => ({ image: `./imagesTr/${id}.nii.gz`, label: `./labelsTr/${id}.nii.gz` })),
    test: [],
  });
}

/**
 * Level 0 gives the probabilities of background and two classes; the head doubles them by bilinear interpolation, or by that and a step
 * to the next pixel.
 */
function bilinearModel(path: string, { plane, shifted }: { plane: ModelMetadata["plane"]; shifted: boolean }): void {
  const graph = new Graph();
  const image = graph.input("image", { elementType: "float32", shape: [1, 2, SIZE, SIZE] });
  const weights = graph.constant(floats([0, 0, 4, -1, -1, 4], [3, 2, 1, 1]), "weights");
  const logits = graph.apply(conv, [image, weights, graph.constant(floats([0, -1, -1.5]), "bias")], {
    kernel_shape: [1, 1],
  });
  const levelZero = graph.apply(softmax, [logits], { axis: 1 });
  graph.output(levelZero, "level_0");
  let doubled: Value = graph.apply(resize, [levelZero], {
    scales: [1, 1, 2, 2],
    mode: "linear",
    coordinate_transformation_mode: "half_pixel",
  });
  if (shifted) {
    const step = [0, 1, 2].flatMap((k) => [0, 1, 2].flatMap((c) => [0, 0, 0, k === c ? 1 : 0, 0, 0, 0, 0, 0]));
    const kernel = graph.constant(floats(step, [3, 3, 3, 3]), "step");
    doubled = graph.apply(conv, [doubled, kernel], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  }
  graph.output(doubled, "level_1");
  const { metadata } = identityModel({ size: SIZE, channels: 2, plane, activation: "softmax" });
  const output = { ...metadata.output, activation: "none", levels: ["level_0", "level_1"], answer: "level_1" };
  const encoded = encodeMetadata({ ...metadata, output: output as unknown as ModelMetadata["output"] });
  writeFileSync(path, encodeModel(graph, { opset: 13, metadata: encoded, batchName: "N" }));
}

/** The file's axes run downwards, to the right and to the front. */
const TURNED: Affine = [0, 1, 0, 5, 0, 0, 1, -3, -1, 0, 0, 7];

for (
  // The longer side of a slice has as many voxels as the head has pixels: each voxel is one pixel.
  const [plane, shape, affine] of [
    ["axial", [24, 19, 4], scalingAffine([1, 1, 1])],
    ["sagittal", [4, 24, 19], scalingAffine([1, 1, 1])],
    ["coronal", [24, 19, 4], TURNED],
  ] as const
) {
  test(`seg evaluate --ablate-head finds no difference where the head is bilinear, ${plane}`, async () => {
    await inFolder(async (folder) => {
      const dataset = join(folder, "data");
      putNoise(dataset, { shape, affine });
      const model = join(folder, "model.onnx");
      const scores = async (shifted: boolean) => {
        bilinearModel(model, { plane, shifted });
        const { document } = await runEvaluation(dataset, { model }, {
          metrics: ["dice", "hd95"],
          emptyRule: "nnunet",
          hd95Variant: "max",
          ablateHead: true,
          force: false,
          threads: 1,
        }, { reporter: silentReporter, signal: new AbortController().signal });
        return document;
      };
      const equal = await scores(false);
      assert.deepEqual(equal.headAblation?.mean, equal.mean);
      for (const label of ["label 1", "label 2"]) {
        const compared: PairedComparison | undefined = equal.headAblation?.comparison[label]?.dice;
        assert.deepEqual([compared?.n, compared?.meanDifference, compared?.wilcoxon.n], [3, 0, 0]);
        assert.ok((equal.headAblation?.perClass[label]?.dice as number) > 0.3);
      }
      const { headAblation, mean } = await scores(true);
      assert.deepEqual(headAblation?.mean, equal.mean, "level 0 does not see the head");
      assert.ok((mean.dice as number) < (equal.mean.dice as number) - 0.02, "a head that moves all by a pixel costs");
    });
  });
}
