import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Affine } from "../../src/imaging/volume.ts";
import { put, putNifti } from "../data/made_folders.ts";
import { identityModel, markedVolume } from "../prediction/identity_model.ts";
import { runInProcess } from "./run_in_process.ts";
import { inFolder } from "./run_program.ts";

const AFFINES: readonly Affine[] = [
  [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1],
  [0, -1, 0, 20, -1, 0, 0, 31, 0, 0, -3, -12, 0, 0, 0, 1],
];

/** A data set whose images are its masks, but for a corner that is missing in the image of the second case. */
function putDataset(folder: string): void {
  const ids = ["p1", "p2"];
  ids.forEach((id, i) => {
    const { data, shape, affine } = markedVolume([12, 12, 6], { affine: AFFINES[i] as Affine, seed: i });
    putNifti(folder, `labelsTr/${id}.nii.gz`, { data: Uint8Array.from(data), shape, affine });
    const image = data.slice();
    if (i === 1) { for (let x = 0; x < 4; x++) for (let y = 0; y < 6; y++) image[x + 12 * y] = 0; }
    putNifti(folder, `imagesTr/${id}.nii.gz`, { data: image, shape, affine });
  });
  put(folder, "dataset.json", {
    modality: { 0: "channel 0" },
    labels: { 0: "background", 1: "lesion" },
    training: ids.map((id) => ({ image: `./imagesTr/${id}.nii.gz`, label: `./labelsTr/${id}.nii.gz` })),
    test: [],
  });
}

function putModel(folder: string, threshold = 0.5): string {
  const labels = [{ value: 1, name: "lesion" }];
  const { bytes } = identityModel({ size: 12, labels, training: { validationCases: ["p2"] } });
  const path = join(folder, `model${threshold}.onnx`);
  writeFileSync(path, bytes);
  return path;
}

test("seg evaluate scores a model and masks alike, on the original grid", async () => {
  await inFolder(async (folder) => {
    const dataset = join(folder, "data");
    putDataset(dataset);
    const model = putModel(folder);
    const scores = join(folder, "scores");
    const [all, validation, predicted] = await Promise.all([
      runInProcess(["evaluate", model, dataset, "--split", "all", "--out", scores, "--json"]),
      runInProcess(["evaluate", model, dataset, "--metrics", "dice,hd95"]),
      runInProcess(["predict", model, dataset, "--out", join(folder, "masks")]),
    ]);
    assert.equal(all.code, 0, all.stderr);
    const document = JSON.parse(all.stdout);
    assert.deepEqual(
      document.cases.map((row: { case: string; class: string; state: string }) => [row.case, row.class, row.state]),
      [["p1", "lesion", "hit"], ["p2", "lesion", "hit"]],
    );
    const [first, second] = document.cases;
    assert.deepEqual([first.dice, first.iou, first.hd95, first.nsd], [1, 1, 0, 1]);
    assert.equal(second.falsePositives, 0);
    const dice = 2 * second.truePositives / (2 * second.truePositives + second.falseNegatives);
    assert.ok(second.falseNegatives >= 20 && Math.abs(second.dice - dice) < 1e-12);
    assert.ok(Math.abs(document.mean.dice - (1 + dice) / 2) < 1e-12);
    assert.deepEqual(document.confusion.labels, ["background", "lesion"]);
    assert.deepEqual([document.modelSha256.length, document.settings.emptyRule], [64, "nnunet"]);
    assert.deepEqual(document.counts, { hit: 2, missed: 0, falseAlarm: 0, trueEmpty: 0 });
    assert.ok(document.intervals.dice[0] <= document.mean.dice && document.mean.dice <= document.intervals.dice[1]);
    assert.deepEqual(JSON.parse(readFileSync(join(scores, "metrics.json"), "utf8")), document);
    assert.equal(readFileSync(join(scores, "metrics.csv"), "utf8").split("\r\n").length, 4);

    assert.equal(validation.code, 0, validation.stderr);
    assert.match(validation.stdout, /^Dice 0\.\d{3}, .* on 1 case of 1 patient \(validation\)\n\nclass/);
    assert.match(validation.stdout, /^Worst lesion: p2 with a Dice of 0\.\d{3}$/m);
    assert.match(
      validation.stdout,
      /^class +n +Dice +HD95 \(max\) mm +HD95 penalized mm +Dice pooled +hit +missed +false alarm +true empty$/m,
    );

    assert.equal(predicted.code, 0, predicted.stderr);
    const again = await runInProcess([
      "evaluate",
      "--predictions",
      join(folder, "masks"),
      dataset,
      "--compare",
      join(scores, "metrics.json"),
      "--json",
    ]);
    assert.equal(again.code, 0, again.stderr);
    const { comparison, cases } = JSON.parse(again.stdout);
    assert.deepEqual(cases, document.cases);
    assert.deepEqual([comparison.lesion.dice.n, comparison.lesion.dice.meanDifference], [2, 0]);
  });
});

test("seg evaluate refuses what does not belong together", async () => {
  await inFolder(async (folder) => {
    const dataset = join(folder, "data");
    putDataset(dataset);
    const model = putModel(folder);
    putNifti(folder, "masks/p1.nii.gz", {
      data: new Uint8Array(12 * 12 * 5),
      shape: [12, 12, 5],
      affine: AFFINES[0] as Affine,
    });
    put(folder, "empty/readme.txt", "");
    put(folder, "other.json", { cases: [] });
    put(folder, "scores/metrics.json", "mine");
    const out = join(folder, "new");
    const cases: [args: string[], code: number, stderr: string][] = [
      [
        ["--predictions", join(folder, "masks"), dataset, "--out", out, "--allow-missing"],
        1,
        `${join(folder, "masks", "p1.nii.gz")}: found shape 12×12×5, expected 12×12×6 as in imagesTr/p1.nii.gz; ` +
        "predict the case again from this image\n",
      ],
      [
        ["--predictions", join(folder, "empty"), dataset, "--out", out],
        1,
        "None of the 2 cases has a prediction, such as p1.nii.gz; check the folder\n",
      ],
      [
        [model, dataset, "--compare", join(folder, "other.json"), "--out", out],
        1,
        `Cannot use ${join(folder, "other.json")}: cases is [], expected rows of cases; ` +
        "give the metrics.json of seg evaluate --out\n",
      ],
      [
        [model, dataset, "--out", join(folder, "scores")],
        1,
        `${
          join(folder, "scores", "metrics.json")
        } exists already; choose another name with --out or add --force to overwrite it\n`,
      ],
      [[model, join(folder, "empty")], 1, `No data set layout recognized in ${join(folder, "empty")}: `],
    ];
    const ends = await Promise.all(cases.map(([args]) => runInProcess(["evaluate", ...args])));
    ends.forEach(({ code, stdout, stderr }, i) => {
      const [args, expectedCode, expected] = cases[i] as (typeof cases)[number];
      assert.deepEqual([code, stdout], [expectedCode, ""], `${args.join(" ")}: ${stderr}`);
      assert.ok(stderr.startsWith(expected), stderr);
    });
    assert.equal(existsSync(out), false);
    assert.equal(readFileSync(join(folder, "scores", "metrics.json"), "utf8"), '"mine"'.slice(1, -1));
  });
});
