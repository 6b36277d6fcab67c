import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkDataset } from "../../src/data/check.ts";
import { loadCase, openDataset } from "../../src/data/dataset.ts";
import { ignoredClass } from "../../src/data/selection.ts";
import { runEvaluation } from "../../src/evaluation/run_evaluation.ts";
import { floats, type TensorData } from "../../src/graph/tensor_type.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { Graph } from "../../src/graph/graph.ts";
import { METRICS } from "../../src/metrics/scores.ts";
import { readDescribedModel } from "../../src/model/model.ts";
import { Random } from "../../src/random.ts";
import { silentReporter } from "../../src/reporter.ts";
import { createSession } from "../../src/runtime/session.ts";
import { fillBatch } from "../../src/training/batches.ts";
import { createAugmentation } from "../../src/training/augmentations.ts";
import { createLoss } from "../../src/training/losses.ts";
import { classFrequencies } from "../../src/training/output_prior.ts";
import { prepareTraining } from "../../src/training/runs/preparation.ts";
import { runSettings } from "../../src/training/runs/run_settings.ts";
import { caseSamples, hasForeground } from "../../src/training/samples.ts";
import { type LabelledPhantom, THREE_CLASSES, writeLabelledPhantom } from "../labelled_phantom.ts";
import { historyOf, trainTiny, withTinyRuns } from "./tiny_runs.ts";

/** Lesions, and half of the image of unknown class. */
const HALF: Omit<LabelledPhantom, "cases"> = {
  labels: ["background", "lesion", "ignore"],
  labelOf: ({ lesion, position: [x] }) => x >= 24 ? 2 : lesion ? 1 : 0,
};

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "seg-ignored-")));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (
  const [name, made, classes] of [
    ["one class", HALF, 1],
    ["several classes", {
      labels: [...THREE_CLASSES.labels, "ignore"],
      labelOf: (voxel) => voxel.position[0] >= 20 ? 4 : THREE_CLASSES.labelOf(voxel),
    }, 3],
  ] as [string, Omit<LabelledPhantom, "cases">, number][]
) {
  test(`losses of ${name} do not depend on what a network says of ignored voxels`, async () => {
    await inFolder(async (folder) => {
      writeLabelledPhantom(folder, { cases: 1, ...made });
      const index = openDataset(folder);
      const [size, channels, batch] = [24, classes + 1, 3];
      const samples = caseSamples(index, index.cases[0] as (typeof index.cases)[number], {
        inputSize: size,
        outputSize: size,
        plane: "axial",
        normalization: { mode: "none" },
        ignored: true,
      }).filter(hasForeground).slice(0, batch);
      assert.equal(samples.length, batch);
      const shape = [batch, channels, size, size];
      const target = new Float32Array(batch * channels * size * size);
      fillBatch({ image: new Float32Array(batch * size * size), target }, samples, {
        inputSize: size,
        outputSize: size,
        channels: 1,
        classes: channels,
        augmentation: createAugmentation({ name: "none", labels: classes }),
        random: new Random(0),
      });
      const pixels = size * size;
      const at = (image: number, channel: number, pixel: number) => (image * channels + channel) * pixels + pixel;
      const shareOf = (image: number, pixel: number) =>
        Array.from({ length: channels }, (_, k) => target[at(image, k, pixel)] as number).reduce((a, b) => a + b);
      const random = new Random(1);
      const logits = Float32Array.from({ length: target.length }, () => random.normal());
      const changed = Float32Array.from(logits);
      let ignored = 0;
      for (let image = 0; image < batch; image++) {
        for (let pixel = 0; pixel < pixels; pixel++) {
          if (shareOf(image, pixel) > 0) continue;
          ignored++;
          for (let k = 0; k < channels; k++) changed[at(image, k, pixel)] = random.normal(0, 5);
        }
      }
      // Half of every image, but for pixels on the border.
      assert.ok(ignored > 0.4 * batch * pixels && ignored < 0.7 * batch * pixels, `${ignored}`);
      for (const loss of ["ce", "dice", "dice-ce", "focal"]) {
        const graph = new Graph();
        const [z, t] = ["logits", "target"].map((input) => graph.input(input, { elementType: "float32", shape }));
        const term = createLoss(loss, { channels, ignore: true })(graph, z as never, t as never);
        graph.output(term.value, "value");
        graph.output(term.gradient, "gradient");
        const session = await createSession(encodeModel(graph, { opset: 13 }), { threads: 1 });
        const run = async (values: Float32Array) => {
          const answer = await session.run({ logits: floats(values, shape), target: floats(target, shape) });
          return ["value", "gradient"].map((output) => (answer[output] as TensorData<"float32">).values);
        };
        const [[value, gradient], [otherValue, otherGradient]] = [await run(logits), await run(changed)];
        await session.release();
        assert.ok(Math.abs((value?.[0] as number) - (otherValue?.[0] as number)) < 1e-5 * (value?.[0] as number), loss);
        const largest = Math.max(...(gradient as Float32Array).map(Math.abs));
        let differing = 0;
        for (let i = 0; i < target.length; i++) {
          const pixel = i % pixels;
          const image = Math.floor(i / (channels * pixels));
          if (shareOf(image, pixel) === 0) assert.ok(gradient?.[i] === 0 && otherGradient?.[i] === 0, loss);
          else if (Math.abs((gradient?.[i] as number) - (otherGradient?.[i] as number)) > 1e-5 * largest) differing++;
        }
        assert.equal(differing, 0, loss);
        assert.ok(largest > 0);
      }
    });
  });
}

