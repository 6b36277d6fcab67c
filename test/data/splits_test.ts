import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type CaseFiles, openDataset } from "../../src/data/dataset.ts";
import { chooseSplit, makeSplits, readSplits, writeSplits } from "../../src/data/splits.ts";
import { put, putMsd, putNifti, putPng, withFolder } from "./made_folders.ts";

function cases(count: number, patientOf: (i: number) => string = String): CaseFiles[] {
  return Array.from({ length: count }, (_, i) => ({ id: `c${i}`, patient: patientOf(i), images: [] }));
}

test("makeSplits() puts every case into one validation part and is the same for the same seed", () => {
  const all = cases(23);
  const splits = makeSplits(all, { folds: 5, seed: 3 });
  assert.deepEqual(splits.flatMap((split) => split.val).sort(), all.map(({ id }) => id).sort());
  for (const { train, val } of splits) {
    assert.equal(train.length + val.length, 23);
    assert.ok(val.length === 4 || val.length === 5);
    assert.ok(!train.some((id) => val.includes(id)));
  }
  assert.deepEqual(makeSplits(all, { folds: 5, seed: 3 }), splits);
  assert.deepEqual(
    makeSplits([...all].reverse(), { folds: 5, seed: 3 }).map(({ val }) => val),
    splits.map(({ val }) => val),
  );
  assert.notDeepEqual(makeSplits(all, { folds: 5, seed: 4 }), splits);
});

test("makeSplits() keeps the cases of a patient together", () => {
  const splits = makeSplits(cases(12, (i) => `p${i % 4}`), { folds: 4, seed: 0 });
  for (const { val, train } of splits) {
    assert.equal(new Set(val.map((id) => Number(id.slice(1)) % 4)).size, 1);
    assert.deepEqual([val.length, train.length], [3, 9]);
  }
  assert.equal(new Set(splits.flatMap(({ val }) => val)).size, 12);
});

test("makeSplits() gives every fold one of the largest and one of the smallest foregrounds", () => {
  const all = cases(20);
  const foreground = new Map(all.map(({ id }, i) => [id, 10 ** (i % 5)]));
  for (const { val } of makeSplits(all, { folds: 4, seed: 1, foreground })) {
    assert.deepEqual(val.map((id) => foreground.get(id)).sort(), [1, 10, 100, 1000, 10000]);
  }
});

test("makeSplits() refuses more folds than patients", () => {
  assert.throws(() => makeSplits(cases(6, (i) => `p${i % 3}`), { folds: 5, seed: 0 }), {
    name: "UsageFailure",
    message: "--folds 5 does not suit 3 patients, expected a whole number from 2 to 3",
  });
});

test("writeSplits() and readSplits() use nnU-Net's format", () => {
  withFolder((folder) => {
    const path = join(folder, "splits_final.json");
    const splits = makeSplits(cases(4), { folds: 2, seed: 0 });
    writeSplits(path, splits);
    const plain: unknown = JSON.parse(readFileSync(path, "utf8"));
    assert.deepEqual(plain, splits);
    assert.deepEqual(readSplits(path), splits);
    put(folder, "splits_final.json", [{ train: ["a"] }]);
    assert.throws(() => readSplits(path), {
      message: `Cannot use ${path}: [0].val is missing, expected a list; correct the file or make a new one`,
    });
    put(folder, "splits_final.json", []);
    assert.throws(() => readSplits(path), {
      message: `Cannot use ${path}: it holds [], expected a list of folds; correct the file or make a new one`,
    });
    assert.throws(() => readSplits(join(folder, "no.json")), {
      name: "Failure",
      message: /^Cannot read .*no\.json: there is no/,
    });
  });
});

test("chooseSplit() refuses folds that do not exist", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 4 });
    const index = openDataset(folder);
    const { train, val, test } = chooseSplit(index, {
      fold: 1,
      folds: 2,
      seed: 0,
    });
    assert.deepEqual([train.length, val.length, test.length], [2, 2, 0]);
    assert.throws(() => chooseSplit(index, { fold: 5, folds: 5, seed: 0 }), {
      name: "UsageFailure",
      message: "--fold 5 does not exist, expected 0 to 4",
    });
  });
});

test("chooseSplit() refuses a case in two splits and unknown cases", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 3 });
    const index = openDataset(folder);
    const choose = (train: string[], val: string[]) =>
      chooseSplit(index, { fold: 0, folds: 5, seed: 0, splits: [{ train, val }] });
    assert.deepEqual(choose(["c2", "c1"], ["c3"]).train.map(({ id }) => id), ["c2", "c1"]);
    assert.throws(() => choose(["c1", "c2"], ["c2"]), {
      name: "FindingFailure",
      message: "case c2: found it in train and in val, expected one side only; " +
        "correct the split: what is trained on cannot be scored",
    });
    assert.throws(() => choose(["c1", "c1"], ["c2"]), {
      message: "case c1: found it in train twice, expected one side only; " +
        "correct the split: what is trained on cannot be scored",
    });
    assert.throws(() => choose(["c1"], ["c7"]), {
      message: "c7: found a case in val that the data set does not hold, expected only ids of the data set; " +
        "correct the splits file",
    });
    assert.throws(() => choose(["c1"], []), {
      message: `${folder}: 1 training and 0 validation cases, expected at least one of each; correct the split`,
    });
  });
});

test("chooseSplit() refuses a patient and an identical image on two sides", () => {
  withFolder((folder) => {
    for (const id of ["BraTS-GLI-00001-000", "BraTS-GLI-00001-001", "BraTS-GLI-00002-000"]) {
      putNifti(folder, `${id}/${id}-t1n.nii.gz`, { data: new Float32Array(24).fill(Number(id.slice(-1))) });
      putNifti(folder, `${id}/${id}-seg.nii.gz`, { data: new Uint8Array(24) });
    }
    const index = openDataset(folder);
    const choose = (train: string[], val: string[]) =>
      chooseSplit(index, { fold: 0, folds: 5, seed: 0, splits: [{ train, val }] });
    assert.throws(() => choose(["BraTS-GLI-00001-000"], ["BraTS-GLI-00001-001"]), {
      message: "patient BraTS-GLI-00001: found it in train and in val, expected one side only; " +
        "correct the split: what is trained on cannot be scored, " +
        "or add --group '(.+)' if every case is a patient of its own",
    });
    assert.throws(() => choose(["BraTS-GLI-00001-000"], ["BraTS-GLI-00002-000"]), {
      message: "BraTS-GLI-00002-000: found the same image in val as case BraTS-GLI-00001-000 in train, " +
        "expected every image on one side only; remove one of the two cases",
    });
  });
});

test("chooseSplit() respects the split of the folder", () => {
  withFolder((folder) => {
    ["train/a", "train/b", "val/c", "test/d"].forEach((name, i) => {
      for (const kind of ["images", "masks"]) {
        putPng(folder, `${kind}/${name}.png`, { data: new Uint8Array(6).fill(i), width: 3, height: 2 });
      }
    });
    const { train, val, test } = chooseSplit(openDataset(folder, { labels: ["whole"] }), {
      fold: 0,
      folds: 5,
      seed: 0,
    });
    assert.deepEqual([train, val, test].map((side) => side.map(({ id }) => id)), [["a", "b"], ["c"], ["d"]]);
    assert.throws(() => chooseSplit(openDataset(folder, { labels: ["whole"] }), { fold: 1, folds: 5, seed: 0 }), {
      name: "UsageFailure",
      message: "--fold 1 does not exist: the data set gives one split, expected 0",
    });
  });
});
