import assert from "node:assert/strict";
import { test } from "node:test";
import { addProbabilities, decideClasses, hasForeground } from "../../src/prediction/probabilities.ts";

function close(found: ArrayLike<number>, expected: readonly number[]): void {
  assert.equal(found.length, expected.length);
  expected.forEach((value, i) =>
    assert.ok(Math.abs((found[i] as number) - value) < 1e-6, `${found[i]} at ${i}, not ${value}`)
  );
}

test("addProbabilities() adds weighted sigmoids, mirrored where asked", () => {
  const target = new Float32Array(4).fill(1);
  const logits = Float32Array.from([0, Math.log(3), -Infinity, 100]);
  addProbabilities(target, logits, { classes: 1, size: 2, activation: "sigmoid", mirrored: false, weight: 1 });
  close(target, [1.5, 1.75, 1, 2]);
  addProbabilities(target, logits, { classes: 1, size: 2, activation: "sigmoid", mirrored: true, weight: 0.5 });
  close(target, [1.875, 2, 1.5, 2]);
});

test("addProbabilities() with softmax sums to one, also for large logits", () => {
  const target = new Float32Array(3);
  const logits = Float32Array.from([1000, 1002, -1000]);
  addProbabilities(target, logits, { classes: 3, size: 1, activation: "softmax", mirrored: false, weight: 1 });
  const share = 1 / (1 + Math.exp(2));
  close(target, [share, 1 - share, 0]);
});

test("addProbabilities() with none copies", () => {
  const target = new Float32Array(2);
  addProbabilities(target, Float32Array.from([0.25, 0.5]), {
    classes: 2,
    size: 1,
    activation: "none",
    mirrored: false,
    weight: 1,
  });
  close(target, [0.25, 0.5]);
});

test("decideClasses() with a threshold gives the most probable class that reaches it", () => {
  // Pixels: both below, only the first, only the second, the second above the first, exactly at the threshold.
  const probabilities = Float32Array.from([0.4, 0.7, 0.1, 0.6, 0.5, 0.3, 0.2, 0.6, 0.8, 0.4]);
  const decision = { classes: 2, backgroundFirst: false, threshold: 0.5 };
  assert.deepEqual([...decideClasses(probabilities, decision)], [0, 1, 2, 2, 1]);
});

test("decideClasses() of classes that overlap gives the last one that reaches the threshold", () => {
  // Pixels: none, the first, both, the second alone though less probable, exactly at the threshold.
  const probabilities = Float32Array.from([0.4, 0.9, 0.9, 0.1, 0.5, 0.4, 0.1, 0.6, 0.7, 0.4]);
  const decision = { classes: 2, backgroundFirst: false, threshold: 0.5, overlapping: true };
  assert.deepEqual([...decideClasses(probabilities, decision)], [0, 1, 2, 2, 1]);
});

test("decideClasses() with a background channel gives the largest one, the background on a tie", () => {
  const probabilities = Float32Array.from([0.5, 0.4, 0.2, 0.3, 0.5, 0.3, 0.2, 0.1, 0.5]);
  const decision = { classes: 3, backgroundFirst: true, threshold: 0.5 };
  assert.deepEqual([...decideClasses(probabilities, decision)], [0, 1, 2]);
});

test("decideClasses() multiplies the probabilities of classes with their weights, the background's with 1", () => {
  // Pixels: the first class alone weighed up, the second weighed down below it, a tie with the background.
  const probabilities = Float32Array.from([0.5, 0.25, 0.5, 0.375, 0.25, 0.25, 0.125, 0.5, 0.25]);
  const decision = { classes: 3, backgroundFirst: true, threshold: 0.5, classWeights: [2, 0.5] };
  assert.deepEqual([...decideClasses(probabilities, decision)], [1, 1, 0]);
  assert.equal(hasForeground(Float32Array.of(0.5, 0.25, 0.25), decision), false);
  assert.equal(hasForeground(Float32Array.of(0.5, 0.3, 0.2), decision), true);
});

test("hasForeground() agrees with decideClasses()", () => {
  for (const [backgroundFirst, classWeights] of [[true], [true, [0.6]], [true, [1.7]], [false]] as const) {
    const decision = { classes: 2, backgroundFirst, threshold: 0.5, classWeights };
    for (let code = 0; code < 81; code++) {
      const digits = [0, 1, 2, 3].map((place) => Math.floor(code / 3 ** place) % 3 / 2.5);
      const probabilities = Float32Array.from(digits);
      const found = decideClasses(probabilities, decision).some((value) => value > 0);
      assert.equal(hasForeground(probabilities, decision), found, digits.join(" "));
    }
  }
});
