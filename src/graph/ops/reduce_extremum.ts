/** The largest, the smallest, the product and norms over axes. */
import type { GradientRequest, OpDefinition, Value } from "../op.ts";
import { noGradient, noTensorRtLimit } from "../op.ts";
import { elementCount, numbersOf, type TensorData, tensorOf, type TensorType } from "../tensor_type.ts";
import { isShort } from "./constant_data.ts";
import { reducedAxes, reducedType, type Reduction, reduction, withReducedAxes } from "./reduce.ts";

type ReductionRequest = GradientRequest<readonly [Value], Reduction["attributes"]>;

/** dx = dy / (number of elements that equal y) where x = y: the gradient of the largest and the smallest over axes. */
export function shareAmongExtrema({ inputs: [x], y, attributes, dy, math }: ReductionRequest): Value {
  const chosen = math.cast(math.equal(x, withReducedAxes(math, y, x, attributes)), "float32");
  const count = math.reduceSum(chosen, { axes: reducedAxes(x, attributes), keepdims: 1 });
  return math.mul(chosen, math.div(withReducedAxes(math, dy, x, attributes), count));
}

// Over all elements of a short vector: shape arithmetic.
function foldAll(
  compute: (numbers: number[]) => number,
): (inputs: readonly [Value], attributes: Parameters<typeof reducedType>[1]) => TensorData[] | undefined {
  return ([x], attributes) => {
    if (x.constant === undefined || !isShort(x.type.shape)) return undefined;
    if (reducedAxes(x, attributes).length !== x.type.shape.length) return undefined;
    const [type] = reducedType([x], attributes) as [TensorType];
    return [tensorOf(type.elementType, type.shape, [compute(numbersOf(x.constant))])];
  };
}

/** y = the largest x over `axes` */
export const reduceMax: Reduction = {
  ...reduction,
  type: "ReduceMax",
  gradient: shareAmongExtrema,
  fold: foldAll((numbers) => Math.max(...numbers)),
};

/** y = the smallest x over `axes` */
export const reduceMin: Reduction = {
  ...reduction,
  type: "ReduceMin",
  gradient: shareAmongExtrema,
  fold: foldAll((numbers) => Math.min(...numbers)),
};

/** y = Π x over `axes`; the gradient needs every x to differ from 0 */
export const reduceProd: Reduction = {
  ...reduction,
  type: "ReduceProd",
  // dx = dy · y / x
  gradient: ({ inputs: [x], y, attributes, dy, math }) => {
    const product = withReducedAxes(math, math.mul(dy, y), x, attributes);
    return math.div(product, x);
  },
  fold: foldAll((numbers) => numbers.reduce((product, x) => product * x, 1)),
};

/** y = Σ |x| over `axes` */
export const reduceL1: Reduction = {
  ...reduction,
  type: "ReduceL1",
  // dx = dy · sign(x)
  gradient: ({ inputs: [x], attributes, dy, math }) => math.mul(withReducedAxes(math, dy, x, attributes), math.sign(x)),
};

/** y = √Σ x² over `axes` */
export const reduceL2: Reduction = {
  ...reduction,
  type: "ReduceL2",
  // dx = dy · x / y
  gradient: ({ inputs: [x], y, attributes, dy, math }) => {
    const ratio = math.div(dy, y);
    return math.mul(x, withReducedAxes(math, ratio, x, attributes));
  },
};

/** y = Σ x² over `axes` */
export const reduceSumSquare: Reduction = {
  ...reduction,
  type: "ReduceSumSquare",
  // dx = 2 dy · x
  gradient: ({ inputs: [x], attributes, dy, math }) => {
    const doubled = math.mul(dy, 2);
    return math.mul(x, withReducedAxes(math, doubled, x, attributes));
  },
};

/** y = ln Σ e^x over `axes` */
export const reduceLogSumExp: Reduction = {
  ...reduction,
  type: "ReduceLogSumExp",
  // dx = dy · e^(x − y)
  gradient: ({ inputs: [x], y, attributes, dy, math }) => {
    const share = math.exp(math.sub(x, withReducedAxes(math, y, x, attributes)));
    return math.mul(withReducedAxes(math, dy, x, attributes), share);
  },
};

/** y = the index of the largest x along `axis`, the first of equal ones unless `select_last_index` is 1 */
export const argMax: OpDefinition<readonly [Value], { axis: "int"; keepdims: "int"; select_last_index: "int" }> = {
  type: "ArgMax",
  sinceOpset: 12,
  attributes: { axis: "int", keepdims: "int", select_last_index: "int" },
  finalActivation: "argmax",
  outputTypes: ([x], { axis = 0, keepdims }) =>
    reducedType([x], { axes: [axis], keepdims }).map(({ shape }) => ({ elementType: "int64", shape })),
  flops: ([x]) => elementCount(x.type.shape),
  tensorRtLimit: ([x], _attributes, version) =>
    x.type.elementType === "int32" && version < 80600
      ? "ArgMax of int32 needs TensorRT 8.6; cast to float32"
      : noTensorRtLimit(),
  gradient: noGradient,
};
