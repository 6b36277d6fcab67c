import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { Graph } from "../../src/graph/graph.ts";
import { buildNet } from "../../src/graph/nets/catalog.ts";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { conv } from "../../src/graph/ops/convolution.ts";
import { round } from "../../src/graph/ops/mathematics.ts";
import { floats } from "../../src/graph/tensor_type.ts";
import { sharedPath } from "../shared.ts";
import { checkModel } from "./check_model.ts";
import { bestModel, historyOf, trainTiny, withTinyRuns } from "./tiny_runs.ts";
import { exportFile } from "../deployment/running.ts";

const exported = sharedPath("golden", "exported");
const skip = exported === undefined ? "shared golden values absent" : false;

for (const name of ["jnet-n4-16-opset13.onnx", "jnet-n4-16-opset14-batchnorm.onnx", "jnet-n4-16-opset18.onnx"]) {
  test(`train() goes on from ${name}, as PyTorch exported it`, { skip }, async () => {
    await withTinyRuns(async ({ options }) => {
      const init = join(exported as string, name);
      const summary = await trainTiny(options("run", { init, epochs: 2, batch: 4, learningRate: 0.01 }));
      const [first, second] = historyOf(options("run").out) as { trainLoss: number; lossPerLevel: number[] }[];
      assert.equal(first?.lossPerLevel.length, 5);
      assert.ok((second?.trainLoss as number) < (first?.trainLoss as number));
      assert.ok(summary.parameters > 0);
      await checkModel(bestModel(options("run").out));
    });
  });
}

test("train() goes on from its own model, to the loss that the model had", async () => {
  await withTinyRuns(async ({ options }) => {
    await trainTiny(options("first", { epochs: 3, learningRate: 0.01, augment: "none" }));
    const { out } = options("first");
    await trainTiny(
      options("second", { init: join(out, "best.onnx"), epochs: 1, learningRate: 1e-4, augment: "none" }),
    );
    const history = historyOf(out) as { trainLoss: number }[];
    const [next] = historyOf(options("second").out) as { trainLoss: number }[];
    // A fresh start is above the loss of the first run's first epoch; batch statistics differ by a few percent from pass to pass.
    const lowest = Math.min(...history.map(({ trainLoss }) => trainLoss));
    assert.ok((next?.trainLoss as number) < 1.2 * lowest, `${next?.trainLoss} after ${lowest}`);
    assert.ok(lowest < (history[0]?.trainLoss as number));
  });
});

test("train() goes on from an export, whose only output is a level above one that it still computes", async () => {
  await withTinyRuns(async ({ options }) => {
    await trainTiny(options("first", { epochs: 1 }));
    const { out } = options("first");
    const { bytes } = exportFile({ bytes: bestModel(out) });
    assert.deepEqual(decodeModel(bytes).outputs.map(({ name }) => name), ["level_1"]);
    const init = join(out, "exported.onnx");
    writeFileSync(init, bytes);
    const { validation } = await trainTiny(options("second", { init, epochs: 1 }));
    assert.notEqual(validation.dice, null);
    const model = bestModel(options("second").out);
    assert.deepEqual(decodeModel(model).outputs.map(({ name }) => name), ["level_0"]);
    await checkModel(model);
  });
});

test("train() keeps frozen parameters and frozen normalization as they are", async () => {
  await withTinyRuns(async ({ options }) => {
    const settings = { freeze: ["enc.*"], freezeNormalization: true, epochs: 1, learningRate: 0.01 };
    await trainTiny(options("first", { epochs: 1 }));
    const init = join(options("first").out, "best.onnx");
    await trainTiny(options("second", { ...settings, init }));
    const [before, after] = [options("first").out, options("second").out].map(bestModel) as [Uint8Array, Uint8Array];
    const old = decodeModel(before).initializers;
    let [kept, changed] = [0, 0];
    for (const [name, { values }] of decodeModel(after).initializers) {
      const same = isDeepStrictEqual(values, old.get(name)?.values);
      if (/^enc\.|running/.test(name)) assert.ok(same, name);
      if (same) kept++;
      else changed++;
    }
    assert.ok(kept > 0 && changed > 0);
  });
});

test("train() refuses files that it cannot go on from, naming file, reason and remedy", async () => {
  await withTinyRuns(async ({ options, folder }) => {
    const refused = async (name: string, bytes: Uint8Array, message: RegExp) => {
      const init = join(folder, name);
      writeFileSync(init, bytes);
      await assert.rejects(trainTiny(options("run", { init })), (error: Error) => {
        assert.equal(error.name, "Failure");
        assert.match(error.message, message);
        assert.ok(error.message.includes(basename(name)));
        return true;
      });
    };
    const net = { net: "j-net", width: 2, channels: 1, classes: 1, inputSize: 16, outputSize: 32, seed: 0, batch: 1 };
    const fileOf = (changes: Partial<typeof net>) => encodeModel(buildNet({ ...net, ...changes }).graph, { opset: 13 });
    await refused(
      "channels.onnx",
      fileOf({ channels: 3 }),
      /^Cannot train .*channels\.onnx: it reads 3 channels, the data set has 1; choose them with --channels$/,
    );
    await refused(
      "classes.onnx",
      fileOf({ classes: 4 }),
      /its output .* is \[1, 4, \d+, \d+\], the labels need \[N, 1, S, S\]; choose labels with --labels, or make its outputs anew with --new-head$/,
    );
    await refused("text.onnx", new TextEncoder().encode("this is no model"), /^Cannot read .*text\.onnx: /);
    await refused("empty.onnx", new Uint8Array(0), /^Cannot read .*empty\.onnx: /);
    await refused("short.onnx", fileOf({}).subarray(0, 5000), /^Cannot read .*short\.onnx: /);

    // A rounded convolution: its weights have no gradient.
    const graph = new Graph();
    const image = graph.input("image", { elementType: "float32", shape: [1, 1, 16, 16] });
    const weights = graph.constant(floats(new Float32Array(9).fill(0.1), [1, 1, 3, 3]), "weights");
    const convolved = graph.apply(conv, [image, weights], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    graph.output(graph.apply(round, [convolved]), "logits");
    await refused(
      "round.onnx",
      encodeModel(graph, { opset: 13 }),
      /^Cannot train .*round\.onnx: .*Cannot differentiate node logits: Round has no gradient for its input Conv/,
    );
  });
});
