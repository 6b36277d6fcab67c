import assert from "node:assert/strict";
import { test } from "node:test";
import { connectedComponents, fillHoles, largestComponent, removeSmall } from "../../src/imaging/components.ts";
import { Random } from "../../src/random.ts";

/** Numbers components by flooding from every voxel in turn, after the definition of neighbourhood. */
function flood(members: ArrayLike<number>, shape: readonly [number, number, number], reach: number): number[] {
  const [nx, ny, nz] = shape;
  const numbers = new Array<number>(members.length).fill(0);
  let count = 0;
  for (let start = 0; start < members.length; start++) {
    if (members[start] === 0 || numbers[start] !== 0) continue;
    numbers[start] = ++count;
    const open = [start];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const [x, y, z] = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / nx / ny)];
      for (let other = 0; other < members.length; other++) {
        const [u, v, w] = [other % nx, Math.floor(other / nx) % ny, Math.floor(other / nx / ny)];
        const steps = [Math.abs(u - x), Math.abs(v - y), Math.abs(w - z)];
        const near = Math.max(...steps) <= 1 && steps.reduce((a, b) => a + b) <= reach;
        if (near && members[other] !== 0 && numbers[other] === 0 && w < nz) {
          numbers[other] = count;
          open.push(other);
        }
      }
    }
  }
  return numbers;
}

test("connectedComponents() agrees with flooding for 6, 18 and 26 neighbours", () => {
  const random = new Random(8);
  for (let round = 0; round < 20; round++) {
    const shape = [1 + random.integer(7), 1 + random.integer(7), 1 + random.integer(5)] as const;
    const density = random.uniform(0.1, 0.7);
    const mask = Uint8Array.from({ length: shape[0] * shape[1] * shape[2] }, () => random.uniform() < density ? 1 : 0);
    for (const [connectivity, reach] of [[6, 1], [18, 2], [26, 3]] as const) {
      const { numbers, sizes } = connectedComponents(mask, shape, { connectivity });
      const expected = flood(mask, shape, reach);
      assert.deepEqual([...numbers], expected);
      assert.deepEqual([...sizes], sizes.map((_, i) => expected.filter((number) => number === i + 1).length));
    }
  }
  assert.throws(() => connectedComponents(new Uint8Array(3), [2, 2, 1]), /3 voxels on a grid of 2×2×1/);
});

const ROWS = Uint8Array.from([
  [1, 1, 0, 0, 2],
  [1, 0, 0, 2, 2],
  [0, 0, 0, 0, 2],
  [1, 0, 2, 0, 0],
].flat());

test("largestComponent() keeps the largest object, of all labels or of one", () => {
  const shape = [5, 4, 1] as const;
  assert.deepEqual(
    [...largestComponent(ROWS, shape)],
    [0, 0, 0, 0, 2, 0, 0, 0, 2, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0],
  );
  assert.deepEqual(
    [...largestComponent(ROWS, shape, { label: 1 })],
    [1, 1, 0, 0, 2, 1, 0, 0, 2, 2, 0, 0, 0, 0, 2, 0, 0, 2, 0, 0],
  );
  assert.deepEqual([...largestComponent(new Uint8Array(20), shape)], new Array(20).fill(0));
});

test("removeSmall() removes objects below a number of voxels", () => {
  const shape = [5, 4, 1] as const;
  assert.deepEqual(
    [...removeSmall(ROWS, shape, { minimumVoxels: 2 })],
    [1, 1, 0, 0, 2, 1, 0, 0, 2, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0],
  );
  assert.deepEqual(removeSmall(ROWS, shape, { minimumVoxels: 1 }), ROWS);
  assert.deepEqual([...removeSmall(ROWS, shape, { minimumVoxels: 9 })], new Array(20).fill(0));
});

test("fillHoles() fills what no path by faces joins to the border, with the label around it", () => {
  const ring = Uint16Array.from([
    [1, 1, 1, 0, 0],
    [1, 0, 300, 0, 0],
    [1, 300, 300, 0, 0],
    [0, 0, 0, 0, 0],
  ].flat());
  const filled = fillHoles(ring, [5, 4, 1], { acrossAxis: 2 });
  assert.equal(filled[6], 1);
  assert.deepEqual([...filled].filter((_, i) => i !== 6), [...ring].filter((_, i) => i !== 6));
  // In 3-D a single slice lies at the border throughout.
  assert.deepEqual(fillHoles(ring, [5, 4, 1]), ring);
});

test("fillHoles() in 3-D closes a hollow cube and leaves a tunnel open", () => {
  const shape = [5, 5, 5] as const;
  const cube = new Uint8Array(125);
  for (let z = 1; z < 4; z++) for (let y = 1; y < 4; y++) for (let x = 1; x < 4; x++) cube[x + 5 * (y + 5 * z)] = 4;
  const hollow = cube.slice();
  hollow[2 + 5 * (2 + 5 * 2)] = 0;
  assert.deepEqual(fillHoles(hollow, shape), cube);
  const tunnel = hollow.slice();
  tunnel[2 + 5 * (2 + 5 * 3)] = 0;
  assert.deepEqual(fillHoles(tunnel, shape), tunnel);
  assert.deepEqual(fillHoles(tunnel, shape, { acrossAxis: 2 }), cube);
});
