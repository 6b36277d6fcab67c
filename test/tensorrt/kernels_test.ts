import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { importGraph } from "../../src/graph/onnx/import.ts";
import { countKernels } from "../../src/tensorrt/kernels.ts";
import { lint } from "../../src/tensorrt/lint.ts";
import { exportFile, opCounts, trainedLike } from "../deployment/running.ts";
import { type FileContent, modelFile, noise } from "../graph/model_file.ts";

const NANO = 80201;

function graphOf(nodes: FileContent["nodes"], outputs: FileContent["outputs"] = [["y", [1, 2, 8, 8]]]) {
  return importGraph(decodeModel(modelFile({
    opset: 13,
    inputs: [["x", [1, 2, 8, 8]]],
    initializers: { w: noise([2, 2, 1, 1], 1) },
    outputs,
    nodes,
  })));
}

test("countKernels() fuses a Relu into the convolution that it alone reads", () => {
  assert.equal(countKernels(graphOf([["Conv", ["x", "w"], ["c"]], ["Relu", ["c"], ["y"]]])), 1);
  const read = graphOf([["Conv", ["x", "w"], ["c"]], ["Relu", ["c"], ["r"]], ["Add", ["c", "r"], ["y"]]]);
  assert.equal(countKernels(read), 3);
  const shown = graphOf([["Conv", ["x", "w"], ["c"]], ["Relu", ["c"], ["y"]]], [
    ["y", [1, 2, 8, 8]],
    ["c", [1, 2, 8, 8]],
  ]);
  assert.equal(countKernels(shown), 2);
});

test("countKernels() joins element-wise ops, counts no renaming, and a copy for what a Concat cannot have in place", () => {
  assert.equal(countKernels(graphOf([["Sigmoid", ["x"], ["s"]], ["Tanh", ["s"], ["t"]], ["Exp", ["t"], ["y"]]])), 1);
  assert.equal(countKernels(graphOf([["Flatten", ["x"], ["y"]]], [["y", [1, 128]]])), 0);
  assert.equal(countKernels(graphOf([["Concat", ["x", "x", "x"], ["y"], { axis: 1 }]], [["y", [1, 6, 8, 8]]])), 3);
  const joint: FileContent["nodes"] = [["Conv", ["x", "w"], ["c"]], ["Concat", ["c", "x"], ["y"], { axis: 1 }]];
  assert.equal(countKernels(graphOf(joint, [["y", [1, 4, 8, 8]]])), 2);
  assert.equal(countKernels(graphOf([["Conv", ["x", "w"], ["c"]], ["Sigmoid", ["c"], ["y"]]])), 2);
});

test("a J-Net from 16 to 256 pixels has at most 70 kernels on a Nano, five ops, and no warning", () => {
  const bytes = encodeModel(trainedLike({ width: 16, inputSize: 16, outputSize: 256 }), { opset: 17 });
  for (const [activation, ops] of [["none", []], ["sigmoid", ["Sigmoid"]]] as const) {
    const { graph, bytes: exported } = exportFile({
      bytes,
      activation,
      outputs: ["level_4"],
      tensorRtVersion: NANO,
    });
    assert.deepEqual(Object.keys(opCounts(graph)).sort(), [
      "Concat",
      "Conv",
      "ConvTranspose",
      "MaxPool",
      "Relu",
      ...ops,
    ]);
    assert.ok(countKernels(graph) <= 70, `${countKernels(graph)} kernels`);
    assert.deepEqual(lint({ model: decodeModel(exported), graph, version: NANO, memoryBytes: 4 * 2 ** 30 }), []);
  }
});
