import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { type CaseFiles, type DatasetIndex, openDataset } from "../../src/data/dataset.ts";
import { scoreCases } from "../../src/evaluation/score_cases.ts";
import { searchWeights } from "../../src/evaluation/weight_search.ts";
import { diceByWeight, unsettledVoxels } from "../../src/evaluation/weighted_dice.ts";
import { scalingAffine } from "../../src/imaging/volume.ts";
import { aggregate } from "../../src/metrics/aggregate.ts";
import { modelOf } from "../../src/model/model.ts";
import { createPredictor, type Predictor } from "../../src/prediction/predictor.ts";
import { Random } from "../../src/random.ts";
import { silentReporter } from "../../src/reporter.ts";
import { inFolder } from "../commands/run_program.ts";
import { put, putNifti } from "../data/made_folders.ts";
import { identityModel } from "../prediction/identity_model.ts";

const SHAPE = [8, 8, 3] as const;
const VOXELS = 8 * 8 * 3;
const CONTEXT = { reporter: silentReporter, signal: new AbortController().signal };

/** Two channels whose logits (20 · x − 10, the background's is 0) are random, and masks that `labelOf` makes of the odds. */
function putData(folder: string, labelOf: (odds: readonly [number, number], random: Random) => number): DatasetIndex {
  const random = new Random(11);
  const ids = ["p1", "p2", "p3", "p4"];
  for (const id of ids) {
    const logits = Float32Array.from({ length: 2 * VOXELS }, () => random.normal(0, 2));
    const image = logits.map((logit) => (logit + 10) / 20);
    const mask = Uint8Array.from({ length: VOXELS }, (_, i) => {
      return labelOf([Math.exp(logits[i] as number), Math.exp(logits[VOXELS + i] as number)], random);
    });
    const grid = { shape: SHAPE, affine: scalingAffine([1, 1, 2]) };
    putNifti(folder, `imagesTr/${id}.nii.gz`, { data: image, channels: 2, ...grid });
    putNifti(folder, `labelsTr/${id}.nii.gz`, { data: mask, ...grid });
  }
  put(folder, "dataset.json", {
    modality: { 0: "a", 1: "b" },
    labels: { 0: "background", 1: "one", 2: "two" },
    training: ids.map((id) => ({ image: `./imagesTr/${id}.nii.gz`, label: `./labelsTr/${id}.nii.gz` })),
    test: [],
  });
  return openDataset(folder);
}

async function predictorWith(classWeights?: readonly number[]): Promise<Predictor> {
  const { bytes, metadata } = identityModel({ size: 8, channels: 2, activation: "softmax" });
  const output = { ...metadata.output, ...(classWeights && { classWeights }) };
  return await createPredictor({ ...modelOf("model.onnx", bytes), metadata: { ...metadata, output } }, { threads: 1 });
}

async function diceOf(index: DatasetIndex, cases: readonly CaseFiles[], weights: readonly number[]): Promise<number> {
  const predictor = await predictorWith(weights);
  const predictionOf = async (_: CaseFiles, { image }: { image: Parameters<Predictor["segment"]>[0] }) =>
    (await predictor.segment(image)).mask.data;
  const options = { ...CONTEXT, metrics: ["dice"], emptyRule: "one", hd95Variant: "max" } as const;
  const scored = await scoreCases(index, { cases, predictionOf }, options);
  await predictor.release();
  return aggregate(scored.cases, { draws: 10 }).mean.dice?.mean as number;
}

test("searchWeights() finds the weights that the masks were made with", async () => {
  await inFolder(async (folder) => {
    const index = putData(join(folder, "data"), ([one, two]) => {
      const values = [1, 5.01 * one, 0.251 * two];
      return values.indexOf(Math.max(...values));
    });
    const predictor = await predictorWith();
    const { best, before, cases } = await searchWeights(predictor, { index, cases: index.cases }, CONTEXT);
    await predictor.release();
    assert.deepEqual(cases, ["p1", "p2", "p3", "p4"]);
    assert.deepEqual(before.weights, [1, 1]);
    assert.ok(before.dice < 0.9);
    // Within a step of the grid, which may split the voxels alike.
    assert.ok(best.dice > 0.995, JSON.stringify([best, before]));
    assert.ok(Math.abs(Math.log(best.weights[0]! / 5.01)) < 0.12, `${best.weights}`);
    assert.ok(Math.abs(Math.log(best.weights[1]! / 0.251)) < 0.12, `${best.weights}`);
  });
});

