/** Every gradient rule against ONNX Runtime: ⟨c, J·t⟩ by central difference equals ⟨Jᵀ·c, t⟩ (JAX's check_vjp). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Graph } from "../../src/graph/graph.ts";
import type { OpDefinition, Value } from "../../src/graph/op.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { OPS } from "../../src/graph/ops/registry.ts";
import { differentiate } from "../../src/graph/passes/differentiate.ts";
import { elementCount, floats, type TensorData } from "../../src/graph/tensor_type.ts";
import { Random } from "../../src/random.ts";
import { createSession, type Session } from "../../src/runtime/session.ts";
import { type Domain, OP_CASES, type OpCase } from "./op_cases.ts";

// The smallest step whose rounding errors (about 1e-7 / step) stay under the error of the difference itself (step²).
const STEP = 1e-2;
// Of float32 sums over up to 500 elements and second-order terms of the step.
const TOLERANCE = 3e-3;
// Newer ops are written into files of their own opset.
const OPSET = 17;

test("OP_CASES holds every registered op", () => {
  const covered = new Set(OP_CASES.map(({ op }) => op.type));
  assert.deepEqual(OPS.filter(({ type }) => !covered.has(type)).map(({ type }) => type), []);
});

for (const opCase of OP_CASES) {
  test(`${opCase.op.type} gradient ${opCase.title}`, () => checkGradient(opCase));
}

function sample(shape: readonly number[], domain: Domain, random: Random): Float32Array {
  const count = elementCount(shape);
  if (domain === "distinct") {
    return Float32Array.from(random.shuffle(Array.from({ length: count }, (_, i) => 0.1 * (i - count / 2))));
  }
  return Float32Array.from({ length: count }, () => {
    if (domain === "positive") return random.uniform(0.5, 2);
    if (domain === "betweenIntegers") return random.integer(10) - 5 + random.uniform(0.2, 0.8);
    if (domain === "awayFromZero") return random.uniform(0.3, 1.3) * (random.bits() % 2 === 0 ? 1 : -1);
    return random.normal();
  });
}

async function checkGradient(opCase: OpCase): Promise<void> {
  const { inputs, apply, flat } = opCase;
  if (opCase.folded === true) return checkFolded(opCase);
  const opset = Math.max(OPSET, (opCase.op as OpDefinition).sinceOpset);
  const random = new Random(7);
  const graph = new Graph();
  const values = inputs.map(({ shape, constant }, i) =>
    constant === undefined ? graph.input(`x${i}`, { elementType: "float32", shape }) : graph.constant(constant)
  );
  const wanted = values.filter((value) => value.constant === undefined);
  const y = apply(graph, values);
  graph.output(y);
  const forward = await createSession(encodeModel(graph, { opset }), { threads: 1 });
  const feeds = new Map<Value, TensorData<"float32">>();
  const tangents = new Map<Value, Float32Array>();
  values.forEach((value, i) => {
    if (value.constant !== undefined) return;
    const { shape, domain = "any" } = inputs[i] as OpCase["inputs"][number];
    feeds.set(value, floats(sample(shape, domain, random), shape));
    tangents.set(value, sample(shape, "any", random));
  });
  if (flat === true) return checkFlat(graph, y, wanted, forward, feeds);
  const cotangent = floats(sample(y.type.shape, "any", random), y.type.shape);
  const moved = async (step: number) => {
    const shifted = [...feeds].map(([value, data]) => {
      const t = tangents.get(value) as Float32Array;
      return [value.name, floats(data.values.map((x, i) => x + step * (t[i] as number)), data.shape)] as const;
    });
    const output = (await forward.run(Object.fromEntries(shifted)))[y.name] as TensorData<"float32">;
    assert.deepEqual(output.shape, [...y.type.shape], "the shape rule agrees with ONNX Runtime");
    return output.values;
  };
  const [above, below] = [await moved(STEP), await moved(-STEP)];
  const expected = cotangent.values.reduce((sum, c, i) => sum + c * ((above[i] as number) - (below[i] as number)), 0) /
    (2 * STEP);

  const seed = graph.input("cotangent", y.type);
  const gradients = differentiate(graph, new Map([[y, seed]]), wanted);
  graph.setOutputs([]);
  gradients.forEach((gradient) => graph.output(gradient as Value));
  // Without the optimizer: a rule must be right as it stands.
  const backward = await createSession(encodeModel(graph, { opset }), { threads: 1, optimization: "disabled" });
  const answers = await backward.run({
    cotangent,
    ...Object.fromEntries([...feeds].map(([value, data]) => [value.name, data])),
  });
  let found = 0;
  let scale = Math.abs(expected);
  wanted.forEach((value, i) => {
    const gradient = answers[(gradients[i] as Value).name] as TensorData<"float32">;
    assert.deepEqual(gradient.shape, [...value.type.shape], `the gradient of ${value.name} has its shape`);
    (tangents.get(value) as Float32Array).forEach((t, k) => {
      found += t * (gradient.values[k] as number);
      scale += Math.abs(t * (gradient.values[k] as number)) / Math.sqrt(gradient.values.length);
    });
  });
  assert.ok(Math.abs(found - expected) <= TOLERANCE * (1 + scale), `⟨c, J·t⟩ = ${expected}, ⟨Jᵀ·c, t⟩ = ${found}`);
}

// A rule without a gradient says so, and its shape rule still agrees with ONNX Runtime.
async function checkFlat(
  graph: Graph,
  y: Value,
  wanted: readonly Value[],
  forward: Session,
  feeds: ReadonlyMap<Value, TensorData>,
): Promise<void> {
  const output = (await forward.run(Object.fromEntries([...feeds].map(([value, data]) => [value.name, data]))))[y.name];
  assert.deepEqual([output?.elementType, output?.shape], [y.type.elementType, [...y.type.shape]]);
  const seeds = new Map([[y, graph.input("cotangent", y.type)]]);
  const fromFloats = graph.producer(y)?.inputs.some((input) => input?.type.elementType === "float32");
  if (fromFloats) assert.throws(() => differentiate(graph, seeds, wanted), /no gradient/);
  else assert.deepEqual(differentiate(graph, seeds, wanted), wanted.map(() => undefined));
}

// What the op's fold computes while the graph is built is what ONNX Runtime computes.
async function checkFolded({ op, inputs, apply }: OpCase): Promise<void> {
  const graph = new Graph();
  const values = inputs.map(({ shape, constant }, i) =>
    constant === undefined ? graph.input(`x${i}`, { elementType: "float32", shape }) : graph.constant(constant)
  );
  const built = apply(graph, values);
  assert.ok(built.constant !== undefined, `${op.type} is computed while the graph is built`);
  const { fold: _fold, ...unfolded } = op as OpDefinition;
  const node = apply(
    {
      apply: (_op: unknown, operands: Value[], attributes: object) => graph.apply(unfolded, operands, attributes),
    } as unknown as Graph,
    values,
  );
  graph.output(node);
  const session = await createSession(encodeModel(graph, { opset: OPSET }), { threads: 1, optimization: "disabled" });
  const random = new Random(7);
  const feeds = graph.inputs.map(({ name, type }) =>
    [name, floats(sample(type.shape, "any", random), type.shape)] as const
  );
  const output = (await session.run(Object.fromEntries(feeds)))[node.name];
  assert.deepEqual(output?.values, built.constant.values);
  assert.deepEqual([output?.elementType, output?.shape], [built.type.elementType, [...built.type.shape]]);
}
