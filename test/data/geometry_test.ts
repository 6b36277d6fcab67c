import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkDataset } from "../../src/data/check.ts";
import { type CaseFiles, loadCase, openDataset } from "../../src/data/dataset.ts";
import { findingSentence } from "../../src/data/finding.ts";
import { alignTo } from "../../src/data/geometry.ts";
import { readPredictedMask } from "../../src/evaluation/predicted_masks.ts";
import { axisCodes } from "../../src/imaging/orientation.ts";
import { readVolume } from "../../src/imaging/read.ts";
import { type Affine, scalingAffine, type Volume } from "../../src/imaging/volume.ts";
import { Random } from "../../src/random.ts";
import { randomScan } from "../prediction/random_scans.ts";
import { maskOf, putMsd, putNifti, withFolder } from "./made_folders.ts";

const PERMUTATIONS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] as const;

/** The same voxels at the same places, stored in another order: new axis i is old axis `order[i]`, backwards where its bit is set. */
function stored(volume: Volume, order: readonly number[], signs: number): Volume {
  const shape = order.map((axis) => volume.shape[axis] as number) as [number, number, number];
  const affine = [...volume.affine];
  for (let row = 0; row < 3; row++) {
    order.forEach((axis, i) => {
      const column = volume.affine[4 * row + axis] as number;
      const backwards = ((signs >> i) & 1) === 1;
      affine[4 * row + i] = backwards ? -column : column;
      if (backwards) affine[4 * row + 3] = (affine[4 * row + 3] as number) + column * ((shape[i] as number) - 1);
    });
  }
  const strides = [1, volume.shape[0], volume.shape[0] * volume.shape[1]];
  const data = volume.data.slice();
  let to = 0;
  for (let z = 0; z < shape[2]; z++) {
    for (let y = 0; y < shape[1]; y++) {
      for (let x = 0; x < shape[0]; x++) {
        const from = [x, y, z].reduce((sum, place, i) => {
          const at = (signs >> i) & 1 ? (shape[i] as number) - 1 - place : place;
          return sum + at * (strides[order[i] as number] as number);
        }, 0);
        data[to++] = volume.data[from] as number;
      }
    }
  }
  return { ...volume, data, shape, affine };
}

test("alignTo() gives back every voxel of a grid that is stored in any of 48 orders", () => {
  const random = new Random(9);
  for (const order of PERMUTATIONS) {
    for (let signs = 0; signs < 8; signs++) {
      const { volume } = randomScan(random);
      const other = stored(volume, order, signs);
      const result = alignTo({ grid: volume, file: "a" }, { volume: other, file: "b" });
      assert.ok("volume" in result, JSON.stringify(result));
      assert.deepEqual([result.volume.data, result.volume.shape], [volume.data, volume.shape]);
      // One millimetre beside it.
      const affine = other.affine.map((value, i) => i === 7 ? value + 1 : value);
      const moved = alignTo({ grid: volume, file: "a" }, { volume: { ...other, affine }, file: "b" });
      assert.ok("finding" in moved && moved.finding.code === "E06");
      assert.match(
        moved.finding.found,
        /^corners up to 1\.00 mm away from those of a, most at its voxel \(\d, \d, \d\)/,
      );
      const sameAxes = axisCodes(other.affine) === axisCodes(volume.affine);
      assert.equal(/--ignore-origin/.test(moved.finding.remedy), sameAxes, moved.finding.remedy);
    }
  }
});

/** A grid of 4×3×2 voxels of 1×1×2 mm in space, right to left and anterior to posterior. */
const LPS: Affine = [-1, 0, 0, 3, 0, -1, 0, 2, 0, 0, 2, 0, 0, 0, 0, 1];

test("a mask stored LPS beside an image stored RAS is trained on and scored at its place", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 2 });
    // The first voxel of LPS is the last of a RAS slice.
    putNifti(folder, "labelsTr/c1.nii.gz", { data: maskOf(1, 2), affine: LPS });
    const index = openDataset(folder);
    const { mask, image } = loadCase(index, index.cases[0] as CaseFiles);
    assert.deepEqual([mask?.data[11], mask?.data[10], mask?.data[0]], [1, 2, 0]);
    assert.deepEqual(mask?.affine, image.affine);
    assert.deepEqual(checkDataset(folder).errors, []);
    const reference = { grid: image, file: "imagesTr/c1.nii.gz" };
    const prediction = readPredictedMask([join(folder, "labelsTr/c1.nii.gz")], index, reference);
    assert.deepEqual(prediction, mask?.data);
  });
});

