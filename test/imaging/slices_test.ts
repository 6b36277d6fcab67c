import assert from "node:assert/strict";
import { test } from "node:test";
import { toCanonical } from "../../src/imaging/orientation.ts";
import {
  choosePlane,
  hardLabelSquare,
  imageSquares,
  insertSlice,
  labelSquares,
  type Plane,
  type SliceGeometry,
  sliceGeometry,
  squareToSlice,
} from "../../src/imaging/slices.ts";
import { scalingAffine, type Volume, type VoxelArray } from "../../src/imaging/volume.ts";
import { Random } from "../../src/random.ts";

const PLANES: readonly Plane[] = ["axial", "coronal", "sagittal"];

function volumeOf<D extends VoxelArray>(
  data: D,
  shape: readonly [number, number, number],
  { spacing = [1, 1, 1], channels = 1 }: { spacing?: readonly [number, number, number]; channels?: number } = {},
): Volume<D> {
  return { data, shape, channels, affine: scalingAffine(spacing), spacingKnown: true };
}

test("choosePlane() takes the axis with clearly the largest spacing, else axial", () => {
  assert.equal(choosePlane([1, 1, 3]), "axial");
  assert.equal(choosePlane([1, 3, 1]), "coronal");
  assert.equal(choosePlane([3, 1, 1]), "sagittal");
  assert.equal(choosePlane([1, 1.0009, 1]), "axial");
  assert.equal(choosePlane([3, 3, 1]), "axial");
  assert.equal(choosePlane([1, 3, 1], [50, 50, 1]), "axial");
  assert.equal(choosePlane([1, 1, 3], [1, 50, 50]), "sagittal");
});

/** The value of one slice at a point of the square in mm, from the definition: right and anterior (superior) edges first. */
function valueAt(
  volume: Volume,
  { geometry: g, index, channel, pad }: { geometry: SliceGeometry; index: number; channel: number; pad: number },
  [xMm, yMm]: readonly [number, number],
): number {
  const margin = (count: number, spacing: number) => Math.floor((g.sideMm / spacing - count) / 2 + 1e-6) * spacing;
  const column = Math.floor((xMm - margin(g.columns, g.columnSpacingMm)) / g.columnSpacingMm);
  const row = Math.floor((yMm - margin(g.rows, g.rowSpacingMm)) / g.rowSpacingMm);
  if (column < 0 || row < 0 || column >= g.columns || row >= g.rows) return pad;
  const [horizontal, vertical] = [g.columns - 1 - column, g.rows - 1 - row];
  const [x, y, z] = g.plane === "axial"
    ? [horizontal, vertical, index]
    : g.plane === "coronal"
    ? [horizontal, index, vertical]
    : [index, horizontal, vertical];
  const [nx, ny, nz] = volume.shape;
  return volume.data[x + nx * (y + ny * (z + nz * channel))] as number;
}

test("imageSquares() is the mean over each pixel's area, in every plane, finer and coarser than the voxels", () => {
  const random = new Random(2);
  for (let round = 0; round < 12; round++) {
    // Spacings and sizes are such that a grid of 1/8 mm hits the edges of all voxels and pixels: the sum below is exact.
    const shape = [2 + random.integer(6), 2 + random.integer(6), 2 + random.integer(6)] as const;
    const spacing = [0.5, 1, 1.5].map((mm) => mm * (1 + random.integer(2))) as [number, number, number];
    const data = Float32Array.from({ length: 2 * shape[0] * shape[1] * shape[2] }, () => random.normal());
    const volume = volumeOf(data, shape, { spacing, channels: 2 });
    for (const plane of PLANES) {
      const geometry = sliceGeometry(volume, plane);
      const pixelMm = [0.25, 0.5, 1, 1.5].filter((mm) => Number.isInteger(geometry.sideMm / mm));
      for (const mm of pixelMm) {
        const size = geometry.sideMm / mm;
        const index = random.integer(geometry.count);
        const squares = imageSquares(volume, index, { geometry, size, padValue: -3 });
        const samples = mm * 8;
        for (let k = 0; k < squares.length; k++) {
          const [column, row] = [k % size, Math.floor(k / size) % size];
          let sum = 0;
          for (let i = 0; i < samples * samples; i++) {
            const at = [
              column * mm + (i % samples + 0.5) / 8,
              row * mm + (Math.floor(i / samples) + 0.5) / 8,
            ] as const;
            sum += valueAt(volume, { geometry, index, channel: Math.floor(k / size / size), pad: -3 }, at);
          }
          assert.ok(Math.abs((squares[k] as number) - sum / samples ** 2) < 1e-5, `${plane} ${size} pixel ${k}`);
        }
      }
    }
  }
});

