/** Mathematical functions of one input, rounding, and powers. */
import type { OpDefinition, Value } from "../op.ts";
import { noGradient, noTensorRtLimit } from "../op.ts";
import { broadcastShapes, type TensorType } from "../tensor_type.ts";
import { broadcastFlops, broadcastType, mul, sub } from "./arithmetic.ts";
import { greater, where } from "./comparison.ts";
import { foldNumbers, foldUnary } from "./constant_data.ts";
import { castTo, exp, flopsPerElement, log, neg, sameType, sign, type Unary } from "./elementwise.ts";

/** y = |x| */
export const abs: Unary = {
  type: "Abs",
  sinceOpset: 6,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(1),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy · sign(x)
  gradient: ({ graph, inputs: [x], outputGradients: [dy] }) => [
    graph.apply(mul, [dy as Value, graph.apply(sign, [x])]),
  ],
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
  gradient: ({ graph, outputs: [y], outputGradients: [dy] }) => [
    graph.apply(neg, [graph.apply(mul, [graph.apply(mul, [dy as Value, y as Value]), y as Value])]),
  ],
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
  gradient: ({ graph, outputs: [y], outputGradients: [dy] }) => [
    graph.apply(mul, [
      dy as Value,
      graph.apply(sub, [graph.scalar(1), graph.apply(mul, [y as Value, y as Value])]),
    ]),
  ],
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
  gradient: ({ graph, inputs: [x], outputGradients: [dy] }) => {
    const bell = graph.apply(exp, [graph.apply(neg, [graph.apply(mul, [x, x])])]);
    return [graph.apply(mul, [dy as Value, graph.apply(mul, [bell, graph.scalar(2 / Math.sqrt(Math.PI))])])];
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
  gradient: ({ graph, inputs: [x], outputGradients: [dy] }) => [
    graph.apply(mul, [dy as Value, graph.apply(cos, [x])]),
  ],
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
  gradient: ({ graph, inputs: [x], outputGradients: [dy] }) => [
    graph.apply(neg, [graph.apply(mul, [dy as Value, graph.apply(sin, [x])])]),
  ],
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
  gradient: ({ graph, inputs: [a, b], outputs: [y], needed: [needA, needB], outputGradients: [dy] }) => {
    const exponent = castTo(graph, b, a.type.elementType);
    const slope = () =>
      graph.apply(mul, [exponent, graph.apply(pow, [a, graph.apply(sub, [exponent, graph.scalar(1)])])]);
    const logarithm = () =>
      graph.apply(where, [
        graph.apply(greater, [a, graph.scalar(0)]),
        graph.apply(log, [a]),
        graph.scalar(0),
      ]);
    const floatExponent = b.type.elementType === a.type.elementType;
    return [
      needA ? graph.apply(mul, [dy as Value, slope()]) : undefined,
      needB && floatExponent ? graph.apply(mul, [graph.apply(mul, [dy as Value, y as Value]), logarithm()]) : undefined,
    ];
  },
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
