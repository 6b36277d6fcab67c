/** Several networks as one that gives the mean of their answers. */
import { Graph } from "../graph.ts";
import type { Value } from "../op.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { formatShape, sameShape } from "../tensor_type.ts";

/**
 * A graph that feeds its inputs to every one of `graphs` and averages each output over them.
 *
 * Inputs and outputs go by their position and have the names of the first graph; all other names start with `member_0.`, `member_1.`, …
 *
 * @throws {RangeError} where the inputs or outputs differ in number, type or shape.
 */
export function averageGraphs(graphs: readonly Graph[]): Graph {
  const [first] = graphs;
  if (first === undefined) throw new RangeError("Cannot average no graphs");
  const target = new Graph();
  const inputs = first.inputs.map(({ name, type }) => target.input(name, type));
  const answers = graphs.map((graph, member) => {
    sameSignature(first.inputs, graph.inputs, "input");
    sameSignature(first.outputs, graph.outputs, "output");
    return copyInto(target, graph, { inputs, prefix: `member_${member}.` });
  });
  first.outputs.forEach(({ name }, output) => {
    const sum = answers.flatMap((values) => values[output] ?? [])
      .reduce((total, value) => target.apply(add, [total, value]));
    target.output(target.apply(mul, [sum, target.scalar(1 / graphs.length)]), name);
  });
  return target;
}

function sameSignature(expected: readonly Value[], found: readonly Value[], kind: string): void {
  const shown = (values: readonly Value[]) => values.map(({ type }) => formatShape(type.shape)).join(", ");
  const same = expected.length === found.length &&
    expected.every(({ type }, i) =>
      type.elementType === found[i]?.type.elementType && sameShape(type.shape, found[i].type.shape)
    );
  if (!same) throw new RangeError(`its ${kind}s are ${shown(found)}, those of the first are ${shown(expected)}`);
}

function copyInto(
  target: Graph,
  graph: Graph,
  { inputs, prefix }: { inputs: readonly Value[]; prefix: string },
): Value[] {
  const map = new Map<Value, Value>();
  const replace = (values: readonly Value[], copies: readonly Value[]) =>
    copies.forEach((copy, i) => values[i] && map.set(values[i], copy));
  replace(graph.inputs, inputs);
  const copyOf = (value: Value): Value => {
    const known = map.get(value);
    if (known !== undefined) return known;
    if (value.constant === undefined) throw new RangeError(`Value ${value.name} is used before it is computed`);
    const made = target.constant(value.constant, prefix + value.name);
    map.set(value, made);
    return made;
  };
  for (const node of graph.nodes) {
    const sources = node.inputs.map((input) => input && copyOf(input));
    const made = target.applyAll(node.op, sources, node.attributes, prefix + node.name);
    replace(node.outputs, made);
  }
  return graph.outputs.map(copyOf);
}
