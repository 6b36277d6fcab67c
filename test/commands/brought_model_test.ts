/** Commands on models from elsewhere. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { trainingFault } from "../../src/training/try_training.ts";
import { modelOf, readDescribedModel } from "../../src/model/model.ts";
import { modelFile, noise } from "../graph/model_file.ts";
import { bestModel, trainTiny, withTinyRuns } from "../training/tiny_runs.ts";

/** A convolution of the image divided by 255, a Sigmoid behind it; weights and the divisor have plain names. */
function sigmoidModel(): Uint8Array {
  return modelFile({
    opset: 13,
    inputs: [["image", ["batch", 1, 16, 16]]],
    initializers: { std: noise([1, 1, 1, 1], 3), w: noise([1, 1, 3, 3], 1), b: noise([1], 2) },
    outputs: [["mask", ["batch", 1, 16, 16]]],
    nodes: [
      ["Div", ["image", "std"], ["scaled"]],
      ["Conv", ["scaled", "w", "b"], ["logits"], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }],
      ["Sigmoid", ["logits"], ["mask"]],
    ],
  });
}

test("train() makes of a model that ends in Sigmoid one of logits, and keeps what is no weight", async () => {
  await withTinyRuns(async ({ options, folder }) => {
    const init = join(folder, "sigmoid.onnx");
    writeFileSync(init, sigmoidModel());
    await trainTiny(options("run", { init, epochs: 2, learningRate: 0.05 }));
    const { out } = options("run");
    const before = decodeModel(sigmoidModel()).initializers;
    const model = decodeModel(bestModel(out));
    assert.ok(!model.nodes.some(({ opType }) => opType === "Sigmoid"));
    assert.deepEqual(model.initializers.get("std")?.values, before.get("std")?.values);
    assert.notDeepEqual(model.initializers.get("w")?.values, before.get("w")?.values);
    const described = readDescribedModel(join(out, "best.onnx"));
    assert.equal(described.metadata.output.activation, "sigmoid");
    // A second training keeps fixed what the first one did.
    await trainTiny(options("again", { init: join(out, "best.onnx"), epochs: 1, learningRate: 0.05 }));
    const again = decodeModel(bestModel(options("again").out));
    assert.deepEqual(again.initializers.get("std")?.values, before.get("std")?.values);
    await trainTiny(options("all", { init, epochs: 1, learningRate: 0.05, train: ["std"] }));
    const all = decodeModel(bestModel(options("all").out));
    assert.notDeepEqual(all.initializers.get("std")?.values, before.get("std")?.values);
  });
});

test("trainingFault() tries what it says", async () => {
  assert.equal(await trainingFault(modelOf("model.onnx", sigmoidModel()), {}), undefined);
  const vector = modelFile({
    opset: 13,
    inputs: [["image", ["batch", 4]]],
    initializers: { w: noise([4, 2], 1) },
    outputs: [["y", ["batch", 2]]],
    nodes: [["MatMul", ["image", "w"], ["y"]]],
  });
  assert.match(await trainingFault(modelOf("vector.onnx", vector), {}) ?? "", /Output y of shape \[2, 2\]/);
});
