/** The matrix product of fully connected layers. */
import type { OpDefinition, Value } from "../op.ts";
import { broadcastShapes, elementCount, formatShape, sameShape, type TensorType } from "../tensor_type.ts";

/** y = alpha · A · B + beta · c; A is a or (transA) aᵀ, B is b or (transB) bᵀ; c broadcasts to y. */
export const gemm: OpDefinition<
  readonly [Value, Value, Value?],
  { alpha: "float"; beta: "float"; transA: "int"; transB: "int" }
> = {
  type: "Gemm",
  sinceOpset: 11,
  attributes: { alpha: "float", beta: "float", transA: "int", transB: "int" },
  weights: [0, 1, 2],
  outputTypes: ([a, b, c], { transA = 0, transB = 0 }) => {
    const [rows, inner] = transA === 0 ? a.type.shape : [...a.type.shape].reverse();
    const [innerB, columns] = transB === 0 ? b.type.shape : [...b.type.shape].reverse();
    if (a.type.shape.length !== 2 || b.type.shape.length !== 2 || inner !== innerB) {
      throw new RangeError(`Gemm cannot multiply ${formatShape(a.type.shape)} by ${formatShape(b.type.shape)}`);
    }
    const shape = [rows as number, columns as number];
    if (c !== undefined && !sameShape(broadcastShapes(c.type.shape, shape), shape)) {
      throw new RangeError(`Gemm cannot add ${c.name} of shape ${formatShape(c.type.shape)} to ${formatShape(shape)}`);
    }
    return [{ elementType: a.type.elementType, shape }];
  },
  flops: ([a, , c], [y], { transA = 0 }) => {
    const inner = a.type.shape[transA === 0 ? 1 : 0] as number;
    return elementCount((y as TensorType).shape) * (2 * inner + (c === undefined ? 0 : 1));
  },
  tensorRtLimit: ([a], _attributes, version) =>
    a.type.elementType.startsWith("int") && version < 100000
      ? "Gemm of integers is refused; cast to float32"
      : undefined,
  // dA = alpha · dy · Bᵀ, dB = alpha · Aᵀ · dy, dc = beta · dy
  gradient: [
    ({ inputs: [, b], attributes: { alpha = 1, transA = 0, transB = 0 }, dy, math }) =>
      transA === 0
        ? math.apply(gemm, [dy, b], { alpha, transA: 0, transB: 1 - transB })
        : math.apply(gemm, [b, dy], { alpha, transA: transB, transB: 1 }),
    ({ inputs: [a], attributes: { alpha = 1, transA = 0, transB = 0 }, dy, math }) =>
      transB === 0
        ? math.apply(gemm, [a, dy], { alpha, transA: 1 - transA, transB: 0 })
        : math.apply(gemm, [dy, a], { alpha, transA: 1, transB: transA }),
    ({ attributes: { beta = 1 }, dy, math }) => (beta === 1 ? dy : math.mul(dy, beta)),
  ],
};
