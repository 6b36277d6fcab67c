/** Regions that overlap, from the data set to masks, scores, decisions and an exported model. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadCase, openDataset } from "../../src/data/dataset.ts";
import { checkDataset } from "../../src/data/check.ts";
import { exportModel } from "../../src/deployment/export_model.ts";
import { measureParity } from "../../src/deployment/parity.ts";
import type { EvaluationSource } from "../../src/evaluation/evaluation_options.ts";
import { runEvaluation } from "../../src/evaluation/run_evaluation.ts";
import { tuneModel } from "../../src/evaluation/tune_model.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../src/files.ts";
import { readNifti } from "../../src/imaging/nifti.ts";
import { ensembleOf } from "../../src/model/ensemble.ts";
import { readDescribedModel } from "../../src/model/model.ts";
import { findCases } from "../../src/prediction/prediction_cases.ts";
import { predictCases } from "../../src/prediction/predict_cases.ts";
import { createPredictor } from "../../src/prediction/predictor.ts";
import { silentReporter } from "../../src/reporter.ts";
import { TRAIN_DEFAULTS, type TrainOptions } from "../../src/training/runs/train_options.ts";
import { train } from "../../src/training/runs/train.ts";
import { Random } from "../../src/random.ts";
import { caseSamples, fillTarget } from "../../src/training/samples.ts";
import { inFolder } from "../commands/run_program.ts";
import { putNifti } from "../data/made_folders.ts";

const SHAPE = [16, 16, 4] as const;

/** Discs in discs: 1 around 2 around 3, as bright as their value, in the layout of nnU-Net with `regions_class_order`. */
function putRegions(folder: string, cases = 4): void {
  mkdirSync(folder, { recursive: true });
  const random = new Random(5);
  for (let number = 0; number < cases; number++) {
    const centre = [random.uniform(6, 9), random.uniform(6, 9)] as const;
    const mask = new Uint8Array(16 * 16 * 4);
    for (let i = 0; i < mask.length; i++) {
      const distance = Math.hypot(i % 16 - centre[0], Math.floor(i / 16) % 16 - centre[1]);
      mask[i] = distance < 1.8 ? 3 : distance < 3.5 ? 2 : distance < 5.5 ? 1 : 0;
    }
    const image = Float32Array.from(mask, (value) => 100 * value + random.normal(0, 5));
    putNifti(folder, `imagesTr/case${number}_0000.nii.gz`, { data: image, shape: SHAPE });
    putNifti(folder, `labelsTr/case${number}.nii.gz`, { data: mask, shape: SHAPE });
  }
  writeJsonAtomic(join(folder, "dataset.json"), {
    channel_names: { 0: "MRI" },
    labels: { background: 0, whole: [1, 2, 3], core: [2, 3], enhancing: [3] },
    regions_class_order: [1, 2, 3],
    numTraining: cases,
    file_ending: ".nii.gz",
  });
}

const context = { reporter: silentReporter, signal: new AbortController().signal };

function settings(dataset: string, out: string, changes: Partial<TrainOptions> = {}): TrainOptions {
  const network = { net: "esp-net", head: "none", width: 4, inputSize: 16, outputSize: 16 };
  const lengths = { epochs: 1, stepsPerEpoch: 1, batch: 4, folds: 2, threads: 1 };
  return { ...TRAIN_DEFAULTS, ...network, ...lengths, learningRate: 0.02, dataset, out, version: "0.0.0", ...changes };
}

/** The Dice of every case and region. */
async function dice(dataset: string, source: EvaluationSource): Promise<number[]> {
  const how = {
    split: "all",
    metrics: ["dice"],
    emptyRule: "nnunet",
    hd95Variant: "max",
    force: false,
    threads: 1,
  } as const;
  const { document } = await runEvaluation(dataset, source, how, context);
  return document.cases.map((row) => row.dice as number);
}

test("regions of nnU-Net count all their values: voxels, targets and scores", async () => {
  await inFolder(async (folder) => {
    putRegions(folder);
    const index = openDataset(folder);
    assert.deepEqual(index.labels.map(({ name, value }) => [name, value]), [["whole", 1], ["core", 2], [
      "enhancing",
      3,
    ]]);
    const files = index.cases[0] as (typeof index.cases)[number];
    const { mask } = loadCase(index, files);
    const counts = [1, 2, 3].map((value) => mask?.data.filter((one) => one >= value).length);
    const { fingerprint } = checkDataset(folder);
    assert.deepEqual(fingerprint.classes.map(({ cases }) => cases), [4, 4, 4]);
    const [sample] = caseSamples(index, files, {
      inputSize: 16,
      outputSize: 16,
      plane: "axial",
      normalization: { mode: "none" },
    });
    assert.ok(sample);
    const target = new Float32Array(3 * 256);
    fillTarget(target, sample.target, { channels: 3, size: 16 });
    const sums = [0, 1, 2].map((k) => target.subarray(256 * k, 256 * (k + 1)).reduce((sum, share) => sum + share, 0));
    assert.deepEqual(sums, counts.map((count) => (count as number) / 4));
    // The masks themselves are a perfect prediction of every region.
    assert.deepEqual(await dice(folder, { predictions: join(folder, "labelsTr") }), new Array<number>(12).fill(1));
  });
});

