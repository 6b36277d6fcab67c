/** Activation functions beside Relu and Sigmoid. */
import type { Formulas, OpDefinition, Value } from "../op.ts";
import { noTensorRtLimit } from "../op.ts";
import { formatShape, sameShape } from "../tensor_type.ts";
import { broadcastType } from "./arithmetic.ts";
import { foldNumbers } from "./constant_data.ts";
import { flopsPerElement, sameType, type Unary } from "./elementwise.ts";
import { erf } from "./mathematics.ts";

/** y = x for x > 0, else alpha · x */
export const leakyRelu: OpDefinition<readonly [Value], { alpha: "float" }> = {
  type: "LeakyRelu",
  sinceOpset: 6,
  attributes: { alpha: "float" },
  outputTypes: sameType,
  flops: flopsPerElement(2),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy for x > 0, else alpha · dy
  gradient: ({ inputs: [x], attributes: { alpha = 0.01 }, dy, math }) =>
    wherePositive(math, x, dy, math.mul(dy, alpha)),
};

function wherePositive(math: Formulas, x: Value, a: Value, b: Value): Value {
  return math.where(math.greater(x, 0), a, b);
}

/** y = x for x > 0, else slope · x; the slope broadcasts to x */
export const pRelu: OpDefinition<readonly [Value, Value], Record<never, never>> = {
  type: "PRelu",
  sinceOpset: 7,
  attributes: {},
  weights: [1],
  outputTypes: ([x, slope]) => {
    const [type] = broadcastType([x, slope]);
    if (type === undefined || !sameShape(type.shape, x.type.shape)) {
      throw new RangeError(
        `PRelu slope ${slope.name} of shape ${formatShape(slope.type.shape)} does not fit ${formatShape(x.type.shape)}`,
      );
    }
    return [type];
  },
  flops: flopsPerElement(2),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy for x > 0, else slope · dy; dslope = dy · min(x, 0)
  gradient: [
    ({ inputs: [x, slope], dy, math }) => wherePositive(math, x, dy, math.mul(dy, slope)),
    ({ inputs: [x], dy, math }) => math.mul(dy, math.min(x, 0)),
  ],
};

/** y = x for x > 0, else alpha · (e^x − 1) */
export const elu: OpDefinition<readonly [Value], { alpha: "float" }> = {
  type: "Elu",
  sinceOpset: 6,
  attributes: { alpha: "float" },
  outputTypes: sameType,
  flops: flopsPerElement(3),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy for x > 0, else dy · (y + alpha)
  gradient: ({ inputs: [x], y, attributes: { alpha = 1 }, dy, math }) =>
    wherePositive(
      math,
      x,
      dy,
      math.mul(dy, math.add(y, alpha)),
    ),
};

/** y = ln(1 + e^x) */
export const softplus: Unary = {
  type: "Softplus",
  sinceOpset: 1,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(3),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy / (1 + e^−x)
  gradient: ({ inputs: [x], dy, math }) => math.mul(dy, math.sigmoid(x)),
};

/** y = x · tanh(ln(1 + e^x)) */
export const mish: Unary = {
  type: "Mish",
  sinceOpset: 18,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(9),
  tensorRtLimit: (_inputs, _attributes, version) =>
    version < 100000 ? "Mish has no importer before TensorRT 10; write it as x · Tanh(Softplus(x))" : undefined,
  // dx = dy · (t + x · (1 − t²) / (1 + e^−x)) with t = tanh(ln(1 + e^x))
  gradient: ({ inputs: [x], dy, math }) => {
    const t = math.tanh(math.apply(softplus, [x]));
    const slope = math.sub(1, math.mul(t, t));
    const along = math.mul(math.mul(x, slope), math.sigmoid(x));
    return math.mul(dy, math.add(t, along));
  },
  expand: (math, [x]) => [math.mul(x, math.tanh(math.apply(softplus, [x])))],
};

/** y = gamma · (x for x > 0, else alpha · (e^x − 1)) */
export const selu: OpDefinition<readonly [Value], { alpha: "float"; gamma: "float" }> = {
  type: "Selu",
  sinceOpset: 6,
  attributes: { alpha: "float", gamma: "float" },
  outputTypes: sameType,
  flops: flopsPerElement(4),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy · gamma for x > 0, else dy · (y + gamma · alpha)
  gradient: ({ inputs: [x], y, attributes, dy, math }) => {
    const { alpha = 1.6732632423543772, gamma = 1.0507009873554805 } = attributes;
    const below = math.add(y, gamma * alpha);
    const above = math.mul(dy, gamma);
    return wherePositive(math, x, above, math.mul(dy, below));
  },
};

