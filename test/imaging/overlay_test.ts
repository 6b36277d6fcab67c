import assert from "node:assert/strict";
import { test } from "node:test";
import { LABEL_COLOURS, overlayMontage, type Picture, REFERENCE_COLOUR } from "../../src/imaging/overlay.ts";
import { scalingAffine } from "../../src/imaging/volume.ts";

const SHAPE = [12, 12, 6] as const;
const grid = { shape: SHAPE, channels: 1, affine: scalingAffine([1, 1, 1]), spacingKnown: true } as const;

function box(z: number, [left, right]: readonly [number, number], label: number): Uint8Array {
  const data = new Uint8Array(12 * 12 * 6);
  for (let y = 4; y < 8; y++) for (let x = left; x < right; x++) data[x + 12 * (y + 12 * z)] = label;
  return data;
}

function count({ data }: Picture, [r, g, b]: readonly number[]): number {
  let found = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i] === r && data[i + 1] === g && data[i + 2] === b) found++;
  return found;
}

/** Bright everywhere, so that nothing is cropped. */
const image = { ...grid, data: Float32Array.from({ length: 12 * 12 * 6 }, (_, i) => i % 12) };

test("overlayMontage() outlines the prediction and the reference in different colours, at their places", () => {
  const picture = overlayMontage({
    image,
    prediction: { ...grid, data: box(2, [1, 4], 1) },
    reference: { ...grid, data: box(2, [8, 11], 1) },
    tilePixels: 240,
  });
  assert.equal(picture.data.length, picture.width * picture.height * 4);
  // One slice of 12 × 12 voxels at 20 pixels per voxel.
  assert.deepEqual([picture.width, picture.height], [252, 252]);
  const at = (x: number, y: number) => [...picture.data.subarray(4 * (y * 252 + x), 4 * (y * 252 + x) + 3)];
  // x = 1 to 3 of RAS+ lies towards the patient's left: at the right edge, from (12 − 4) to (12 − 1) voxels.
  assert.deepEqual(at(6 + 8 * 20, 6 + 6 * 20), LABEL_COLOURS[0]);
  assert.deepEqual(at(6 + 11 * 20 - 1, 6 + 6 * 20), LABEL_COLOURS[0]);
  assert.deepEqual(at(6 + 1 * 20, 6 + 6 * 20), REFERENCE_COLOUR);
  // Two pixels wide all around 60 × 80 pixels.
  const outline = 60 * 80 - 56 * 76;
  assert.deepEqual([count(picture, LABEL_COLOURS[0] as readonly number[]), count(picture, REFERENCE_COLOUR)], [
    outline,
    outline,
  ]);
});

test("overlayMontage() shows the slices that have labels, in any plane and orientation", () => {
  const flipped = [-1, 0, 0, 11, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
  const data = box(1, [1, 4], 1).map((label, i) => label + (box(4, [1, 9], 2)[i] as number));
  for (const affine of [grid.affine, flipped]) {
    const picture = overlayMontage({
      image: { ...image, affine },
      prediction: { ...grid, affine, data },
      plane: affine === flipped ? "coronal" : "axial",
      tilePixels: 120,
      columns: 2,
    });
    assert.deepEqual([picture.width, picture.height], [2 * 126 + 6, 132]);
    for (const colour of LABEL_COLOURS.slice(0, 2)) assert.ok(count(picture, colour) > 100);
  }
});

test("overlayMontage() refuses a mask on another grid", () => {
  const prediction = { ...grid, shape: [12, 12, 5] as const, data: new Uint8Array(720) };
  assert.throws(() => overlayMontage({ image, prediction }), /a mask of 12×12×5 voxels over 12×12×6/);
});

test("overlayMontage() draws an image without any labels", () => {
  const picture = overlayMontage({ image, prediction: { ...grid, data: new Uint8Array(864) }, tiles: 3, columns: 3 });
  assert.ok(picture.width > picture.height);
});
