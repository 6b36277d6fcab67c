/** What ops compute while a graph is built is what ONNX Runtime computes for them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Graph } from "../../src/graph/graph.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import type { OpDefinition, Value } from "../../src/graph/op.ts";
import { add, div, mul, sub } from "../../src/graph/ops/arithmetic.ts";
import { equal, less, where } from "../../src/graph/ops/comparison.ts";
import { cast, neg } from "../../src/graph/ops/elementwise.ts";
import { mod, round } from "../../src/graph/ops/mathematics.ts";
import { concat, expand, slice } from "../../src/graph/ops/movement.ts";
import { gather, split } from "../../src/graph/ops/rearrangement.ts";
import { reduceMax, reduceProd } from "../../src/graph/ops/reduce_extremum.ts";
import { range } from "../../src/graph/ops/shape.ts";
import { max, min } from "../../src/graph/ops/variadic.ts";
import { floats, integers, numbersOf, type TensorData, tensorOf } from "../../src/graph/tensor_type.ts";
import { createSession } from "../../src/runtime/session.ts";
import { largestDifference } from "../golden.ts";
import { noise } from "./model_file.ts";
import { OP_CASES } from "./op_cases.ts";

// Functions such as Pow and Reciprocal are rounded once here and perhaps twice there.
const TOLERANCE = 2e-6;

test("fold() of every row of the table with constant inputs equals ONNX Runtime", async () => {
  const folded = new Set<string>();
  for (const { op, title, inputs, apply, opsets = {}, folded: always } of OP_CASES) {
    if ((op as OpDefinition).fold === undefined || always === true) continue;
    const data = inputs.map(({ shape, constant, domain }, i) => {
      const values = noise(shape, i);
      return constant ?? (domain === "positive" ? floats(values.values.map((x) => Math.abs(x) + 0.5), shape) : values);
    });
    const constants = new Graph();
    const built = apply(constants, data.map((each) => constants.constant(each)));
    if (built.constant === undefined) continue;
    const graph = new Graph();
    const values = data.map((each, i) =>
      inputs[i]?.constant === undefined
        ? graph.input(`x${i}`, { elementType: "float32", shape: each.shape })
        : graph.constant(each)
    );
    graph.output(apply(graph, values), "y");
    const found = await run(graph, data, opsets.last ?? 17);
    assertSame(built.constant, found, `${op.type} ${title}`);
    folded.add(op.type);
  }
  assert.ok(folded.size >= 25, `folded: ${[...folded].join(" ")}`);
});

async function run(graph: Graph, data: readonly TensorData[], opset: number): Promise<TensorData> {
  const session = await createSession(encodeModel(graph, { opset }), { threads: 1, optimization: "disabled" });
  const feeds = graph.inputs.map(({ name }) => [name, data[Number(name.slice(1))] as TensorData] as const);
  try {
    return (await session.run(Object.fromEntries(feeds)))["y"] as TensorData;
  } finally {
    await session.release();
  }
}

function assertSame(found: TensorData, expected: TensorData, label: string): void {
  assert.deepEqual([found.elementType, found.shape], [expected.elementType, expected.shape], label);
  if (found.elementType !== "float32") return assert.deepEqual(found.values, expected.values, label);
  const scale = Math.max(1, ...numbersOf(expected).map(Math.abs));
  const difference = largestDifference(found.values as Float32Array, expected.values as Float32Array);
  assert.ok(difference <= TOLERANCE * scale, `${label}: difference ${difference}`);
}

const TRUE_FALSE: TensorData = { elementType: "bool", shape: [2], values: Uint8Array.of(1, 0) };

/** Integers and other types, of which shape arithmetic consists: op, inputs, attributes. */
const SHAPE_ARITHMETIC: readonly (readonly [unknown, readonly TensorData[], object?])[] = [
  [div, [integers([7, -7, 9, -1]), integers([2, 2, -4, 2])]],
  [div, [tensorOf("int32", [2], [7, -7]), tensorOf("int32", [1], [2])]],
  [mul, [integers([3, -4]), integers([5], [1])]],
  [add, [integers([3, -4], [2, 1]), integers([5, 6])]],
  [sub, [floats([0.1]), floats([0.3])]],
  [mod, [integers([7, -7, 7, -7]), integers([3, 3, -3, -3])]],
  [mod, [floats([7.5, -7.5]), floats([2])], { fmod: 1 }],
  [neg, [integers([3, -4])]],
  [max, [integers([3, -4]), integers([0])]],
  [min, [tensorOf("float64", [2], [3.25, -4]), tensorOf("float64", [1], [0.5])]],
  [equal, [integers([-1, 2]), integers([-1, -1])]],
  [less, [integers([-1, 2]), integers([0])]],
  [where, [TRUE_FALSE, integers([1, 2]), integers([5])]],
  [cast, [floats([2.7, -2.7, 0])], { to: 7 }],
  [cast, [floats([2.7, -2.7, 0])], { to: 9 }],
  [cast, [floats([0.1, 65504, 1e-7, -2.0009765625, 1e6])], { to: 10 }],
  [cast, [tensorOf("float16", [3], [0.1, -65504, 6e-8])], { to: 1 }],
  [round, [floats([0.5, 1.5, -2.5, 2.6])]],
  [reduceProd, [integers([3, 4, 5])], { keepdims: 0 }],
  [reduceMax, [integers([3, 9, 5])], { axes: [0] }],
  [gather, [integers([3, 4, 5]), integers([-1], [])], { axis: 0 }],
  [slice, [integers([3, 4, 5, 6])], { starts: [-1], ends: [-100], axes: [0], steps: [-2] }],
  [concat, [integers([1, 2], [1, 2]), integers([3, 4, 5, 6], [2, 2])], { axis: 0 }],
  [split, [integers([1, 2, 3])], { axis: 0, split: [1, 2] }],
  [expand, [integers([1, 2], [2, 1])], { shape: [2, 3] }],
  [range, [floats([1], []), floats([2], []), floats([0.3], [])]],
];

for (const [index, [definition, data, attributes = {}]] of SHAPE_ARITHMETIC.entries()) {
  const op = definition as OpDefinition;
  test(`${op.type} fold of row ${index} equals ONNX Runtime`, async () => {
    const graph = new Graph();
    const found = graph.apply(op, data.map((each) => graph.constant(each)), attributes);
    assert.ok(found.constant !== undefined, "it is computed while the graph is built");
    const { fold: _fold, ...unfolded } = op;
    // Range reads its inputs to know its shape.
    const values: Value[] = data.map((each, i) =>
      op === range as unknown
        ? graph.constant(each)
        : graph.input(`x${i}`, { elementType: each.elementType, shape: each.shape })
    );
    graph.output(graph.apply(unfolded, values, attributes), "y");
    assertSame(found.constant, await run(graph, data, 17), op.type);
  });
}
