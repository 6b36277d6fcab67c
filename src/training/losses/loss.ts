/** What a loss is, and the sums that all of them need. */
import type { Graph } from "../../graph/graph.ts";
import type { Value } from "../../graph/op.ts";
import { div } from "../../graph/ops/arithmetic.ts";
import { reduceSum } from "../../graph/ops/reduce.ts";
import { max } from "../../graph/ops/variadic.ts";
import { floats } from "../../graph/tensor_type.ts";

/** The value of a loss, a scalar, and its gradient with respect to the logits, of their shape. */
export interface LossTerm {
  readonly value: Value;
  readonly gradient: Value;
}

/**
 * A loss of logits z `[N, C, H, W]` against a target t of the same shape: the share of each class in each pixel.
 *
 * One channel is one foreground class, its probability the sigmoid of z; so is each of several that are independent. Other several
 * channels are classes that exclude each other, background first, their probabilities the softmax of z.
 */
export type Loss = (graph: Graph, logits: Value, target: Value) => LossTerm;

/** What changes the sense of a loss. */
export interface LossOptions {
  /** Weight of each class, background first (two weights for one channel); default 1 each. */
  readonly classWeights?: readonly number[] | undefined;
  /**
   * Where true, the shares of a pixel may sum to less than 1: what is missing is unknown and contributes nothing, neither to the
   * sums nor to the count by which they are divided. Needs several channels: with one, a share of 0 is background.
   */
  readonly ignore?: boolean | undefined;
  /** Where true, the channels are classes that overlap, without background: each is decided by itself. */
  readonly independent?: boolean | undefined;
}

/** Σ x over all elements, a scalar. */
export function total(graph: Graph, x: Value): Value {
  return graph.apply(reduceSum, [x], { keepdims: 0 });
}

/** 1 / Σ x, and 0 in effect where every x is 0: whatever is multiplied by it is 0 then. */
export function shareOf(graph: Graph, x: Value): Value {
  return graph.apply(div, [graph.scalar(1), graph.apply(max, [total(graph, x), graph.scalar(1e-6)])]);
}

/** One number per class as a constant `[1, C, 1, 1]`. */
export function perClass(graph: Graph, values: readonly number[]): Value {
  return graph.constant(floats(values, [1, values.length, 1, 1]), "per_class");
}
