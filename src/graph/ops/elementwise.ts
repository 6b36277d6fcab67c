/** Element-wise ops with one input, and the shapes of rules that they share. */
import type { Formulas, OpDefinition, Value } from "../op.ts";
import { noFlops, noGradient, noTensorRtLimit } from "../op.ts";
import {
  elementCount,
  type ElementType,
  numbersOf,
  type TensorData,
  tensorOf,
  type TensorType,
} from "../tensor_type.ts";
import { foldUnary } from "./constant_data.ts";

/** An op with one input and no attributes. */
export type Unary = OpDefinition<readonly [Value], Record<never, never>>;

/** The output type of ops that keep their input's. */
export function sameType(inputs: readonly [Value, ...unknown[]]): TensorType[] {
  return [inputs[0].type];
}

/** The FLOP rule of element-wise ops that take `perElement` operations. */
export function flopsPerElement(perElement: number): (inputs: unknown, outputs: readonly TensorType[]) => number {
  return (_inputs, outputs) => perElement * elementCount((outputs[0] as TensorType).shape);
}

/** y = x: keeps a name or marks a place; costs nothing. */
export const identity: Unary = {
  type: "Identity",
  sinceOpset: 1,
  attributes: {},
  handsOn: true,
  outputTypes: sameType,
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  gradient: ({ dy }) => dy,
  fold: ([x]) => (x.constant === undefined ? undefined : [x.constant]),
};

/** y = max(x, 0) */
export const relu: Unary = {
  type: "Relu",
  sinceOpset: 6,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(1),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy · sign(y), since y ≥ 0
  gradient: ({ y, dy, math }) => math.mul(dy, math.sign(y)),
};

/** y = −1, 0 or 1 */
export const sign: Unary = {
  type: "Sign",
  sinceOpset: 9,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(1),
  tensorRtLimit: noTensorRtLimit,
  gradient: noGradient,
};

/** y = 1 / (1 + e^−x) */
export const sigmoid: Unary = {
  type: "Sigmoid",
  sinceOpset: 6,
  attributes: {},
  finalActivation: "sigmoid",
  outputTypes: sameType,
  flops: flopsPerElement(4),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy · y · (1 − y)
  gradient: ({ y, dy, math }) => math.mul(math.mul(dy, y), math.sub(1, y)),
};

/** y = e^x */
export const exp: Unary = {
  type: "Exp",
  sinceOpset: 6,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(1),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy · y
  gradient: ({ y, dy, math }) => math.mul(dy, y),
};

/** y = ln x */
export const log: Unary = {
  type: "Log",
  sinceOpset: 6,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(1),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy / x
  gradient: ({ inputs: [x], dy, math }) => math.div(dy, x),
};

/** y = √x */
export const sqrt: Unary = {
  type: "Sqrt",
  sinceOpset: 6,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(1),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy / 2y
  gradient: ({ y, dy, math }) => math.div(math.mul(dy, 0.5), y),
  fold: foldUnary(Math.sqrt),
};

/** y = −x */
export const neg: Unary = {
  type: "Neg",
  sinceOpset: 6,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(1),
  tensorRtLimit: noTensorRtLimit,
  // dx = −dy
  gradient: ({ dy, math }) => math.neg(dy),
  fold: foldUnary((x) => -x),
};

/** The element types of ONNX's TensorProto.DataType by number, for the `to` attribute of Cast. */
export const CAST_TYPES: Readonly<Record<number, ElementType>> = {
  1: "float32",
  2: "uint8",
  3: "int8",
  4: "uint16",
  5: "int16",
  6: "int32",
  7: "int64",
  9: "bool",
  10: "float16",
  11: "float64",
  12: "uint32",
  13: "uint64",
};

/** y = x in another element type */
export const cast: OpDefinition<readonly [Value], { to: "int"; saturate: "int" }> = {
  type: "Cast",
  sinceOpset: 6,
  attributes: { to: "int", saturate: "int" },
  // `saturate` (opset 19) speaks of float8 targets alone.
  resolve: (_inputs, { to }) => ({ to }),
  handsOn: true,
  outputTypes: ([x], attributes) => [{ elementType: castTarget(attributes), shape: x.type.shape }],
  flops: flopsPerElement(1),
  tensorRtLimit: (_inputs, attributes, version) =>
    castTarget(attributes) === "uint8" && version < 80500 ? "Cast to uint8 needs TensorRT 8.5; use int32" : undefined,
  // dx = dy, in x's type; integers pass no gradient
  gradient: ({ inputs: [x], attributes, dy, math }) => {
    const types = ["float32", "float64", "float16"];
    if (!types.includes(x.type.elementType) || !types.includes(castTarget(attributes))) return undefined;
    return castTo(math, dy, x.type.elementType);
  },
  fold: ([x], attributes) => (x.constant === undefined ? undefined : [castData(x.constant, castTarget(attributes))]),
};

/** Casts `x` to `elementType`; `x` itself where it has that type already. */
export function castTo(math: Formulas, x: Value, elementType: ElementType): Value {
  if (x.type.elementType === elementType) return x;
  return math.apply(cast, [x], { to: onnxTypeNumber(elementType) });
}

/** The number of an element type in ONNX's TensorProto.DataType. */
export function onnxTypeNumber(elementType: ElementType): number {
  const found = Object.entries(CAST_TYPES).find(([, type]) => type === elementType);
  return Number((found as [string, ElementType])[0]);
}

function castTarget(attributes: { readonly to?: number | undefined }): ElementType {
  const target = CAST_TYPES[attributes.to ?? 0];
  if (target === undefined) throw new RangeError(`Cast cannot produce ONNX element type ${attributes.to}`);
  return target;
}

/** A constant in another element type, rounded towards zero for integers as ONNX's Cast does. */
export function castData(data: TensorData, elementType: ElementType): TensorData {
  return data.elementType === elementType ? data : tensorOf(elementType, data.shape, numbersOf(data));
}
