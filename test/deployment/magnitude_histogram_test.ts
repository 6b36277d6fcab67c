import assert from "node:assert/strict";
import { test } from "node:test";
import { MagnitudeHistogram } from "../../src/deployment/quantization/magnitude_histogram.ts";
import { Random } from "../../src/random.ts";

function filled(...parts: readonly ArrayLike<number>[]): MagnitudeHistogram {
  const histogram = new MagnitudeHistogram();
  for (const part of parts) histogram.add(part);
  return histogram;
}

test("percentileLimit() is the magnitude that a share of the numbers keep, whatever came first", () => {
  const numbers = Float32Array.from({ length: 10_000 }, (_, i) => (i % 2 ? -1 : 1) * (i + 1) / 100);
  for (const histogram of [filled(numbers), filled(numbers.subarray(0, 7), numbers.subarray(7))]) {
    assert.ok(Math.abs(histogram.percentileLimit(0.9) - 90) < 0.2, `${histogram.percentileLimit(0.9)}`);
    assert.equal(histogram.percentileLimit(1), 100);
  }
});

test("percentileLimit() does not count zeros, which are exact at any scale", () => {
  const histogram = filled(new Float32Array(1000), [1, 2, 3, 4]);
  assert.ok(Math.abs(histogram.percentileLimit(0.5) - 2) < 0.01);
  assert.deepEqual([filled(new Float32Array(9)).percentileLimit(0.5), filled([0]).entropyLimit()], [1, 1]);
});

test("entropyLimit() cuts off numbers far beyond the rest, and nothing of an even distribution", () => {
  const random = new Random(1);
  const normal = Float32Array.from({ length: 100_000 }, () => random.normal());
  const limit = filled(normal, [40]).entropyLimit();
  assert.ok(limit > 2.5 && limit < 8, `${limit}`);
  const even = Float32Array.from({ length: 100_000 }, () => random.uniform(-1, 1));
  assert.ok(filled(even).entropyLimit() > 0.97);
  const few = filled([0.2, 0.21, 0.75, 0.8]).entropyLimit();
  assert.ok(few > 0.7, `of few numbers: ${few}`);
});

test("MagnitudeHistogram refuses numbers that are not finite", () => {
  assert.throws(() => filled([1, NaN]), { name: "RangeError", message: "an activation is not finite" });
});
