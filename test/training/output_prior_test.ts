import assert from "node:assert/strict";
import { test } from "node:test";
import { buildNet, type NetOptions } from "../../src/graph/nets/catalog.ts";
import { HEAD_NAMES } from "../../src/graph/nets/names.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { replaceConstants, rewrite } from "../../src/graph/passes/rewrite.ts";
import { floats, type TensorData } from "../../src/graph/tensor_type.ts";
import { createSession } from "../../src/runtime/session.ts";
import { classFrequencies, outputPrior, priorLogits } from "../../src/training/output_prior.ts";
import { type Sample, sparseTarget } from "../../src/training/samples.ts";
import { largestDifference } from "../golden.ts";

test("classFrequencies() is the mean share of each class over all pixels", () => {
  // 4 × 4 pixels; class 1 covers two pixels and half of a third, class 2 one pixel; a second slice is background.
  const shares = new Float32Array(3 * 16);
  shares.fill(1, 0, 16);
  for (const [pixel, k, share] of [[5, 1, 1], [6, 1, 1], [9, 1, 0.5], [10, 2, 1]] as const) {
    shares[16 * k + pixel] = share;
    shares[pixel] = (shares[pixel] as number) - share;
  }
  const empty = Float32Array.from({ length: 48 }, (_, i) => (i < 16 ? 1 : 0));
  const samples = [shares, empty].map((square): Sample => ({
    image: new Float32Array(1),
    target: sparseTarget(square, { classes: 3, size: 4 }),
  }));
  // A share is kept in 255ths.
  assert.ok(largestDifference(classFrequencies(samples, { classes: 2, size: 4 }), [2.5 / 32, 1 / 32]) < 1 / 255 / 16);
});

test("priorLogits() give the frequencies back", () => {
  assert.ok(Math.abs((priorLogits([0.2], { several: false })[0] as number) - Math.log(0.25)) < 1e-12);
  const logits = priorLogits([0.2, 0.1], { several: true });
  assert.ok(largestDifference(logits.map(Math.exp), [0.7, 0.2, 0.1]) < 1e-12);
  assert.ok(priorLogits([0], { several: false }).every(Number.isFinite));
});

/** The mean logits of every output over a blank image, by class, after the prior. */
async function meansAtPrior(options: Pick<NetOptions, "net" | "head" | "classes">, logits: readonly number[]) {
  const net = buildNet({ ...options, width: 2, channels: 1, inputSize: 16, outputSize: 128, seed: 1 }).graph;
  const { graph } = rewrite(net, { source: replaceConstants(await outputPrior(net, logits)) });
  const session = await createSession(encodeModel(graph, { opset: 13 }));
  const outputs = await session.run({ image: floats(new Float32Array(256), [1, 1, 16, 16]) });
  return (Object.entries(outputs) as [string, TensorData<"float32">][]).map(([name, { values }]) => {
    const pixels = values.length / options.classes;
    const means = logits.map((_, k) =>
      values.subarray(k * pixels, (k + 1) * pixels).reduce((a, b) => a + b, 0) / pixels
    );
    return { name, means };
  });
}

test("outputPrior() brings the mean logits of every level to the prior", async () => {
  for (const [classes, logits] of [[1, [-4]], [3, [-0.1, -3, -5]]] as const) {
    for (const { name, means } of await meansAtPrior({ net: "j-net", classes }, logits)) {
      // float32 sums over up to 16,384 pixels.
      assert.ok(largestDifference(means, logits) < 1e-3, `${name}: ${means}`);
    }
  }
});

test("outputPrior() finds the bias behind the upsampling and the corrections of every head", async () => {
  for (const head of HEAD_NAMES) {
    for (const { name, means } of await meansAtPrior({ net: "elu-net", head, classes: 2 }, [-0.1, -3])) {
      assert.ok(largestDifference(means, [-0.1, -3]) < 1e-3, `${head} ${name}: ${means}`);
    }
  }
});
