import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readNifti } from "../../src/imaging/nifti.ts";
import { scalingAffine } from "../../src/imaging/volume.ts";
import { readDescribedModel } from "../../src/model/model.ts";
import { put, putNifti } from "../data/made_folders.ts";
import { headModel } from "../prediction/head_model.ts";
import { identityModel } from "../prediction/identity_model.ts";
import { runInProcess } from "./run_in_process.ts";
import { inFolder, type ProgramEnd } from "./run_program.ts";

const SHAPE = [12, 12, 5] as const;
const AFFINE = scalingAffine([1, 1, 2]);
const AT = (x: number, y: number, z: number) => x + 12 * (y + 12 * z);

/**
 * Three cases with a block of 6×6×3 voxels (0.216 ml); the images have a hole in it, a far speck of 2 voxels (0.004 ml), and
 * an intensity of 0.45 in place of 1 at the block's rim.
 */
function putDataset(folder: string): void {
  const ids = ["p1", "p2", "p3"];
  ids.forEach((id, i) => {
    const mask = new Uint8Array(12 * 12 * 5);
    const image = new Float32Array(mask.length);
    for (let z = 1; z < 4; z++) {
      for (let y = 3; y < 9; y++) {
        for (let x = 3; x < 9; x++) {
          mask[AT(x, y, z)] = 1;
          image[AT(x, y, z)] = x === 3 ? 0.45 : 1 + i;
        }
      }
    }
    image[AT(5, 5, 2)] = 0;
    for (const x of [0, 1]) image[AT(x, 0, 4)] = 1;
    putNifti(folder, `imagesTr/${id}.nii.gz`, { data: image, shape: SHAPE, affine: AFFINE });
    putNifti(folder, `labelsTr/${id}.nii.gz`, { data: mask, shape: SHAPE, affine: AFFINE });
  });
  put(folder, "dataset.json", {
    modality: { 0: "channel 0" },
    labels: { 0: "background", 1: "lesion" },
    training: ids.map((id) => ({ image: `./imagesTr/${id}.nii.gz`, label: `./labelsTr/${id}.nii.gz` })),
    test: [],
  });
}

function putModel(folder: string, name = "model.onnx", validationCases: readonly string[] = ["p1", "p2"]): string {
  const labels = [{ value: 1, name: "lesion" }];
  const path = join(folder, name);
  writeFileSync(path, identityModel({ size: 12, labels, training: { validationCases } }).bytes);
  return path;
}

