/** The layouts on public data sets as they are downloaded, where they are at hand. */
import assert from "node:assert/strict";
import { basename } from "node:path";
import { test } from "node:test";
import { checkDataset } from "../../src/data/check.ts";
import { type CaseFiles, loadCase, openDataset } from "../../src/data/dataset.ts";
import { makeSplits } from "../../src/data/splits.ts";
import { sharedPath } from "../shared.ts";

const hippocampus = sharedPath("data", "Task04_Hippocampus");
const kaggle = sharedPath("data", "kaggle_3m");
const brats = sharedPath("data", "BraTS2015");
const acdc = sharedPath("data", "ACDC");
const skip = (path: string | undefined) => path === undefined ? { skip: "shared data absent" } : {};

test("openDataset() reads the 200 hippocampi of the Decathlon", skip(hippocampus), () => {
  const index = openDataset(hippocampus as string);
  assert.deepEqual([index.layout, index.cases.length, index.channels], ["msd", 200, ["MRI"]]);
  assert.deepEqual(index.labels.map(({ value, name }) => [value, name]), [[1, "Anterior"], [2, "Posterior"]]);
});

test("checkDataset() finds no error in the hippocampi", skip(hippocampus), () => {
  const report = checkDataset(hippocampus as string);
  assert.deepEqual([report.errors, report.cases, report.splits?.length], [[], 200, 5]);
  assert.deepEqual(report.fingerprint.orientations, { RAS: 200 });
  assert.deepEqual(report.fingerprint.classes.map(({ cases }) => cases), [200, 200]);
});

test("openDataset() reads the 20 patients of Kaggle's LGG with slices in order", skip(kaggle), () => {
  const index = openDataset(kaggle as string);
  assert.deepEqual([index.layout, index.cases.length], ["lgg", 20]);
  assert.equal(index.cases.reduce((sum, files) => sum + (files.slices?.length ?? 0), 0), 679);
  for (const { id, slices = [] } of index.cases) {
    assert.deepEqual(slices.map(({ image }) => basename(image)), slices.map((_, i) => `${id}_${i + 1}.tif`));
  }
  const { image, mask } = loadCase(index, index.cases[0] as CaseFiles);
  assert.deepEqual([image.channels, ...image.shape.slice(0, 2), image.spacingKnown], [3, 256, 256, false]);
  assert.deepEqual([...new Set(mask?.data)].sort(), [0, 1]);
});

test("openDataset() reads the 4 brains of BraTS 2015", skip(brats), () => {
  const index = openDataset(brats as string, { labels: ["whole"], channels: ["flair"] });
  assert.deepEqual([index.layout, index.cases.length, index.channels], ["brats", 4, ["flair"]]);
  const { image, mask } = loadCase(index, index.cases[0] as CaseFiles);
  assert.deepEqual([image.shape, image.channels], [[240, 240, 155], 1]);
  assert.deepEqual([...new Set(mask?.data)].sort(), [0, 1]);
});

test("checkDataset() finds 40 patients in the 80 volumes of ACDC and keeps them together", skip(acdc), () => {
  const index = openDataset(acdc as string);
  assert.equal(
    index.patientEvidence,
    "40 patients, each with several cases by names, such as patient002_frame01 and patient002_frame12",
  );
  const patientOf = new Map(index.cases.map(({ id, patient }) => [id, patient]));
  const folds = makeSplits(index.cases, { folds: 5, seed: 0 });
  assert.equal(new Set(folds.flatMap(({ val }) => val)).size, 80);
  for (const { train, val } of folds) {
    const trained = new Set(train.map((id) => patientOf.get(id)));
    assert.deepEqual([new Set(val.map((id) => patientOf.get(id))).size, trained.size], [8, 32]);
    assert.deepEqual(val.filter((id) => trained.has(patientOf.get(id))), []);
  }
});
