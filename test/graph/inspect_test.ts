/** Counts of a graph, against numbers worked out by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Graph } from "../../src/graph/graph.ts";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { importGraph, unknownNodes } from "../../src/graph/onnx/import.ts";
import { add, mul } from "../../src/graph/ops/arithmetic.ts";
import { conv } from "../../src/graph/ops/convolution.ts";
import { relu } from "../../src/graph/ops/elementwise.ts";
import { floor } from "../../src/graph/ops/mathematics.ts";
import { maxPool } from "../../src/graph/ops/pool.ts";
import { argMax } from "../../src/graph/ops/reduce_extremum.ts";
import { inspect } from "../../src/graph/passes/inspect.ts";
import { untrainable } from "../../src/graph/passes/untrainable.ts";
import { modelFile, noise } from "./model_file.ts";

function smallNet(): Graph {
  const graph = new Graph();
  const x = graph.input("x", { elementType: "float32", shape: [1, 2, 8, 8] });
  const w = graph.constant(noise([4, 2, 3, 3], 1), "w");
  const b = graph.constant(noise([4], 2), "b");
  const c = graph.apply(conv, [x, w, b], { pads: [1, 1, 1, 1] }, "conv");
  const r = graph.apply(relu, [c], {}, "relu");
  const p = graph.apply(maxPool, [r], { kernel_shape: [2, 2], strides: [2, 2] }, "pool");
  graph.output(p, "y");
  return graph;
}

test("inspect() counts parameters, FLOPs and bytes", () => {
  const { layers, ...sums } = inspect(smallNet());
  // Conv: 4·64 outputs, each 2·(2·9) + 1 operations; Relu 1 and MaxPool 4 per output.
  assert.deepEqual(sums, {
    parameters: 4 * 2 * 9 + 4,
    weightBytes: 4 * (4 * 2 * 9 + 4),
    flops: 256 * 37 + 256 + 64 * 4,
    activationBytes: 4 * (256 + 256 + 64),
    // x and the output of Conv are gone when MaxPool runs; the worst moment is Relu: 256 + 256 floats.
    peakActivationBytes: 4 * (256 + 256),
    nodes: 3,
    ops: { Conv: 1, MaxPool: 1, Relu: 1 },
  });
  assert.deepEqual(layers[0], {
    name: "conv",
    type: "Conv",
    outputShape: [1, 4, 8, 8],
    parameters: 76,
    flops: 256 * 37,
    bytes: 4 * (128 + 76 + 256),
  });
});

test("inspect() counts a shared weight once", () => {
  const graph = new Graph();
  const x = graph.input("x", { elementType: "float32", shape: [2, 3] });
  const w = graph.constant(noise([3], 1), "w");
  graph.output(graph.apply(mul, [graph.apply(add, [x, w]), w]));
  const { parameters, layers } = inspect(graph);
  assert.equal(parameters, 3);
  assert.deepEqual(layers.map((layer) => layer.parameters), [3, 0]);
});

test("untrainable() finds nothing in a network that can be trained", () => {
  assert.deepEqual(untrainable(smallNet()), []);
});

test("untrainable() names every node that stops the gradient", () => {
  const graph = smallNet();
  const [y] = graph.outputs;
  assert.ok(y !== undefined);
  graph.setOutputs([]);
  const z = graph.apply(floor, [graph.apply(add, [graph.apply(floor, [y], {}, "first"), y])], {}, "second");
  graph.output(z);
  assert.deepEqual(untrainable(graph).map(({ node, op }) => [node, op]), [["first", "Floor"], ["second", "Floor"]]);
});

test("untrainable() says that no gradient comes from integers, and that weights are missing or of another type", () => {
  const graph = smallNet();
  const [y] = graph.outputs;
  graph.setOutputs([graph.apply(argMax, [y as NonNullable<typeof y>], { axis: 1 })]);
  assert.match(untrainable(graph)[0]?.reason ?? "", /no output that is a float tensor/);
  const empty = new Graph();
  empty.output(empty.apply(relu, [empty.input("x", { elementType: "float32", shape: [2] })]));
  assert.match(untrainable(empty)[0]?.reason ?? "", /no float32 weights/);
});

test("unknownNodes() names each node whose op is not known", () => {
  const model = decodeModel(modelFile({
    opset: 13,
    inputs: [["x", [1]]],
    outputs: [["y", [1]]],
    nodes: [["Relu", ["x"], ["a"]], ["Frobnicate", ["a"], ["b"]], ["TopK", ["b"], ["y"]]],
  }));
  assert.deepEqual(unknownNodes(model).map(({ node, op }) => [node, op]), [["node_1", "Frobnicate"], [
    "node_2",
    "TopK",
  ]]);
  assert.throws(() => importGraph(model), /Frobnicate/);
});