test("channels of one grid in several orders become one image", () => {
  withFolder((folder) => {
    for (const [kind, affine] of [["t1n", scalingAffine([1, 1, 2])], ["t1c", LPS], ["seg", LPS]] as const) {
      const data = kind === "seg" ? maskOf(1) : Float32Array.from({ length: 24 }, (_, i) => i);
      putNifti(folder, `P-1/P-1-${kind}.nii.gz`, { data, affine });
    }
    const index = openDataset(folder);
    const { image, mask } = loadCase(index, index.cases[0] as CaseFiles);
    assert.deepEqual([...image.data.subarray(24, 27), image.data[24 + 11], mask?.data[11]], [11, 10, 9, 0, 1]);
  });
});

test("--ignore-origin is offered for a shift, and mends it; for a flip it is not offered", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 2 });
    const finding = (affine: Affine) => {
      putNifti(folder, "labelsTr/c1.nii.gz", { data: maskOf(1), affine });
      return checkDataset(folder).errors[0];
    };
    const shifted = finding(scalingAffine([1, 1, 2]).map((value, i) => i === 3 ? 4 : value));
    assert.match(shifted?.remedy ?? "", /or add --ignore-origin if the voxels do match$/);
    assert.deepEqual(checkDataset(folder, { ignoreOrigin: true }).errors, []);
    const flipped = finding([-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]);
    assert.equal(
      flipped && findingSentence(flipped),
      "labelsTr/c1.nii.gz: found corners up to 3.61 mm away from those of imagesTr/c1.nii.gz, most at its voxel (0, 0, 0), " +
        "and axes that run LPS where its run RAS, expected at most 0.01 mm; " +
        "correct direction and origin of the header that is wrong",
    );
    assert.equal(finding(LPS), undefined, "the remedy mends it");
  });
});

test("W04 compares voxel sizes in space: mixed orders of the axes are no outliers", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 5 });
    // Sagittal slices: axes A, S, R, slices 2 mm apart from foot to head as in the others.
    const sagittal: Affine = [0, 0, 1, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1];
    const shape = [3, 2, 4] as const;
    putNifti(folder, "imagesTr/c1.nii.gz", { affine: sagittal, shape });
    putNifti(folder, "labelsTr/c1.nii.gz", { affine: sagittal, shape, data: maskOf(1, 2) });
    assert.deepEqual(checkDataset(folder).warnings.filter(({ code }) => code === "W04"), []);
    putNifti(folder, "imagesTr/c1.nii.gz", { affine: scalingAffine([1, 1, 9]) });
    putNifti(folder, "labelsTr/c1.nii.gz", { affine: scalingAffine([1, 1, 9]), data: maskOf(1, 2) });
    assert.deepEqual(checkDataset(folder).warnings.filter(({ code }) => code === "W04").map(({ found }) => found), [
      "voxels of 1×1×9 mm",
    ]);
  });
});

test("headers in microns and metres are brought to mm and said", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 2 });
    for (const [unit, code, factor] of [["µm", 3, 1000], ["m", 1, 1 / 1000]] as const) {
      for (const kind of ["imagesTr", "labelsTr"]) {
        const path = `${kind}/c1.nii`;
        const data = kind === "labelsTr" ? maskOf(1, 2) : Float32Array.from({ length: 24 }, (_, i) => i);
        putNifti(folder, path, { data, affine: scalingAffine([factor, factor, 2 * factor]) });
        const bytes = readFileSync(join(folder, path));
        rmSync(join(folder, path));
        bytes[123] = code;
        // Under its listed name: compression is known by its magic bytes.
        writeFileSync(join(folder, `${path}.gz`), bytes);
      }
      const { errors, warnings, fingerprint } = checkDataset(folder);
      assert.deepEqual(errors, []);
      assert.deepEqual(fingerprint.medianSpacingMm?.map((size) => Number(size.toFixed(6))), [1, 1, 2]);
      const said = warnings.find((warning) => warning.code === "W10");
      assert.equal(said?.found, `lengths in ${unit} in the headers of 1 case`);
      assert.match(said?.expected ?? "", /^mm; they were converted, so that voxels here are of 1×1×2 mm$/);
    }
  });
});

test("readVolume() refuses a sheared grid by the angle of its axes, and takes one that rounding bent", () => {
  withFolder((folder) => {
    const sheared = (shear: number): Affine => [1, shear, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1];
    putNifti(folder, "a.nii", { affine: sheared(0.2) });
    assert.throws(() => readVolume(join(folder, "a.nii"), { as: "image" }), {
      name: "Failure",
      message: /a\.nii: the sform of the header has axes 1 and 2 at 78\.7° \(a sheared grid\); resample it onto a grid/,
    });
    putNifti(folder, "a.nii", { affine: sheared(1e-3) });
    assert.equal(readVolume(join(folder, "a.nii"), { as: "image" }).volume.data.length, 24);
  });
});
