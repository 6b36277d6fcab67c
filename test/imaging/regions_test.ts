import assert from "node:assert/strict";
import { test } from "node:test";
import { postProcess, postProcessRegions } from "../../src/imaging/post_processing.ts";
import { type MaskRegion, orderRegions, regionFault, regionsOfValue } from "../../src/imaging/regions.ts";
import { scalingAffine } from "../../src/imaging/volume.ts";
import { Random } from "../../src/random.ts";

const BRATS = [
  { name: "enhancing", values: [4] },
  { name: "whole", values: [1, 2, 4] },
  { name: "core", values: [1, 4] },
];

test("orderRegions() writes large regions first, each with a value of its own", () => {
  assert.deepEqual(orderRegions(BRATS).map(({ name, value }) => [name, value]), [
    ["whole", 2],
    ["core", 1],
    ["enhancing", 4],
  ]);
  // Nothing of the whole is left outside of its parts: the first free number stands for it.
  const parts = orderRegions([{ name: "a", values: [1] }, { name: "whole", values: [1, 2] }, {
    name: "b",
    values: [2],
  }]);
  assert.deepEqual(parts.map(({ name, value }) => [name, value]), [["whole", 3], ["a", 1], ["b", 2]]);
  assert.deepEqual([1, 2, 3].map((value) => regionsOfValue(parts, value)), [[0, 1], [0, 2], [0]]);
});

test("orderRegions() gives values that can be read back, whatever the regions", () => {
  const random = new Random(3);
  for (let round = 0; round < 300; round++) {
    const sets = new Set<string>();
    while (sets.size < 1 + round % 5) {
      const values = [1, 2, 3, 4, 5].filter(() => random.uniform() < 0.5);
      if (values.length > 0) sets.add(values.join());
    }
    const regions = orderRegions([...sets].map((key) => ({ name: key, values: key.split(",").map(Number) })));
    assert.equal(regionFault(regions), undefined, [...sets].join(" "));
    assert.equal(new Set(regions.map(({ value }) => value)).size, regions.length);
    regions.forEach(({ value }, position) => assert.ok(regionsOfValue(regions, value).includes(position)));
  }
});

test("regionFault() names values that cannot be read back", () => {
  const of = (...regions: [string, number, number[]][]) =>
    regionFault(regions.map(([name, value, values]): MaskRegion => ({ name, value, values })));
  assert.equal(of(["whole", 2, [1, 2]], ["core", 1, [1]]), undefined);
  assert.equal(
    of(["whole", 1, [1, 2]], ["core", 1, [1]]),
    "whole is written as 1, which belongs to core too, a region after it",
  );
  assert.equal(
    of(["core", 1, [1]], ["whole", 1, [1, 2]]),
    "core is written as 1, which belongs to whole too, a region after it",
  );
  assert.equal(of(["a", 1, [1]], ["b", 1, [2]]), "a and b are both written as 1");
  assert.equal(of(["a", 2, [1]], ["b", 3, [2, 3]]), "a is written as 2, which is none of its values");
});

test("postProcessRegions() cleans each region as a whole", () => {
  const regions = orderRegions(BRATS);
  // Class indices: 1 whole, 2 core, 3 enhancing. A ring of edema around a core is one part of the whole.
  const rows = ["0000000", "1110030", "1210000", "1110010", "0000000"];
  const mask = {
    data: Uint8Array.from(rows.join(""), Number),
    shape: [7, 5, 1] as const,
    channels: 1,
    affine: scalingAffine([1, 1, 1]),
    spacingKnown: true,
  };
  const cleaned = (steps: Parameters<typeof postProcess>[2]) => {
    const text = postProcessRegions(mask, regions, steps).join("");
    return rows.map((_, row) => text.slice(7 * row, 7 * row + 7));
  };
  // The enhancing voxel is all of its region, but not in the largest part of the whole.
  assert.deepEqual(cleaned({ largestComponent: true }), ["0000000", "1110000", "1210000", "1110000", "0000000"]);
  assert.deepEqual(cleaned({ minimumVolumeMl: 0.002 }), ["0000000", "1110000", "1110000", "1110000", "0000000"]);
  assert.equal(postProcessRegions(mask, regions, {}), mask.data);
});
