/** Mathematical functions of one input, rounding, and powers. */
import type { OpDefinition, Value } from "../op.ts";
import { noGradient, noTensorRtLimit } from "../op.ts";
import { broadcastShapes, type TensorType } from "../tensor_type.ts";
import { broadcastFlops, broadcastType } from "./arithmetic.ts";
import { foldNumbers, foldUnary } from "./constant_data.ts";
import { flopsPerElement, sameType, type Unary } from "./elementwise.ts";

/** y = |x| */
export const abs: Unary = {
  type: "Abs",
  sinceOpset: 6,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(1),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy · sign(x)
  gradient: ({ inputs: [x], dy, math }) => math.mul(dy, math.sign(x)),
  fold: foldUnary(Math.abs),
};

/** y = 1 / x */
export const reciprocal: Unary = {
  type: "Reciprocal",
  sinceOpset: 6,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(1),
  tensorRtLimit: noTensorRtLimit,
  // dx = −dy · y²
  gradient: ({ y, dy, math }) => math.neg(math.mul(math.mul(dy, y), y)),
  fold: foldUnary((x) => 1 / x),
};

/** y = tanh x */
export const tanh: Unary = {
  type: "Tanh",
  sinceOpset: 6,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(5),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy · (1 − y²)
  gradient: ({ y, dy, math }) => math.mul(dy, math.sub(1, math.mul(y, y))),
};

/** y = 2/√π · ∫₀ˣ e^−t² dt */
export const erf: Unary = {
  type: "Erf",
  sinceOpset: 9,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(10),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy · 2/√π · e^−x²
  gradient: ({ inputs: [x], dy, math }) => {
    const bell = math.exp(math.neg(math.mul(x, x)));
    return math.mul(dy, math.mul(bell, 2 / Math.sqrt(Math.PI)));
  },
};

/** y = sin x */
export const sin: Unary = {
  type: "Sin",
  sinceOpset: 7,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(5),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy · cos x
  gradient: ({ inputs: [x], dy, math }) => math.mul(dy, math.apply(cos, [x])),
};

/** y = cos x */
export const cos: Unary = {
  type: "Cos",
  sinceOpset: 7,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(5),
  tensorRtLimit: noTensorRtLimit,
  // dx = −dy · sin x
  gradient: ({ inputs: [x], dy, math }) => math.neg(math.mul(dy, math.apply(sin, [x]))),
};

/** y = a^b, broadcast, in the element type of a */
export const pow: OpDefinition<readonly [Value, Value], Record<never, never>> = {
  type: "Pow",
  sinceOpset: 7,
  attributes: {},
  outputTypes: ([a, b]) => [{
    elementType: a.type.elementType,
    shape: broadcastShapes(a.type.shape, b.type.shape),
  }],
  flops: broadcastFlops,
  tensorRtLimit: noTensorRtLimit,
  // da = dy · b · a^(b − 1), db = dy · y · ln a, with 0 for the logarithm of what is not positive
  gradient: [
    ({ inputs: [a, b], dy, math }) => {
      const exponent = math.cast(b, a.type.elementType);
      return math.mul(dy, math.mul(exponent, math.pow(a, math.sub(exponent, 1))));
    },
    ({ inputs: [a, b], y, dy, math }) =>
      b.type.elementType === a.type.elementType
        ? math.mul(math.mul(dy, y), math.where(math.greater(a, 0), math.log(a), 0))
        : undefined,
  ],
  fold: (inputs) => foldNumbers(inputs, pow.outputTypes(inputs, {})[0] as TensorType, (a, b) => a ** b),
};

/** y = the rest of a / b: with the sign of b, or of a with `fmod` 1 */
export const mod: OpDefinition<readonly [Value, Value], { fmod: "int" }> = {
  type: "Mod",
  sinceOpset: 10,
  attributes: { fmod: "int" },
  outputTypes: broadcastType,
  flops: broadcastFlops,
  tensorRtLimit: (_inputs, _attributes, version) =>
    version < 80500 ? "Mod has no importer before TensorRT 8.5; write it as x − Floor(x / y) · y" : undefined,
  gradient: noGradient,
  fold: (inputs, { fmod = 0 }) =>
    foldNumbers(inputs, broadcastType(inputs)[0] as TensorType, (a, b) => (fmod === 0 ? ((a % b) + b) % b : a % b)),
};

const rounding = {
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(1),
  tensorRtLimit: noTensorRtLimit,
  gradient: noGradient,
} as const;

/** y = the largest integer ≤ x */
export const floor: Unary = { ...rounding, type: "Floor", sinceOpset: 6, fold: foldUnary(Math.floor) };

/** y = the smallest integer ≥ x */
export const ceil: Unary = { ...rounding, type: "Ceil", sinceOpset: 6, fold: foldUnary(Math.ceil) };

/** y = the nearest integer, ties to even */
export const round: Unary = {
  ...rounding,
  type: "Round",
  sinceOpset: 11,
  fold: foldUnary((x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x))),
};
