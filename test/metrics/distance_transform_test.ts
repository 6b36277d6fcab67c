import assert from "node:assert/strict";
import { test } from "node:test";
import { transformDistances } from "../../src/metrics/distance_transform.ts";
import type { Triple } from "../../src/metrics/overlap.ts";
import { Random } from "../../src/random.ts";

function pick(random: Random, voxels: number, density: number): Int32Array {
  const chosen: number[] = [];
  for (let i = 0; i < voxels; i++) if (random.uniform() < density) chosen.push(i);
  return Int32Array.from(chosen);
}

test("transformDistances() equals the search through all pairs", () => {
  let compared = 0;
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(seed);
    const shape: Triple = [1 + random.integer(12), 1 + random.integer(12), 1 + random.integer(8)];
    const spacing: Triple = [random.uniform(0.2, 3), random.uniform(0.2, 3), random.uniform(0.2, 6)];
    const voxels = shape[0] * shape[1] * shape[2];
    const sources = pick(random, voxels, random.uniform(0.005, 0.2));
    const queries = pick(random, voxels, random.uniform(0.01, 1));
    const found = transformDistances(sources, queries, { shape, spacing });
    const place = (i: number) => [
      (i % shape[0]) * spacing[0],
      (Math.floor(i / shape[0]) % shape[1]) * spacing[1],
      Math.floor(i / (shape[0] * shape[1])) * spacing[2],
    ];
    for (const [q, query] of queries.entries()) {
      const here = place(query);
      let nearest = Infinity;
      for (const source of sources) {
        nearest = Math.min(nearest, Math.hypot(...place(source).map((p, axis) => p - here[axis]!)));
      }
      if (nearest === Infinity) assert.equal(found[q], Infinity);
      else assert(Math.abs(found[q]! - nearest) < 1e-9, `seed ${seed}: ${found[q]}, expected ${nearest}`);
      compared++;
    }
  }
  assert(compared > 5000);
});

test("transformDistances() is infinite without a source", () => {
  const grid = { shape: [3, 1, 1] as Triple, spacing: [1, 1, 1] as Triple };
  assert.deepEqual([...transformDistances(new Int32Array(), Int32Array.of(0, 2), grid)], [Infinity, Infinity]);
});
