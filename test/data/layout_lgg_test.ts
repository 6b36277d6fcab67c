import assert from "node:assert/strict";
import { test } from "node:test";
import { readFolder } from "../../src/data/folder.ts";
import { lgg } from "../../src/data/layouts/lgg.ts";
import type { LayoutIndex } from "../../src/data/layout.ts";
import { put, withFolder } from "./made_folders.ts";

function read(files: readonly string[]): LayoutIndex {
  let index: LayoutIndex | undefined;
  withFolder((folder) => {
    for (const file of files) put(folder, file, "");
    index = lgg.read(readFolder(folder));
  });
  return index as unknown as LayoutIndex;
}

function slices(folder: string, numbers: readonly number[]): string[] {
  const patient = folder.split("/").at(-1);
  return numbers.flatMap((number) => [`${folder}/${patient}_${number}.tif`, `${folder}/${patient}_${number}_mask.tif`]);
}

test("lgg stacks the slices of a patient in numerical order", () => {
  const index = read([...slices("TCGA_A_1", [10, 2, 1]), ...slices("TCGA_B_2", [3]), "data.csv", "README.md"]);
  assert.deepEqual(index.channels, ["pre-contrast", "FLAIR", "post-contrast"]);
  assert.deepEqual(index.findings, []);
  assert.deepEqual(index.cases.map(({ id, slices }) => [id, slices?.length]), [["TCGA_A_1", 3], ["TCGA_B_2", 1]]);
  assert.deepEqual(
    index.cases[0]?.slices,
    [1, 2, 10].map((number) => ({
      image: `TCGA_A_1/TCGA_A_1_${number}.tif`,
      mask: `TCGA_A_1/TCGA_A_1_${number}_mask.tif`,
    })),
  );
});

test("lgg reports slices without mask, masks without slice, and the archive's second copy", () => {
  const copy = slices("lgg-mri-segmentation/kaggle_3m/T_1", [1]);
  const { findings, cases } = read([
    ...slices("kaggle_3m/T_1", [1]),
    ...copy,
    "kaggle_3m/T_1/T_1_2.tif",
    "kaggle_3m/T_1/T_1_3_mask.tif",
  ]);
  assert.deepEqual(cases.map(({ id }) => id), ["T_1"]);
  assert.deepEqual(findings.map(({ code, file, expected }) => [code, file, expected]), [
    ["E01", "kaggle_3m/T_1/T_1_2.tif", "kaggle_3m/T_1/T_1_2_mask.tif"],
    ["E02", "kaggle_3m/T_1/T_1_3_mask.tif", "kaggle_3m/T_1/T_1_3.tif"],
    ["E12", "lgg-mri-segmentation/kaggle_3m/T_1", "only kaggle_3m/T_1"],
  ]);
});