test("searchWeights() gives the Dice that scoring with the weights gives, and none that one weight alone could raise", async () => {
  await inFolder(async (folder) => {
    const index = putData(join(folder, "data"), ([one, two], random) => {
      const values = [1, one * Math.exp(random.normal(0.5, 1)), two * Math.exp(random.normal(-1, 1))];
      return values.indexOf(Math.max(...values));
    });
    // Two cases of one patient count as one.
    const cases = index.cases.map((files, i) => i < 2 ? { ...files, patient: "both" } : files);
    const own = [0.7, 1.3];
    const predictor = await predictorWith(own);
    const { best, before } = await searchWeights(predictor, { index, cases }, CONTEXT);
    await predictor.release();
    const near = (found: number, expected: number) =>
      assert.ok(Math.abs(found - expected) < 1e-12, `${found} ${expected}`);
    assert.deepEqual(before.weights, own);
    near(before.dice, await diceOf(index, cases, own));
    near(best.dice, await diceOf(index, cases, best.weights));
    assert.ok(best.dice > before.dice);
    for (const factor of [0.5, 0.794, 1.26, 2]) {
      for (const label of [0, 1]) {
        const changed = best.weights.with(label, Number((best.weights[label]! * factor).toPrecision(3)));
        // The grid has three digits: a weight between its steps may be a voxel better.
        assert.ok(await diceOf(index, cases, changed) <= best.dice + 0.005, `${changed}`);
      }
    }
  });
});

test("searchWeights() leaves the weights of a model that makes no mistake", async () => {
  await inFolder(async (folder) => {
    const index = putData(join(folder, "data"), ([one, two]) => one <= 1 && two <= 1 ? 0 : one >= two ? 1 : 2);
    const predictor = await predictorWith();
    const { best, before } = await searchWeights(predictor, { index, cases: index.cases }, CONTEXT);
    await predictor.release();
    assert.deepEqual([best, before.dice], [before, 1]);
  });
});

test("diceByWeight() equals counting at every weight, with ties, settled voxels and voxels of unknown class", () => {
  const random = new Random(2);
  const grid = [0.1, 0.25, 0.5, 1, 2, 4, 10];
  for (let round = 0; round < 20; round++) {
    const voxels = 60;
    // Few values, so that products are often equal.
    const channels = Array.from(
      { length: 4 },
      () => Float32Array.from({ length: voxels }, () => [0.001, 0.1, 0.2, 0.4, 0.8][random.integer(5)] as number),
    );
    const reference = Uint8Array.from({ length: voxels }, () => random.integer(5));
    const weights = [0, 1, 2].map(() => grid[random.integer(grid.length)] as number);
    const one = unsettledVoxels(channels, reference, { share: 1, range: [0.1, 10] });
    for (const label of [1, 2, 3]) {
      const found = diceByWeight([one], { label, weights, grid });
      grid.forEach((weight, g) => {
        const factors = [1, ...weights.with(label - 1, weight)];
        const decided = Array.from({ length: voxels }, (_, v) => {
          const values = factors.map((factor, k) => factor * channels[k]![v]!);
          return values.indexOf(Math.max(...values));
        });
        const dice = [1, 2, 3].map((k) => {
          let [common, wanted, predicted] = [0, 0, 0];
          for (let v = 0; v < voxels; v++) {
            if (reference[v] === 4) continue;
            if (reference[v] === k) wanted++;
            if (decided[v] === k) predicted++;
            if (reference[v] === k && decided[v] === k) common++;
          }
          return wanted + predicted === 0 ? 1 : 2 * common / (wanted + predicted);
        });
        const expected = dice.reduce((sum, value) => sum + value, 0) / 3;
        assert.ok(Math.abs(found[g]! - expected) < 1e-12, `round ${round}, label ${label}, weight ${weight}`);
      });
    }
  }
});
