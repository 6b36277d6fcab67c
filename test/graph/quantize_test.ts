import assert from "node:assert/strict";
import { test } from "node:test";
import { Graph } from "../../src/graph/graph.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import type { Value } from "../../src/graph/op.ts";
import { conv, convTranspose } from "../../src/graph/ops/convolution.ts";
import { relu } from "../../src/graph/ops/elementwise.ts";
import { inspect } from "../../src/graph/passes/inspect.ts";
import { quantizableConvolutions, quantizeConvolutions } from "../../src/graph/passes/quantize.ts";
import { floats, numbersOf, type TensorData } from "../../src/graph/tensor_type.ts";
import { lint } from "../../src/tensorrt/lint.ts";
import { Random } from "../../src/random.ts";
import { createSession } from "../../src/runtime/session.ts";
import { noise } from "./model_file.ts";

/** Two convolutions and a transposed one; behind the first the output channels of the weights differ by a factor of 100. */
function network(): Graph {
  const graph = new Graph();
  const image = graph.input("image", { elementType: "float32", shape: [1, 3, 8, 8] });
  const weights = (name: string, shape: readonly number[], axis: number) => {
    const data = noise(shape, name.length);
    const stride = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
    data.values.forEach((value, i) => data.values[i] = value * (Math.floor(i / stride) % 2 === 0 ? 100 : 1));
    return graph.constant(data, name);
  };
  const bias = graph.constant(noise([4], 3), "bias");
  const first = graph.apply(
    conv,
    [image, graph.constant(noise([4, 3, 3, 3], 1), "w"), bias],
    { pads: [1, 1, 1, 1] },
    "first",
  );
  const raised = graph.apply(relu, [first], {}, "raised");
  const w = weights("up_w", [4, 4, 2, 2], 1);
  const larger = graph.apply(convTranspose, [raised, w], { strides: [2, 2] }, "larger");
  const other = graph.apply(conv, [raised, weights("other_w", [4, 2, 1, 1], 0)], { group: 2 }, "other");
  graph.output(larger, "larger");
  graph.output(other, "other");
  return graph;
}

async function run(graph: Graph, x: TensorData): Promise<Record<string, TensorData>> {
  const session = await createSession(encodeModel(graph, { opset: 13 }), { threads: 1, exactQuantization: true });
  try {
    return await session.run({ image: x });
  } finally {
    await session.release();
  }
}

function quantized(graph: Graph): Graph {
  const nodes = new Set(quantizableConvolutions(graph));
  const largest = new Map([...nodes].map(({ inputs: [x] }) => [x as Value, (x as Value).name === "image" ? 3 : 40]));
  return quantizeConvolutions(graph, { nodes, largest });
}

test("quantizeConvolutions() keeps what each output channel computes, however different their weights are", async () => {
  const graph = network();
  const random = new Random(4);
  const x = floats(Array.from({ length: 192 }, () => random.uniform(-2.5, 2.5)), [1, 3, 8, 8]);
  const [expected, found] = [await run(graph, x), await run(quantized(graph), x)];
  for (const name of ["larger", "other"]) {
    const [a, b] = [numbersOf(expected[name] as TensorData), numbersOf(found[name] as TensorData)];
    const pixels = a.length / 4;
    for (let channel = 0; channel < 4; channel++) {
      const of = (all: readonly number[]) => all.slice(channel * pixels, (channel + 1) * pixels);
      const error = Math.hypot(...of(a).map((value, i) => value - (of(b)[i] as number))) / Math.hypot(...of(a));
      assert.ok(error > 0 && error < 0.03, `${name} channel ${channel}: ${error}`);
    }
  }
});

test("quantizeConvolutions() stores weights as INT8 and reads every activation through one pair of Q and DQ", () => {
  const model = decodeModel(encodeModel(quantized(network()), { opset: 13 }));
  const types = Object.fromEntries([...model.initializers].map(([name, { elementType }]) => [name, elementType]));
  assert.deepEqual([types["w_int8"], types["up_w_int8"], types["other_w_int8"], types["bias"], types["w"]], [
    "int8",
    "int8",
    "int8",
    "float32",
    undefined,
  ]);
  const count = (type: string) => model.nodes.filter(({ opType }) => opType === type).length;
  assert.deepEqual([count("QuantizeLinear"), count("DequantizeLinear")], [2, 5]);
  const axes = model.nodes.filter(({ inputs }) => inputs[0]?.endsWith("_int8")).map(({ attributes }) =>
    attributes["axis"]
  );
  assert.deepEqual(axes, [0, 1, 0]);
  assert.deepEqual(
    [...model.initializers.values()].filter(({ elementType, values }) =>
      elementType === "int8" && values.length <= 4 &&
      numbersOf({ elementType, values, shape: [] } as TensorData).some(Number)
    ),
    [],
    "all zero points are 0",
  );
});

test("quantizeConvolutions() makes what the parser of TensorRT 8.0 and later reads", () => {
  const graph = quantized(network());
  const model = decodeModel(encodeModel(graph, { opset: 13 }));
  for (const version of [80001, 80502, 100300, 110000]) {
    assert.deepEqual(lint({ model, graph, version }).filter(({ severity }) => severity === "error"), []);
  }
});

test("quantizableConvolutions() leaves out transposed convolutions in groups and weights that are computed", () => {
  const graph = new Graph();
  const image = graph.input("image", { elementType: "float32", shape: [1, 4, 8, 8] });
  const w = graph.input("w", { elementType: "float32", shape: [4, 4, 1, 1] });
  const grouped = graph.apply(convTranspose, [image, graph.constant(noise([4, 2, 2, 2], 1), "g")], { group: 2 });
  graph.output(grouped, "grouped");
  graph.output(graph.apply(conv, [image, w]), "computed");
  assert.deepEqual(quantizableConvolutions(graph), []);
});

test("inspect() counts quantized weights as the parameters that they are", () => {
  const graph = network();
  assert.equal(inspect(quantized(graph)).parameters, inspect(graph).parameters);
});
