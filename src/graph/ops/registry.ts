/** The only list of ops. */
import type { OpDefinition } from "../op.ts";
import { clip, elu, gelu, hardSigmoid, hardSwish, leakyRelu, mish, pRelu, selu, softplus } from "./activation.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { averagePool, globalAveragePool, globalMaxPool } from "./average_pool.ts";
import { and, equal, greater, greaterOrEqual, less, lessOrEqual, not, or, where, xor } from "./comparison.ts";
import { conv, convTranspose } from "./convolution.ts";
import { dropout } from "./dropout.ts";
import { cast, exp, identity, log, neg, relu, sigmoid, sign, sqrt } from "./elementwise.ts";
import { gemm } from "./gemm.ts";
import { abs, ceil, cos, erf, floor, mod, pow, reciprocal, round, sin, tanh } from "./mathematics.ts";
import { concat, expand, pad, reshape, slice, transpose } from "./movement.ts";
import { batchNormalization } from "./normalization.ts";
import { groupNormalization, instanceNormalization, layerNormalization } from "./normalization_layers.ts";
import { gatherElements, maxPool, maxUnpool, scatterElements } from "./pool.ts";
import { depthToSpace, gather, spaceToDepth, split, tile } from "./rearrangement.ts";
import { matMul, reduceMean, reduceSum } from "./reduce.ts";
import {
  argMax,
  reduceL1,
  reduceL2,
  reduceLogSumExp,
  reduceMax,
  reduceMin,
  reduceProd,
  reduceSumSquare,
} from "./reduce_extremum.ts";
import { resize, upsample } from "./resize.ts";
import { constant, constantOfShape, flatten, range, shape, size, squeeze, unsqueeze } from "./shape.ts";
import { logSoftmax, softmax } from "./softmax.ts";
import { max, mean, min, sum } from "./variadic.ts";

/** Every op that graphs can hold, in alphabetical order. */
export const OPS: readonly OpDefinition[] = [
  abs,
  add,
  and,
  argMax,
  averagePool,
  batchNormalization,
  cast,
  ceil,
  clip,
  concat,
  constant,
  constantOfShape,
  conv,
  convTranspose,
  cos,
  depthToSpace,
  div,
  dropout,
  elu,
  equal,
  erf,
  exp,
  expand,
  flatten,
  floor,
  gather,
  gatherElements,
  gelu,
  gemm,
  globalAveragePool,
  globalMaxPool,
  greater,
  greaterOrEqual,
  groupNormalization,
  hardSigmoid,
  hardSwish,
  identity,
  instanceNormalization,
  layerNormalization,
  leakyRelu,
  less,
  lessOrEqual,
  log,
  logSoftmax,
  matMul,
  max,
  maxPool,
  maxUnpool,
  mean,
  min,
  mish,
  mod,
  mul,
  neg,
  not,
  or,
  pad,
  pow,
  pRelu,
  range,
  reciprocal,
  reduceL1,
  reduceL2,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProd,
  reduceSum,
  reduceSumSquare,
  relu,
  reshape,
  resize,
  round,
  scatterElements,
  selu,
  shape,
  sigmoid,
  sign,
  sin,
  size,
  slice,
  softmax,
  softplus,
  spaceToDepth,
  split,
  sqrt,
  squeeze,
  sub,
  sum,
  tanh,
  tile,
  transpose,
  unsqueeze,
  upsample,
  where,
  xor,
] as unknown as readonly OpDefinition[];

const BY_NAME = new Map(OPS.map((op) => [opKey(op.domain ?? "", op.type), op]));

function opKey(domain: string, type: string): string {
  return domain === "" || domain === "ai.onnx" ? type : `${domain}::${type}`;
}

/** The definition of an ONNX op, or `undefined` where the project has none. */
export function findOp(domain: string, type: string): OpDefinition | undefined {
  return BY_NAME.get(opKey(domain, type));
}
