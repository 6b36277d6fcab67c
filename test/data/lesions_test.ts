import assert from "node:assert/strict";
import { test } from "node:test";
import { lesionAreas } from "../../src/data/lesions.ts";
import { sliceGeometry } from "../../src/imaging/slices.ts";
import { scalingAffine } from "../../src/imaging/volume.ts";

test("lesionAreas() joins diagonal neighbours within a slice and keeps classes apart", () => {
  const data = Uint8Array.from([
    ...[1, 0, 0, 2, 0, 1, 0, 2, 0, 0, 0, 1],
    ...[1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 1, 1],
  ]);
  const geometry = sliceGeometry({ shape: [4, 3, 2], affine: scalingAffine([1, 1, 1]) }, "axial");
  assert.deepEqual(lesionAreas(data, { geometry, classCount: 2 }), [[2, 1, 4, 2], [2, 2]]);
});

test("lesionAreas() follows a region upwards too", () => {
  const data = Uint8Array.from([
    ...[1, 0, 1, 0, 0, 0, 0, 1],
    ...[0, 1, 0, 0, 0, 1, 0, 1],
    ...[0, 0, 0, 0, 0, 0, 1, 0],
  ]);
  const geometry = sliceGeometry({ shape: [8, 3, 1], affine: scalingAffine([1, 1, 1]) }, "axial");
  assert.deepEqual(lesionAreas(data, { geometry, classCount: 1 }), [[3, 4]]);
});

test("lesionAreas() follows the plane", () => {
  const data = new Uint8Array(2 * 3 * 4);
  for (let z = 0; z < 4; z++) data[1 + 2 * (1 + 3 * z)] = 1;
  const grid = { shape: [2, 3, 4], affine: scalingAffine([1, 1, 1]) } as const;
  const areas = (["axial", "coronal", "sagittal"] as const).map((plane) =>
    lesionAreas(data, { geometry: sliceGeometry(grid, plane), classCount: 1 })[0]
  );
  assert.deepEqual(areas, [[1, 1, 1, 1], [4], [4]]);
});
