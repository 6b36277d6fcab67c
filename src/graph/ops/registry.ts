/** The only list of ops. */
import type { OpDefinition } from "../op.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { conv, convTranspose } from "./convolution.ts";
import { cast, exp, identity, log, neg, relu, sigmoid, sign, sqrt } from "./elementwise.ts";
import { concat, expand, pad, reshape, slice, transpose } from "./movement.ts";
import { batchNormalization } from "./normalization.ts";
import { gatherElements, maxPool, maxUnpool, scatterElements } from "./pool.ts";
import { matMul, reduceMean, reduceSum } from "./reduce.ts";
import { logSoftmax, softmax } from "./softmax.ts";

/** Every op that graphs can hold, in alphabetical order. */
export const OPS: readonly OpDefinition[] = [
  add,
  batchNormalization,
  cast,
  concat,
  conv,
  convTranspose,
  div,
  exp,
  expand,
  gatherElements,
  identity,
  log,
  logSoftmax,
  matMul,
  maxPool,
  maxUnpool,
  mul,
  neg,
  pad,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  scatterElements,
  sigmoid,
  sign,
  slice,
  softmax,
  sqrt,
  sub,
  transpose,
] as unknown as readonly OpDefinition[];

const BY_NAME = new Map(OPS.map((op) => [opKey(op.domain ?? "", op.type), op]));

function opKey(domain: string, type: string): string {
  return domain === "" || domain === "ai.onnx" ? type : `${domain}::${type}`;
}

/** The definition of an ONNX op, or `undefined` where the project has none. */
export function findOp(domain: string, type: string): OpDefinition | undefined {
  return BY_NAME.get(opKey(domain, type));
}
