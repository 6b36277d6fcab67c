/** Names and outputs of a graph: the graph alone changes them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Graph, inputOf } from "../../src/graph/graph.ts";
import { add } from "../../src/graph/ops/arithmetic.ts";
import { relu } from "../../src/graph/ops/elementwise.ts";
import { rewrite } from "../../src/graph/passes/rewrite.ts";
import { floats, type TensorType } from "../../src/graph/tensor_type.ts";

const VECTOR: TensorType = { elementType: "float32", shape: [2] };

function twoNodes() {
  const graph = new Graph();
  const x = graph.input("x", VECTOR);
  const y = graph.apply(relu, [x], {}, "image");
  const z = graph.apply(add, [y, graph.constant(floats([1, 2]), "level_0")], {}, "sum");
  graph.output(z);
  return { graph, x, y, z };
}

test("Graph.rename() gives names that others have, and these give them up with their nodes", () => {
  const { graph, x, y, z } = twoNodes();
  graph.rename(new Map([[x, "image"], [z, "level_0"]]));
  assert.deepEqual([x.name, z.name], ["image", "level_0"]);
  assert.equal(y.name, "image_inside_1");
  assert.equal(graph.constants()[0]?.name, "level_0_inside_1");
  const names = [...graph.inputs, ...graph.constants(), ...graph.nodes.flatMap(({ outputs }) => outputs)]
    .map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const copy = rewrite(graph).graph;
  assert.deepEqual([copy.inputs[0]?.name, copy.outputs[0]?.name], ["image", "level_0"]);
});

test("Graph.rename() exchanges two names", () => {
  const { graph, x, z } = twoNodes();
  graph.rename(new Map([[x, "sum"], [z, "x"]]));
  assert.deepEqual([x.name, z.name], ["sum", "x"]);
  assert.notEqual(graph.apply(relu, [z], {}, "x").name, "x");
});

test("Graph.setOutputs() replaces the outputs and keeps their order", () => {
  const { graph, y, z } = twoNodes();
  graph.setOutputs([z, y]);
  assert.deepEqual(graph.outputs, [z, y]);
  graph.setOutputs([]);
  graph.output(y, "level_0");
  assert.deepEqual(graph.outputs.map(({ name }) => name), ["level_0_1"]);
});

test("inputOf() names the node that has no such input", () => {
  const { graph, y } = twoNodes();
  const node = graph.producer(y);
  assert.ok(node !== undefined);
  assert.throws(() => inputOf(node, 1), /Relu .* has no input 1/);
});
