import assert from "node:assert/strict";
import { test } from "node:test";
import { readFolder } from "../../src/data/folder.ts";
import { brats } from "../../src/data/layouts/brats.ts";
import type { LayoutIndex } from "../../src/data/layout.ts";
import { put, withFolder } from "./made_folders.ts";

function read(files: readonly string[]): LayoutIndex {
  let index: LayoutIndex | undefined;
  withFolder((folder) => {
    for (const file of files) put(folder, file, "");
    index = brats.read(readFolder(folder));
  });
  return index as unknown as LayoutIndex;
}

function caseFiles(
  id: string,
  { kinds, separator, folder = id }: { kinds: string[]; separator: string; folder?: string },
) {
  return kinds.map((kind) => `${folder}/${id}${separator}${kind}.nii.gz`);
}

test("brats reads the spelling of 2018 to 2021 with value 4", () => {
  const kinds = ["t1", "t1ce", "t2", "flair", "seg"];
  const index = read(caseFiles("BraTS2021_00000", { kinds, separator: "_" }));
  assert.deepEqual(index.channels, ["flair", "t1", "t1ce", "t2"]);
  assert.deepEqual(index.labels?.map(({ value }) => value), [1, 2, 4]);
  assert.deepEqual(index.regions, [{ name: "core", values: [1, 4] }, { name: "enhancing", values: [4] }]);
  assert.equal(index.cases[0]?.images[2], "BraTS2021_00000/BraTS2021_00000_t1ce.nii.gz");
  assert.equal(index.cases[0]?.mask, "BraTS2021_00000/BraTS2021_00000_seg.nii.gz");
});

test("brats reads the spelling of 2023 of visits", () => {
  const kinds = ["t1n", "t1c", "t2w", "t2f", "seg"];
  const index = read([
    ...caseFiles("BraTS-GLI-00002-000", { kinds, separator: "-" }),
    ...caseFiles("BraTS-GLI-00002-001", { kinds, separator: "-" }),
  ]);
  assert.deepEqual(index.channels, ["flair", "t1", "t1ce", "t2"]);
  assert.deepEqual(index.labels?.map(({ value }) => value), [1, 2, 3]);
  assert.equal(index.cases[0]?.images[0], "BraTS-GLI-00002-000/BraTS-GLI-00002-000-t2f.nii.gz");
});

test("brats reads two channels of 2015 below HGG with values 1 to 4", () => {
  const folder = "HGG/brats_2013_pat0003_1";
  const index = read(caseFiles("brats_2013_pat0003_1", { kinds: ["flair", "t1ce", "seg"], separator: "_", folder }));
  assert.deepEqual(index.channels, ["flair", "t1ce"]);
  assert.deepEqual(index.labels?.map(({ value }) => value), [1, 2, 3, 4]);
});

test("brats reports missing channels and masks, and points to an oddly named mask", () => {
  const index = read([
    ...caseFiles("A1", { kinds: ["flair", "t1", "seg"], separator: "_" }),
    ...caseFiles("A2", { kinds: ["flair", "seg"], separator: "_" }),
    ...caseFiles("A3", { kinds: ["flair", "t1"], separator: "_" }),
    "A3/W39_1998.09.19_Segm.nii.gz",
    ...caseFiles("A4", { kinds: ["flair", "t1"], separator: "_" }),
  ]);
  assert.deepEqual(index.cases.map(({ id }) => id), ["A1"]);
  assert.deepEqual(index.findings, [
    {
      code: "E07",
      file: "A2",
      found: "no file for t1",
      expected: "flair, t1 in every case folder",
      remedy: "add the missing channel or move the folder away",
    },
    {
      code: "E01",
      file: "A3/A3_flair.nii.gz",
      found: "no mask for this image but A3/W39_1998.09.19_Segm.nii.gz",
      expected: "A3/A3_seg.nii.gz",
      remedy: "rename it if it is the mask",
    },
    {
      code: "E01",
      file: "A4/A4_flair.nii.gz",
      found: "no mask for this image",
      expected: "A4/A4_seg.nii.gz",
      remedy: "add the mask or move the image away",
    },
  ]);
});
