import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { decode } from "fast-png";
import { scalingAffine, type Volume } from "../../src/imaging/volume.ts";
import { type PictureRow, resultPicture } from "../../src/report/result_picture.ts";

/** 8×8×3 voxels: a square of 2×2 voxels in slice 1 of the reference, a single voxel found. */
function row(changes: Partial<PictureRow> = {}): PictureRow {
  const grid = { shape: [8, 8, 3] as const, channels: 1, affine: scalingAffine([2, 2, 5]), spacingKnown: true };
  const mask = (...at: number[]): Volume => {
    const data = new Uint8Array(192);
    for (const i of at) data[64 + i] = 1;
    return { ...grid, data };
  };
  const image = { ...grid, data: Float32Array.from({ length: 192 }, (_, i) => i % 64) };
  return {
    case: "case_1",
    image,
    reference: mask(18, 19, 26, 27),
    prediction: mask(18),
    dice: 0.4,
    ...changes,
  };
}

const SETTINGS = {
  inputSize: 4,
  normalization: { mode: "zscore", lowerPercentile: 0, upperPercentile: 100, nonZero: false } as const,
  plane: "axial" as const,
  classes: 1,
  footer: "two cases",
};

/** The length of the outlines of the picture in voxel edges, in the order of the panels. */
function outlineLengths(svg: string): number[] {
  return [...svg.matchAll(/ d="([^"]*)"/g)].map(([, path]) => (path as string).match(/[hv]1/g)?.length ?? 0);
}

test("resultPicture() outlines reference and prediction of the slice with the largest reference", () => {
  const svg = resultPicture([row()], SETTINGS);
  assert.deepEqual(outlineLengths(svg), [8, 4]);
  assert.match(svg, /case_1, slice 1/);
  assert.match(svg, /Dice 0\.40/);
});

test("resultPicture() shows the slice at its own size and as the network reads it", () => {
  const svg = resultPicture([row()], SETTINGS);
  const sizes = [...svg.matchAll(/base64,([^"]+)"/g)].map(([, text]) => {
    const { width, height } = decode(Buffer.from(text as string, "base64"));
    return [width, height];
  });
  assert.deepEqual(sizes, [[8, 8], [4, 4], [8, 8], [8, 8]]);
});

test("resultPicture() escapes names", () => {
  const svg = resultPicture([row({ case: '<script>"' })], SETTINGS);
  assert.match(svg, /&lt;script&gt;&quot;, slice 1/);
});
