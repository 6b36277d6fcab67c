/** Cross-entropy of one class against background, and of classes that exclude each other. */
import type { Graph } from "../../graph/graph.ts";
import type { Value } from "../../graph/op.ts";
import { add, mul, sub } from "../../graph/ops/arithmetic.ts";
import { log } from "../../graph/ops/elementwise.ts";
import { reduceSum } from "../../graph/ops/reduce.ts";
import { elementCount } from "../../graph/tensor_type.ts";
import { type Loss, type LossOptions, perClass, shareOf, total } from "./loss.ts";
import { sigmoidOf, softmaxOf, sumOfLogarithms } from "./probabilities.ts";

/** A target with its class weights. */
export interface WeightedTarget {
  /** Share of each class times its weight. */
  readonly weighted: Value;
  /** Sum of `weighted` over the classes in each pixel, background included; absent where it is 1. */
  readonly pixelWeight?: Value;
  /** 1 / the sum of the pixel weights. */
  readonly share: Value;
}

/**
 * Mean over all elements of −t · ln σ(z) − (1 − t) · ln(1 − σ(z)).
 *
 * With class weights b (background) and f: Σ (−f · t · ln σ(z) − b · (1 − t) · ln(1 − σ(z))) / Σ (f · t + b · (1 − t)).
 */
export function binaryCrossEntropy(options: LossOptions = {}): Loss {
  return (graph, logits, target) => {
    const { weighted, pixelWeight, share } = weighBinary(graph, target, options);
    const { p, positive, larger } = sigmoidOf(graph, logits);
    // −f · t · (z − spread) + b · (1 − t) · spread = weight · spread − f · t · z, spread = max(z, 0) − ln larger
    const explained = graph.apply(mul, [weighted, logits]);
    const sum = pixelWeight === undefined
      ? graph.apply(sub, [
        total(graph, graph.apply(sub, [positive, explained])),
        sumOfLogarithms(graph, larger),
      ])
      : total(
        graph,
        graph.apply(sub, [
          graph.apply(mul, [pixelWeight, graph.apply(sub, [positive, graph.apply(log, [larger])])]),
          explained,
        ]),
      );
    // dz = (weight · σ(z) − f · t) / Σ weight
    const expected = pixelWeight === undefined ? p : graph.apply(mul, [pixelWeight, p]);
    return {
      value: graph.apply(mul, [sum, share]),
      gradient: graph.apply(mul, [graph.apply(sub, [expected, weighted]), share]),
    };
  };
}

/**
 * Mean over all pixels of −Σ t · ln softmax(z) over the classes.
 *
 * With class weights w, Σ −w · t · ln softmax(z) / Σ w · t, as PyTorch's `CrossEntropyLoss` with `weight` and `ignore_index`
 * where each pixel is of one class.
 */
export function crossEntropy(options: LossOptions = {}): Loss {
  return (graph, logits, target) => {
    const { weighted, pixelWeight, share } = weighClasses(graph, target, options);
    const { p, shifted, sum } = softmaxOf(graph, logits);
    // −Σ w · t · (shifted − ln sum)
    const spread = pixelWeight === undefined
      ? sumOfLogarithms(graph, sum)
      : total(graph, graph.apply(mul, [pixelWeight, graph.apply(log, [sum])]));
    const value = graph.apply(sub, [spread, total(graph, graph.apply(mul, [weighted, shifted]))]);
    // dz = (softmax(z) · Σ w · t − w · t) / Σ w · t
    const expected = pixelWeight === undefined ? p : graph.apply(mul, [p, pixelWeight]);
    return {
      value: graph.apply(mul, [value, share]),
      gradient: graph.apply(mul, [graph.apply(sub, [expected, weighted]), share]),
    };
  };
}

/** The target of one class with the weights of background and foreground. */
export function weighBinary(graph: Graph, target: Value, { classWeights }: LossOptions): WeightedTarget {
  if (classWeights === undefined) {
    return { weighted: target, share: graph.scalar(1 / elementCount(target.type.shape)) };
  }
  const [background, foreground] = classWeights as readonly [number, number];
  // f · t + b · (1 − t)
  const difference = graph.apply(mul, [target, graph.scalar(foreground - background)]);
  const pixelWeight = graph.apply(add, [difference, graph.scalar(background)]);
  return {
    weighted: graph.apply(mul, [target, graph.scalar(foreground)]),
    pixelWeight,
    share: shareOf(graph, pixelWeight),
  };
}

/** The target of several classes with their weights. */
export function weighClasses(graph: Graph, target: Value, { classWeights, ignore }: LossOptions): WeightedTarget {
  const weighted = classWeights === undefined ? target : graph.apply(mul, [target, perClass(graph, classWeights)]);
  if (classWeights === undefined && ignore !== true) {
    const pixels = elementCount(target.type.shape) / (target.type.shape[1] as number);
    return { weighted, share: graph.scalar(1 / pixels) };
  }
  const pixelWeight = graph.apply(reduceSum, [weighted], { axes: [1], keepdims: 1 });
  return { weighted, pixelWeight, share: shareOf(graph, pixelWeight) };
}
