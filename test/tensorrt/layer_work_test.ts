import assert from "node:assert/strict";
import { test } from "node:test";
import { layerWork } from "../../src/tensorrt/layer_work.ts";
import { Graph } from "../../src/graph/graph.ts";
import { buildNet } from "../../src/graph/nets/catalog.ts";
import { conv } from "../../src/graph/ops/convolution.ts";
import { relu } from "../../src/graph/ops/elementwise.ts";
import { concat } from "../../src/graph/ops/movement.ts";
import { inspect } from "../../src/graph/passes/inspect.ts";
import { floats } from "../../src/graph/tensor_type.ts";

test("layerWork() counts a convolution with its activation as one layer that writes its map once", () => {
  const graph = new Graph();
  const x = graph.input("x", { elementType: "float32", shape: [1, 2, 8, 8] });
  const w = graph.constant(floats(new Float32Array(2 * 2 * 9), [2, 2, 3, 3]));
  const y = graph.apply(conv, [x, w], { pads: [1, 1, 1, 1] }, "first");
  graph.output(graph.apply(relu, [y]), "y");
  const bytes = 4 * (128 + 36 + 128);
  assert.deepEqual(layerWork(graph), [{ name: "first", flops: 2 * 18 * 128 + 128, bytes }]);
});

test("layerWork() keeps apart what others read and what moves data", () => {
  const graph = new Graph();
  const x = graph.input("x", { elementType: "float32", shape: [1, 1, 2, 2] });
  const a = graph.apply(relu, [x], {}, "a");
  const b = graph.apply(relu, [a], {}, "b");
  const c = graph.apply(concat, [a, b], { axis: 1 }, "c");
  graph.output(graph.apply(concat, [c, x], { axis: 1 }, "d"));
  assert.deepEqual(layerWork(graph), [
    { name: "a", flops: 4, bytes: 32 },
    { name: "b", flops: 4, bytes: 32 },
    { name: "c", flops: 0, bytes: 0 },
    { name: "d", flops: 0, bytes: 32 },
  ]);
});

test("layerWork() has the FLOPs of the whole graph", () => {
  const { graph } = buildNet({
    net: "j-net",
    width: 4,
    channels: 1,
    classes: 1,
    inputSize: 16,
    outputSize: 256,
    seed: 0,
  });
  const layers = layerWork(graph);
  assert.equal(layers.reduce((sum, { flops }) => sum + flops, 0), inspect(graph).flops);
  assert.equal(layers.length, graph.nodes.length - 36);
});
