/** Reverse-mode differentiation: adds the gradient graph to a graph. */
import type { Graph, Node } from "../graph.ts";
import type { GraphBuilder, Value } from "../op.ts";
import { add } from "../ops/arithmetic.ts";
import { reshape } from "../ops/movement.ts";
import { reduceSum } from "../ops/reduce.ts";
import { formatShape, sameShape } from "../tensor_type.ts";

/**
 * Adds to `graph` the gradients of Σ ⟨seed, value⟩ with respect to each of `wanted`, and returns them in that order.
 *
 * `seeds` maps values to the gradient of the loss with respect to them, of the same shape; `undefined` in the answer means
 * that the loss does not depend on that value.
 *
 * @throws {RangeError} naming a node through which a wanted gradient would have to flow although its op has no rule for it.
 */
export function differentiate(
  graph: Graph,
  seeds: ReadonlyMap<Value, Value>,
  wanted: readonly Value[],
): (Value | undefined)[] {
  const dependent = dependents(graph, wanted);
  const gradients = new Map<Value, Value>();
  for (const [value, seed] of seeds) if (dependent.has(value)) accumulate(graph, gradients, value, seed);
  for (const node of [...graph.nodes].reverse()) {
    const outputGradients = node.outputs.map((output) => gradients.get(output));
    if (outputGradients.every((gradient) => gradient === undefined)) continue;
    const needed = node.inputs.map((input) => input !== undefined && dependent.has(input));
    if (!needed.includes(true)) continue;
    const inputGradients = node.op.gradient({
      graph,
      inputs: node.inputs,
      outputs: node.outputs,
      attributes: node.attributes,
      outputGradients,
      needed,
    });
    refuseMissing(node, needed, inputGradients);
    node.inputs.forEach((input, i) => {
      const gradient = inputGradients[i];
      if (input !== undefined && gradient !== undefined && needed[i]) accumulate(graph, gradients, input, gradient);
    });
  }
  return wanted.map((value) => gradients.get(value));
}

/** Values that depend on one of `sources`, these included. */
export function dependents(graph: Graph, sources: readonly Value[]): Set<Value> {
  const found = new Set(sources);
  for (const node of graph.nodes) {
    if (node.inputs.some((input) => input !== undefined && found.has(input))) {
      for (const output of node.outputs) found.add(output);
    }
  }
  return found;
}

function refuseMissing(node: Node, needed: readonly boolean[], found: readonly (Value | undefined)[]): void {
  const missing = needed.findIndex((need, i) => need && found[i] === undefined && isFloat(node.inputs[i] as Value));
  if (missing >= 0) {
    throw new RangeError(
      `Cannot differentiate node ${node.name}: ${node.op.type} has no gradient for its input ${
        node.inputs[missing]?.name
      }`,
    );
  }
}

function isFloat(value: Value): boolean {
  return value.type.elementType.startsWith("float");
}

function accumulate(graph: Graph, gradients: Map<Value, Value>, value: Value, gradient: Value): void {
  const summed = undoBroadcast(graph, gradient, value.type.shape);
  const known = gradients.get(value);
  gradients.set(value, known === undefined ? summed : graph.apply(add, [known, summed]));
}

/** Sums `gradient` over the axes along which a value of `shape` was repeated. @throws {RangeError} where the shapes do not belong together. */
export function undoBroadcast(graph: GraphBuilder, gradient: Value, shape: readonly number[]): Value {
  const found = gradient.type.shape;
  if (sameShape(found, shape)) return gradient;
  const extra = found.length - shape.length;
  const axes = found.map((_, axis) => axis).filter((axis) =>
    axis < extra || (shape[axis - extra] === 1 && found[axis] !== 1)
  );
  if (axes.length === 0) {
    throw new RangeError(`A gradient of shape ${formatShape(found)} does not fit ${formatShape(shape)}`);
  }
  const summed = graph.apply(reduceSum, [gradient], { axes, keepdims: 1 });
  return extra === 0 ? summed : graph.apply(reshape, [summed], { shape });
}