test("a label called ignore and --ignore leave the same voxels out of masks, checks and frequencies", async () => {
  await inFolder((folder) => {
    const [declared, given] = [join(folder, "declared"), join(folder, "given")];
    writeLabelledPhantom(declared, { cases: 2, ...HALF });
    writeLabelledPhantom(given, { cases: 2, ...HALF, labels: ["background", "lesion"] });
    const indices = [openDataset(declared), openDataset(given, { ignore: ["2"] })] as const;
    for (const index of indices) {
      assert.deepEqual([index.labels.map(({ name }) => name), ignoredClass(index.labelling)], [["lesion"], 2]);
      const { mask } = loadCase(index, index.cases[0] as (typeof index.cases)[number]);
      const counts = [0, 1, 2].map((k) => mask?.data.reduce((sum, value) => sum + (value === k ? 1 : 0), 0));
      assert.equal(counts[2], 24 * 48 * 20);
      assert.ok((counts[1] as number) > 0);
      const options = { inputSize: 24, outputSize: 24, plane: "axial", normalization: { mode: "none" } } as const;
      const samples = caseSamples(index, index.cases[0] as (typeof index.cases)[number], { ...options, ignored: true });
      const [share] = classFrequencies(samples, { classes: 1, size: 24 }) as [number];
      // Of the known half; the squares need no padding.
      assert.ok(Math.abs(share - (counts[1] as number) / (24 * 48 * 20)) < 1e-3, `${share}`);
    }
    const [first, second] = [checkDataset(declared, { folds: 2 }), checkDataset(given, { folds: 2, ignore: [2] })];
    assert.deepEqual(first.errors, []);
    assert.deepEqual(first.fingerprint.classes, second.fingerprint.classes);
    assert.deepEqual(first.fingerprint.intensities, second.fingerprint.intensities);
    assert.match(checkDataset(given, { folds: 2 }).errors[0]?.found as string, /label values 0, 1, 2/);
    return Promise.resolve();
  });
});

test("train() learns one class beside ignored voxels with two channels", async () => {
  await withTinyRuns(async ({ options, folder }) => {
    const dataset = join(folder, "half");
    writeLabelledPhantom(dataset, { cases: 4, ...HALF });
    await trainTiny(options("run", { dataset, epochs: 2, stepsPerEpoch: 30, learningRate: 0.02 }));
    const [first, second] = historyOf(options("run").out) as { trainLoss: number; dice: number | null }[];
    assert.ok((second?.trainLoss as number) < (first?.trainLoss as number));
    const { metadata } = readDescribedModel(join(options("run").out, "best.onnx"));
    assert.deepEqual(metadata.labels, [{ value: 1, name: "lesion" }]);
    assert.deepEqual([metadata.output.activation, metadata.training["ignored"]], ["softmax", [2]]);
    const model = join(options("run").out, "best.onnx");
    const { document, text } = await runEvaluation(dataset, { model }, {
      metrics: METRICS,
      emptyRule: "nnunet",
      hd95Variant: "max",
      force: false,
      split: "val",
      resolutions: true,
      ablateHead: true,
      threads: 1,
    }, { reporter: silentReporter, signal: new AbortController().signal });
    const best = Math.max(...[first, second].map((record) => record?.dice ?? 0));
    assert.ok(Math.abs((document.mean.dice ?? 0) - best) < 1e-9, `${document.mean.dice}, ${best} in training`);
    assert.equal(document.conventions["ignoredVoxels"], 2 * 24 * 48 * 20);
    assert.match(text, /^Ignored: 46080 voxels in 2 cases; there neither mask nor prediction counts$/m);
    await assert.rejects(
      prepareTraining(runSettings(options("other", { dataset, loss: "bce" })), silentReporter),
      /^UsageFailure: The loss bce cannot leave out the voxels to ignore: choose one of ce, dice, dice-ce, focal$/,
    );
  });
});
