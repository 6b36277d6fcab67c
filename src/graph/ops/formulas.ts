/** The words that rules are written in, as nodes of a graph. */
import type {
  Attributes,
  AttributeSpec,
  Formulas,
  GraphBuilder,
  Inputs,
  OpDefinition,
  Operand,
  Outputs,
  SliceRanges,
  Value,
} from "../op.ts";
import type { ElementType, TensorData } from "../tensor_type.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { equal, greater, where } from "./comparison.ts";
import { castTo, exp, log, neg, sigmoid, sign, sqrt } from "./elementwise.ts";
import { pow, tanh } from "./mathematics.ts";
import { concat, expand, pad, reshape, slice, transpose } from "./movement.ts";
import { matMul, reduceMean, reduceSum } from "./reduce.ts";
import { constantOfShape } from "./shape.ts";
import { min } from "./variadic.ts";

// JSON has neither ±∞ nor integers of 64 bits.
function exactly(_key: string, value: unknown): unknown {
  return typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value)) ? String(value) : value;
}

/** Formulas that add their nodes to `graph`; the same op on the same inputs is added once. */
export function formulas(graph: GraphBuilder): Formulas {
  return new NodeFormulas(graph);
}

interface Reduced {
  readonly axes: readonly number[];
  readonly keepdims: 0 | 1;
}

class NodeFormulas implements Formulas {
  readonly #graph: GraphBuilder;
  readonly #numbers = new Map<Value, number>();
  readonly #known = new Map<string, Outputs>();

  constructor(graph: GraphBuilder) {
    this.#graph = graph;
  }

  apply<I extends Inputs, S extends AttributeSpec, O extends Outputs>(
    op: OpDefinition<I, S, O>,
    inputs: I,
    attributes: Attributes<S> = {},
  ): Value {
    return this.applyAll(op, inputs, attributes)[0];
  }

  applyAll<I extends Inputs, S extends AttributeSpec, O extends Outputs>(
    op: OpDefinition<I, S, O>,
    inputs: I,
    attributes: Attributes<S> = {},
  ): O {
    const key = JSON.stringify([op.domain, op.type, inputs.map((input) => this.#numberOf(input)), attributes], exactly);
    const known = this.#known.get(key);
    // The key names the op, and with it the type of its outputs.
    if (known !== undefined) return known as O;
    const made = this.#graph.applyAll(op, inputs, attributes);
    this.#known.set(key, made);
    return made;
  }

  constant(data: TensorData, name?: string): Value {
    return this.#graph.constant(data, name);
  }

  scalar(value: number): Value {
    return this.#graph.scalar(value);
  }

  add(a: Operand, b: Operand): Value {
    return this.apply(add, this.#pair(a, b));
  }

  sub(a: Operand, b: Operand): Value {
    return this.apply(sub, this.#pair(a, b));
  }

  mul(a: Operand, b: Operand): Value {
    return this.apply(mul, this.#pair(a, b));
  }

  div(a: Operand, b: Operand): Value {
    return this.apply(div, this.#pair(a, b));
  }

  pow(a: Operand, b: Operand): Value {
    return this.apply(pow, this.#pair(a, b));
  }

  min(a: Operand, b: Operand): Value {
    return this.apply(min, this.#pair(a, b));
  }

  neg(x: Value): Value {
    return this.apply(neg, [x]);
  }

  exp(x: Value): Value {
    return this.apply(exp, [x]);
  }

  log(x: Value): Value {
    return this.apply(log, [x]);
  }

  sqrt(x: Value): Value {
    return this.apply(sqrt, [x]);
  }

  sign(x: Value): Value {
    return this.apply(sign, [x]);
  }

  sigmoid(x: Value): Value {
    return this.apply(sigmoid, [x]);
  }

  tanh(x: Value): Value {
    return this.apply(tanh, [x]);
  }

  equal(a: Operand, b: Operand): Value {
    return this.apply(equal, this.#pair(a, b));
  }

  greater(a: Operand, b: Operand): Value {
    return this.apply(greater, this.#pair(a, b));
  }

  where(condition: Value, a: Operand, b: Operand): Value {
    return this.apply(where, [condition, ...this.#pair(a, b)]);
  }

  cast(x: Value, elementType: ElementType): Value {
    return castTo(this, x, elementType);
  }

  reduceSum(x: Value, attributes: Reduced): Value {
    return this.apply(reduceSum, [x], attributes);
  }

  reduceMean(x: Value, attributes: Reduced): Value {
    return this.apply(reduceMean, [x], attributes);
  }

  matMul(a: Value, b: Value): Value {
    return this.apply(matMul, [a, b]);
  }

  reshape(x: Value, shape: readonly number[]): Value {
    return this.apply(reshape, [x], { shape });
  }

  expand(x: Value, shape: readonly number[]): Value {
    return this.apply(expand, [x], { shape });
  }

  transpose(x: Value, perm: readonly number[]): Value {
    return this.apply(transpose, [x], { perm });
  }

  concat(parts: readonly Value[], axis: number): Value {
    return this.apply(concat, parts, { axis });
  }

  pad(x: Value, pads: readonly number[]): Value {
    return this.apply(pad, [x], { pads });
  }

  slice(x: Value, ranges: SliceRanges): Value {
    return this.apply(slice, [x], ranges);
  }

  zeros(shape: readonly number[]): Value {
    return this.apply(constantOfShape, [], { shape });
  }

  #pair(a: Operand, b: Operand): readonly [Value, Value] {
    return [this.#valueOf(a), this.#valueOf(b)];
  }

  #valueOf(operand: Operand): Value {
    return typeof operand === "number" ? this.scalar(operand) : operand;
  }

  #numberOf(value: Value | undefined): number {
    if (value === undefined) return -1;
    const known = this.#numbers.get(value);
    if (known !== undefined) return known;
    this.#numbers.set(value, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}
