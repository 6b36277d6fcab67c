/** Comparisons, logic and the choice between two values. No gradient flows through a comparison. */
import type { OpDefinition, Value } from "../op.ts";
import { noGradient, noTensorRtLimit } from "../op.ts";
import { broadcastShapes, type TensorData, type TensorType } from "../tensor_type.ts";
import { type Binary, broadcastFlops, broadcastType } from "./arithmetic.ts";
import { foldNumbers } from "./constant_data.ts";
import { flopsPerElement, sameType, type Unary } from "./elementwise.ts";

function boolType(inputs: readonly [Value, Value]): TensorType[] {
  return broadcastType(inputs).map(({ shape }) => ({ elementType: "bool", shape }));
}

function logicType([a, b]: readonly [Value, Value]): TensorType[] {
  for (const { name, type } of [a, b]) {
    if (type.elementType !== "bool") throw new RangeError(`${name} must be bool: found ${type.elementType}`);
  }
  return boolType([a, b]);
}

function foldTest(
  compute: (a: number, b: number) => boolean,
): (inputs: readonly [Value, Value]) => TensorData[] | undefined {
  return (inputs) => foldNumbers(inputs, boolType(inputs)[0] as TensorType, (a, b) => Number(compute(a, b)));
}

const comparison = {
  attributes: {},
  outputTypes: boolType,
  flops: broadcastFlops,
  tensorRtLimit: noTensorRtLimit,
  gradient: noGradient,
} as const;

/** y = a > b */
export const greater: Binary = { ...comparison, type: "Greater", sinceOpset: 9, fold: foldTest((a, b) => a > b) };

/** y = a < b */
export const less: Binary = { ...comparison, type: "Less", sinceOpset: 9, fold: foldTest((a, b) => a < b) };

/** y = (a = b) */
export const equal: Binary = { ...comparison, type: "Equal", sinceOpset: 11, fold: foldTest((a, b) => a === b) };

/** y = a ≥ b */
export const greaterOrEqual: Binary = {
  ...comparison,
  type: "GreaterOrEqual",
  sinceOpset: 12,
  fold: foldTest((a, b) => a >= b),
};

/** y = a ≤ b */
export const lessOrEqual: Binary = {
  ...comparison,
  type: "LessOrEqual",
  sinceOpset: 12,
  fold: foldTest((a, b) => a <= b),
};

const logic = { ...comparison, outputTypes: logicType, sinceOpset: 7 } as const;

/** y = a and b */
export const and: Binary = { ...logic, type: "And", fold: foldTest((a, b) => a !== 0 && b !== 0) };

/** y = a or b */
export const or: Binary = { ...logic, type: "Or", fold: foldTest((a, b) => a !== 0 || b !== 0) };

/** y = either a or b */
export const xor: Binary = {
  ...logic,
  type: "Xor",
  tensorRtLimit: (_inputs, _attributes, version) =>
    version < 80400 ? "Xor has no importer before TensorRT 8.4; write it with And, Or and Not" : undefined,
  fold: foldTest((a, b) => (a !== 0) !== (b !== 0)),
};

/** y = not x */
export const not: Unary = {
  type: "Not",
  sinceOpset: 1,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(1),
  tensorRtLimit: noTensorRtLimit,
  gradient: noGradient,
  fold: ([x]) => foldNumbers([x], x.type, (value) => Number(value === 0)),
};

/** y = a where the condition holds, else b; all three broadcast */
export const where: OpDefinition<readonly [Value, Value, Value], Record<never, never>> = {
  type: "Where",
  sinceOpset: 9,
  attributes: {},
  outputTypes: ([condition, a, b]) => {
    if (condition.type.elementType !== "bool") {
      throw new RangeError(`Where needs a bool condition: ${condition.name} is ${condition.type.elementType}`);
    }
    const [{ elementType, shape }] = broadcastType([a, b]) as [TensorType];
    return [{ elementType, shape: broadcastShapes(condition.type.shape, shape) }];
  },
  flops: broadcastFlops,
  tensorRtLimit: ([, a], _attributes, version) =>
    a.type.elementType === "bool" && version < 100000
      ? "Where between bool values is refused before TensorRT 10; use And, Or and Not"
      : undefined,
  // da = dy where the condition holds, else 0; db = the rest
  gradient: [
    undefined,
    ({ inputs: [condition], dy, math }) => math.where(condition, dy, 0),
    ({ inputs: [condition], dy, math }) => math.where(condition, 0, dy),
  ],
  fold: (inputs) =>
    foldNumbers(inputs, where.outputTypes(inputs, {})[0] as TensorType, (test, a, b) => (test !== 0 ? a : b)),
};
