import assert from "node:assert/strict";
import { test } from "node:test";
import { type Schedule, SCHEDULES, withWarmUp } from "../../src/training/step/schedules.ts";
import { largestDifference } from "../golden.ts";

const schedule = (name: string) => SCHEDULES[name] as Schedule;

// PyTorch 2.13.0 by tools/golden_optimizers.py: 20 steps.
// deno-fmt-ignore
const EXPECTED: Readonly<Record<string, readonly number[]>> = {
  poly: [1.0, 0.9548854, 0.9095326, 0.863927, 0.8180521, 0.7718895, 0.7254178, 0.6786128, 0.6314459, 0.5838838, 0.5358867, 0.4874064, 0.4383833, 0.3887418, 0.3383835, 0.2871746, 0.2349238, 0.1813352, 0.1258925, 0.0674641],
  cosine: [1.0, 0.9938442, 0.9755283, 0.9455033, 0.9045085, 0.8535534, 0.7938926, 0.7269952, 0.6545085, 0.5782172, 0.5, 0.4217828, 0.3454915, 0.2730048, 0.2061074, 0.1464466, 0.0954915, 0.0544967, 0.0244717, 0.0061558],
  "one-cycle": [0.04, 0.1316718, 0.3716718, 0.6683282, 0.9083282, 1.0, 0.987464, 0.9504846, 0.8909162, 0.8117457, 0.716943, 0.611262, 0.500002, 0.388742, 0.283061, 0.1882583, 0.1090878, 0.0495194, 0.01254, 4e-06],
  constant: new Array(20).fill(1),
};

test("SCHEDULES equal PyTorch's", () => {
  assert.deepEqual(Object.keys(SCHEDULES).sort(), Object.keys(EXPECTED).sort());
  for (const [name, expected] of Object.entries(EXPECTED)) {
    const found = expected.map((_, step) => schedule(name)(step, 20));
    assert.ok(largestDifference(found, expected) < 1e-7, `${name}: ${found.join(" ")}`);
  }
});

test("withWarmUp() equals PyTorch's LinearLR before CosineAnnealingLR", () => {
  // deno-fmt-ignore
  const expected = [0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 0.9890738, 0.9567727, 0.9045085, 0.8345653, 0.75, 0.6545085, 0.5522642, 0.4477358, 0.3454915, 0.25, 0.1654347, 0.0954915, 0.0432273, 0.0109262];
  const warm = withWarmUp(schedule("cosine"), 5);
  assert.ok(largestDifference(expected.map((_, step) => warm(step, 20)), expected) < 1e-7);
});

test("SCHEDULES stay within 0 and 1 for any number of steps, also beyond the last", () => {
  for (const name of Object.keys(SCHEDULES)) {
    for (const shape of [schedule(name), withWarmUp(schedule(name), 4)]) {
      for (const steps of [1, 2, 3, 4, 5, 10, 97]) {
        for (let step = 0; step < steps + 3; step++) {
          const factor = shape(step, steps);
          assert.ok(factor >= 0 && factor <= 1, `${name}, step ${step} of ${steps}: ${factor}`);
        }
      }
    }
  }
});
