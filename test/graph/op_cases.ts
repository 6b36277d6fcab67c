/** One row or more for every registered op: how to apply it, and on what inputs its gradient is checked. */
import type { Graph } from "../../src/graph/graph.ts";
import type { OpDefinition, Value } from "../../src/graph/op.ts";
import { floats, integers, type TensorData } from "../../src/graph/tensor_type.ts";
import {
  clip,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  mish,
  pRelu,
  selu,
  softplus,
} from "../../src/graph/ops/activation.ts";
import { add, div, mul, sub } from "../../src/graph/ops/arithmetic.ts";
import { averagePool, globalAveragePool, globalMaxPool } from "../../src/graph/ops/average_pool.ts";
import {
  and,
  equal,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  not,
  or,
  where,
  xor,
} from "../../src/graph/ops/comparison.ts";
import { conv, convTranspose } from "../../src/graph/ops/convolution.ts";
import { dropout } from "../../src/graph/ops/dropout.ts";
import { cast, exp, identity, log, neg, relu, sigmoid, sign, sqrt } from "../../src/graph/ops/elementwise.ts";
import { formulas } from "../../src/graph/ops/formulas.ts";
import { einsum } from "../../src/graph/ops/einsum.ts";
import { gemm } from "../../src/graph/ops/gemm.ts";
import { abs, ceil, cos, erf, floor, mod, pow, reciprocal, round, sin, tanh } from "../../src/graph/ops/mathematics.ts";
import { concat, expand, pad, reshape, slice, transpose } from "../../src/graph/ops/movement.ts";
import { batchNormalization } from "../../src/graph/ops/normalization.ts";
import {
  groupNormalization,
  instanceNormalization,
  layerNormalization,
} from "../../src/graph/ops/normalization_layers.ts";
import { gatherElements, maxPool, maxUnpool, scatterElements } from "../../src/graph/ops/pool.ts";
import { dequantizeLinear, quantizeLinear } from "../../src/graph/ops/quantization.ts";
import { depthToSpace, gather, spaceToDepth, split, tile } from "../../src/graph/ops/rearrangement.ts";
import { matMul, reduceMean, reduceSum } from "../../src/graph/ops/reduce.ts";
import {
  argMax,
  reduceL1,
  reduceL2,
  reduceLogSumExp,
  reduceMax,
  reduceMin,
  reduceProd,
  reduceSumSquare,
} from "../../src/graph/ops/reduce_extremum.ts";
import { resize, upsample } from "../../src/graph/ops/resize.ts";
import {
  constant,
  constantOfShape,
  flatten,
  range,
  shape,
  size,
  squeeze,
  unsqueeze,
} from "../../src/graph/ops/shape.ts";
import { logSoftmax, softmax } from "../../src/graph/ops/softmax.ts";
import { max, mean, min, sum } from "../../src/graph/ops/variadic.ts";

/** Where the values of an input lie: away from the places where the op has no derivative. */
export type Domain =
  | "any" // normal distribution
  | "positive" // 0.5 … 2
  | "awayFromZero" // ±(0.3 … 1.3)
  | "betweenIntegers" // integers from −5 to 4 plus 0.2 … 0.8
  | "distinct"; // a permutation of multiples of 0.1, so that no small step changes an order

/** An input of a case. */
export interface CaseInput {
  readonly shape: readonly number[];
  readonly domain?: Domain;
  /** A fixed value that no gradient is asked of. */
  readonly constant?: TensorData;
}

const CONDITION: CaseInput = {
  shape: [2, 3],
  constant: { elementType: "bool", shape: [2, 3], values: Uint8Array.of(1, 0, 0, 1, 1, 0) },
};

