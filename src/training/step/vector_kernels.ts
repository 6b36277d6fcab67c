/**
 * The loops over all parameters, in WebAssembly SIMD: one pass over memory per step.
 *
 * JavaScript's own loop calculates in float64 and takes three times as long; ONNX Runtime's element-wise nodes take a pass each.
 */
import {
  assembleModule,
  type Code,
  get,
  instantiate,
  load,
  loop,
  minus,
  over,
  plus,
  plusSquares,
  root,
  set,
  splat,
  store,
  sumOfPair,
  times,
  type WasmMemory,
} from "./wasm_module.ts";

/** The kernels over arrays in one memory; every array starts at a multiple of 16 bytes and has a multiple of 4 elements. */
export interface VectorKernels {
  /**
   * g′ = g · gradientScale, m = m + (1 − β₁)(g′ − m), v = β₂ · v + (1 − β₂) g′², w = keep · w − step · m / (√v · rootScale + ε)
   * (Kingma, Ba 2015; keep = 1 − rate · decay is Loshchilov, Hutter 2019).
   */
  adam(w: number, g: number, m: number, v: number, end: number, ...scalars: readonly number[]): void;
  /** g′ = g · gradientScale + decay · w, m = momentum · m + g′, w = w − rate · (ofGradient · g′ + ofMomentum · m). */
  sgd(w: number, g: number, m: number, end: number, ...scalars: readonly number[]): void;
  /** average = average + share · (w − average) */
  average(average: number, w: number, end: number, share: number): void;
  /** Σ g², in float64. */
  sumOfSquares(g: number, end: number): number;
}

/** Names of adam's scalars in their order. */
export const ADAM_SCALARS = [
  "gradientScale",
  "ofGradient",
  "beta2",
  "ofSquare",
  "step",
  "rootScale",
  "epsilon",
  "keep",
] as const;

/** Names of sgd's scalars in their order. */
export const SGD_SCALARS = ["gradientScale", "decay", "momentum", "rate", "ofGradient", "ofMomentum"] as const;

/** Compiles the kernels for arrays in `memory`. */
export function createKernels(memory: WasmMemory): VectorKernels {
  const module = assembleModule([adamFunction(), sgdFunction(), averageFunction(), squaresFunction()]);
  return instantiate(module, memory) as VectorKernels;
}

function adamFunction() {
  const [w, g, m, v, end] = [0, 1, 2, 3, 4] as const;
  const { gradientScale, ofGradient, beta2, ofSquare, step, rootScale, epsilon, keep } = splats(ADAM_SCALARS, end + 1);
  const [gradient, first, second] = [13, 14, 15] as const;
  return {
    name: "adam",
    pointers: 5,
    scalars: ADAM_SCALARS.length,
    vectors: 3,
    body: loop([w, g, m, v], end, [
      ...set(gradient, times(load(g), gradientScale)),
      ...set(first, plus(load(m), times(ofGradient, minus(get(gradient), load(m))))),
      ...set(second, plus(times(beta2, load(v)), times(ofSquare, times(get(gradient), get(gradient))))),
      ...store(m, get(first)),
      ...store(v, get(second)),
      ...store(
        w,
        minus(times(load(w), keep), over(times(step, get(first)), plus(times(root(get(second)), rootScale), epsilon))),
      ),
    ]),
  };
}

// The scalars of a kernel by name; they stand behind its pointers in the order in which the caller hands them over.
function splats<N extends string>(names: readonly N[], first: number): Readonly<Record<N, Code>> {
  return Object.fromEntries(names.map((name, i) => [name, splat(first + i)])) as Record<N, Code>;
}

function sgdFunction() {
  const [w, g, m, end] = [0, 1, 2, 3] as const;
  const { gradientScale, decay, momentum, rate, ofGradient, ofMomentum } = splats(SGD_SCALARS, end + 1);
  const [gradient, moment] = [10, 11] as const;
  return {
    name: "sgd",
    pointers: 4,
    scalars: SGD_SCALARS.length,
    vectors: 2,
    body: loop([w, g, m], end, [
      ...set(gradient, plus(times(load(g), gradientScale), times(decay, load(w)))),
      ...set(moment, plus(times(momentum, load(m)), get(gradient))),
      ...store(m, get(moment)),
      ...store(w, minus(load(w), times(rate, plus(times(ofGradient, get(gradient)), times(ofMomentum, get(moment)))))),
    ]),
  };
}

function averageFunction() {
  const [average, w, end] = [0, 1, 2] as const;
  return {
    name: "average",
    pointers: 3,
    scalars: 1,
    vectors: 0,
    body: loop([average, w], end, store(average, plus(load(average), times(splat(3), minus(load(w), load(average)))))),
  };
}

function squaresFunction() {
  const [g, end, sum] = [0, 1, 2] as const;
  return {
    name: "sumOfSquares",
    pointers: 2,
    scalars: 0,
    vectors: 1,
    result: "f64" as const,
    body: [...loop([g], end, set(sum, plusSquares(get(sum), load(g)))), ...sumOfPair(sum)],
  };
}
