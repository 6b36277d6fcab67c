/** The matrix product of fully connected layers. */
import type { OpDefinition, Value } from "../op.ts";
import { broadcastShapes, elementCount, formatShape, sameShape, type TensorType } from "../tensor_type.ts";
import { mul } from "./arithmetic.ts";

/** y = alpha · A · B + beta · c; A is a or (transA) aᵀ, B is b or (transB) bᵀ; c broadcasts to y. */
export const gemm: OpDefinition<
  readonly [Value, Value, Value?],
  { alpha: "float"; beta: "float"; transA: "int"; transB: "int" }
> = {
  type: "Gemm",
  sinceOpset: 11,
  attributes: { alpha: "float", beta: "float", transA: "int", transB: "int" },
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
  gradient: ({ graph, inputs: [a, b, c], attributes, needed: [needA, needB, needC], outputGradients }) => {
    const { alpha = 1, beta = 1, transA = 0, transB = 0 } = attributes;
    const dy = outputGradients[0] as Value;
    const product = (left: Value, right: Value, transposed: { transA: number; transB: number }) =>
      graph.apply(gemm, [left, right], { alpha, ...transposed });
    const da = () =>
      transA === 0 ? product(dy, b, { transA: 0, transB: 1 - transB }) : product(b, dy, { transA: transB, transB: 1 });
    const db = () =>
      transB === 0 ? product(a, dy, { transA: 1 - transA, transB: 0 }) : product(dy, a, { transA: 1, transB: transA });
    return [
      needA ? da() : undefined,
      needB ? db() : undefined,
      c === undefined || !needC ? undefined : beta === 1 ? dy : graph.apply(mul, [dy, graph.scalar(beta)]),
    ];
  },
};
