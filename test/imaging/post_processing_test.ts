import assert from "node:assert/strict";
import { test } from "node:test";
import { postProcess } from "../../src/imaging/post_processing.ts";
import { scalingAffine, type Volume } from "../../src/imaging/volume.ts";

/** A single slice of digits, voxels of 1×1×2 mm. */
function slice(rows: readonly string[], spacingKnown = true): Volume<Uint8Array> {
  const shape = [rows[0]?.length ?? 0, rows.length, 1] as const;
  const data = Uint8Array.from(rows.join(""), Number);
  return { data, shape, channels: 1, affine: scalingAffine([1, 1, 2]), spacingKnown };
}

function cleaned(rows: readonly string[], steps: Parameters<typeof postProcess>[2]): string[] {
  const { length } = rows[0] as string;
  const text = postProcess(slice(rows), 2, steps).join("");
  return rows.map((_, row) => text.slice(row * length, (row + 1) * length));
}

const MASK = [
  "1110002",
  "1010000",
  "1110220",
  "0000220",
];

test("postProcess() fills holes, also of a single slice", () => {
  assert.deepEqual(cleaned(MASK, { fillHoles: true }), ["1110002", "1110000", "1110220", "0000220"]);
});

test("postProcess() removes parts below a volume in ml, class by class", () => {
  // A voxel of 2 mm³ is 0.002 ml: four of them, 0.008 ml, stay; the single one goes.
  const expected = ["1110000", "1010000", "1110220", "0000220"];
  assert.deepEqual(cleaned(MASK, { minimumVolumeMl: 0.008 }), expected);
  assert.deepEqual(cleaned(MASK, { minimumVolumeMl: 0.0021 }), expected);
  assert.deepEqual(cleaned(MASK, { minimumVolumeMl: 0.002 }), MASK);
  assert.deepEqual(cleaned(MASK, { minimumVolumeMl: 0.009 }), ["1110000", "1010000", "1110000", "0000000"]);
});

test("postProcess() keeps the largest part of every class", () => {
  assert.deepEqual(cleaned(MASK, { largestComponent: true }), ["1110000", "1010000", "1110220", "0000220"]);
});

test("postProcess() fills before it measures", () => {
  // The ring of 8 voxels is 0.016 ml, filled 0.018 ml.
  assert.deepEqual(cleaned(MASK, { fillHoles: true, minimumVolumeMl: 0.018 }), [
    "1110000",
    "1110000",
    "1110000",
    "0000000",
  ]);
});

test("postProcess() leaves the mask alone without steps, and needs a voxel size for ml", () => {
  const mask = slice(MASK, false);
  assert.equal(postProcess(mask, 2, { minimumVolumeMl: 0, largestComponent: false }), mask.data);
  assert.throws(() => postProcess(mask, 2, { minimumVolumeMl: 0.1 }), {
    name: "Failure",
    message: "The image carries no voxel size, so that --minimum-volume-ml has no meaning for it; leave the option out",
  });
});
