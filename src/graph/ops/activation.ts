/** Activation functions beside Relu and Sigmoid. */
import type { GraphBuilder, OpDefinition, Value } from "../op.ts";
import { noTensorRtLimit } from "../op.ts";
import { formatShape, sameShape } from "../tensor_type.ts";
import { add, broadcastType, mul, sub } from "./arithmetic.ts";
import { equal, greater, where } from "./comparison.ts";
import { foldNumbers } from "./constant_data.ts";
import { exp, flopsPerElement, neg, sameType, sigmoid, sign, type Unary } from "./elementwise.ts";
import { erf, tanh } from "./mathematics.ts";
import { min } from "./variadic.ts";

/** y = x for x > 0, else alpha · x */
export const leakyRelu: OpDefinition<readonly [Value], { alpha: "float" }> = {
  type: "LeakyRelu",
  sinceOpset: 6,
  attributes: { alpha: "float" },
  outputTypes: sameType,
  flops: flopsPerElement(2),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy for x > 0, else alpha · dy
  gradient: ({ graph, inputs: [x], attributes: { alpha = 0.01 }, outputGradients: [dy] }) => [
    wherePositive(graph, x, dy as Value, graph.apply(mul, [dy as Value, graph.scalar(alpha)])),
  ],
};

function wherePositive(graph: GraphBuilder, x: Value, a: Value, b: Value): Value {
  return graph.apply(where, [graph.apply(greater, [x, graph.scalar(0)]), a, b]);
}

/** y = x for x > 0, else slope · x; the slope broadcasts to x */
export const pRelu: OpDefinition<readonly [Value, Value], Record<never, never>> = {
  type: "PRelu",
  sinceOpset: 7,
  attributes: {},
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
  gradient: ({ graph, inputs: [x, slope], needed: [needX, needSlope], outputGradients: [dy] }) => [
    needX ? wherePositive(graph, x, dy as Value, graph.apply(mul, [dy as Value, slope])) : undefined,
    needSlope ? graph.apply(mul, [dy as Value, graph.apply(min, [x, graph.scalar(0)])]) : undefined,
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
  gradient: ({ graph, inputs: [x], outputs: [y], attributes: { alpha = 1 }, outputGradients: [dy] }) => [
    wherePositive(
      graph,
      x,
      dy as Value,
      graph.apply(mul, [dy as Value, graph.apply(add, [y as Value, graph.scalar(alpha)])]),
    ),
  ],
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
  gradient: ({ graph, inputs: [x], outputGradients: [dy] }) => [
    graph.apply(mul, [dy as Value, graph.apply(sigmoid, [x])]),
  ],
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
  gradient: ({ graph, inputs: [x], outputGradients: [dy] }) => {
    const t = graph.apply(tanh, [graph.apply(softplus, [x])]);
    const slope = graph.apply(sub, [graph.scalar(1), graph.apply(mul, [t, t])]);
    const along = graph.apply(mul, [graph.apply(mul, [x, slope]), graph.apply(sigmoid, [x])]);
    return [graph.apply(mul, [dy as Value, graph.apply(add, [t, along])])];
  },
  expand: (graph, [x]) => [graph.apply(mul, [x, graph.apply(tanh, [graph.apply(softplus, [x])])])],
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
  gradient: ({ graph, inputs: [x], outputs: [y], attributes, outputGradients: [dy] }) => {
    const { alpha = 1.6732632423543772, gamma = 1.0507009873554805 } = attributes;
    const below = graph.apply(add, [y as Value, graph.scalar(gamma * alpha)]);
    const above = graph.apply(mul, [dy as Value, graph.scalar(gamma)]);
    return [wherePositive(graph, x, above, graph.apply(mul, [dy as Value, below]))];
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
  gradient: ({ graph, outputs: [y], attributes: { alpha = 0.2 }, outputGradients: [dy] }) => [
    graph.apply(mul, [graph.apply(mul, [dy as Value, graph.scalar(alpha)]), insideUnit(graph, y as Value)]),
  ],
};

// 1 where 0 < y < 1, 0 where y is 0 or 1.
function insideUnit(graph: GraphBuilder, y: Value): Value {
  return graph.apply(sign, [graph.apply(mul, [y, graph.apply(sub, [graph.scalar(1), y])])]);
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
  gradient: ({ graph, inputs: [x], outputGradients: [dy] }) => {
    const h = hardGate(graph, x);
    const slope = graph.apply(mul, [graph.apply(mul, [x, graph.scalar(1 / 6)]), insideUnit(graph, h)]);
    return [graph.apply(mul, [dy as Value, graph.apply(add, [h, slope])])];
  },
  expand: (graph, [x]) => [graph.apply(mul, [x, hardGate(graph, x)])],
};

function hardGate(graph: GraphBuilder, x: Value): Value {
  return graph.apply(hardSigmoid, [x], { alpha: 1 / 6, beta: 0.5 });
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
  gradient: ({ graph, inputs: [x], attributes: { approximate = "none" }, outputGradients: [dy] }) => {
    const times = (a: Value, factor: number) => graph.apply(mul, [a, graph.scalar(factor)]);
    const plus = (a: Value, term: number) => graph.apply(add, [a, graph.scalar(term)]);
    const square = graph.apply(mul, [x, x]);
    const share = normalShare(graph, x, approximate);
    let density = times(graph.apply(exp, [times(square, -0.5)]), 1 / Math.sqrt(2 * Math.PI));
    if (approximate === "tanh") {
      // (1 − t²) / 2 = 2 Φ (1 − Φ)
      const slope = graph.apply(mul, [share, plus(graph.apply(neg, [share]), 1)]);
      density = graph.apply(mul, [
        times(slope, 2 * Math.sqrt(2 / Math.PI)),
        plus(times(square, 3 * GELU_CUBIC), 1),
      ]);
    }
    return [graph.apply(mul, [dy as Value, graph.apply(add, [share, graph.apply(mul, [x, density])])])];
  },
  expand: (graph, [x], { approximate = "none" }) => [graph.apply(mul, [x, normalShare(graph, x, approximate)])],
};

// Φ(x)
function normalShare(graph: GraphBuilder, x: Value, approximate: string): Value {
  const times = (a: Value, factor: number) => graph.apply(mul, [a, graph.scalar(factor)]);
  const half = (a: Value) => times(graph.apply(add, [a, graph.scalar(1)]), 0.5);
  if (approximate !== "tanh") return half(graph.apply(erf, [times(x, Math.SQRT1_2)]));
  const cube = graph.apply(mul, [graph.apply(mul, [x, x]), times(x, GELU_CUBIC)]);
  return half(graph.apply(tanh, [times(graph.apply(add, [x, cube]), Math.sqrt(2 / Math.PI))]));
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
  gradient: ({ graph, inputs: [x], outputs: [y], outputGradients: [dy] }) => [
    graph.apply(where, [graph.apply(equal, [x, y as Value]), dy as Value, graph.scalar(0)]),
  ],
  fold: ([x], { min = -Infinity, max = Infinity }) =>
    foldNumbers([x], x.type, (value) => Math.min(Math.max(value, min), max)),
};
