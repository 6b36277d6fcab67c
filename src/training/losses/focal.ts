/** Focal loss: cross-entropy that weighs pixels more the less they are learned yet (Lin et al. 2017). */
import type { Graph } from "../../graph/graph.ts";
import type { Value } from "../../graph/op.ts";
import { add, mul, sub } from "../../graph/ops/arithmetic.ts";
import { log, neg } from "../../graph/ops/elementwise.ts";
import { weighBinary, weighClasses } from "./cross_entropy.ts";
import { type Loss, type LossOptions, total } from "./loss.ts";
import { complement, sigmoidOf, softmaxOf, throughSoftmax } from "./probabilities.ts";

/**
 * Mean over all pixels of −Σ t · (1 − p)² · ln p over the classes, background among them: the paper's γ = 2. Class weights stand
 * for its α and divide as in cross-entropy.
 */
export function focal(options: LossOptions = {}): Loss {
  return (graph, logits, target) =>
    (logits.type.shape[1] as number) > 1 && options.independent !== true
      ? focalOfSeveral(graph, { logits, target, options })
      : focalOfOne(graph, { logits, target, options });
}

interface Arguments {
  readonly logits: Value;
  readonly target: Value;
  readonly options: LossOptions;
}

function focalOfSeveral(graph: Graph, { logits, target, options }: Arguments): ReturnType<Loss> {
  const { weighted, share } = weighClasses(graph, target, options);
  const { p, shifted, sum } = softmaxOf(graph, logits);
  const logarithm = graph.apply(sub, [shifted, graph.apply(log, [sum])]);
  const part = focalPart(graph, { p, q: complement(graph, p), logarithm, weighted });
  return {
    value: graph.apply(mul, [total(graph, part.value), share]),
    gradient: graph.apply(mul, [throughSoftmax(graph, p, part.product), share]),
  };
}

function focalOfOne(graph: Graph, { logits, target, options }: Arguments): ReturnType<Loss> {
  const { weighted, pixelWeight, share } = weighBinary(graph, target, options);
  const { p, q, positive, larger } = sigmoidOf(graph, logits);
  const spread = graph.apply(sub, [positive, graph.apply(log, [larger])]);
  const foreground = focalPart(graph, { p, q, logarithm: graph.apply(sub, [logits, spread]), weighted });
  const background = focalPart(graph, {
    p: q,
    q: p,
    logarithm: graph.apply(neg, [spread]),
    weighted: graph.apply(sub, [pixelWeight ?? graph.scalar(1), weighted]),
  });
  // dz = y₁ − p · (y₀ + y₁), y = p · dp
  const products = graph.apply(add, [background.product, foreground.product]);
  const gradient = graph.apply(sub, [foreground.product, graph.apply(mul, [p, products])]);
  return {
    value: graph.apply(mul, [total(graph, graph.apply(add, [background.value, foreground.value])), share]),
    gradient: graph.apply(mul, [gradient, share]),
  };
}

// q = 1 − p; value = −w · t · q² · ln p; product = p · dp = w · t · (2 p · q · ln p − q²)
function focalPart(
  graph: Graph,
  { p, q, logarithm, weighted }: Readonly<Record<"p" | "q" | "logarithm" | "weighted", Value>>,
): { value: Value; product: Value } {
  const scaled = graph.apply(mul, [q, logarithm]);
  const value = graph.apply(neg, [graph.apply(mul, [weighted, graph.apply(mul, [q, scaled])])]);
  const slope = graph.apply(sub, [
    graph.apply(mul, [graph.apply(mul, [p, graph.scalar(2)]), scaled]),
    graph.apply(mul, [q, q]),
  ]);
  return { value, product: graph.apply(mul, [weighted, slope]) };
}
