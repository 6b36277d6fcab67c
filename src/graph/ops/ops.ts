/** The only list of ops: all that a graph can hold, by name. Users of the library have it as `ops` of the entry `graph`. */
export { clip, elu, gelu, hardSigmoid, hardSwish, leakyRelu, mish, pRelu, selu, softplus } from "./activation.ts";
export { add, div, mul, sub } from "./arithmetic.ts";
export { averagePool, globalAveragePool, globalMaxPool } from "./average_pool.ts";
export { and, equal, greater, greaterOrEqual, less, lessOrEqual, not, or, where, xor } from "./comparison.ts";
export { conv, convTranspose } from "./convolution.ts";
export { dropout } from "./dropout.ts";
export { cast, exp, identity, log, neg, relu, sigmoid, sign, sqrt } from "./elementwise.ts";
export { einsum } from "./einsum.ts";
export { gemm } from "./gemm.ts";
export { abs, ceil, cos, erf, floor, mod, pow, reciprocal, round, sin, tanh } from "./mathematics.ts";
export { concat, expand, pad, reshape, slice, transpose } from "./movement.ts";
export { batchNormalization } from "./normalization.ts";
export { groupNormalization, instanceNormalization, layerNormalization } from "./normalization_layers.ts";
export { gatherElements, maxPool, maxUnpool, scatterElements } from "./pool.ts";
export { dequantizeLinear, quantizeLinear } from "./quantization.ts";
export { depthToSpace, gather, spaceToDepth, split, tile } from "./rearrangement.ts";
export { matMul, reduceMean, reduceSum } from "./reduce.ts";
export {
  argMax,
  reduceL1,
  reduceL2,
  reduceLogSumExp,
  reduceMax,
  reduceMin,
  reduceProd,
  reduceSumSquare,
} from "./reduce_extremum.ts";
export { resize, upsample } from "./resize.ts";
export { constant, constantOfShape, flatten, range, shape, size, squeeze, unsqueeze } from "./shape.ts";
export { logSoftmax, softmax } from "./softmax.ts";
export { max, mean, min, sum } from "./variadic.ts";
