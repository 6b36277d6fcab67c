/** Losses on logits, each with its value and its gradient with respect to the logits. */
import type { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/op.ts";
import { mul, sub } from "../graph/ops/arithmetic.ts";
import { log, neg, sigmoid } from "../graph/ops/elementwise.ts";
import { logSoftmax, softmax } from "../graph/ops/softmax.ts";
import { reduceSum } from "../graph/ops/reduce.ts";
import { elementCount } from "../graph/tensor_type.ts";

/** The value of a loss, a scalar, and its gradient, of the logits' shape. */
export interface LossTerm {
  readonly value: Value;
  readonly gradient: Value;
}

/** A loss of logits z `[N, C, H, W]` against a target t of the same shape: the share of each class in each pixel. */
export type Loss = (graph: Graph, logits: Value, target: Value) => LossTerm;

/** The losses by name. */
export const LOSSES: Readonly<Record<string, Loss>> = { bce: binaryCrossEntropy, ce: crossEntropy };

/** Mean over all elements of −t · ln σ(z) − (1 − t) · ln(1 − σ(z)), for classes that do not exclude each other. */
export function binaryCrossEntropy(graph: Graph, logits: Value, target: Value): LossTerm {
  const share = graph.scalar(1 / elementCount(logits.type.shape));
  const probability = graph.apply(sigmoid, [logits]);
  // −t · ln p − (1 − t) · ln(1 − p) = (1 − t) · z − ln p, since ln(1 − p) = ln p − z; float32's p stays above 0 down to z = −87
  const linear = graph.apply(mul, [graph.apply(sub, [graph.scalar(1), target]), logits]);
  const terms = graph.apply(sub, [linear, graph.apply(log, [probability])]);
  return {
    value: graph.apply(mul, [graph.apply(reduceSum, [terms], { keepdims: 0 }), share]),
    // dz = (σ(z) − t) / count
    gradient: graph.apply(mul, [graph.apply(sub, [probability, target]), share]),
  };
}

/** Mean over all pixels of −Σ t · ln softmax(z) over the classes, for classes that exclude each other; Σ t = 1 in each pixel. */
export function crossEntropy(graph: Graph, logits: Value, target: Value): LossTerm {
  const share = graph.scalar((logits.type.shape[1] as number) / elementCount(logits.type.shape));
  const terms = graph.apply(mul, [graph.apply(logSoftmax, [logits], { axis: 1 }), target]);
  return {
    value: graph.apply(neg, [graph.apply(mul, [graph.apply(reduceSum, [terms], { keepdims: 0 }), share])]),
    // dz = (softmax(z) − t) / pixels
    gradient: graph.apply(mul, [
      graph.apply(sub, [graph.apply(softmax, [logits], { axis: 1 }), target]),
      share,
    ]),
  };
}
