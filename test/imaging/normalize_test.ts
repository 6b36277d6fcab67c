import assert from "node:assert/strict";
import { test } from "node:test";
import { normalize, percentiles, zScore } from "../../src/imaging/normalize.ts";
import { scalingAffine, type VoxelArray } from "../../src/imaging/volume.ts";
import { Random } from "../../src/random.ts";
import { largestDifference } from "../golden.ts";

test("percentiles() agrees with numpy", () => {
  // numpy.percentile([3, 1, 4, 1, 5, 9, 2, 6, 5, 3.5], [0.5, 33, 50, 99.5])
  const values = Float32Array.of(3, 1, 4, 1, 5, 9, 2, 6, 5, 3.5);
  [1, 2.97, 3.75, 8.865].forEach((expected, i) => {
    assert.ok(Math.abs((percentiles(values, [0.5, 33, 50, 99.5])[i] as number) - expected) < 1e-12);
  });
});

test("percentiles() of many values are those of the sorted values", () => {
  const random = new Random(6);
  const count = 30_011;
  const distributions: [string, VoxelArray][] = [
    ["normal", Float32Array.from({ length: count }, () => random.normal())],
    ["mostly zero", Float32Array.from({ length: count }, () => random.uniform() < 0.9 ? 0 : random.normal(5))],
    ["one outlier", Float32Array.from({ length: count }, (_, i) => i === 77 ? 1.7e6 : random.uniform())],
    ["wide", Float64Array.from({ length: count }, () => Math.exp(random.uniform(-700, 700)))],
    [
      "beyond range",
      Float64Array.from({ length: count }, (_, i) => i % 2 === 0 ? -1.7e308 : 1.7e308 * random.uniform()),
    ],
    ["integers", Int16Array.from({ length: count }, () => random.integer(5) - 2)],
    ["small integers", Int8Array.from({ length: count }, () => random.integer(256) - 128)],
    ["large integers", Uint16Array.from({ length: count }, () => random.integer(65536))],
    ["wide integers", Int32Array.from({ length: count }, () => random.integer(1e6) - 5e5)],
    ["constant", new Uint8Array(count).fill(9)],
    ["two", Uint8Array.from({ length: count }, (_, i) => i < 200 ? 1 : 0)],
  ];
  for (const [name, values] of distributions) {
    const sorted = Float64Array.from(values).sort();
    const wanted = [0, 0.5, 12.34, 50, 99.5, 100];
    const expected = wanted.map((percentile) => {
      const rank = (count - 1) * percentile / 100;
      const [low, high] = [sorted[Math.floor(rank)] as number, sorted[Math.ceil(rank)] as number];
      return low + (high - low) * (rank - Math.floor(rank));
    });
    assert.deepEqual(percentiles(values, wanted), expected, name);
  }
  assert.throws(() => percentiles(new Uint8Array(), [50]), RangeError);
});

test("zScore() clips to the percentiles and gives mean 0 and deviation 1", () => {
  const random = new Random(7);
  const values = Float32Array.from({ length: 5000 }, () => random.normal(300, 40));
  values[10] = 1e6;
  const options = { lowerPercentile: 0.5, upperPercentile: 99.5, nonZero: false };
  const result = zScore(values, options);
  const mean = result.reduce((sum, value) => sum + value, 0) / 5000;
  const deviation = Math.sqrt(result.reduce((sum, value) => sum + value * value, 0) / 5000);
  assert.ok(Math.abs(mean) < 1e-5 && Math.abs(deviation - 1) < 1e-5);
  assert.equal(result[10], result.reduce((a, b) => Math.max(a, b)));
  assert.ok((result[10] as number) < 4);
});

test("zScore() of the non-zero voxels leaves zeros alone", () => {
  const options = { lowerPercentile: 0, upperPercentile: 100, nonZero: true };
  assert.deepEqual([...zScore(Int16Array.of(0, 10, 0, 20, 0), options)], [0, -1, 0, 1, 0]);
  assert.deepEqual([...zScore(new Int16Array(3), options)], [0, 0, 0]);
});

test("zScore() gives integers what it gives the same numbers in float64", () => {
  const random = new Random(8);
  for (const make of [Uint8Array, Int8Array, Uint16Array, Int16Array, Int32Array]) {
    const values = new make(20_000).map(() => random.normal(20, 40));
    for (const nonZero of [false, true]) {
      const options = { lowerPercentile: 0.5, upperPercentile: 99.5, nonZero };
      const [found, expected] = [zScore(values, options), zScore(Float64Array.from(values), options)];
      // The sums are taken in another order, and rounded to float32 in the end.
      assert.ok(largestDifference(found, expected) < 1e-6, make.name);
      assert.equal(found.every((value, i) => value !== 0 || values[i] === 0), true);
    }
  }
});

test("zScore() makes a constant image 0", () => {
  const options = { lowerPercentile: 0.5, upperPercentile: 99.5, nonZero: false };
  for (const value of [0, 7, 0.1, -1e9]) {
    assert.deepEqual([...zScore(new Float32Array(100).fill(value), options)], new Array(100).fill(0));
  }
});

test("normalize() treats every channel by itself", () => {
  const volume = {
    data: Uint8Array.of(1, 3, 100, 200),
    shape: [2, 1, 1],
    channels: 2,
    affine: scalingAffine([1, 1, 1]),
    spacingKnown: true,
  } as const;
  const zscore = { mode: "zscore", lowerPercentile: 0, upperPercentile: 100, nonZero: false } as const;
  assert.deepEqual([...normalize(volume, zscore).data], [-1, 1, -1, 1]);
  assert.deepEqual(
    [...normalize(volume, { mode: "range", low: 0, high: 50 }).data].map((x) => Math.round(x * 1e6) / 1e6),
    [
      0.02,
      0.06,
      2,
      4,
    ],
  );
  assert.deepEqual([...normalize(volume, { mode: "none" }).data], [1, 3, 100, 200]);
});
