import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openDataset } from "../../src/data/dataset.ts";
import { searchThreshold } from "../../src/evaluation/threshold_search.ts";
import { aggregate } from "../../src/metrics/aggregate.ts";
import { scalingAffine } from "../../src/imaging/volume.ts";
import { modelOf } from "../../src/model/model.ts";
import { createPredictor } from "../../src/prediction/predictor.ts";
import { Random } from "../../src/random.ts";
import { silentReporter } from "../../src/reporter.ts";
import { scoreCases } from "../../src/evaluation/score_cases.ts";
import { put, putNifti } from "../data/made_folders.ts";
import { inFolder } from "../commands/run_program.ts";
import { identityModel } from "../prediction/identity_model.ts";

/** Two channels and two classes whose intensities overlap with the background's; the third case is healthy. */
function putNoisy(folder: string): void {
  const random = new Random(7);
  const ids = ["p1", "p2", "p3"];
  ids.forEach((id, i) => {
    const mask = Uint8Array.from({ length: 8 * 8 * 3 }, () => i === 2 ? 0 : random.integer(3));
    const image = new Float32Array(2 * mask.length);
    for (let at = 0; at < image.length; at++) {
      const inside = mask[at % mask.length] === 1 + Math.floor(at / mask.length);
      image[at] = random.normal(inside ? 0.5 : 0.4, 0.05);
    }
    const shape = [8, 8, 3] as const;
    putNifti(folder, `imagesTr/${id}.nii.gz`, { data: image, shape, channels: 2, affine: scalingAffine([1, 1, 2]) });
    putNifti(folder, `labelsTr/${id}.nii.gz`, { data: mask, shape, affine: scalingAffine([1, 1, 2]) });
  });
  put(folder, "dataset.json", {
    modality: { 0: "a", 1: "b" },
    labels: { 0: "background", 1: "one", 2: "two" },
    training: ids.map((id) => ({ image: `./imagesTr/${id}.nii.gz`, label: `./labelsTr/${id}.nii.gz` })),
    test: [],
  });
}

test("searchThreshold() finds the threshold that scoring every threshold by itself finds", async () => {
  await inFolder(async (folder) => {
    const dataset = join(folder, "data");
    putNoisy(dataset);
    const index = openDataset(dataset);
    const { bytes, metadata } = identityModel({ size: 8, channels: 2 });
    const predictor = await createPredictor({ ...modelOf("model.onnx", bytes), metadata }, { threads: 1 });
    const context = { reporter: silentReporter, signal: new AbortController().signal };
    const { best, before, cases, curve } = await searchThreshold(predictor, { index, cases: index.cases }, context);
    const scoreAt = async (threshold: number) => {
      const scored = await scoreCases(index, {
        cases: index.cases,
        predictionOf: async (_, { image }) => (await predictor.segment(image, { threshold })).mask.data,
      }, { ...context, metrics: ["dice"], emptyRule: "one", hd95Variant: "max" });
      return aggregate(scored.cases, { draws: 10 }).mean.dice?.mean as number;
    };
    for (const { threshold, dice } of curve.filter((_, i) => i % 9 === 4)) {
      assert.ok(Math.abs(dice - await scoreAt(threshold)) < 1e-12, `${threshold}: ${dice}`);
    }
    await predictor.release();
    assert.deepEqual(cases, ["p1", "p2", "p3"]);
    assert.equal(curve.length, 99);
    assert.deepEqual([before.threshold, best.dice], [0.5, Math.max(...curve.map(({ dice }) => dice))]);
    assert.ok(best.dice > before.dice, "the intensities lie below those that the model expects");
  });
});

test("searchThreshold() of regions that overlap finds what scoring every threshold by itself finds", async () => {
  await inFolder(async (folder) => {
    const dataset = join(folder, "data");
    putNoisy(dataset);
    const index = openDataset(dataset, { labels: ["two", "whole"] });
    assert.equal(index.labelling.overlapping, true);
    const labels = index.labels.map(({ value, name, values }) => ({ value, name, values }));
    const { bytes, metadata } = identityModel({ size: 8, channels: 2, labels });
    const predictor = await createPredictor({ ...modelOf("model.onnx", bytes), metadata }, { threads: 1 });
    const context = { reporter: silentReporter, signal: new AbortController().signal };
    const { curve } = await searchThreshold(predictor, { index, cases: index.cases }, context);
    for (const { threshold, dice } of curve.filter((_, i) => i % 9 === 4)) {
      const scored = await scoreCases(index, {
        cases: index.cases,
        predictionOf: async (_, { image }) => (await predictor.segment(image, { threshold })).mask.data,
      }, { ...context, metrics: ["dice"], emptyRule: "one", hd95Variant: "max" });
      const expected = aggregate(scored.cases, { draws: 10 }).mean.dice?.mean as number;
      assert.ok(Math.abs(dice - expected) < 1e-12, `${threshold}: ${dice}, ${expected}`);
    }
    assert.ok(new Set(curve.map(({ dice }) => dice)).size > 20);
    await predictor.release();
  });
});

test("searchThreshold() refuses cases without foreground", async () => {
  await inFolder(async (folder) => {
    putNoisy(folder);
    const index = openDataset(folder);
    const { bytes, metadata } = identityModel({ size: 8, channels: 2 });
    const predictor = await createPredictor({ ...modelOf("model.onnx", bytes), metadata }, { threads: 1 });
    const healthy = { index, cases: index.cases.slice(2) };
    const context = { reporter: silentReporter, signal: new AbortController().signal };
    await assert.rejects(searchThreshold(predictor, healthy, context), {
      name: "Failure",
      message: /^None of the 1 case has anything to find, .*; search on cases with foreground$/,
    });
    await predictor.release();
  });
});
