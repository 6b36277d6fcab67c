/** Probabilities of logits and their logarithms, finite for any finite logits, in ops for which ONNX Runtime has fast loops. */
import type { Graph } from "../../graph/graph.ts";
import type { Value } from "../../graph/op.ts";
import { div, mul, sub } from "../../graph/ops/arithmetic.ts";
import { exp, log, relu, sigmoid } from "../../graph/ops/elementwise.ts";
import { reshape } from "../../graph/ops/movement.ts";
import { reduceSum } from "../../graph/ops/reduce.ts";
import { reduceMax, reduceProd } from "../../graph/ops/reduce_extremum.ts";
import { max } from "../../graph/ops/variadic.ts";
import { elementCount } from "../../graph/tensor_type.ts";
import { total } from "./loss.ts";

/**
 * p = σ(z) of one class, and what its logarithms are made of: with spread = max(z, 0) − ln larger = ln(1 + e^z),
 * ln p = z − spread and ln(1 − p) = −spread.
 *
 * ONNX Runtime's σ(z) is 0 from z = −18 on, so that its logarithm serves the larger probability only; its Softplus takes ten
 * times as long as other ops.
 */
export function sigmoidOf(graph: Graph, logits: Value): { p: Value; q: Value; positive: Value; larger: Value } {
  const p = graph.apply(sigmoid, [logits]);
  const q = complement(graph, p);
  return { p, q, positive: graph.apply(relu, [logits]), larger: graph.apply(max, [p, q]) };
}

/**
 * p = softmax(z) over the channels as e^shifted / sum, so that ln p = shifted − ln sum.
 *
 * ONNX Runtime's Softmax transposes where its axis is not the last, and takes five times as long.
 */
export function softmaxOf(graph: Graph, logits: Value): { p: Value; shifted: Value; sum: Value } {
  const axis = { axes: [1], keepdims: 1 };
  const shifted = graph.apply(sub, [logits, graph.apply(reduceMax, [logits], axis)]);
  const powers = graph.apply(exp, [shifted]);
  const sum = graph.apply(reduceSum, [powers], axis);
  return { p: graph.apply(div, [powers, sum]), shifted, sum };
}

/** dz of a sigmoid, from dp: dz = dp · p · (1 − p). */
export function throughSigmoid(graph: Graph, p: Value, dp: Value): Value {
  return graph.apply(mul, [dp, graph.apply(mul, [p, complement(graph, p)])]);
}

/** dz of a softmax, from y = dp · p: dz = y − p · Σ y. */
export function throughSoftmax(graph: Graph, p: Value, product: Value): Value {
  const sum = graph.apply(reduceSum, [product], { axes: [1], keepdims: 1 });
  return graph.apply(sub, [product, graph.apply(mul, [p, sum])]);
}

// A product of so many numbers of ½ to 100 stays far from the limits of float32.
const GROUP = 16;

/** Σ ln x of numbers between ½ and 100, as the logarithm of products: one logarithm for 16 numbers. */
export function sumOfLogarithms(graph: Graph, x: Value): Value {
  const count = elementCount(x.type.shape);
  if (count % GROUP !== 0) return total(graph, graph.apply(log, [x]));
  const groups = graph.apply(reshape, [x], { shape: [count / GROUP, GROUP] });
  return total(graph, graph.apply(log, [graph.apply(reduceProd, [groups], { axes: [1], keepdims: 0 })]));
}

/** 1 − p */
export function complement(graph: Graph, p: Value): Value {
  return graph.apply(sub, [graph.scalar(1), p]);
}
