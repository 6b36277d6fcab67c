/** One row or more for every registered op: how to apply it, and on what inputs its gradient is checked. */
import type { Graph } from "../../src/graph/graph.ts";
import type { OpDefinition, Value } from "../../src/graph/op.ts";
import { integers, type TensorData } from "../../src/graph/tensor_type.ts";
import { add, div, mul, sub } from "../../src/graph/ops/arithmetic.ts";
import { conv, convTranspose } from "../../src/graph/ops/convolution.ts";
import { cast, exp, identity, log, neg, relu, sigmoid, sign, sqrt } from "../../src/graph/ops/elementwise.ts";
import { concat, expand, pad, reshape, slice, transpose } from "../../src/graph/ops/movement.ts";
import { batchNormalization } from "../../src/graph/ops/normalization.ts";
import { gatherElements, maxPool, maxUnpool, scatterElements } from "../../src/graph/ops/pool.ts";
import { matMul, reduceMean, reduceSum } from "../../src/graph/ops/reduce.ts";
import { logSoftmax, softmax } from "../../src/graph/ops/softmax.ts";

/** Where the values of an input lie: away from the places where the op has no derivative. */
export type Domain =
  | "any" // normal distribution
  | "positive" // 0.5 … 2
  | "awayFromZero" // ±(0.3 … 1.3)
  | "distinct"; // a permutation of multiples of 0.1, so that no small step changes an order

/** An input of a case. */
export interface CaseInput {
  readonly shape: readonly number[];
  readonly domain?: Domain;
  /** A fixed value that no gradient is asked of. */
  readonly constant?: TensorData;
}

/** A row of the table. */
export interface OpCase {
  readonly op: { readonly type: string };
  readonly title: string;
  readonly inputs: readonly CaseInput[];
  readonly apply: (graph: Graph, inputs: readonly Value[]) => Value;
  /** True for ops through which no gradient flows: the check is then that the answer is "not differentiable". */
  readonly flat?: boolean;
}

type Shapes = readonly (readonly number[])[];

function simple(op: unknown, title: string, shapes: Shapes, attributes: object = {}, domain: Domain = "any"): OpCase {
  const definition = op as OpDefinition;
  return {
    op: definition,
    title,
    inputs: shapes.map((shape) => ({ shape, domain })),
    apply: (graph, inputs) => graph.apply(definition, inputs, attributes as Record<string, never>),
  };
}

const IMAGE = [2, 3, 5, 6];

