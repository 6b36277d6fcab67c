/** Softmax and its logarithm along one axis. */
import type { OpDefinition, Value } from "../op.ts";
import { noTensorRtLimit } from "../op.ts";
import { mul, sub } from "./arithmetic.ts";
import { exp, flopsPerElement, sameType } from "./elementwise.ts";
import { reduceSum } from "./reduce.ts";

/** y = e^x / Σ e^x along `axis` */
export const softmax: OpDefinition<readonly [Value], { axis: "int" }> = {
  type: "Softmax",
  sinceOpset: 13,
  attributes: { axis: "int" },
  outputTypes: sameType,
  flops: flopsPerElement(5),
  tensorRtLimit: noTensorRtLimit,
  // dx = y · (dy − Σ dy · y)
  gradient: ({ graph, outputs: [y], attributes: { axis = -1 }, outputGradients: [dy] }) => {
    const product = graph.apply(mul, [dy as Value, y as Value]);
    const total = graph.apply(reduceSum, [product], { axes: [axis], keepdims: 1 });
    return [graph.apply(mul, [y as Value, graph.apply(sub, [dy as Value, total])])];
  },
};

/** y = x − ln Σ e^x along `axis` */
export const logSoftmax: OpDefinition<readonly [Value], { axis: "int" }> = {
  type: "LogSoftmax",
  sinceOpset: 13,
  attributes: { axis: "int" },
  outputTypes: sameType,
  flops: flopsPerElement(6),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy − e^y · Σ dy
  gradient: ({ graph, outputs: [y], attributes: { axis = -1 }, outputGradients: [dy] }) => {
    const total = graph.apply(reduceSum, [dy as Value], { axes: [axis], keepdims: 1 });
    return [graph.apply(sub, [dy as Value, graph.apply(mul, [graph.apply(exp, [y as Value]), total])])];
  },
};
