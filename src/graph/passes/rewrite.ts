/** Copies a graph, leaving out what its outputs do not need and replacing what a pass changes. */
import { Graph, type Node } from "../graph.ts";
import type { Value } from "../op.ts";
import type { TensorData } from "../tensor_type.ts";

/** How {@link rewrite} treats a node: the values that stand for its outputs (`undefined`: nothing reads that one), or `undefined` to copy the node. */
export type NodeRewrite = (
  node: Node,
  inputs: readonly (Value | undefined)[],
  target: Graph,
) => readonly (Value | undefined)[] | undefined;

/** What {@link rewrite} changes. */
export interface RewriteOptions {
  /** Replaces nodes; the inputs it receives belong to the new graph. */
  readonly node?: NodeRewrite;
  /** Replaces constants and graph inputs. */
  readonly source?: (value: Value, target: Graph) => Value | undefined;
  /** The outputs to keep (default: all). */
  readonly outputs?: readonly Value[];
}

/** A rewritten graph, and where each value of the old one went. */
export interface Rewritten {
  readonly graph: Graph;
  /** The value of the new graph that stands for a value of the old one. */
  valueOf(value: Value): Value;
}

/** Copies what the outputs of `graph` need into a new graph, replacing nodes and sources on the way; graph inputs all stay. */
export function rewrite(graph: Graph, options: RewriteOptions = {}): Rewritten {
  const outputs = options.outputs ?? graph.outputs;
  const needed = neededNodes(graph, outputs);
  const target = new Graph();
  const map = new Map<Value, Value>();
  const sourceOf = (value: Value): Value => {
    const known = map.get(value);
    if (known !== undefined) return known;
    if (value.constant === undefined) throw new RangeError(`Value ${value.name} is used before it is computed`);
    const made = options.source?.(value, target) ?? target.constant(value.constant, value.name, value.fixed);
    map.set(value, made);
    return made;
  };
  for (const input of graph.inputs) {
    map.set(input, options.source?.(input, target) ?? target.input(input.name, input.type));
  }
  for (const node of graph.nodes) {
    if (!needed.has(node)) continue;
    const inputs = node.inputs.map((input) => (input === undefined ? undefined : sourceOf(input)));
    const made = options.node?.(node, inputs, target) ?? target.applyAll(node.op, inputs, node.attributes, node.name);
    node.outputs.forEach((output, i) => {
      const replacement = made[i];
      if (replacement !== undefined) map.set(output, replacement);
    });
  }
  for (const output of outputs) {
    const value = sourceOf(output);
    target.output(value, target.producer(value) === undefined ? undefined : output.name);
  }
  return { graph: target, valueOf: sourceOf };
}

/** A `source` for {@link rewrite} that puts other values in the place of constants, by name. */
export function replaceConstants(
  values: { get(name: string): TensorData | undefined },
): (value: Value, target: Graph) => Value | undefined {
  return (value, target) => {
    const data = value.constant === undefined ? undefined : values.get(value.name);
    return data === undefined ? undefined : target.constant(data, value.name, value.fixed);
  };
}

/** The nodes that `outputs` depend on. */
function neededNodes(graph: Graph, outputs: readonly Value[]): Set<Node> {
  const wanted = new Set(outputs);
  const needed = new Set<Node>();
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => wanted.has(output))) continue;
    needed.add(node);
    for (const input of node.inputs) if (input !== undefined) wanted.add(input);
  }
  return needed;
}
