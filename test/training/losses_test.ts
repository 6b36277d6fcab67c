import assert from "node:assert/strict";
import { test } from "node:test";
import { Graph } from "../../src/graph/graph.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { elementCount, floats, type TensorData } from "../../src/graph/tensor_type.ts";
import { Random } from "../../src/random.ts";
import { createSession } from "../../src/runtime/session.ts";
import { createLoss, LOSSES } from "../../src/training/losses.ts";
import type { LossOptions } from "../../src/training/losses/loss.ts";
import { relativeDifference } from "../golden.ts";

type Shape = readonly [number, number, number, number];
type Evaluation = { value: number; gradient: Float32Array };

/** Runs a loss in ONNX Runtime. */
async function lossOf(name: string, shape: Shape, options: LossOptions = {}) {
  const graph = new Graph();
  const logits = graph.input("logits", { elementType: "float32", shape });
  const target = graph.input("target", { elementType: "float32", shape });
  const term = createLoss(name, { channels: shape[1], ...options })(graph, logits, target);
  const [value, gradient] = [graph.output(term.value), graph.output(term.gradient)];
  const session = await createSession(encodeModel(graph, { opset: 17 }));
  return async (z: ArrayLike<number>, t: ArrayLike<number>): Promise<Evaluation> => {
    const outputs = await session.run({ logits: floats(z, shape), target: floats(t, shape) });
    const valuesOf = (name: string) => (outputs[name] as TensorData<"float32">).values;
    return { value: valuesOf(value.name)[0] as number, gradient: valuesOf(gradient.name) };
  };
}

/** Soft targets; with several channels their shares sum to 1 but in the pixels that are left out. */
function randomTarget([batch, channels, height, width]: Shape, random: Random, ignored = 0): Float32Array {
  const pixels = height * width;
  const target = new Float32Array(batch * channels * pixels);
  for (let i = 0; i < batch; i++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const known = random.uniform() < ignored ? 0 : 1;
      const share = random.uniform() < 0.5 ? 1 : random.uniform();
      const chosen = random.integer(channels);
      for (let k = 0; k < channels; k++) {
        const value = channels === 1 ? share : k === chosen ? share : (1 - share) / (channels - 1);
        target[(i * channels + k) * pixels + pixel] = known * value;
      }
    }
  }
  return target;
}

const CASES: readonly [string, Shape, LossOptions?][] = [
  ...["bce", "dice", "dice-bce", "focal"].flatMap((name): [string, Shape, LossOptions?][] => [
    [name, [2, 1, 4, 5]],
    [name, [2, 1, 4, 5], { classWeights: [0.5, 3] }],
  ]),
  ...["ce", "dice", "dice-ce", "focal"].flatMap((name): [string, Shape, LossOptions?][] => [
    [name, [2, 3, 4, 5]],
    [name, [2, 3, 4, 5], { classWeights: [0.5, 3, 1] }],
    [name, [2, 3, 4, 5], { ignore: true, classWeights: [1, 2, 4] }],
    [name, [2, 2, 4, 5], { ignore: true }],
  ]),
];

for (const [name, shape, options] of CASES) {
  test(`${name} on ${shape[1]} channels ${JSON.stringify(options ?? {})} has the gradient of its value`, async () => {
    const random = new Random(7);
    const run = await lossOf(name, shape, options);
    const z = Float32Array.from({ length: elementCount(shape) }, () => random.normal(0, 2));
    const t = randomTarget(shape, random, options?.ignore === true ? 0.3 : 0);
    const { gradient } = await run(z, t);
    assert.ok(Math.hypot(...gradient) > 1e-3);
    const step = 1 / 64;
    const numeric: number[] = [];
    for (let i = 0; i < z.length; i++) {
      const moved = async (by: number) => (await run(z.map((value, j) => (i === j ? value + by : value)), t)).value;
      // Central differences of order 4: rounding of the value and curvature both stay below 1e-3 of the gradient.
      const [near, far] = [await moved(step) - await moved(-step), await moved(2 * step) - await moved(-2 * step)];
      numeric.push((8 * near - far) / (12 * step));
    }
    assert.ok(relativeDifference(gradient, numeric) < 2e-3, `${relativeDifference(gradient, numeric)}`);
  });
}

/** `-ln σ(z)` and its like, in float64. */
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

