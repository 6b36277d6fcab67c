import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { type CaseFiles, loadCase, openDataset } from "../../src/data/dataset.ts";
import { listPredictedMasks, readPredictedMask } from "../../src/evaluation/predicted_masks.ts";
import { scalingAffine } from "../../src/imaging/volume.ts";
import { maskOf, putMsd, putNifti, putSparseNifti, withFolder } from "../data/made_folders.ts";

/** Opens a data set of two cases with `content` as the prediction of c1. */
function readPrediction(
  content: Parameters<typeof putNifti>[2],
  labels?: readonly string[],
): { classes: number[]; path: string } {
  let [classes, path]: [number[], string] = [[], ""];
  withFolder((folder) => {
    putMsd(folder);
    putNifti(folder, "masks/c1.nii.gz", content);
    const index = openDataset(folder, { labels });
    const files = index.cases[0] as CaseFiles;
    const paths = listPredictedMasks(join(folder, "masks")).find(files) ?? [];
    path = paths[0] ?? "";
    const { image } = loadCase(index, files);
    try {
      classes = [...readPredictedMask(paths, index, { grid: image, file: "imagesTr/c1.nii.gz" })];
    } catch (error) {
      (error as Error).message = (error as Error).message.replaceAll(path, "masks/c1.nii.gz");
      throw error;
    }
  });
  return { classes, path };
}

test("readPredictedMask() reads the values that predict writes", () => {
  const data = maskOf(1, 2, 2, 0, 1);
  assert.deepEqual(readPrediction({ data }).classes, [...data]);
  assert.deepEqual(readPrediction({ data }, ["posterior", "anterior"]).classes.slice(0, 5), [2, 1, 1, 0, 2]);
});

test("readPredictedMask() reads masks like those of the data set where a region is scored", () => {
  assert.deepEqual(readPrediction({ data: maskOf(1, 1, 0) }, ["whole"]).classes.slice(0, 3), [1, 1, 0]);
  assert.deepEqual(readPrediction({ data: maskOf(1, 2, 0) }, ["whole"]).classes.slice(0, 3), [1, 1, 0]);
});

test("readPredictedMask() refuses masks on another grid, of another shape and with unknown values", () => {
  assert.throws(() => readPrediction({ data: new Uint8Array(36), shape: [4, 3, 3] }), {
    name: "FindingFailure",
    message: "masks/c1.nii.gz: found shape 4×3×3, expected 4×3×2 as in imagesTr/c1.nii.gz; " +
      "predict the case again from this image",
  });
  assert.throws(() => readPrediction({ data: maskOf(1), affine: scalingAffine([1, 1, 3]) }), {
    message: "masks/c1.nii.gz: found voxels of 1×1×3 mm, expected 1×1×2 mm as in imagesTr/c1.nii.gz; " +
      "predict the case again from this image",
  });
  assert.throws(() => readPrediction({ data: maskOf(1, 7) }), { message: /label values 0, 1, 7/ });
});

test("listPredictedMasks() finds a mask by its case, or one per slice", () => {
  withFolder((folder) => {
    const files = {
      id: "p",
      patient: "p",
      images: [],
      slices: [{ image: "p/p_1.tif", mask: "" }, { image: "p/p_2.tif", mask: "" }],
    };
    assert.equal(listPredictedMasks(folder).find(files), undefined);
    putNifti(folder, "p_1.nii");
    assert.equal(listPredictedMasks(folder).find(files), undefined);
    putNifti(folder, "p_2.nii");
    assert.deepEqual(listPredictedMasks(folder).find(files), [join(folder, "p_1.nii"), join(folder, "p_2.nii")]);
    putNifti(folder, "p.nii.gz");
    assert.deepEqual(listPredictedMasks(folder).find(files), [join(folder, "p.nii.gz")]);
  });
});

test("readPredictedMask() reads a mask of 512×512×520 voxels", () => {
  withFolder((folder) => {
    putMsd(folder);
    const shape = [512, 512, 520] as const;
    const grid = { shape, affine: scalingAffine([1, 1, 2]), spacingKnown: true };
    const path = putSparseNifti(folder, "c1.nii", { shape, last: 2 });
    const classes = readPredictedMask([path], openDataset(folder), { grid, file: "imagesTr/c1.nii.gz" });
    assert.deepEqual([classes.length, classes[0], classes.at(-1)], [512 * 512 * 520, 0, 2]);
  });
});
