/** Reverse-mode differentiation: adds the gradient graph to a graph. */
import type { Graph, Node } from "../graph.ts";
import type { GraphBuilder, Value } from "../op.ts";
import { add } from "../ops/arithmetic.ts";
import { formulas } from "../ops/formulas.ts";
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
    const found = inputGradients(graph, node, { needed, outputGradients });
    refuseMissing(node, needed, found);
    node.inputs.forEach((input, i) => {
      const gradient = found[i];
      if (input !== undefined && gradient !== undefined) accumulate(graph, gradients, input, gradient);
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

/**
 * Adds the gradients of `node` to `graph`, one per input: `undefined` where it is not `needed` or its op is not differentiable in that
 * input. An output without a gradient is one that the loss does not depend on.
 *
 * @throws {RangeError} where a gradient comes from an output for which the op has no rule, or a rule refuses.
 */
export function inputGradients(
  graph: GraphBuilder,
  node: Pick<Node, "op" | "inputs" | "outputs" | "attributes">,
  { needed, outputGradients }: {
    readonly needed: readonly boolean[];
    readonly outputGradients: readonly (Value | undefined)[];
  },
): (Value | undefined)[] {
  const { op, inputs, outputs, attributes } = node;
  const math = formulas(graph);
  const [y, ...further] = outputs;
  const later = further.find((output, i) => outputGradients[i + 1] !== undefined && isFloat(output));
  if (op.gradientOfAllOutputs !== true && later !== undefined) {
    throw new RangeError(`${op.type} has no gradient from its output ${later.name}`);
  }
  const gradientOf = (output: Value, i: number) => outputGradients[i] ?? math.zeros(output.type.shape);
  const dy = gradientOf(y, 0);
  const all = op.gradientOfAllOutputs === true ? further.map((output, i) => gradientOf(output, i + 1)) : [];
  return inputs.map((_, position) => {
    if (!needed[position]) return undefined;
    const rule = typeof op.gradient === "function" ? op.gradient : op.gradient[position];
    return rule?.({ inputs, y, outputs, attributes, dy, outputGradients: [dy, ...all], position, math });
  });
}

function refuseMissing(node: Node, needed: readonly boolean[], found: readonly (Value | undefined)[]): void {
  const missing = node.inputs.find((input, i) => needed[i] && found[i] === undefined && input && isFloat(input));
  if (missing !== undefined) {
    throw new RangeError(
      `Cannot differentiate node ${node.name}: ${node.op.type} has no gradient for its input ${missing.name}`,
    );
  }
}

/** Whether `value` is of a type through which gradients flow. */
export function isFloat(value: Value): boolean {
  return value.type.elementType.startsWith("float");
}

function accumulate(graph: Graph, gradients: Map<Value, Value>, value: Value, gradient: Value): void {
  const summed = undoBroadcast(graph, gradient, value.type.shape);
  const known = gradients.get(value);
  gradients.set(value, known === undefined ? summed : graph.apply(add, [known, summed]));
}

/** Sums `gradient` over the axes along which a value of `shape` was repeated. @throws {RangeError} where the shapes do not belong together. */
function undoBroadcast(graph: GraphBuilder, gradient: Value, shape: readonly number[]): Value {
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
