import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDataset } from "../../src/data/check.ts";
import { openDataset } from "../../src/data/dataset.ts";
import { maskOf, put, putNifti, putPng, withFolder } from "./made_folders.ts";

test("openDataset() refuses options that have no effect on files of its kind", () => {
  withFolder((folder) => {
    putNifti(folder, "volumes/images/a.nii.gz");
    putNifti(folder, "volumes/masks/a.nii.gz", { data: maskOf(1) });
    const [volumes, slices] = [`${folder}/volumes`, `${folder}/slices`];
    const square = { data: new Uint8Array(16).fill(255, 0, 4), width: 4, height: 4 };
    putPng(folder, "slices/images/a.png", square);
    putPng(folder, "slices/masks/a.png", square);
    put(folder, "slices/readme.txt", "x");
    for (const open of [openDataset, checkDataset]) {
      assert.throws(() => open(volumes, { spacingMm: [1, 1, 1] }), {
        name: "UsageFailure",
        message: `--spacing has no effect on ${volumes}: its NIfTI files have their sizes; leave it out`,
      });
      assert.throws(() => open(slices, { ignoreOrigin: true }), {
        name: "UsageFailure",
        message: `--ignore-origin has no effect on ${slices}: PNG and TIFF files have no origin; leave it out`,
      });
      open(volumes, { ignoreOrigin: true });
      open(slices, { spacingMm: [1, 1] });
    }
  });
});
