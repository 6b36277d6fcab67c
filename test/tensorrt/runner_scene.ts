/** What the tests of the runner share: the program on the stand-in for TensorRT, and seg's own answers to compare with. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Graph } from "../../src/graph/graph.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { encodeMetadata, type ModelMetadata } from "../../src/graph/onnx/metadata.ts";
import { conv, convTranspose } from "../../src/graph/ops/convolution.ts";
import { floats } from "../../src/graph/tensor_type.ts";
import { sliceGeometry } from "../../src/imaging/slices.ts";
import type { Volume } from "../../src/imaging/volume.ts";
import { described, type DescribedModel, modelOf } from "../../src/model/model.ts";
import { createNetwork } from "../../src/prediction/network.ts";
import { labelValues } from "../../src/prediction/predict_cases.ts";
import { predictorOver } from "../../src/prediction/predictor.ts";
import { Random } from "../../src/random.ts";
import { runnerSettings } from "../../src/tensorrt/kit_runner.ts";
import { compileWithStandIn, STAND_IN_VERSIONS, writeRecording } from "../../tools/tensorrt_stand_in/engine_file.ts";

export type StandInVersion = keyof typeof STAND_IN_VERSIONS;

/** How a model of the tests differs from one of one channel and one class. */
export interface SceneModel {
  readonly channels?: number;
  readonly activation?: "sigmoid" | "softmax";
  readonly labels?: readonly number[];
  readonly metadata?: (metadata: ModelMetadata) => Partial<ModelMetadata>;
}

/**
 * A convolution with noise for weights and a transposed one behind it, from 16 to 32 pixels, the mean of its outputs at 0: its masks
 * are patterns of the image, and many of their pixels lie near the threshold.
 */
export function sceneModel({ channels = 1, activation = "sigmoid", labels = [1], metadata = () => ({}) }: SceneModel) {
  const classes = labels.length + (activation === "softmax" ? 1 : 0);
  const random = new Random(4);
  const noise = (shape: readonly number[]) => {
    const count = shape.reduce((product, length) => product * length, 1);
    const values = Float32Array.from({ length: count }, () => random.normal());
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    return floats(values.map((value) => value - mean), shape);
  };
  const graph = new Graph();
  const image = graph.input("image", { elementType: "float32", shape: [1, channels, 16, 16] });
  const around = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const features = graph.apply(conv, [image, graph.constant(noise([4, channels, 3, 3]), "first")], around);
  const last = graph.constant(noise([4, classes, 2, 2]), "last");
  graph.output(graph.apply(convTranspose, [features, last], { kernel_shape: [2, 2], strides: [2, 2] }), "mask");
  const named: ModelMetadata = {
    version: "0.0.0",
    net: {},
    input: {
      channels: Array.from({ length: channels }, (_, channel) => `channel ${channel}`),
      size: 16,
      normalization: { mode: "zscore", lowerPercentile: 0.5, upperPercentile: 99.5, nonZero: true },
    },
    output: { levels: ["mask"], answer: "mask", activation, threshold: 0.5 },
    labels: labels.map((value) => ({ value, name: `label ${value}` })),
    plane: "axial",
    training: {},
  };
  const said = encodeMetadata({ ...named, ...metadata(named) });
  const bytes = encodeModel(graph, { opset: 13, graphName: "scene", batchName: "N", metadata: said });
  return described(modelOf("scene.onnx", bytes));
}

/**
 * Segments volumes with seg and ONNX Runtime, and writes an engine of the stand-in with these runs and the runner's settings.
 *
 * @returns the label values of every volume, in the order of its voxels.
 */
export async function recordScene(
  folder: string,
  model: DescribedModel,
  { volumes, batch = 1 }: { volumes: readonly Volume[]; batch?: number },
): Promise<(Uint8Array | Uint16Array)[]> {
  const { metadata } = model;
  const network = await createNetwork(model, { threads: 1, batch });
  const { channels, size } = metadata.input;
  const runs: Float32Array[][] = [];
  let answerShape = [0, 0];
  let filled = new Float32Array(batch * channels.length * size * size);
  const recording = {
    ...network,
    run: async (images: Float32Array, count: number) => {
      const { logits, classes, size: side } = await network.run(images, count);
      // The runner leaves in the last places what the run before had there.
      filled = filled.slice();
      filled.set(images);
      answerShape = [classes, side];
      const answer = new Float32Array(batch * classes * side * side);
      answer.set(logits.subarray(0, count * classes * side * side));
      runs.push([new Float32Array(batch), answer, filled]);
      return { logits, classes, size: side };
    },
  };
  const predictor = predictorOver(recording, metadata);
  const masks: (Uint8Array | Uint16Array)[] = [];
  for (const volume of volumes) masks.push(labelValues((await predictor.segment(volume)).mask.data, metadata.labels));
  await predictor.release();
  const [classes, side] = answerShape as [number, number];
  const elementType = "float32" as const;
  const input = { name: "image", elementType, shape: [batch, channels.length, size, size] };
  const answer = { name: metadata.output.answer, elementType, shape: [batch, classes, side, side] };
  const other = { name: "level_0", elementType, shape: [batch, 1, 1, 1] };
  writeRecording(join(folder, "model.engine"), {
    tensors: [{ ...other, isInput: false }, { ...answer, isInput: false }, { ...input, isInput: true }],
    runs,
  });
  writeFileSync(join(folder, "runner.txt"), runnerSettings(metadata, { input, answer }));
  return masks;
}

/** Slices of a volume in canonical order as the frames that a screen shows: [channels, rows, columns] each, row 0 at the top. */
export function framesOf(volume: Volume, plane: ModelMetadata["plane"]): Volume["data"][] {
  const { count, rows, columns, rowStride, columnStride, sliceStride, channelStride } = sliceGeometry(volume, plane);
  return Array.from({ length: count }, (_, slice) => {
    const frame = volume.data.slice(0, volume.channels * rows * columns);
    let to = 0;
    for (let channel = 0; channel < volume.channels; channel++) {
      for (let row = rows - 1; row >= 0; row--) {
        for (let column = columns - 1; column >= 0; column--) {
          const at = channel * channelStride + slice * sliceStride + row * rowStride + column * columnStride;
          frame[to++] = volume.data[at] as number;
        }
      }
    }
    return frame;
  });
}

const programs = new Map<StandInVersion, string>();

/** The runner on the stand-in, compiled once for each version, into `folder`; a warning fails. */
export function compileRunner(folder: string, version: StandInVersion): string {
  const known = programs.get(version);
  if (known !== undefined) return known;
  mkdirSync(folder, { recursive: true });
  const program = join(folder, `runner-${version}`);
  assert.equal(compileWithStandIn(program, [join("src", "tensorrt", "runner", "runner.cpp")], version), undefined);
  programs.set(version, program);
  return program;
}

/** Starts the runner in `folder`. */
export function startRunner(program: string, folder: string, args: readonly string[], input?: Uint8Array) {
  const { status, signal, stdout, stderr } = spawnSync(program, args, {
    cwd: folder,
    maxBuffer: 2 ** 26,
    ...(input && { input }),
  });
  return { status, signal, bytes: stdout, output: stdout.toString(), errors: stderr.toString() };
}
