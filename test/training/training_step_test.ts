import assert from "node:assert/strict";
import { test } from "node:test";
import { buildNet } from "../../src/graph/nets/catalog.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import type { TensorData } from "../../src/graph/tensor_type.ts";
import { createSession } from "../../src/runtime/session.ts";
import { createLoss } from "../../src/training/losses.ts";
import { createOptimizer } from "../../src/training/step/optimizers.ts";
import { type TrainingGraph, trainingGraph } from "../../src/training/step/training_graph.ts";
import { averageShare, TrainingStep } from "../../src/training/step/training_step.ts";
import { largestDifference, readGolden, withConstants } from "../golden.ts";

const golden = readGolden();
const skip = golden === undefined ? "shared golden values absent" : false;

// PyTorch 2.13.0 by tools/golden_adam_steps.py. The index of the golden values holds other numbers from the second step on, which
// PyTorch does not give for the batch that is recorded there.
const LOSSES = [3.450852, 3.430289, 3.415737, 3.402887, 3.391083, 3.379816, 3.369195, 3.359053, 3.349014, 3.339319];

test("TrainingStep equals ten Adam steps of PyTorch", { skip }, async () => {
  if (golden === undefined) return;
  const options = {
    net: "j-net",
    width: 4,
    channels: 1,
    classes: 1,
    inputSize: 16,
    outputSize: 256,
    seed: 0,
    batch: 2,
  };
  const net = withConstants(buildNet(options).graph, (name) => golden.tensor(`initial/${name}`));
  const training = trainingGraph(net, { loss: createLoss("bce", { channels: 1 }) });
  const optimizer = createOptimizer({ name: "adam", count: training.parameters.length });
  const step = await TrainingStep.create(training, optimizer, {});
  step.image.values.set(golden.tensor("x").values);
  step.target.values.set(golden.tensor("target/4").values);
  for (const expected of LOSSES) {
    const loss = (await step.run({ learningRate: 1e-3 })).reduce((sum, level) => sum + level, 0);
    assert.ok(Math.abs(loss / expected - 1) < 1e-4, `loss ${loss}, PyTorch ${expected}`);
  }
  const session = await createSession(encodeModel(step.snapshot(net), { opset: 13 }));
  const outputs = await session.run({ image: golden.tensor("x") });
  assert.ok((outputs["level_4"] as TensorData<"float32">).values.every(Number.isFinite));
});

/** The training of a small network. */
function smallTraining(): TrainingGraph {
  const options = {
    net: "elu-net",
    width: 2,
    channels: 1,
    classes: 1,
    inputSize: 16,
    outputSize: 16,
    seed: 0,
    batch: 2,
  };
  return trainingGraph(buildNet(options).graph, { loss: createLoss("bce", { channels: 1 }) });
}

/** A step of it with an image and an empty mask, so that there are gradients. */
async function smallStep(name: "sgd" | "adam"): Promise<TrainingStep> {
  const training = smallTraining();
  const step = await TrainingStep.create(
    training,
    createOptimizer({ name, momentum: 0, count: training.parameters.length }),
    {},
  );
  step.image.values.forEach((_, i) => step.image.values[i] = Math.sin(i));
  return step;
}

test("TrainingStep keeps weights and averages where the loss is not finite", async () => {
  const step = await smallStep("adam");
  const before = step.store.array("weights").slice();
  const averages = new Map([...step.statistics].map(([name, values]) => [name, values.slice()]));
  step.image.values.fill(NaN);
  const losses = await step.run({ learningRate: 1e-3 });
  assert.ok(losses.some(Number.isNaN));
  assert.deepEqual(step.store.array("weights"), before);
  assert.deepEqual(new Map(step.statistics), averages);
  assert.equal(step.steps, 0);
});

test("TrainingStep averages the unbiased variance of a batch, as PyTorch does", async () => {
  const training = smallTraining();
  const layer = training.statistics.find(({ runningVariance }) => runningVariance.name === "enc.4.1.running_var");
  const biased = { ...layer } as NonNullable<typeof layer>;
  // Two values per channel, the difference d: the biased variance is d² / 4, the unbiased one d² / 2.
  assert.equal(biased.count, 2);
  training.graph.output(biased.variance, "biased");
  const optimizer = createOptimizer({ name: "adam", count: training.parameters.length });
  const step = await TrainingStep.create(training, optimizer, {});
  step.image.values.forEach((_, i) => step.image.values[i] = Math.sin(i));
  await step.run({ learningRate: 1e-3 });
  const session = await createSession(encodeModel(training.graph, { opset: 17 }));
  const feeds = Object.fromEntries(
    training.parameters.map(({ input, source }) => [input.name, source.constant as TensorData]),
  );
  const outputs = await session.run({ ...feeds, image: step.image, target: step.target });
  const variance = (outputs["biased"] as TensorData<"float32">).values;
  // PyTorch's momentum is 0.1, and the average starts at 1.
  const expected = variance.map((value) => 0.9 + 0.1 * 2 * value);
  assert.ok(largestDifference(step.statistics.get("enc.4.1.running_var") as Float32Array, expected) < 1e-6);
});

/** How far one step of gradient descent moves the weights. */
async function movedBy(clipNorm: number | undefined): Promise<number> {
  const step = await smallStep("sgd");
  const before = step.store.array("weights").slice();
  await step.run({ learningRate: 0.01, clipNorm });
  return Math.hypot(...step.store.array("weights").map((value, i) => value - (before[i] as number)));
}

test("TrainingStep scales gradients whose norm is above the limit to it, and leaves smaller ones", async () => {
  const free = await movedBy(undefined);
  const norm = free / 0.01;
  assert.ok(norm > 0.01, `norm ${norm}`);
  const shares = [await movedBy(norm / 4) / free, await movedBy(4 * norm) / free];
  assert.ok(Math.abs(shares[0]! - 0.25) < 1e-3 && Math.abs(shares[1]! - 1) < 1e-6, `${shares}, norm ${norm}`);
});

test("averageShare() makes the average the plain mean of the weights at first, and a moving one later", async () => {
  const step = await smallStep("adam");
  const seen: Float32Array[] = [];
  for (let i = 0; i < 4; i++) {
    await step.run({ learningRate: 0.05, averageShare: averageShare(0.99, step.steps) });
    seen.push(step.store.array("weights").slice());
  }
  const mean = (seen[0] as Float32Array).map((_, i) =>
    seen.reduce((sum, weights) => sum + (weights[i] as number), 0) / 4
  );
  assert.ok(largestDifference(step.store.array("average"), mean) < 1e-5);
  assert.deepEqual([averageShare(0, 0), averageShare(0.5, 0), averageShare(0.5, 9)], [0, 1, 0.5]);
});