test("losses have their closed-form values on one pixel of one class", async () => {
  const shape: Shape = [1, 1, 1, 1];
  for (const [z, t] of [[0.7, 1], [-1.3, 0], [2, 0.25]] as const) {
    const p = 1 / (1 + Math.exp(-z));
    const bce = t * softplus(-z) + (1 - t) * softplus(z);
    const diceLoss = 1 - (2 * p * t + 1) / (p + t + 1);
    const expected = {
      bce,
      dice: diceLoss,
      "dice-bce": bce + diceLoss,
      focal: t * (1 - p) ** 2 * softplus(-z) + (1 - t) * p ** 2 * softplus(z),
    };
    for (const [name, value] of Object.entries(expected)) {
      const found = (await (await lossOf(name, shape))([z], [t])).value;
      assert.ok(Math.abs(found - value) < 2e-6, `${name} of ${z}, ${t}: ${found}, expected ${value}`);
    }
  }
});

test("losses have their closed-form values on two pixels of three classes", async () => {
  const shape: Shape = [1, 3, 1, 2];
  const [first, second] = [[0.2, -1, 1.5], [2, 0, -0.5]] as const;
  const z = [0, 1, 2].flatMap((k) => [first[k] as number, second[k] as number]);
  // Pixel 0 is of class 2, pixel 1 of class 0.
  const t = [0, 1, 0, 0, 1, 0];
  const softmax = (logits: readonly number[]) => {
    const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
    return logits.map((logit) => Math.exp(logit) / sum);
  };
  const [p, q] = [softmax(first), softmax(second)] as [number[], number[]];
  const [p2, q0] = [p[2] as number, q[0] as number];
  const ce = -(Math.log(p2) + Math.log(q0)) / 2;
  const sums = [1, 2].map((k) => (p[k] as number) + (q[k] as number));
  const scores = [1 / ((sums[0] as number) + 1), (2 * p2 + 1) / ((sums[1] as number) + 2)];
  const diceLoss = 1 - ((scores[0] as number) + (scores[1] as number)) / 2;
  const focal = -((1 - p2) ** 2 * Math.log(p2) + (1 - q0) ** 2 * Math.log(q0)) / 2;
  // As PyTorch divides: by the sum of the weights of the pixels' classes.
  const weighted = -(4 * Math.log(p2) + 0.5 * Math.log(q0)) / 4.5;
  const expected: [string, number, LossOptions?][] = [
    ["ce", ce],
    ["dice", diceLoss],
    ["dice-ce", ce + diceLoss],
    ["focal", focal],
    ["ce", weighted, { classWeights: [0.5, 1, 4] }],
    ["dice", 1 - (scores[0] as number) / 5 - (scores[1] as number) * 4 / 5, { classWeights: [0.5, 1, 4] }],
  ];
  for (const [name, value, options] of expected) {
    const found = (await (await lossOf(name, shape, options))(z, t)).value;
    assert.ok(Math.abs(found - value) < 2e-6, `${name}: ${found}, expected ${value}`);
  }
});

test("losses are as if pixels that are left out did not exist", async () => {
  const random = new Random(3);
  const [whole, left]: [Shape, Shape] = [[1, 3, 1, 8], [1, 3, 1, 5]];
  const z = Float32Array.from({ length: 24 }, () => random.normal());
  const t = randomTarget(whole, random);
  const leftOut = (pixel: number) => pixel >= 5;
  const kept = (values: Float32Array) => values.filter((_, i) => !leftOut(i % 8));
  const marked = t.map((share, i) => (leftOut(i % 8) ? 0 : share));
  for (const name of ["ce", "dice", "dice-ce", "focal"]) {
    const found = await (await lossOf(name, whole, { ignore: true }))(z, marked);
    const expected = await (await lossOf(name, left))(kept(z), kept(t));
    assert.ok(Math.abs(found.value - expected.value) < 1e-6, name);
    assert.ok(relativeDifference(kept(found.gradient), expected.gradient) < 1e-5, name);
    assert.ok(found.gradient.every((value, i) => !leftOut(i % 8) || value === 0), name);
    const nothing = await (await lossOf(name, whole, { ignore: true }))(z, new Float32Array(24));
    assert.ok(nothing.gradient.every((value) => value === 0) && nothing.value === 0, name);
  }
});

