import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../src/random.ts";
import { createKernels } from "../../src/training/step/vector_kernels.ts";
import { createMemory } from "../../src/training/step/wasm_module.ts";

const LENGTH = 24;

/** Four arrays of random numbers in one memory, and plain copies of them. */
function arrays(): {
  kernels: ReturnType<typeof createKernels>;
  views: Float32Array[];
  copies: number[][];
  at: number[];
} {
  const random = new Random(5);
  const memory = createMemory(4 * 4 * LENGTH);
  const at = [0, 1, 2, 3].map((i) => i * 4 * LENGTH);
  const views = at.map((address) => new Float32Array(memory.buffer, address, LENGTH));
  // The fourth holds means of squares.
  views.forEach((view, i) => view.forEach((_, j) => view[j] = i === 3 ? random.uniform() : random.normal()));
  return { kernels: createKernels(memory), views, copies: views.map((view) => [...view]), at };
}

const f = Math.fround;

test("adam() equals a plain loop in float32, bit for bit", () => {
  const { kernels, views, copies, at } = arrays();
  const [scale, ofGradient, beta2, ofSquare, step, rootScale, epsilon, keep] = [
    0.5,
    0.1,
    0.999,
    0.001,
    0.01,
    3,
    1e-8,
    0.99,
  ].map(f) as [number, number, number, number, number, number, number, number];
  kernels.adam(
    ...at as [number, number, number, number],
    4 * LENGTH,
    ...[scale, ofGradient, beta2, ofSquare, step, rootScale, epsilon, keep],
  );
  for (let i = 0; i < LENGTH; i++) {
    const [w, g0, m, v] = copies.map((copy) => copy[i]) as [number, number, number, number];
    const g = f(g0 * scale);
    const first = f(m + f(ofGradient * f(g - m)));
    const second = f(f(beta2 * v) + f(ofSquare * f(g * g)));
    const weight = f(f(w * keep) - f(f(step * first) / f(f(f(Math.sqrt(second)) * rootScale) + epsilon)));
    assert.deepEqual(views.map((view) => view[i]), [weight, g0, first, second]);
  }
});

test("sgd() equals a plain loop in float32, bit for bit", () => {
  const { kernels, views, copies, at } = arrays();
  const [scale, decay, momentum, rate, ofGradient, ofMomentum] = [0.5, 0.01, 0.9, 0.1, 1, 0.9].map(f) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [w, g, m] = at as [number, number, number];
  kernels.sgd(w, g, m, 4 * LENGTH, scale, decay, momentum, rate, ofGradient, ofMomentum);
  for (let i = 0; i < LENGTH; i++) {
    const [w0, g0, m0, v0] = copies.map((copy) => copy[i]) as [number, number, number, number];
    const gradient = f(f(g0 * scale) + f(decay * w0));
    const moment = f(f(momentum * m0) + gradient);
    const weight = f(w0 - f(rate * f(f(ofGradient * gradient) + f(ofMomentum * moment))));
    assert.deepEqual(views.map((view) => view[i]), [weight, g0, moment, v0]);
  }
});

test("average() moves by the share, from the first weights on as their plain mean", () => {
  const { kernels, views, copies, at } = arrays();
  const [average, weights] = at as [number, number];
  kernels.average(average, weights, average + 4 * LENGTH, f(0.25));
  for (let i = 0; i < LENGTH; i++) {
    const [a, w] = copies.map((copy) => copy[i]) as [number, number];
    assert.equal(views[0]?.[i], f(a + f(f(0.25) * f(w - a))));
  }
  // Shares 1, ½, ⅓ give the mean of three.
  for (const [value, share] of [[3, 1], [6, 1 / 2], [0, 1 / 3]] as const) {
    views[1]?.fill(value);
    kernels.average(average, weights, average + 4 * LENGTH, share);
  }
  assert.ok(views[0]?.every((value) => Math.abs(value - 3) < 1e-6));
});

test("sumOfSquares() sums in float64", () => {
  const { kernels, views, copies, at } = arrays();
  const [first] = at as [number];
  const expected = (copies[0] as number[]).reduce((sum, value) => sum + value * value, 0);
  assert.ok(Math.abs(kernels.sumOfSquares(first, 4 * LENGTH) / expected - 1) < 1e-14);
  // In float32 the ones would be lost beside 1e8.
  views[0]?.fill(1);
  (views[0] as Float32Array)[0] = 1e4;
  assert.equal(kernels.sumOfSquares(first, 4 * LENGTH), 1e8 + LENGTH - 1);
  (views[0] as Float32Array)[3] = NaN;
  assert.ok(Number.isNaN(kernels.sumOfSquares(first, 4 * LENGTH)));
});