export const OP_CASES: readonly OpCase[] = [
  simple(add, "same shape", [[2, 3], [2, 3]]),
  simple(add, "broadcast both ways", [[2, 1, 3], [4, 1]]),
  simple(sub, "broadcast", [[2, 3], [3]]),
  simple(mul, "broadcast", [[2, 3], [2, 1]]),
  simple(div, "broadcast", [[2, 3], [3]], {}, "positive"),
  simple(identity, "of a matrix", [[2, 3]]),
  simple(relu, "of an image", [IMAGE], {}, "awayFromZero"),
  simple(sigmoid, "of an image", [IMAGE]),
  simple(exp, "of a matrix", [[2, 3]]),
  simple(log, "of positive numbers", [[2, 3]], {}, "positive"),
  simple(sqrt, "of positive numbers", [[2, 3]], {}, "positive"),
  simple(neg, "of a matrix", [[2, 3]]),
  { ...simple(sign, "is flat", [[2, 3]], {}, "awayFromZero"), flat: true },
  simple(cast, "float32 to float32", [[2, 3]], { to: 1 }),
  simple(reshape, "to a matrix", [IMAGE], { shape: [6, 30] }),
  simple(transpose, "of four axes", [IMAGE], { perm: [2, 0, 3, 1] }),
  simple(transpose, "reversed by default", [[2, 3, 4]]),
  simple(concat, "along channels", [[2, 1, 3], [2, 2, 3], [2, 3, 3]], { axis: 1 }),
  simple(slice, "of ranges", [IMAGE], { starts: [1, -4], ends: [3, 100], axes: [1, 3] }),
  simple(slice, "with steps", [IMAGE], { starts: [1, 5], ends: [5, -7], axes: [2, 3], steps: [2, -2] }),
  simple(pad, "with zeros and crops", [IMAGE], { pads: [0, 0, 1, -1, 0, 0, -2, 2] }),
  simple(pad, "reflect", [[2, 5, 4]], { mode: "reflect", pads: [0, 2, 1, 0, 1, 2] }),
  simple(pad, "edge", [[2, 3, 4]], { mode: "edge", pads: [0, 2, 1, 0, 1, 2] }),
  simple(expand, "of two axes", [[3, 1, 2]], { shape: [2, 3, 4, 2] }),
  simple(reduceSum, "over pixels", [IMAGE], { axes: [2, 3], keepdims: 0 }),
  simple(reduceSum, "over everything", [[2, 3]], { keepdims: 0 }),
  simple(reduceMean, "over batch and pixels", [IMAGE], { axes: [0, 2, -1] }),
  simple(matMul, "of batches", [[2, 3, 4], [2, 4, 5]]),
  simple(matMul, "of a batch and a matrix", [[2, 3, 4], [4, 5]]),
  simple(softmax, "over channels", [IMAGE], { axis: 1 }),
  simple(logSoftmax, "over channels", [IMAGE], { axis: 1 }),
  simple(conv, "3×3 with bias", [IMAGE, [4, 3, 3, 3], [4]], { pads: [1, 1, 1, 1] }),
  simple(conv, "1×1", [IMAGE, [4, 3, 1, 1]]),
  simple(conv, "of one image without padding", [[1, 3, 5, 6], [4, 3, 3, 2]]),
  simple(conv, "uneven pads and dilations", [[2, 3, 7, 8], [4, 3, 3, 2]], { pads: [2, 0, 1, 3], dilations: [2, 3] }),
  simple(conv, "strides that leave a rest", [[2, 3, 8, 7], [4, 3, 3, 3]], { strides: [2, 3], pads: [1, 1, 1, 1] }),
  simple(conv, "stride 2, kernel 2", [[2, 3, 6, 4], [4, 3, 2, 2]], { strides: [2, 2] }),
  simple(conv, "groups", [[2, 4, 5, 6], [6, 2, 3, 3]], { pads: [1, 1, 1, 1], group: 2 }),
  simple(conv, "depthwise", [[2, 4, 5, 6], [4, 1, 3, 3]], { pads: [1, 1, 1, 1], group: 4 }),
  simple(conv, "auto_pad SAME_UPPER", [[2, 3, 5, 6], [4, 3, 2, 3]], { auto_pad: "SAME_UPPER", strides: [2, 1] }),
  simple(conv, "one spatial axis", [[2, 3, 7], [4, 3, 3]], { pads: [1, 1] }),
  simple(conv, "three spatial axes", [[1, 2, 4, 3, 5], [3, 2, 3, 2, 3]], { pads: [1, 0, 1, 1, 1, 1] }),
  simple(convTranspose, "2×2 stride 2 with bias", [[2, 3, 4, 5], [3, 4, 2, 2], [4]], { strides: [2, 2] }),
  simple(convTranspose, "4×4 stride 2 pad 1", [[2, 3, 4, 5], [3, 4, 4, 4]], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  simple(convTranspose, "output padding", [[2, 3, 4, 5], [3, 4, 3, 3]], {
    strides: [2, 3],
    pads: [1, 1, 1, 1],
    output_padding: [1, 2],
  }),
  simple(convTranspose, "groups and dilations", [[2, 4, 4, 5], [4, 3, 3, 2]], { group: 2, dilations: [1, 2] }),
  simple(maxPool, "2×2", [[2, 3, 4, 6]], { kernel_shape: [2, 2], strides: [2, 2] }, "distinct"),
  simple(maxPool, "2×2 that leaves a rest", [IMAGE], { kernel_shape: [2, 2], strides: [2, 2] }, "distinct"),
  simple(maxPool, "overlapping with pads", [IMAGE], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  }, "distinct"),
  simple(maxPool, "ceil_mode", [IMAGE], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }, "distinct"),
  {
    op: maxUnpool,
    title: "to given places",
    inputs: [{ shape: [1, 1, 1, 2] }, { shape: [1, 1, 1, 2], constant: integers([1, 6], [1, 1, 1, 2]) }],
    apply: (graph, [x, indices]) =>
      graph.apply(maxUnpool, [x as Value, indices as Value], {
        kernel_shape: [2, 2],
        strides: [2, 2],
        output_shape: [1, 1, 2, 4],
      }),
  },
  {
    op: gatherElements,
    title: "along an axis",
    inputs: [{ shape: [3, 2] }, { shape: [2, 2], constant: integers([2, 0, 2, 1], [2, 2]) }],
    apply: (graph, [x, indices]) => graph.apply(gatherElements, [x as Value, indices as Value], { axis: 0 }),
  },
  {
    op: scatterElements,
    title: "adding",
    inputs: [{ shape: [4] }, { shape: [3], constant: integers([1, 1, 3]) }, { shape: [3] }],
    apply: (graph, [x, indices, updates]) =>
      graph.apply(scatterElements, [x as Value, indices as Value, updates as Value], { axis: 0, reduction: "add" }),
  },
  batchNormalizationCase("frozen", 0),
  batchNormalizationCase("training", 1),
];

function batchNormalizationCase(title: string, training: 0 | 1): OpCase {
  return {
    op: batchNormalization,
    title,
    inputs: [
      { shape: IMAGE },
      { shape: [3], domain: "positive" },
      { shape: [3] },
      { shape: [3], constant: { elementType: "float32", shape: [3], values: Float32Array.of(0.1, -0.2, 0.3) } },
      { shape: [3], constant: { elementType: "float32", shape: [3], values: Float32Array.of(0.5, 1.5, 0.8) } },
    ],
    apply: (graph, inputs) =>
      graph.apply(batchNormalization, inputs as unknown as readonly [Value, Value, Value, Value, Value], {
        epsilon: 1e-3,
        ...(training === 1 ? { momentum: 0, training_mode: 1 } : {}),
      }),
  };
}