/** y = alpha · x + beta, cut to 0 … 1 */
export const hardSigmoid: OpDefinition<readonly [Value], { alpha: "float"; beta: "float" }> = {
  type: "HardSigmoid",
  sinceOpset: 6,
  attributes: { alpha: "float", beta: "float" },
  outputTypes: sameType,
  flops: flopsPerElement(4),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy · alpha where 0 < y < 1
  gradient: ({ y, attributes: { alpha = 0.2 }, dy, math }) => math.mul(math.mul(dy, alpha), insideUnit(math, y)),
};

// 1 where 0 < y < 1, 0 where y is 0 or 1.
function insideUnit(math: Formulas, y: Value): Value {
  return math.sign(math.mul(y, math.sub(1, y)));
}

/** y = x · h with h = x / 6 + 1/2, cut to 0 … 1 */
export const hardSwish: Unary = {
  type: "HardSwish",
  sinceOpset: 14,
  attributes: {},
  outputTypes: sameType,
  flops: flopsPerElement(5),
  tensorRtLimit: (_inputs, _attributes, version) =>
    version < 80400 ? "HardSwish has no importer before TensorRT 8.4; write it as x · HardSigmoid(x)" : undefined,
  // dx = dy · (h + x / 6 where 0 < h < 1)
  gradient: ({ inputs: [x], dy, math }) => {
    const h = hardGate(math, x);
    const slope = math.mul(math.mul(x, 1 / 6), insideUnit(math, h));
    return math.mul(dy, math.add(h, slope));
  },
  expand: (math, [x]) => [math.mul(x, hardGate(math, x))],
};

function hardGate(math: Formulas, x: Value): Value {
  return math.apply(hardSigmoid, [x], { alpha: 1 / 6, beta: 0.5 });
}

const GELU_CUBIC = 0.044715;

/** y = x · Φ(x) with the normal distribution Φ; approximate "tanh": Φ(x) ≈ (1 + tanh(√(2/π) · (x + 0.044715 x³))) / 2 */
export const gelu: OpDefinition<readonly [Value], { approximate: "string" }> = {
  type: "Gelu",
  sinceOpset: 20,
  attributes: { approximate: "string" },
  outputTypes: sameType,
  flops: flopsPerElement(14),
  tensorRtLimit: (_inputs, _attributes, version) =>
    version < 100000 ? "Gelu has no importer before TensorRT 10; write it with Erf" : undefined,
  // dx = dy · (Φ + x · Φ′); exact: Φ′ = e^(−x²/2) / √(2π);  tanh: Φ′ = (1 − t²) / 2 · √(2/π) · (1 + 3 · 0.044715 x²)
  gradient: ({ inputs: [x], attributes: { approximate = "none" }, dy, math }) => {
    const square = math.mul(x, x);
    const share = normalShare(math, x, approximate);
    let density = math.mul(math.exp(math.mul(square, -0.5)), 1 / Math.sqrt(2 * Math.PI));
    if (approximate === "tanh") {
      // (1 − t²) / 2 = 2 Φ (1 − Φ)
      const slope = math.mul(share, math.add(math.neg(share), 1));
      density = math.mul(
        math.mul(slope, 2 * Math.sqrt(2 / Math.PI)),
        math.add(math.mul(square, 3 * GELU_CUBIC), 1),
      );
    }
    return math.mul(dy, math.add(share, math.mul(x, density)));
  },
  expand: (math, [x], { approximate = "none" }) => [math.mul(x, normalShare(math, x, approximate))],
};

// Φ(x)
function normalShare(math: Formulas, x: Value, approximate: string): Value {
  const half = (a: Value) => math.mul(math.add(a, 1), 0.5);
  if (approximate !== "tanh") return half(math.apply(erf, [math.mul(x, Math.SQRT1_2)]));
  const cube = math.mul(math.mul(x, x), math.mul(x, GELU_CUBIC));
  return half(math.tanh(math.mul(math.add(x, cube), Math.sqrt(2 / Math.PI))));
}

/** y = x cut to min … max; either bound may be absent */
export const clip: OpDefinition<readonly [Value], { min: "float"; max: "float" }> = {
  type: "Clip",
  sinceOpset: 6,
  attributes: { min: "float", max: "float" },
  attributeInputs: {
    min: { position: 1, sinceOpset: 11, elementType: "float", scalar: true },
    max: { position: 2, sinceOpset: 11, elementType: "float", scalar: true },
  },
  outputTypes: sameType,
  flops: flopsPerElement(2),
  tensorRtLimit: ([x], _attributes, version) =>
    x.type.elementType === "float16" && version < 80400
      ? "Clip reads float16 bounds as float32 before TensorRT 8.4; export float32 and build with --fp16"
      : undefined,
  // dx = dy where x was kept
  gradient: ({ inputs: [x], y, dy, math }) => math.where(math.equal(x, y), dy, 0),
  fold: ([x], { min = -Infinity, max = Infinity }) =>
    foldNumbers([x], x.type, (value) => Math.min(Math.max(value, min), max)),
};