test("imageSquares() keeps the mean where voxels and pixels have no common edges", () => {
  const random = new Random(3);
  for (const size of [1, 2, 7, 13, 64]) {
    const data = Float32Array.from({ length: 11 * 9 * 3 }, () => random.uniform());
    const volume = volumeOf(data, [11, 9, 3], { spacing: [0.7, 0.9, 2] });
    const geometry = sliceGeometry(volume, "axial");
    const square = imageSquares(volume, 1, { geometry, size, padValue: 0 });
    const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
    const pixelArea = (geometry.sideMm / size) ** 2;
    assert.ok(Math.abs(sum(square) * pixelArea - sum(data.subarray(99, 198)) * 0.63) < 1e-4, `size ${size}`);
  }
});

test("imageSquares() takes the channels asked for", () => {
  const volume = volumeOf(Uint8Array.of(1, 2, 3), [1, 1, 1], { channels: 3 });
  const geometry = sliceGeometry(volume, "axial");
  assert.deepEqual([...imageSquares(volume, 0, { geometry, size: 1, padValue: 0, channels: [2, 0] })], [3, 1]);
  assert.throws(() => imageSquares(volume, 0, { geometry, size: 1, padValue: 0, channels: [3] }), /channel 3/);
  assert.throws(() => imageSquares(volume, 1, { geometry, size: 1, padValue: 0 }), /slice 1: the volume has 1/);
});

