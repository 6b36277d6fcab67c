/** Sums and means over axes, and matrix products. */
import type { Formulas, OpDefinition, Value } from "../op.ts";
import { noTensorRtLimit } from "../op.ts";
import { broadcastShapes, elementCount, formatShape, normalizeAxis, type TensorType } from "../tensor_type.ts";

const reductionAttributes = { axes: "ints", keepdims: "int", noop_with_empty_axes: "int" } as const;

/** An op that reduces `axes` (absent: all) and keeps them with size 1 unless `keepdims` is 0. */
export type Reduction = OpDefinition<readonly [Value], typeof reductionAttributes>;

/** The attributes of a {@link Reduction}. */
export interface ReductionAttributes {
  readonly axes?: readonly number[] | undefined;
  readonly keepdims?: number | undefined;
  readonly noop_with_empty_axes?: number | undefined;
}

/** What every {@link Reduction} has in common but ReduceSum, whose axes became an input earlier. */
export const reduction = {
  sinceOpset: 1,
  attributes: reductionAttributes,
  attributeInputs: { axes: { position: 1, sinceOpset: 18, elementType: "int64" } },
  outputTypes: reducedType,
  resolve: resolveReduction,
  flops: inputFlops,
  tensorRtLimit: noTensorRtLimit,
} as const;

function resolveReduction(
  _inputs: readonly [Value],
  { axes, keepdims, noop_with_empty_axes = 0 }: ReductionAttributes,
): ReductionAttributes {
  if (noop_with_empty_axes !== 0 && (axes === undefined || axes.length === 0)) {
    throw new RangeError("it reduces no axis (noop_with_empty_axes); replace it by Identity");
  }
  return { axes, keepdims };
}

/** The axes that a {@link Reduction} removes, counted from the front. */
export function reducedAxes(x: Value, { axes }: ReductionAttributes): number[] {
  const rank = x.type.shape.length;
  return axes === undefined || axes.length === 0
    ? x.type.shape.map((_, i) => i)
    : axes.map((axis) => normalizeAxis(axis, rank));
}

/** Output type of a {@link Reduction}. */
export function reducedType([x]: readonly [Value], attributes: ReductionAttributes): TensorType[] {
  const axes = reducedAxes(x, attributes);
  const kept = x.type.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const shape = (attributes.keepdims ?? 1) === 0 ? kept.filter((_, axis) => !axes.includes(axis)) : kept;
  return [{ elementType: x.type.elementType, shape }];
}

/** `y` (reduced over `axes` of `x`) in the shape that broadcasts against `x`. */
export function withReducedAxes(math: Formulas, y: Value, x: Value, attributes: ReductionAttributes): Value {
  const axes = reducedAxes(x, attributes);
  return math.reshape(y, x.type.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)));
}

function inputFlops([x]: readonly [Value]): number {
  return elementCount(x.type.shape);
}

/** y = Σ x over `axes` */
export const reduceSum: Reduction = {
  ...reduction,
  type: "ReduceSum",
  attributeInputs: { axes: { position: 1, sinceOpset: 13, elementType: "int64" } },
  // dx = dy, repeated
  gradient: ({ inputs: [x], attributes, dy, math }) =>
    math.expand(withReducedAxes(math, dy, x, attributes), x.type.shape),
};

/** y = mean of x over `axes` */
export const reduceMean: Reduction = {
  ...reduction,
  type: "ReduceMean",
  // dx = dy / count, repeated
  gradient: ({ inputs: [x], y, attributes, dy, math }) => {
    const count = elementCount(x.type.shape) / elementCount(y.type.shape);
    const share = math.mul(withReducedAxes(math, dy, x, attributes), 1 / count);
    return math.expand(share, x.type.shape);
  },
};

/** y = a · b for the last two axes; the others are broadcast. Rank 2 or more. */
export const matMul: OpDefinition<readonly [Value, Value], Record<never, never>> = {
  type: "MatMul",
  sinceOpset: 1,
  attributes: {},
  weights: [0, 1],
  outputTypes: ([a, b]) => {
    const [rows, inner] = a.type.shape.slice(-2) as [number, number];
    const [innerB, columns] = b.type.shape.slice(-2) as [number, number];
    if (a.type.shape.length < 2 || b.type.shape.length < 2 || inner !== innerB) {
      throw new RangeError(`MatMul cannot multiply ${formatShape(a.type.shape)} by ${formatShape(b.type.shape)}`);
    }
    const batch = broadcastShapes(a.type.shape.slice(0, -2), b.type.shape.slice(0, -2));
    return [{ elementType: a.type.elementType, shape: [...batch, rows, columns] }];
  },
  flops: ([a], [y]) => 2 * elementCount((y as TensorType).shape) * (a.type.shape.at(-1) as number),
  tensorRtLimit: noTensorRtLimit,
  // da = dy · bᵀ, db = aᵀ · dy
  gradient: [
    ({ inputs: [, b], dy, math }) => math.matMul(dy, swapLastAxes(math, b)),
    ({ inputs: [a], dy, math }) => math.matMul(swapLastAxes(math, a), dy),
  ],
};

/** xᵀ in the last two axes. */
export function swapLastAxes(math: Formulas, x: Value): Value {
  const perm = x.type.shape.map((_, axis) => axis);
  const rank = perm.length;
  [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
  return math.transpose(x, perm);
}

/** y = matrix · x along `axis`: matrix `[m, size of the axis]`. */
export function multiplyAlongAxis(
  math: Formulas,
  x: Value,
  { matrix, axis }: { matrix: Value; axis: number },
): Value {
  const { shape } = x.type;
  const size = shape[axis] as number;
  const rows = matrix.type.shape[0] as number;
  const [before, after] = [shape.slice(0, axis), shape.slice(axis + 1)];
  if (after.every((other) => other === 1)) {
    const flat = math.reshape(x, [elementCount(before), size]);
    const product = math.matMul(flat, swapLastAxes(math, matrix));
    return math.reshape(product, [...before, rows, ...after]);
  }
  const columns = math.reshape(x, [elementCount(before), size, elementCount(after)]);
  return math.reshape(math.matMul(matrix, columns), [...before, rows, ...after]);
}
