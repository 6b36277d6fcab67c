import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readNifti, readNiftiHeader, writeNiftiMask } from "../../src/imaging/nifti.ts";
import { normalize } from "../../src/imaging/normalize.ts";
import { axisCodes, toCanonical } from "../../src/imaging/orientation.ts";
import { readVolume } from "../../src/imaging/read.ts";
import { imageSquares, insertSlice, labelSquares, sliceGeometry, squareToSlice } from "../../src/imaging/slices.ts";
import { spacingMm } from "../../src/imaging/volume.ts";
import { sharedPath } from "../shared.ts";
import { inFolder } from "./made_files.ts";

const hippocampus = sharedPath("data", "Task04_Hippocampus");
const brats = sharedPath("data", "BraTS2015", "brats_2013_pat0003_1");
const kaggle = sharedPath("data", "kaggle_3m");
const skip = (path: string | undefined) => path === undefined ? { skip: "shared data absent" } : {};

test(
  "readNifti() reads all hippocampi, of mixed types, with whole labels on the grid of the image",
  skip(hippocampus),
  () => {
    const types = new Set<string>();
    for (const name of readdirSync(join(hippocampus as string, "imagesTr"))) {
      const image = readNifti(join(hippocampus as string, "imagesTr", name));
      const label = readNifti(join(hippocampus as string, "labelsTr", name));
      types.add(`${image.geometry.datatype} ${label.geometry.datatype}`);
      assert.deepEqual(image.volume.shape, label.volume.shape);
      assert.ok(label.volume.data.every((value) => value === 0 || value === 1 || value === 2), name);
      assert.deepEqual(spacingMm(image.volume.affine), [1, 1, 1]);
      assert.deepEqual(readNiftiHeader(join(hippocampus as string, "imagesTr", name)), image.geometry);
    }
    assert.ok(types.has("float32 float32") && types.size > 1, [...types].join(", "));
  },
);

test("a BraTS mask survives the way to squares of its own size and back into a file", skip(brats), () => {
  const path = join(brats as string, "brats_2013_pat0003_1_seg.nii.gz");
  const { volume, geometry } = readNifti(path);
  assert.deepEqual([volume.shape, axisCodes(volume.affine)], [[240, 240, 155], "LPS"]);
  const whole = new Uint8Array(volume.data.length);
  for (let i = 0; i < whole.length; i++) whole[i] = volume.data[i] === 0 ? 0 : 1;
  const { volume: canonical, restore } = toCanonical({ ...volume, data: whole });
  const slices = sliceGeometry(canonical, "axial");
  const result = new Uint8Array(whole.length);
  for (let index = 60; index < 140; index += 7) {
    const squares = labelSquares(canonical.data, index, { geometry: slices, size: 240, classes: 2 });
    const slice = squareToSlice(squares.subarray(240 * 240), slices, { size: 240, classes: 1 });
    insertSlice(result, slice.map((value) => value > 0.5 ? 1 : 0), { geometry: slices, index });
  }
  const back = restore(result);
  for (let index = 60; index < 140; index += 7) {
    const [from, to] = [index * 57600, (index + 1) * 57600];
    assert.deepEqual(back.subarray(from, to), whole.subarray(from, to), `slice ${index}`);
  }
  inFolder((file) => {
    writeNiftiMask(file("mask.nii.gz"), back, geometry);
    const written = readNifti(file("mask.nii.gz"));
    assert.deepEqual(written.volume.affine, volume.affine);
    assert.deepEqual([written.geometry.datatype, written.volume.shape], ["uint8", volume.shape]);
  });
});

test("a BraTS slice of 64 pixels has the mean of its voxels", skip(brats), () => {
  const { volume } = readNifti(join(brats as string, "brats_2013_pat0003_1_flair.nii.gz"));
  const zscore = { mode: "zscore", lowerPercentile: 0.5, upperPercentile: 99.5, nonZero: false } as const;
  const normal = normalize(toCanonical(volume).volume, zscore);
  const geometry = sliceGeometry(normal, "axial");
  const square = imageSquares(normal, 80, { geometry, size: 64, padValue: 0 });
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(Math.abs(mean(square) - mean(normal.data.subarray(80 * 57600, 81 * 57600))) < 1e-4);
});

test("readVolume() reads the slices and masks of Kaggle's LGG", skip(kaggle), () => {
  for (const patient of readdirSync(kaggle as string, { withFileTypes: true })) {
    if (!patient.isDirectory()) continue;
    const stem = join(kaggle as string, patient.name, `${patient.name}_10`);
    const image = readVolume(`${stem}.tif`, { as: "image" }).volume;
    const mask = readVolume(`${stem}_mask.tif`, { as: "mask" }).volume;
    assert.deepEqual([image.shape, image.channels, image.data.constructor], [[256, 256, 1], 3, Uint8Array]);
    assert.deepEqual([mask.shape, mask.channels], [[256, 256, 1], 1]);
    assert.ok(mask.data.every((value) => value === 0 || value === 255));
    assert.ok(image.data.some((value) => value > 50));
  }
});