function documentOf({ code, stdout, stderr }: ProgramEnd) {
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

test("seg predict and seg evaluate fill holes, remove small parts and keep the largest", async () => {
  await inFolder(async (folder) => {
    const dataset = join(folder, "data");
    putDataset(dataset);
    const model = putModel(folder);
    const image = join(dataset, "imagesTr", "p1.nii.gz");
    const evaluate = (...options: string[]) =>
      runInProcess(["evaluate", model, dataset, "--metrics", "dice,lesions", "--json", ...options]);
    const [plain, cleaned, largest, predicted] = await Promise.all([
      evaluate(),
      evaluate("--minimum-volume-ml", "0.005"),
      evaluate("--largest-component"),
      runInProcess([
        "predict",
        model,
        image,
        "--out",
        join(folder, "masks"),
        "--minimum-volume-ml",
        "0.005",
        "--threshold",
        "0.2",
        "--fill-holes",
        "--mirror",
      ]),
    ]);
    const [before, after] = [documentOf(plain), documentOf(cleaned)];
    assert.deepEqual(before.cases.map((row: { lesionF1: number }) => row.lesionF1), [2 / 3, 2 / 3]);
    assert.deepEqual(after.cases.map((row: { lesionF1: number }) => row.lesionF1), [1, 1]);
    assert.ok(after.mean.dice > before.mean.dice);
    assert.deepEqual(documentOf(largest).cases, after.cases);
    assert.equal(predicted.code, 0, predicted.stderr);
    // The rim has a probability of 1 / (1 + e).
    const mask = readNifti(join(folder, "masks", "p1.nii.gz")).volume.data;
    assert.deepEqual([...mask], [...readNifti(join(dataset, "labelsTr", "p1.nii.gz")).volume.data]);
  });
});

test("seg evaluate shows every resolution side by side and what the head buys", async () => {
  await inFolder(async (folder) => {
    const dataset = join(folder, "data");
    putDataset(dataset);
    const model = join(folder, "head.onnx");
    writeFileSync(model, headModel(12, { validationCases: ["p1", "p2"] }));
    const options = ["--resolutions", "--ablate-head", "--metrics", "dice,hd95", "--largest-component"];
    const [json, text, refused] = await Promise.all([
      runInProcess(["evaluate", model, dataset, ...options, "--json"]),
      runInProcess(["evaluate", model, dataset, ...options]),
      runInProcess(["evaluate", putModel(folder), dataset, "--ablate-head"]),
    ]);
    const { resolutions, headAblation, mean } = documentOf(json);
    assert.deepEqual(
      resolutions.map(({ grid, size }: { grid: string; size: number | null }) => [grid, size]),
      [["network 12×12", 12], ["head 24×24", 24], ["original grid", null]],
    );
    const [network, head, original] = resolutions;
    assert.deepEqual([network.mean.dice, network.counts.missed], [0, 2]);
    // Each voxel is four pixels of the head: the same overlap.
    assert.ok(Math.abs(head.mean.dice - mean.dice) < 1e-12 && mean.dice > 0.8);
    assert.deepEqual(original.mean, mean);
    assert.equal(headAblation.mean.dice, 0);
    const { n, meanDifference, wilcoxon } = headAblation.comparison.lesion.dice;
    assert.deepEqual([n, meanDifference, wilcoxon.n], [2, mean.dice, 2]);
    assert.match(text.stdout, /^network 12×12 +lesion +2 +0\.000/m);
    assert.match(text.stdout, /^head 24×24 +lesion +2 +0\.\d{3}/m);
    assert.match(text.stdout, /^level 0, linear +lesion +2 +0\.000/m);
    assert.match(text.stdout, /^lesion +Dice +\+0\.\d{3} +\[\+0\.\d{3}, \+0\.\d{3}\] +2 +0 +0 +2 +0\.50$/m);
    assert.deepEqual([refused.code, refused.stdout], [1, ""]);
    assert.match(
      refused.stderr,
      /model\.onnx has no output below its answer level_0, so that there is no head to leave out; give the model that seg train wrote/,
    );
  });
});

test("seg tune saves the best threshold in the model, and seg ensemble joins models", async () => {
  await inFolder(async (folder) => {
    const dataset = join(folder, "data");
    putDataset(dataset);
    const model = putModel(folder);
    const bytes = readFileSync(model);
    const tuned = join(folder, "tuned.onnx");
    const looked = await runInProcess(["tune", model, dataset]);
    assert.match(looked.stdout, /^Threshold 0\.26: Dice 0\.\d{4} on 2 cases, 0\.\d{4} at 0\.5; nothing was saved/);
    assert.deepEqual(readFileSync(model), bytes);
    const saved = documentOf(await runInProcess(["tune", model, dataset, "--out", tuned, "--json"]));
    assert.deepEqual([saved.model, saved.threshold, saved.cases], [tuned, 0.26, ["p1", "p2"]]);
    const { metadata } = readDescribedModel(tuned);
    assert.equal(metadata.output.threshold, 0.26);
    assert.deepEqual(metadata.training["validationCases"], ["p1", "p2"]);
    const joined = join(folder, "ensemble.onnx");
    const other = putModel(folder, "other.onnx", ["p3"]);
    const ensemble = documentOf(await runInProcess(["ensemble", model, other, "--out", joined, "--json"]));
    assert.deepEqual([ensemble.members, ensemble.averages], [[model, other], "logits"]);
    const [again, evaluated, alone, scored] = await Promise.all([
      runInProcess(["tune", model, dataset, "--out", tuned]),
      runInProcess(["evaluate", tuned, dataset, "--metrics", "dice", "--json"]),
      runInProcess(["ensemble", model, "--out", join(folder, "one.onnx")]),
      runInProcess(["evaluate", joined, dataset, "--metrics", "dice", "--json"]),
    ]);
    assert.deepEqual([again.code, again.stderr], [
      1,
      `${tuned} exists already; choose another name with --out or add --force to overwrite it\n`,
    ]);
    assert.equal(documentOf(evaluated).mean.dice, saved.dice);
    assert.deepEqual([alone.code, alone.stderr], [
      1,
      "An ensemble needs two models or more: found 1; name more of them\n",
    ]);
    assert.equal(documentOf(scored).cases.length, 3);
    assert.match(
      scored.stderr,
      /^Warning: 3 of the 3 cases are of the data set that the model was trained on, and not set aside for validation/m,
    );
  });
});

test("seg tune weighs the classes of a model with a background channel, and evaluate, export and inspect heed the weights", async () => {
  await inFolder(async (folder) => {
    const dataset = join(folder, "data");
    putDataset(dataset);
    const model = join(folder, "model.onnx");
    const labels = [{ value: 1, name: "lesion" }];
    const training = { validationCases: ["p1", "p2"] };
    writeFileSync(model, identityModel({ size: 12, labels, training, activation: "softmax" }).bytes);
    const tuned = join(folder, "tuned.onnx");
    const saved = documentOf(await runInProcess(["tune", model, dataset, "--out", tuned, "--json"]));
    // At the rim the background is e times as probable: the first step of the grid above e.
    assert.deepEqual([saved.labels, saved.weights, saved.before.weights], [["lesion"], [2.82], [1]]);
    assert.ok(saved.dice > saved.before.dice);
    const { output, training: noted } = readDescribedModel(tuned).metadata;
    assert.deepEqual(output.classWeights, [2.82]);
    assert.equal((noted["weightSearch"] as { cases: number }).cases, 2);
    const [exported, inspected, evaluated, looked] = await Promise.all([
      runInProcess(["export", tuned, "--out", join(folder, "exported"), "--json"]),
      runInProcess(["inspect", tuned]),
      runInProcess(["evaluate", tuned, dataset, "--metrics", "dice", "--json"]),
      runInProcess(["tune", tuned, dataset]),
    ]);
    assert.equal(documentOf(evaluated).mean.dice, saved.dice);
    assert.match(inspected.stdout, /^decision: +the largest probability × weight wins: background 1, lesion 2\.82$/m);
    assert.match(
      looked.stdout,
      /^Weights lesion 2\.82 \(background 1\): Dice \S+ on 2 cases, \S+ with lesion 2\.82; nothing was/,
    );
    const again = await runInProcess(["evaluate", documentOf(exported).onnx, dataset, "--metrics", "dice", "--json"]);
    assert.equal(documentOf(again).mean.dice, saved.dice);
  });
});

test("seg check reads folds of nnU-Net with --split-file and writes what it found", async () => {
  await inFolder(async (folder) => {
    const dataset = join(folder, "data");
    putDataset(dataset);
    put(folder, "splits_final.json", [{ train: ["p1", "p2"], val: ["p2", "p9"] }]);
    const out = join(folder, "checked");
    const { code, stdout } = await runInProcess([
      "check",
      dataset,
      "--split-file",
      join(folder, "splits_final.json"),
      "--write",
      "--out",
      out,
    ]);
    assert.equal(code, 1);
    assert.match(stdout, /^E10 {2}case p2: found it in train and in val, expected one side only; correct the split/m);
    assert.match(stdout, /^E10 {2}p9: found a case in val that the data set does not hold/m);
    assert.deepEqual(readdirSync(out), ["check.json", "fingerprint.json", "splits.json"]);
    const { errors, evidence } = JSON.parse(readFileSync(join(out, "check.json"), "utf8"));
    assert.deepEqual(errors.map(({ code: found }: { code: string }) => found), ["E10", "E10"]);
    assert.equal(evidence, "dataset.json with modality and 3 training pairs");
  });
});
