/** Softmax and its logarithm along one axis. */
import type { FileContext, OpDefinition, Value } from "../op.ts";
import { noTensorRtLimit } from "../op.ts";
import { elementCount, formatShape, normalizeAxis } from "../tensor_type.ts";
import { flopsPerElement, sameType } from "./elementwise.ts";

// Before opset 13 the sum went over all axes from `axis` (default 1) on.
function resolveAxis(
  [x]: readonly [Value],
  { axis }: { readonly axis?: number | undefined },
  { opset }: FileContext,
): { axis: number } {
  if (opset >= 13) return { axis: axis ?? -1 };
  const first = normalizeAxis(axis ?? 1, x.type.shape.length);
  if (elementCount(x.type.shape.slice(first + 1)) !== 1) {
    throw new RangeError(
      `before opset 13 it sums over all axes from ${first} on, here ${formatShape(x.type.shape.slice(first))}; ` +
        "export the model with opset 13",
    );
  }
  return { axis: first };
}

/** y = e^x / Σ e^x along `axis` */
export const softmax: OpDefinition<readonly [Value], { axis: "int" }> = {
  type: "Softmax",
  sinceOpset: 13,
  attributes: { axis: "int" },
  resolve: resolveAxis,
  finalActivation: "softmax",
  outputTypes: sameType,
  flops: flopsPerElement(5),
  tensorRtLimit: noTensorRtLimit,
  // dx = y · (dy − Σ dy · y)
  gradient: ({ y, attributes: { axis = -1 }, dy, math }) => {
    const product = math.mul(dy, y);
    const total = math.reduceSum(product, { axes: [axis], keepdims: 1 });
    return math.mul(y, math.sub(dy, total));
  },
};

/** y = x − ln Σ e^x along `axis` */
export const logSoftmax: OpDefinition<readonly [Value], { axis: "int" }> = {
  type: "LogSoftmax",
  sinceOpset: 13,
  attributes: { axis: "int" },
  resolve: resolveAxis,
  finalActivation: "softmax",
  outputTypes: sameType,
  flops: flopsPerElement(6),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy − e^y · Σ dy
  gradient: ({ y, attributes: { axis = -1 }, dy, math }) => {
    const total = math.reduceSum(dy, { axes: [axis], keepdims: 1 });
    return math.sub(dy, math.mul(math.exp(y), total));
  },
};
