import assert from "node:assert/strict";
import { test } from "node:test";
import { axisCodes, toCanonical } from "../../src/imaging/orientation.ts";
import type { Volume } from "../../src/imaging/volume.ts";
import { Random } from "../../src/random.ts";

const PERMUTATIONS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] as const;

/** An affine whose axis j runs along ± world axis `order[j]`, tilted a little, with random voxel sizes. */
function randomAffine(random: Random, order: readonly number[], signs: number): number[] {
  const affine = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  for (let column = 0; column < 3; column++) {
    const size = random.uniform(0.3, 5) * ((signs >> column) & 1 ? -1 : 1);
    for (let row = 0; row < 3; row++) {
      affine[4 * row + column] = size * (row === order[column] ? 1 : random.uniform(-0.25, 0.25));
    }
  }
  for (let row = 0; row < 3; row++) affine[4 * row + 3] = random.uniform(-100, 100);
  return affine;
}

function place(affine: readonly number[], [x, y, z]: readonly number[]): number[] {
  const at = (k: number) => affine[k] as number;
  return [0, 4, 8].map((r) =>
    at(r) * (x as number) + at(r + 1) * (y as number) + at(r + 2) * (z as number) + at(r + 3)
  );
}

test("toCanonical() keeps every voxel at its place in mm and restore() brings all back, in all 48 orientations", () => {
  const random = new Random(1);
  for (const order of PERMUTATIONS) {
    for (let signs = 0; signs < 8; signs++) {
      const shape = [1 + random.integer(5), 1 + random.integer(5), 1 + random.integer(5)] as const;
      const channels = 1 + random.integer(3);
      const count = shape[0] * shape[1] * shape[2];
      // Every voxel holds its own index, so that it can be found again.
      const data = Uint16Array.from({ length: count * channels }, (_, i) => i);
      const volume: Volume<Uint16Array> = {
        data,
        shape,
        channels,
        affine: randomAffine(random, order, signs),
        spacingKnown: true,
      };
      const expected = order.map((world, axis) => ((signs >> axis) & 1 ? "LPI" : "RAS")[world]).join("");
      assert.equal(axisCodes(volume.affine), expected);
      const { volume: canonical, restore } = toCanonical(volume);
      assert.equal(axisCodes(canonical.affine), "RAS");
      assert.deepEqual(restore(canonical.data), data);
      const floats = Float32Array.from(canonical.data.subarray(0, count));
      assert.deepEqual(restore(floats), Float32Array.from(data.subarray(0, count)));
      let at = 0;
      for (let z = 0; z < canonical.shape[2]; z++) {
        for (let y = 0; y < canonical.shape[1]; y++) {
          for (let x = 0; x < canonical.shape[0]; x++) {
            const index = canonical.data[at++] as number;
            const origin = [
              index % shape[0],
              Math.floor(index / shape[0]) % shape[1],
              Math.floor(index / shape[0] / shape[1]),
            ];
            const [here, there] = [place(canonical.affine, [x, y, z]), place(volume.affine, origin)];
            here.forEach((mm, i) => assert.ok(Math.abs(mm - (there[i] as number)) < 1e-9));
          }
        }
      }
    }
  }
});

test("axisCodes() agrees with nibabel on skewed axes", () => {
  // Computed by nibabel 5.4.2, aff2axcodes.
  const cases = [
    [[-0.802, -1.324, -0.248], [0.42, 1.136, 0.11], [-0.553, -0.785, 0.749], "LAS"],
    [[1.635, 0.273, -1.233], [-0.958, 1.6, 0.203], [-1.732, -0.084, -1.163], "IAL"],
    [[-0.629, -0.488, -0.713], [0.553, -0.063, -0.589], [0.41, 0.83, -1.643], "ASL"],
    [[-0.257, -0.981, -0.173], [-1.289, 0.021, -0.038], [-0.304, -1.048, -0.396], "PLI"],
    [[-1.091, -1.355, 0.225], [-1.109, 1.17, 0.717], [-1.998, 0.272, -1.102], "PLI"],
    [[0.033, 0.044, -1.988], [-0.233, -0.256, 0.962], [-1.181, 0.738, -1.099], "IPL"],
  ] as const;
  for (const [x, y, z, codes] of cases) {
    assert.equal(axisCodes([...x, 0, ...y, 0, ...z, 0, 0, 0, 0, 1]), codes);
  }
});

test("toCanonical() returns the very volume where its order is canonical", () => {
  const volume = {
    data: Uint8Array.of(1, 2),
    shape: [2, 1, 1],
    channels: 1,
    affine: [2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
    spacingKnown: true,
  } as const;
  const { volume: canonical, restore } = toCanonical(volume);
  assert.equal(canonical, volume);
  assert.equal(restore(volume.data), volume.data);
});

test("restore() throws where the values are no whole number of grids", () => {
  const affine = [-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const { restore } = toCanonical({
    data: Uint8Array.of(1, 2),
    shape: [2, 1, 1],
    channels: 1,
    affine,
    spacingKnown: true,
  });
  assert.deepEqual(restore(Uint8Array.of(1, 2, 3, 4)), Uint8Array.of(2, 1, 4, 3));
  assert.throws(() => restore(new Uint8Array(3)), /Cannot reorient 3 values: the grid has 2 voxels per channel/);
});
