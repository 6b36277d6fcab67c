import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../src/random.ts";
import { bombs, FUZZ_SEEDS, spoil, tryReading } from "./fuzz_cases.ts";
import { inFolder } from "./made_files.ts";

test("readVolume() reads every unspoilt seed", () => {
  inFolder((path) => {
    for (const seed of FUZZ_SEEDS) {
      assert.deepEqual(tryReading(path("."), seed, "image"), { refused: false }, seed.name);
    }
  });
});

test("readVolume() refuses spoilt files with one sentence or reads them whole", () => {
  const random = new Random(9);
  let refused = 0;
  inFolder((path) => {
    for (let round = 0; round < 40; round++) {
      for (const seed of FUZZ_SEEDS) {
        const result = tryReading(
          path("."),
          { ...seed, bytes: spoil(seed.bytes, random) },
          round % 2 === 0 ? "image" : "mask",
        );
        assert.equal(result.fault, undefined, `${seed.name}, round ${round}`);
        if (result.refused) refused++;
      }
    }
  });
  // Most damage must be noticed; what is not lies in voxels or in fields that do not matter.
  assert.ok(refused > 200, `${refused}`);
});

test("readVolume() ends early on files that expand without end", () => {
  inFolder((path) => {
    for (const bomb of bombs()) {
      const { fault, refused } = tryReading(path("."), bomb, "image");
      assert.deepEqual(
        [fault, refused],
        [undefined, bomb.name !== "profile.png" && bomb.name !== "extensions.nii"],
        bomb.name,
      );
    }
  });
});
