/** Soft Dice loss. */
import type { Graph } from "../../graph/graph.ts";
import type { Value } from "../../graph/op.ts";
import { add, div, mul, sub } from "../../graph/ops/arithmetic.ts";
import { sigmoid } from "../../graph/ops/elementwise.ts";
import { reduceSum } from "../../graph/ops/reduce.ts";
import { type Loss, type LossOptions, perClass, total } from "./loss.ts";
import { softmaxOf, throughSigmoid, throughSoftmax } from "./probabilities.ts";

/**
 * One pixel: small beside any lesion, and enough that a batch without foreground still draws its probabilities to 0. (With the
 * 1e-5 of other programs its loss is 1 whatever the network says, and its gradient vanishes.)
 */
const DICE_SMOOTHING = 1;

/**
 * 1 − the mean over the foreground classes of (2 Σ p · t + s) / (Σ p + Σ t + s), s = {@link DICE_SMOOTHING}
 * (Milletari et al. 2016, with the plain sums of nnU-Net).
 *
 * The sums go over the pixels of the whole batch, not of each slice: most slices of a volume hold no foreground or a few pixels
 * of it, and a Dice of such a slice is all or nothing. A class that is neither in the batch nor predicted has Dice 1. Class
 * weights make the mean over the classes a weighted one; background has no part in it.
 */
export function dice(options: LossOptions = {}): Loss {
  return (graph, logits, target) => {
    const several = (logits.type.shape[1] as number) > 1 && options.independent !== true;
    const p = several ? softmaxOf(graph, logits).p : graph.apply(sigmoid, [logits]);
    const known = options.ignore === true ? graph.apply(reduceSum, [target], { axes: [1], keepdims: 1 }) : undefined;
    const counted = known === undefined ? p : graph.apply(mul, [p, known]);
    const smoothing = graph.scalar(DICE_SMOOTHING);
    const twice = graph.apply(mul, [overBatch(graph, graph.apply(mul, [p, target])), graph.scalar(2)]);
    const sums = graph.apply(add, [overBatch(graph, counted), overBatch(graph, target)]);
    const union = graph.apply(add, [sums, smoothing]);
    const score = graph.apply(div, [graph.apply(add, [twice, smoothing]), union]);
    const share = perClass(
      graph,
      several
        ? classShares(logits.type.shape[1] as number, options.classWeights)
        : new Array<number>(logits.type.shape[1] as number).fill(1 / (logits.type.shape[1] as number)),
    );
    const shareOfUnion = graph.apply(div, [share, union]);
    // dp = share · (score · known − 2 t) / union
    const ofKnown = graph.apply(mul, [shareOfUnion, score]);
    const ofTarget = graph.apply(mul, [shareOfUnion, graph.scalar(2)]);
    const dp = graph.apply(sub, [
      known === undefined ? ofKnown : graph.apply(mul, [ofKnown, known]),
      graph.apply(mul, [ofTarget, target]),
    ]);
    return {
      value: graph.apply(sub, [graph.scalar(1), total(graph, graph.apply(mul, [share, score]))]),
      gradient: several ? throughSoftmax(graph, p, graph.apply(mul, [dp, p])) : throughSigmoid(graph, p, dp),
    };
  };
}

function overBatch(graph: Graph, x: Value): Value {
  return graph.apply(reduceSum, [x], { axes: [0, 2, 3], keepdims: 1 });
}

// Shares of the channels in the mean: those of the foreground classes, which sum to 1.
function classShares(channels: number, classWeights: readonly number[] | undefined): number[] {
  const weights = Array.from({ length: channels }, (_, k) => (k === 0 ? 0 : classWeights?.[k] ?? 1));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}