/** A row of the table. */
export interface OpCase {
  readonly op: { readonly type: string };
  readonly title: string;
  readonly inputs: readonly CaseInput[];
  readonly apply: (graph: Graph, inputs: readonly Value[]) => Value;
  /** True for ops through which no gradient flows: the check is then that the answer is "not differentiable". */
  readonly flat?: boolean;
  /** True for ops whose result is a constant of the graph: the check is then that it equals ONNX Runtime's. */
  readonly folded?: boolean;
  /** The opsets that have this form of the op (default: all that have the op). */
  readonly opsets?: { readonly first?: number; readonly last?: number };
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

/** A row whose inputs differ in their domains, or are fixed. */
function mixed(op: unknown, title: string, inputs: readonly CaseInput[], attributes: object = {}): OpCase {
  return { ...simple(op, title, [], attributes), inputs };
}

/** A row of an op that makes constants; it is applied without its `fold`, so that ONNX Runtime computes it. */
function folded(op: unknown, title: string, inputs: readonly CaseInput[], attributes: object = {}): OpCase {
  return { ...mixed(op, title, inputs, attributes), folded: true };
}

function flat(row: OpCase): OpCase {
  return { ...row, flat: true };
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
  flat(simple(sign, "is flat", [[2, 3]], {}, "awayFromZero")),
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
  simple(conv, "depthwise with dilations", [[2, 4, 5, 6], [4, 1, 3, 3]], {
    pads: [2, 1, 1, 2],
    dilations: [2, 1],
    group: 4,
  }),
  simple(conv, "depthwise with strides", [[2, 4, 5, 6], [4, 1, 5, 3]], {
    pads: [2, 1, 2, 1],
    strides: [2, 2],
    group: 4,
  }),
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
  flat({
    op: quantizeLinear,
    title: "is flat",
    inputs: [{ shape: [2, 3], domain: "betweenIntegers" }],
    apply: (graph, [x]) => {
      const zero = graph.constant({ elementType: "int8", shape: [], values: Int8Array.of(3) });
      const scale = graph.constant(floats([2], []));
      return graph.apply(cast, [graph.apply(quantizeLinear, [x as Value, scale, zero])], { to: 1 });
    },
  }),
  flat({
    op: dequantizeLinear,
    title: "of channels is flat in its scales",
    inputs: [{ shape: [3], domain: "positive" }],
    apply: (graph, [scales]) => {
      const x = graph.constant({ elementType: "int8", shape: [2, 3], values: Int8Array.of(1, -2, 3, 127, -128, 0) });
      const zeros = graph.constant({ elementType: "int8", shape: [3], values: Int8Array.of(0, 4, -1) });
      return graph.apply(dequantizeLinear, [x, scales as Value, zeros], { axis: -1 });
    },
  }),
  flat(mixed(scatterElements, "replacing is flat", [
    { shape: [4] },
    { shape: [2], constant: integers([1, 3]) },
    { shape: [2] },
  ], { axis: 0 })),
  {
    op: scatterElements,
    title: "adding",
    inputs: [{ shape: [4] }, { shape: [3], constant: integers([1, 1, 3]) }, { shape: [3] }],
    apply: (graph, [x, indices, updates]) =>
      graph.apply(scatterElements, [x as Value, indices as Value, updates as Value], { axis: 0, reduction: "add" }),
  },
  simple(abs, "of a matrix", [[2, 3]], {}, "awayFromZero"),
  simple(reciprocal, "of positive numbers", [[2, 3]], {}, "positive"),
  simple(tanh, "of an image", [IMAGE]),
  simple(erf, "of an image", [IMAGE]),
  simple(sin, "of a matrix", [[2, 3]]),
  simple(cos, "of a matrix", [[2, 3]]),
  simple(pow, "with broadcast exponents", [[2, 3], [3]], {}, "positive"),
  mixed(pow, "squares of any sign", [{ shape: [2, 3] }, { shape: [], constant: floats([2], []) }]),
  mixed(pow, "with an integer exponent", [{ shape: [2, 3] }, { shape: [1], constant: integers([3]) }]),
  flat(simple(mod, "is flat", [[2, 3], [3]], { fmod: 1 }, "awayFromZero")),
  flat(simple(floor, "is flat", [[2, 3]], {}, "betweenIntegers")),
  flat(simple(ceil, "is flat", [[2, 3]], {}, "betweenIntegers")),
  flat(simple(round, "is flat", [[2, 3]], {}, "awayFromZero")),
  simple(leakyRelu, "with its default slope", [IMAGE], {}, "awayFromZero"),
  simple(leakyRelu, "slope 0.2", [IMAGE], { alpha: 0.2 }, "awayFromZero"),
  simple(pRelu, "slope per channel", [IMAGE, [3, 1, 1]], {}, "awayFromZero"),
  simple(pRelu, "one slope", [IMAGE, [1]], {}, "awayFromZero"),
  simple(elu, "with its default alpha", [IMAGE], {}, "awayFromZero"),
  simple(elu, "alpha 0.5", [IMAGE], { alpha: 0.5 }, "awayFromZero"),
  simple(selu, "with its default constants", [IMAGE], {}, "awayFromZero"),
  simple(mish, "of an image", [IMAGE]),
  simple(softplus, "of an image", [IMAGE]),
  simple(hardSigmoid, "with its default bend at ±2.5", [IMAGE], { alpha: 0.25 }, "betweenIntegers"),
  simple(hardSwish, "of an image", [IMAGE], {}, "betweenIntegers"),
  simple(gelu, "exact", [IMAGE]),
  simple(gelu, "tanh", [IMAGE], { approximate: "tanh" }),
  simple(clip, "to a range", [IMAGE], { min: -1, max: 2 }, "betweenIntegers"),
  simple(clip, "from below", [IMAGE], { min: 0 }, "betweenIntegers"),
  simple(clip, "from above", [IMAGE], { max: 0 }, "betweenIntegers"),
  simple(max, "of three, broadcast", [[2, 3], [3], [2, 1]], {}, "awayFromZero"),
  simple(max, "of one", [[2, 3]]),
  simple(min, "of two, broadcast", [[2, 3], [3]], {}, "awayFromZero"),
  mixed(min, "with a constant", [{ shape: [2, 3], domain: "betweenIntegers" }, {
    shape: [],
    constant: floats([1], []),
  }]),
  simple(sum, "of three, broadcast", [[2, 3], [3], [2, 1]]),
  simple(mean, "of three, broadcast", [[2, 3], [3], [2, 1]]),
  mixed(where, "broadcast", [CONDITION, { shape: [2, 1] }, { shape: [3] }]),
  flat(simple(greater, "is flat", [[2, 3], [3]])),
  flat(simple(less, "is flat", [[2, 3], [3]])),
  flat(simple(equal, "is flat", [[2, 3], [3]])),
  flat(simple(greaterOrEqual, "is flat", [[2, 3], [3]])),
  flat(simple(lessOrEqual, "is flat", [[2, 3], [3]])),
  flat(logicCase(and)),
  flat(logicCase(or)),
  flat(logicCase(xor)),
  flat(logicCase(not)),
  simple(einsum, "of attention: queries by keys", [[2, 3, 4], [2, 3, 5]], { equation: "bci,bcj->bij" }),
  simple(einsum, "of attention: weights by values", [[2, 4, 5], [2, 3, 5]], { equation: "bij,bcj->bci" }),
  simple(einsum, "outer product", [[3], [4]], { equation: "i,j->ij" }),
  simple(einsum, "three operands", [[2, 3], [3, 4], [4]], { equation: "ab,bc,c->a" }),
  simple(einsum, "a letter of one operand alone, summed", [[2, 3, 4], [2]], { equation: "abc,a->b" }),
  simple(einsum, "transposed", [[2, 3, 4]], { equation: "abc->cab" }),
  simple(gemm, "with a bias", [[3, 4], [4, 5], [5]]),
  simple(gemm, "transposed, alpha, beta", [[4, 3], [5, 4], [3, 1]], { transA: 1, transB: 1, alpha: 0.5, beta: 2 }),
  simple(gemm, "A transposed", [[4, 3], [4, 5]], { transA: 1 }),
  simple(gemm, "B transposed", [[3, 4], [5, 4], [3, 5]], { transB: 1, beta: 0.5 }),
  simple(reduceMax, "over pixels", [IMAGE], { axes: [2, 3], keepdims: 0 }, "distinct"),
  simple(reduceMax, "over everything", [[2, 3]], {}, "distinct"),
  simple(reduceMin, "over channels", [IMAGE], { axes: [1] }, "distinct"),
  simple(reduceProd, "over an axis", [[2, 3]], { axes: [-1], keepdims: 0 }, "awayFromZero"),
  simple(reduceL1, "over an axis", [[2, 3]], { axes: [1], keepdims: 0 }, "awayFromZero"),
  simple(reduceL2, "over pixels", [IMAGE], { axes: [2, 3] }),
  simple(reduceSumSquare, "over pixels", [IMAGE], { axes: [2, 3] }),
  simple(reduceLogSumExp, "over channels", [IMAGE], { axes: [1], keepdims: 0 }),
  flat(simple(argMax, "is flat", [IMAGE], { axis: 1, keepdims: 0 }, "distinct")),
  simple(flatten, "behind the batch", [IMAGE]),
  simple(flatten, "behind the last axis", [[2, 3]], { axis: 2 }),
  simple(squeeze, "of two axes", [[1, 3, 1, 2]], { axes: [0, -2] }),
  simple(unsqueeze, "of two axes", [[3, 2]], { axes: [0, -2] }),
  simple(split, "into uneven parts", [[2, 5, 3]], { axis: 1, split: [1, 3, 1] }),
  {
    op: split,
    title: "of which two are read",
    inputs: [{ shape: [2, 6] }],
    apply: (graph, [x]) => {
      const parts = graph.applyAll(split, [x as Value], { axis: -1, split: [1, 2, 1, 2] });
      return graph.apply(concat, [parts[3] as Value, parts[1] as Value], { axis: 1 });
    },
  },
  mixed(gather, "of a matrix of indices", [{ shape: [2, 4, 3] }, {
    shape: [2, 2],
    constant: integers([0, -1, 2, 0], [2, 2]),
  }], { axis: 1 }),
  mixed(gather, "of one index", [{ shape: [2, 4] }, { shape: [], constant: integers([1], []) }], { axis: -1 }),
  simple(tile, "of two axes", [[2, 3, 2]], { repeats: [2, 1, 3] }),
  simple(depthToSpace, "DCR", [[2, 8, 2, 3]], { blocksize: 2, mode: "DCR" }),
  simple(depthToSpace, "CRD", [[2, 8, 2, 3]], { blocksize: 2, mode: "CRD" }),
  simple(spaceToDepth, "of blocks of 2", [[2, 3, 4, 6]], { blocksize: 2 }),
  simple(averagePool, "2×2", [[2, 3, 4, 6]], { kernel_shape: [2, 2], strides: [2, 2] }),
  simple(averagePool, "that leaves a rest", [IMAGE], { kernel_shape: [2, 2], strides: [2, 2] }),
  simple(averagePool, "with pads", [IMAGE], { kernel_shape: [3, 3], strides: [2, 1], pads: [1, 1, 1, 1] }),
  simple(averagePool, "counting uneven pads", [IMAGE], {
    kernel_shape: [3, 2],
    strides: [2, 2],
    pads: [1, 0, 2, 1],
    count_include_pad: 1,
  }),
  simple(averagePool, "ceil_mode", [IMAGE], { kernel_shape: [2, 3], strides: [2, 2], ceil_mode: 1 }),
  {
    ...simple(averagePool, "ceil_mode counting pads", [IMAGE], {
      kernel_shape: [3, 3],
      strides: [3, 2],
      pads: [1, 1, 1, 1],
      ceil_mode: 1,
      count_include_pad: 1,
    }),
    opsets: { last: 18 },
  },
  simple(averagePool, "auto_pad SAME_LOWER", [IMAGE], {
    kernel_shape: [2, 3],
    strides: [2, 1],
    auto_pad: "SAME_LOWER",
  }),
  simple(averagePool, "one spatial axis", [[2, 3, 7]], { kernel_shape: [3], strides: [2], pads: [1, 0] }),
  simple(globalAveragePool, "of an image", [IMAGE]),
  simple(globalMaxPool, "of an image", [IMAGE], {}, "distinct"),
  simple(instanceNormalization, "of an image", [IMAGE, [3], [3]], { epsilon: 1e-3 }),
  simple(instanceNormalization, "of a volume", [[1, 2, 3, 2, 4], [2], [2]]),
  simple(layerNormalization, "over the last axis", [[2, 3, 5], [5], [5]]),
  simple(layerNormalization, "over three axes without bias", [IMAGE, [3, 5, 6]], { axis: 1, epsilon: 1e-3 }),
  simple(groupNormalization, "two groups", [[2, 4, 3, 5], [4], [4]], { num_groups: 2, epsilon: 1e-3 }),
  simple(dropout, "keeps everything", [IMAGE]),
  ...resizeCases(),
  {
    op: upsample,
    title: "becomes Resize",
    inputs: [{ shape: [1, 2, 3, 4] }],
    apply: (graph, inputs) =>
      upsample.expand?.(formulas(graph), inputs as unknown as readonly [Value], {
        mode: "linear",
        scales: [1, 1, 2, 3],
      })[0] as Value,
  },
  folded(shape, "of an image", [{ shape: IMAGE }], { start: 1, end: -1 }),
  folded(size, "of an image", [{ shape: IMAGE }]),
  folded(constant, "of floats", [], { value_floats: [1, 2.5] }),
  folded(constant, "of a tensor", [], { value: integers([1, 2, 3, 4], [2, 2]) }),
  folded(constantOfShape, "of ones", [], { shape: [2, 3], value: integers([1]) }),
  folded(constantOfShape, "of zeros", [], { shape: [2, 3] }),
  folded(range, "downwards", [
    { shape: [], constant: integers([7], []) },
    { shape: [], constant: integers([-2], []) },
    { shape: [], constant: integers([-2], []) },
  ]),
  batchNormalizationCase("frozen", 0),
  batchNormalizationCase("training", 1),
];

function batchNormalizationCase(title: string, training: 0 | 1): OpCase {
  return {
    op: batchNormalization,
    title,
    opsets: { first: training === 1 ? 15 : 9 },
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

function logicCase(op: unknown): OpCase {
  const definition = op as OpDefinition;
  const unary = definition.type === "Not";
  return {
    op: definition,
    title: "is flat",
    inputs: unary ? [{ shape: [2, 3] }] : [{ shape: [2, 3] }, { shape: [3] }],
    apply: (graph, inputs) => {
      const positive = (x: Value) => graph.apply(greater, [x, graph.scalar(0)]);
      return graph.apply(definition, inputs.map(positive));
    },
  };
}

function resizeCases(): OpCase[] {
  const rows: OpCase[] = [];
  const row = (title: string, attributes: object, shape: readonly number[] = [1, 2, 4, 3]) =>
    rows.push(simple(resize, title, [shape], attributes));
  for (const coordinate_transformation_mode of ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]) {
    row(`linear ${coordinate_transformation_mode} by scales`, {
      mode: "linear",
      coordinate_transformation_mode,
      scales: [1, 1, 2, 1.7],
    });
    row(`linear ${coordinate_transformation_mode} to sizes`, {
      mode: "linear",
      coordinate_transformation_mode,
      sizes: [1, 2, 3, 7],
    });
    for (const nearest_mode of ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]) {
      row(`nearest ${coordinate_transformation_mode} ${nearest_mode}`, {
        mode: "nearest",
        coordinate_transformation_mode,
        nearest_mode,
        sizes: [1, 2, 3, 8],
      });
    }
  }
  for (const sizes of [[1, 2, 7, 5], [1, 2, 3, 2]]) {
    row(`cubic to ${sizes.join("×")}`, { mode: "cubic", sizes });
    row(`cubic to ${sizes.join("×")} without what is outside`, {
      ...{ mode: "cubic", sizes, cubic_coeff_a: -0.5, exclude_outside: 1 },
      coordinate_transformation_mode: "align_corners",
    });
  }
  row("nearest, twice as large", {
    scales: [1, 1, 2, 2],
    coordinate_transformation_mode: "asymmetric",
    nearest_mode: "floor",
  });
  row("nearest, three times as large by default", { scales: [1, 1, 3, 1] });
  row("linear to one pixel", {
    mode: "linear",
    coordinate_transformation_mode: "pytorch_half_pixel",
    sizes: [1, 2, 1, 1],
  });
  row("linear along one axis", { mode: "linear", scales: [1, 1, 2] }, [2, 3, 4]);
  row("linear of a volume", { mode: "linear", scales: [1, 1, 2, 2, 1.5] }, [1, 2, 2, 3, 4]);
  return rows;
}