test("losses stay finite for huge logits and extreme targets, and vanish where the network is right", async () => {
  for (const [name, { channels }] of Object.entries(LOSSES)) {
    for (const count of channels === "one" ? [1] : channels === "several" ? [3] : [1, 3]) {
      const shape: Shape = [2, count, 3, 3];
      const run = await lossOf(name, shape);
      for (const size of [80, 1000]) {
        for (const foreground of [false, true]) {
          // One class everywhere: the last channel, or nothing (with several channels: background).
          const chosen = foreground ? count - 1 : 0;
          const t = Float32Array.from({ length: 18 * count }, (_, i) => {
            const channel = Math.floor(i / 9) % count;
            return count === 1 ? Number(foreground) : Number(channel === chosen);
          });
          const right = t.map((share) => (share === 1 ? size : -size));
          const [good, bad] = [await run(right, t), await run(right.map((value) => -value), t)];
          const where = `${name} on ${count} channels, ${foreground ? "all foreground" : "all background"}, ±${size}`;
          for (const { value, gradient } of [good, bad]) {
            assert.ok(Number.isFinite(value) && gradient.every(Number.isFinite), where);
          }
          assert.ok(Math.abs(good.value) < 1e-6, `${where}: ${good.value}`);
          assert.ok(bad.value > 0.4, `${where}: ${bad.value}`);
        }
      }
    }
  }
});

test("dice draws the probabilities of a batch without foreground to 0", async () => {
  const { value, gradient } = await (await lossOf("dice", [2, 1, 2, 2]))(new Float32Array(8), new Float32Array(8));
  // Σ p = 4, so Dice = 1 / 5; dz = p · (1 − p) / 25
  assert.ok(Math.abs(value - 0.8) < 1e-6);
  assert.ok(gradient.every((slope) => Math.abs(slope - 0.01) < 1e-7));
});

test("createLoss() refuses names, channels and weights that do not fit", () => {
  assert.throws(() => createLoss("hinge", { channels: 1 }), {
    name: "UsageFailure",
    message: "No loss is called hinge: choose one of bce, dice, dice-bce, focal",
  });
  assert.throws(() => createLoss("ce", { channels: 1 }), {
    message: "The loss ce is for several classes, the data set has one: choose one of bce, dice, dice-bce, focal",
  });
  assert.throws(() => createLoss("dice-bce", { channels: 4 }), {
    message: "The loss dice-bce is for one class, the data set has 3: choose one of ce, dice, dice-ce, focal",
  });
  for (const classWeights of [[1], [1, 0], [1, -1], [1, NaN], [1, 1, 1]]) {
    assert.throws(
      () => createLoss("bce", { channels: 1, classWeights }),
      /Class weights .* do not fit: expected 2 numbers/,
    );
  }
  assert.throws(() => createLoss("dice", { channels: 1, ignore: true }), /with one channel: use two/);
});

test("losses of independent channels are the mean of the losses of each channel by itself", async () => {
  const shape: Shape = [2, 3, 4, 4];
  const one: Shape = [2, 1, 4, 4];
  const random = new Random(11);
  const z = Float32Array.from({ length: elementCount(shape) }, () => random.normal(0, 2));
  const t = Float32Array.from({ length: elementCount(shape) }, () => random.uniform() < 0.5 ? 1 : random.uniform());
  const ofChannel = (values: Float32Array, k: number) =>
    Float32Array.from([0, 1].flatMap((image) => [...values.subarray(16 * (3 * image + k), 16 * (3 * image + k + 1))]));
  for (const name of Object.keys(LOSSES).filter((name) => LOSSES[name]?.channels !== "several")) {
    const together = await (await lossOf(name, shape, { independent: true }))(z, t);
    const alone = await lossOf(name, one);
    let mean = 0;
    for (let k = 0; k < 3; k++) {
      const { value, gradient } = await alone(ofChannel(z, k), ofChannel(t, k));
      mean += value / 3;
      const expected = gradient.map((slope) => slope / 3);
      assert.ok(relativeDifference(ofChannel(together.gradient, k), expected) < 1e-5, `${name} ${k}`);
    }
    assert.ok(Math.abs(together.value - mean) < 1e-5 * Math.abs(mean), `${name}: ${together.value}, ${mean}`);
  }
});

test("createLoss() of independent channels takes no class weights and nothing to ignore", () => {
  const create = (name: string, options: LossOptions) =>
    createLoss(name, { channels: 3, independent: true, ...options });
  assert.throws(() => create("ce", {}), {
    name: "UsageFailure",
    message: /^The loss ce is for several classes, the data set has regions that overlap: choose one of bce, dice/,
  });
  assert.throws(() => create("bce", { classWeights: [1, 2] }), /^UsageFailure: Class weights do not suit regions/);
  assert.throws(
    () => create("bce", { ignore: true }),
    /^UsageFailure: Voxels to ignore do not suit regions that overlap/,
  );
});
