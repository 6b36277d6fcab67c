import assert from "node:assert/strict";
import { test } from "node:test";
import { Graph } from "../../src/graph/graph.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { cast, neg } from "../../src/graph/ops/elementwise.ts";
import { ELEMENT_ARRAYS, type ElementType, numbersOf, type TensorData, tensorOf } from "../../src/graph/tensor_type.ts";
import { createSession } from "../../src/runtime/session.ts";

/** A session that negates its input, and gives it as float32 too. */
async function negation(elementType: ElementType) {
  const graph = new Graph();
  const x = graph.input("x", { elementType, shape: [4] });
  graph.output(graph.apply(cast, [x], { to: 1 }), "single");
  graph.output(graph.apply(neg, [x], {}), "negated");
  return await createSession(encodeModel(graph, { opset: 13, graphName: "negation" }), { threads: 1 });
}

const NUMBERS = [0.5, -2, 65504, 2 ** -24];

test("run() of a session takes and gives float16 as raw bits in every JavaScript engine", async () => {
  const session = await negation("float16");
  try {
    const x = tensorOf("float16", [4], NUMBERS);
    const { single, negated } = await session.run({ x });
    assert.deepEqual(single, tensorOf("float32", [4], NUMBERS));
    assert.deepEqual(negated, tensorOf("float16", [4], NUMBERS.map((number) => -number)));
  } finally {
    await session.release();
  }
});

test("bind() and run() of a session write float16 and other types in place", async () => {
  for (const elementType of ["float16", "float32", "float64", "int8", "int64"] as const) {
    const session = await negation(elementType);
    try {
      const whole = [3, -2, 100, 5];
      const x = tensorOf(elementType, [4], whole);
      const zeros = (type: ElementType): TensorData =>
        ({ elementType: type, shape: [4], values: new ELEMENT_ARRAYS[type](4) }) as TensorData;
      const [single, negated] = [zeros("float32"), zeros(elementType)];
      const expected = (numbers: readonly number[]) => tensorOf(elementType, [4], numbers.map((number) => -number));
      await session.run({ x }, { single, negated });
      assert.deepEqual(numbersOf(negated), numbersOf(expected(whole)), elementType);
      const runs = session.bind({ x }, { single, negated });
      const other = [1, 2, -3, 4];
      x.values.set(tensorOf(elementType, [4], other).values as never);
      await runs();
      assert.deepEqual(numbersOf(negated), numbersOf(expected(other)), elementType);
      assert.deepEqual(numbersOf(single), other, elementType);
    } finally {
      await session.release();
    }
  }
});
