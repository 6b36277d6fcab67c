import assert from "node:assert/strict";
import { test } from "node:test";
import { labelSquareVolume } from "../../src/imaging/square_volume.ts";
import { spacingMm, type Volume } from "../../src/imaging/volume.ts";

test("labelSquareVolume() halves a mask by area, with the size of its pixels in mm", () => {
  // 4×4×2 voxels of 2×2×5 mm in LAS order: a 2×2 block of class 1, and a lone voxel of class 2 that is outvoted.
  const data = new Uint8Array(32);
  for (const [x, y] of [[0, 0], [1, 0], [0, 1], [1, 1]] as const) data[x + 4 * y] = 1;
  data[3 + 4 * 3] = 2;
  const mask: Volume<Uint8Array> = {
    data,
    shape: [4, 4, 2],
    channels: 1,
    affine: [-2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 5, 0, 0, 0, 0, 1],
    spacingKnown: true,
  };
  const squares = labelSquareVolume(mask, { plane: "axial", size: 2, classes: 3 });
  assert.deepEqual(squares.shape, [2, 2, 2]);
  assert.deepEqual(spacingMm(squares.affine), [4, 4, 5]);
  assert.deepEqual([...squares.data].sort(), [0, 0, 0, 0, 0, 0, 0, 1]);
  // A radiologist's screen: the patient's right (x = 0 in LAS) at the left, posterior (y = 0) below.
  assert.equal(squares.data[2], 1);
});
