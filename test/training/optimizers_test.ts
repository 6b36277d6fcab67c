import assert from "node:assert/strict";
import { test } from "node:test";
import { floats } from "../../src/graph/tensor_type.ts";
import { createOptimizer, type OptimizerOptions } from "../../src/training/step/optimizers.ts";
import { ParameterStore } from "../../src/training/step/parameter_store.ts";
import { largestDifference } from "../golden.ts";

/** Ten updates of tools/golden_optimizers.py: a matrix that decays and a vector that does not. */
function afterTenSteps(options: Omit<OptimizerOptions, "count" | "undecayed">, clipNorm?: number): number[] {
  const matrix = floats(Array.from({ length: 15 }, (_, i) => Math.sin(i + 1)), [3, 5]);
  const vector = floats(Array.from({ length: 4 }, (_, i) => Math.cos(i)), [4]);
  const store = new ParameterStore([matrix, vector]);
  const optimizer = createOptimizer({ ...options, count: 2, undecayed: (index) => index === 1 });
  for (let step = 1; step <= 10; step++) {
    store.view("gradients", 0).values.forEach((_, i, a) => a[i] = 0.5 * Math.sin(0.7 * i + 1.3 * step));
    store.view("gradients", 1).values.forEach((_, i, b) => b[i] = 2 * Math.cos(0.4 * i - step));
    const gradients = store.address("gradients");
    const norm = Math.sqrt(store.kernels.sumOfSquares(gradients, gradients + 4 * store.length));
    const gradientScale = clipNorm === undefined ? 1 : Math.min(1, clipNorm / (norm + 1e-6));
    optimizer.update(store, { learningRate: 0.01 * (1 + 0.1 * step), step, gradientScale });
  }
  return [...store.view("weights", 0).values, ...store.view("weights", 1).values];
}

// PyTorch 2.13.0 by tools/golden_optimizers.py.
// deno-fmt-ignore
const CASES: readonly {
  readonly name: string;
  readonly options: Omit<OptimizerOptions, "count" | "undecayed">;
  readonly clipNorm?: number;
  readonly expected: readonly number[];
}[] = [
  {
    name: "Adam",
    options: { name: "adam" },
    expected: [0.8115734, 0.8957972, 0.1487766, -0.716088, -0.9232983, -0.2570572, 0.65959, 0.9738441, 0.3724915, -0.5736007, -1.0130099, -0.5284619, 0.4609254, 1.0259859, 0.6722505, 1.0105301, 0.5311637, -0.4418647, -1.0291192],
  },
  {
    name: "Adam with other constants and clipped gradients",
    options: { name: "adam", beta1: 0.8, beta2: 0.99, epsilon: 0.01 },
    clipNorm: 1,
    expected: [0.8164818, 0.9002127, 0.148434, -0.7279333, -0.9307033, -0.2607977, 0.6559847, 0.9756768, 0.3825193, -0.56879, -1.0085569, -0.529015, 0.4491579, 1.018717, 0.6685103, 1.0155565, 0.5357056, -0.4395692, -1.0259493],
  },
  {
    name: "AdamW",
    options: { name: "adamw", weightDecay: 0.1 },
    expected: [0.798998, 0.8820027, 0.1465671, -0.7049221, -0.9089739, -0.2530542, 0.6493969, 0.9587441, 0.3666237, -0.5648529, -0.9974205, -0.5202451, 0.4539738, 1.0103042, 0.661947, 1.0105301, 0.5311637, -0.4418647, -1.0291192],
  },
  {
    name: "SGD with Nesterov momentum",
    options: { name: "sgd" },
    expected: [0.8197125, 0.9023925, 0.1523161, -0.732771, -0.9333598, -0.2643414, 0.6544807, 0.9704509, 0.3857022, -0.5655224, -1.0064641, -0.5249747, 0.4443826, 1.0160513, 0.6649935, 1.1434106, 0.579562, -0.4872363, -1.1602077],
  },
  {
    name: "SGD with decay below the clipping norm",
    options: { name: "sgd", momentum: 0.99, weightDecay: 0.03 },
    clipNorm: 12,
    expected: [0.7719922, 0.8667219, 0.1582784, -0.6859926, -0.8784247, -0.2405921, 0.6319393, 0.9214734, 0.3472577, -0.5695485, -0.9818403, -0.4973659, 0.4544343, 1.0097362, 0.6592334, 1.1904982, 0.5732243, -0.5459987, -1.2621174],
  },
  {
    name: "SGD with decay above the clipping norm",
    options: { name: "sgd", momentum: 0.99, weightDecay: 0.03 },
    clipNorm: 1,
    expected: [0.7987049, 0.8766913, 0.1468157, -0.7134962, -0.9090339, -0.2599109, 0.6329968, 0.94241, 0.3782264, -0.5431127, -0.9723705, -0.509316, 0.4266847, 0.9792381, 0.6403306, 1.0741771, 0.5566171, -0.46027, -1.0875876],
  },
];

for (const { name, options, clipNorm, expected } of CASES) {
  test(`createOptimizer() makes ten steps of ${name} as PyTorch`, () => {
    const difference = largestDifference(afterTenSteps(options, clipNorm), expected);
    assert.ok(difference < 2e-6, `${difference}`);
  });
}

test("createOptimizer() without decay leaves weights without gradients alone", () => {
  for (const name of ["adam", "adamw", "sgd"] as const) {
    const store = new ParameterStore([floats([1, -2, 3], [3, 1])]);
    createOptimizer({ name, count: 1 }).update(store, { learningRate: 0.1, step: 1, gradientScale: 1 });
    assert.deepEqual([...store.view("weights", 0).values], [1, -2, 3]);
  }
});

test("createOptimizer() refuses Adam with decay", () => {
  assert.throws(() => createOptimizer({ name: "adam", weightDecay: 0.1, count: 1 }), {
    name: "UsageFailure",
    message: "Weight decay 0.1 does not go with adam: choose --optimizer adamw or sgd",
  });
});