test("regions that overlap go through train, predict, evaluate, tune, ensemble, export and parity", async () => {
  await inFolder(async (folder) => {
    const data = join(folder, "data");
    putRegions(data);
    const run = join(folder, "run");
    await train(settings(data, run, { epochs: 3, stepsPerEpoch: 40 }), context);
    const best = join(run, "best.onnx");
    const model = readDescribedModel(best);
    const { metadata } = model;
    assert.deepEqual([metadata.output.activation, model.onnx.outputs.at(-1)?.shape?.[1]], ["sigmoid", 3]);
    assert.deepEqual(metadata.labels, [
      { value: 1, name: "whole", values: [1, 2, 3] },
      { value: 2, name: "core", values: [2, 3] },
      { value: 3, name: "enhancing", values: [3] },
    ]);
    const card = readFileSync(join(run, "model-card.md"), "utf8");
    assert.match(card, /\| labels \| 1 whole \(1 \+ 2 \+ 3\), 2 core \(2 \+ 3\), 3 enhancing \(3\) \|/);
    assert.match(card, /a class from 0\.5 on; of regions that overlap the last one is written/);
    const own = await dice(data, { model: best });
    assert.ok(Math.min(...own) > 0.5, `${own}`);
    // What is written reads back to the same scores.
    const masks = join(folder, "masks");
    const predictor = await createPredictor(model, { threads: 1 });
    const cases = findCases([join(data, "imagesTr")], { metadata, reporter: silentReporter });
    const how = { folder: masks, overlay: true, probabilities: false, force: false };
    await predictCases(predictor, cases, { ...how, ...context });
    assert.deepEqual([...new Set(readNifti(join(masks, "case0.nii.gz")).volume.data)].sort(), [0, 1, 2, 3]);
    assert.deepEqual(await dice(data, { predictions: masks }), own);
    // Each region is decided by its own threshold.
    const tuned = join(folder, "tuned.onnx");
    const tuning = await tuneModel(best, data, { split: "all", target: tuned, threads: 1, ...context });
    assert.ok("threshold" in tuning && tuning.threshold.best.dice >= tuning.threshold.before.dice);
    const joined = join(folder, "joined.onnx");
    writeFileAtomic(joined, ensembleOf([readDescribedModel(best), readDescribedModel(tuned)], "0.0.0").bytes);
    const exported = join(folder, "exported.onnx");
    writeFileAtomic(exported, exportModel(model, { activation: "sigmoid" }).model.bytes);
    for (const path of [tuned, joined, exported]) {
      const scores = await dice(data, { model: path });
      assert.ok(Math.min(...scores) > 0.3, `${path}: ${scores}`);
    }
    const index = openDataset(data);
    const candidate = await createPredictor(readDescribedModel(exported), { threads: 1 });
    const parity = await measureParity({
      index,
      cases: index.cases,
      reference: predictor,
      candidate,
      maximumDiceDrop: 0,
      ...context,
    });
    assert.deepEqual([parity.passed, parity.flippedVoxels], [true, 0]);
    assert.ok(Math.abs(parity.diceReference - own.reduce((sum, one) => sum + one / own.length, 0)) < 1e-9);
    await predictor.release();
    await candidate.release();
  });
});

test("a model of regions is refused on data without them, and one of plain labels is scored by their values", async () => {
  await inFolder(async (folder) => {
    const data = join(folder, "data");
    putRegions(data);
    const [plain, regional] = [join(folder, "plain"), join(folder, "regional")] as const;
    await train(settings(data, plain, { labels: ["1", "2", "3"] }), context);
    const { metadata } = readDescribedModel(join(plain, "best.onnx"));
    assert.equal(metadata.output.activation, "softmax");
    assert.deepEqual(metadata.labels.map(({ values }) => values), [undefined, undefined, undefined]);
    assert.equal((await dice(data, { model: join(plain, "best.onnx") })).length, 12);
    await train(settings(data, regional), context);
    writeJsonAtomic(join(data, "dataset.json"), {
      channel_names: { 0: "MRI" },
      labels: { background: 0, whole: 1, core: 2, enhancing: 3 },
      numTraining: 4,
      file_ending: ".nii.gz",
    });
    await assert.rejects(dice(data, { model: join(regional, "best.onnx") }), {
      name: "Failure",
      message: /the labels 1 \(whole\), 2 \(core\), 3 \(enhancing\), which are regions that overlap; score it on such/,
    });
  });
});

test("regions that overlap are not trained with voxels to ignore", async () => {
  await inFolder(async (folder) => {
    const data = join(folder, "data");
    putRegions(data);
    await assert.rejects(
      train(settings(data, join(folder, "x"), { labels: ["whole", "core"], ignore: ["3"] }), context),
      {
        name: "UsageFailure",
        message:
          "Voxels to ignore do not suit regions that overlap; choose labels or regions without common voxels with --labels",
      },
    );
  });
});
