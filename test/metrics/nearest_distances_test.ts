import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestDistances } from "../../src/metrics/nearest_distances.ts";
import type { Triple } from "../../src/metrics/overlap.ts";
import { Random } from "../../src/random.ts";

interface Grid {
  readonly shape: Triple;
  readonly spacing: Triple;
}

function pick(random: Random, voxels: number, density: number): Int32Array {
  const chosen: number[] = [];
  for (let i = 0; i < voxels; i++) if (random.uniform() < density) chosen.push(i);
  return Int32Array.from(chosen);
}

function throughAllPairs(sources: Int32Array, queries: Int32Array, { shape, spacing }: Grid): number[] {
  const place = (i: number) => [
    (i % shape[0]) * spacing[0],
    (Math.floor(i / shape[0]) % shape[1]) * spacing[1],
    Math.floor(i / (shape[0] * shape[1])) * spacing[2],
  ];
  const places = [...sources].map(place);
  return [...queries].map((query) => {
    const here = place(query);
    return Math.min(...places.map((there) => Math.hypot(...there.map((p, axis) => p - here[axis]!))));
  });
}

function gridOf(random: Random, seed: number): Grid {
  const planar = seed % 4 === 0;
  return {
    shape: [1 + random.integer(40), 1 + random.integer(12), planar ? 1 : 1 + random.integer(8)],
    // From cubes to slices 60 times as thick as a pixel is wide.
    spacing: [random.uniform(0.1, 2), random.uniform(0.1, 2), random.uniform(0.2, 6)],
  };
}

test("nearestDistances() equals the search through all pairs, near and far, on cubes and on thick slices", () => {
  let [compared, far] = [0, 0];
  for (let seed = 0; seed < 120; seed++) {
    const random = new Random(seed);
    const grid = gridOf(random, seed);
    const voxels = grid.shape[0] * grid.shape[1] * grid.shape[2];
    const sources = pick(random, voxels, random.uniform(0.001, 0.05));
    const queries = pick(random, voxels, random.uniform(0.01, 0.3));
    const found = nearestDistances(sources, queries, grid);
    for (const [q, nearest] of throughAllPairs(sources, queries, grid).entries()) {
      if (nearest === Infinity) assert.equal(found[q], Infinity);
      else assert(Math.abs(found[q]! - nearest) < 1e-9, `seed ${seed}: ${found[q]}, expected ${nearest}`);
      compared++;
      if (nearest > 16 * Math.max(...grid.spacing)) far++;
    }
  }
  assert(compared > 5_000 && far > 0, `${compared} compared, ${far} of them far`);
});

test("nearestDistances() is exact up to its limit, and above it beyond", () => {
  let [within, beyond] = [0, 0];
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(seed);
    const grid = gridOf(random, seed);
    const voxels = grid.shape[0] * grid.shape[1] * grid.shape[2];
    const sources = pick(random, voxels, 0.02);
    const queries = pick(random, voxels, 0.2);
    const limit = random.uniform(0, 8);
    const found = nearestDistances(sources, queries, { ...grid, limit });
    for (const [q, nearest] of throughAllPairs(sources, queries, grid).entries()) {
      if (nearest <= limit - 1e-9) {
        assert(Math.abs(found[q]! - nearest) < 1e-9, `seed ${seed}: ${found[q]}, expected ${nearest}`);
        within++;
      } else if (nearest > limit + 1e-9) {
        assert(found[q]! > limit, `seed ${seed}: ${found[q]}, expected more than ${limit}`);
        beyond++;
      }
    }
  }
  assert(within > 1000 && beyond > 1000, `${within} within, ${beyond} beyond`);
});

test("nearestDistances() sees no neighbour across the end of a row, a slice or the volume", () => {
  const grid: Grid = { shape: [4, 3, 2], spacing: [1, 10, 100] };
  // The last voxel of a row and the first of the next are 1 apart in memory, and 3 along x and 10 along y in space.
  const pairs: [number, number, number][] = [
    [4, 3, Math.hypot(3, 10)],
    [12, 11, Math.hypot(3, 20, 100)],
    [0, 23, Math.hypot(3, 20, 100)],
  ];
  for (const [source, query, expected] of pairs) {
    const [found] = nearestDistances(Int32Array.of(source), Int32Array.of(query), grid);
    assert(Math.abs(found! - expected) < 1e-12, `${source} to ${query}: ${found}, expected ${expected}`);
  }
});

test("nearestDistances() is right for objects too far apart to be worth looking around each voxel", () => {
  const grid: Grid = { shape: [60, 40, 1], spacing: [1, 1.5, 1] };
  const columns = (from: number, to: number) =>
    Int32Array.from(
      [...new Array(2400).keys()].filter((i) => i % 60 >= from && i % 60 < to),
    );
  const [left, right] = [columns(0, 10), columns(50, 60)];
  const expected = throughAllPairs(left, right, grid);
  for (const [q, distance] of nearestDistances(left, right, grid).entries()) {
    assert(Math.abs(distance - expected[q]!) < 1e-12);
  }
});