test("imageSquares() shows a raster image with the rows and columns of its file", () => {
  const raster = {
    ...volumeOf(Uint8Array.of(1, 2, 3, 4, 5, 6), [3, 2, 1]),
    affine: [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
  };
  const { volume, restore } = toCanonical(raster);
  const geometry = sliceGeometry(volume, "axial");
  const square = imageSquares(volume, 0, { geometry, size: 3, padValue: 0 });
  assert.deepEqual([...square], [1, 2, 3, 4, 5, 6, 0, 0, 0]);
  const slice = squareToSlice(square, geometry, { size: 3, classes: 1 });
  assert.deepEqual([...restore(slice)], [1, 2, 3, 4, 5, 6]);
});

test("labelSquares() gives the fraction of every class, with background beyond the edges", () => {
  const random = new Random(4);
  const labels = Uint8Array.from({ length: 7 * 5 * 2 }, () => random.integer(4));
  const volume = volumeOf(labels, [7, 5, 2], { spacing: [1, 1.3, 2] });
  const geometry = sliceGeometry(volume, "axial");
  for (const size of [3, 7, 20]) {
    const squares = labelSquares(labels, 1, { geometry, size, classes: 4 });
    for (let label = 1; label < 4; label++) {
      const oneHot = volumeOf(Float32Array.from(labels, (value) => value === label ? 1 : 0), [7, 5, 2]);
      const expected = imageSquares(oneHot, 1, { geometry, size, padValue: 0 });
      expected.forEach((value, i) => assert.ok(Math.abs(value - (squares[label * size * size + i] as number)) < 1e-6));
    }
    for (let pixel = 0; pixel < size * size; pixel++) {
      const sum = [0, 1, 2, 3].reduce((total, label) => total + (squares[label * size * size + pixel] as number), 0);
      assert.ok(Math.abs(sum - 1) < 1e-6);
    }
  }
  assert.throws(() => labelSquares(labels, 1, { geometry, size: 3, classes: 3 }), /label 3: the classes are 0 to 2/);
});

test("hardLabelSquare() takes the class that covers most of a pixel", () => {
  const labels = Uint8Array.of(2, 2, 1, 0, 1, 0, 1, 0, 0);
  const geometry = sliceGeometry(volumeOf(labels, [3, 3, 1]), "axial");
  assert.deepEqual([...hardLabelSquare(labels, 0, { geometry, size: 3, classes: 3 })], [...labels].reverse());
  // One pixel over all: four voxels of 0, three of 1, two of 2.
  assert.deepEqual([...hardLabelSquare(labels, 0, { geometry, size: 1, classes: 3 })], [0]);
});

test("an identity network gives back the mask, in every plane and orientation, from squares of 1, 2, 3 times or over twice the slice", () => {
  const random = new Random(5);
  for (let round = 0; round < 40; round++) {
    const shape = [1 + random.integer(9), 1 + random.integer(9), 1 + random.integer(9)] as const;
    const isotropic = round % 2 === 0;
    const mm = random.uniform(0.4, 3);
    const spacing = (isotropic ? [mm, mm, mm] : [mm, mm * random.uniform(1, 2), mm * random.uniform(1, 2)]) as [
      number,
      number,
      number,
    ];
    const labels = Uint8Array.from({ length: shape[0] * shape[1] * shape[2] }, () => random.integer(3));
    const flips = [random.integer(2), random.integer(2), random.integer(2)].map((bit) => bit === 1 ? -1 : 1);
    const affine = scalingAffine(spacing).map((value, k) =>
      k < 12 && k % 5 === 0 ? value * (flips[k / 5] as number) : value
    );
    const { volume, restore } = toCanonical({ ...volumeOf(labels, shape), affine });
    const plane = PLANES[round % 3] as Plane;
    const geometry = sliceGeometry(volume, plane);
    const side = Math.round(geometry.sideMm / Math.min(geometry.rowSpacingMm, geometry.columnSpacingMm) + 0.499);
    const sizes = isotropic
      ? [side, 2 * side, 3 * side, 2 * side + 1 + random.integer(9)]
      : [2 * side + random.integer(9)];
    for (const size of sizes) {
      const result = new Uint8Array(labels.length);
      for (let index = 0; index < geometry.count; index++) {
        const squares = labelSquares(volume.data, index, { geometry, size, classes: 3 });
        const slice = squareToSlice(squares, geometry, { size, classes: 3 });
        const count = geometry.rows * geometry.columns;
        const best = Uint8Array.from({ length: count }, (_, i) => {
          const of = (label: number) => slice[label * count + i] as number;
          return of(2) > Math.max(of(0), of(1)) ? 2 : of(1) > of(0) ? 1 : 0;
        });
        insertSlice(result, best, { geometry, index });
      }
      assert.deepEqual(restore(result), labels, `${plane} ${shape} ${spacing} size ${size}`);
    }
  }
});

test("squareToSlice() reproduces a linear ramp between the outermost pixel centres", () => {
  const geometry = sliceGeometry(volumeOf(new Uint8Array(10 * 6), [10, 6, 1], { spacing: [1, 1.5, 1] }), "axial");
  const size = 4;
  const ramp = Float32Array.from({ length: size * size }, (_, i) => (i % size) + 10 * Math.floor(i / size));
  const slice = squareToSlice(ramp, geometry, { size, classes: 1 });
  for (let row = 0; row < 6; row++) {
    for (let column = 0; column < 10; column++) {
      const clamp = (value: number) => Math.min(size - 1, Math.max(0, value));
      const x = clamp((9 - column + 0.5) * size / 10 - 0.5);
      const y = clamp((5 - row + 0.5) * 1.5 * size / 10 - 0.5);
      assert.ok(Math.abs((slice[row * 10 + column] as number) - (x + 10 * y)) < 1e-5);
    }
  }
  assert.deepEqual([...squareToSlice(Float32Array.of(7), geometry, { size: 1, classes: 1 })], new Array(60).fill(7));
});
