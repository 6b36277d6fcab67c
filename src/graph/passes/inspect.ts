/** What a graph holds and costs, layer by layer. */
import type { Graph, Node } from "../graph.ts";
import type { Value } from "../op.ts";
import { byteCount, elementCount } from "../tensor_type.ts";
import { nodeFlops } from "./flops.ts";
import { storedParameters } from "./parameters.ts";

/** One node. */
export interface LayerRow {
  readonly name: string;
  readonly type: string;
  readonly outputShape: readonly number[];
  /** Learned values that this node is the first to read. */
  readonly parameters: number;
  readonly flops: number;
  /** Bytes that the node reads and writes: inputs, weights, outputs. */
  readonly bytes: number;
}

/** The sums over a graph. */
export interface Inspection {
  /** Learned values. */
  readonly parameters: number;
  /** Bytes of all constants. */
  readonly weightBytes: number;
  /** Floating-point operations of one run; a multiply-add is two. */
  readonly flops: number;
  /** Bytes of all node outputs that are read. */
  readonly activationBytes: number;
  /** Bytes of the tensors that are alive at the worst moment of a run in node order, each freed after its last reader. */
  readonly peakActivationBytes: number;
  readonly nodes: number;
  /** Number of nodes by op, most frequent first. */
  readonly ops: Readonly<Record<string, number>>;
  readonly layers: readonly LayerRow[];
}

/** Counts parameters, FLOPs and bytes of `graph`. */
export function inspect(graph: Graph): Inspection {
  const read = new Set<Value>(graph.outputs);
  for (const node of graph.nodes) for (const input of node.inputs) if (input !== undefined) read.add(input);
  const uncounted = new Set(storedParameters(graph));
  const layers = graph.nodes.map((node) => layerRow(node, { read, uncounted }));
  const counts = new Map<string, number>();
  for (const { type } of layers) counts.set(type, (counts.get(type) ?? 0) + 1);
  return {
    parameters: total(layers, "parameters"),
    weightBytes: sum(graph.constants().map(({ type }) => byteCount(type))),
    flops: total(layers, "flops"),
    activationBytes: sum(
      graph.nodes.flatMap(({ outputs }) => outputs.filter((y) => read.has(y)).map(({ type }) => byteCount(type))),
    ),
    peakActivationBytes: peakBytes(graph, read),
    nodes: layers.length,
    ops: Object.fromEntries([...counts].sort(([a, n], [b, m]) => m - n || a.localeCompare(b))),
    layers,
  };
}

function layerRow(
  node: Node,
  { read, uncounted }: { readonly read: ReadonlySet<Value>; readonly uncounted: Set<Value> },
): LayerRow {
  const { name, op, inputs, outputs } = node;
  let learned = 0;
  for (const input of new Set(inputs)) {
    if (input !== undefined && uncounted.delete(input)) learned += elementCount(input.type.shape);
  }
  const moved = [...new Set(inputs), ...outputs.filter((y) => read.has(y))];
  return {
    name,
    type: op.type,
    outputShape: outputs[0]?.type.shape ?? [],
    parameters: learned,
    flops: nodeFlops(node),
    bytes: sum(moved.map((value) => (value === undefined ? 0 : byteCount(value.type)))),
  };
}

function peakBytes(graph: Graph, read: ReadonlySet<Value>): number {
  const lastReader = new Map<Value, number>();
  graph.nodes.forEach(({ inputs }, i) => inputs.forEach((input) => input !== undefined && lastReader.set(input, i)));
  const kept = new Set(graph.outputs);
  let alive = sum(graph.inputs.map(({ type }) => byteCount(type)));
  let peak = alive;
  graph.nodes.forEach(({ inputs, outputs }, i) => {
    alive += sum(outputs.filter((y) => read.has(y)).map(({ type }) => byteCount(type)));
    peak = Math.max(peak, alive);
    for (const input of new Set(inputs)) {
      if (input === undefined || input.constant !== undefined || kept.has(input) || lastReader.get(input) !== i) {
        continue;
      }
      alive -= byteCount(input.type);
    }
  });
  return peak;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function total(layers: readonly LayerRow[], key: "parameters" | "flops"): number {
  return sum(layers.map((layer) => layer[key]));
}
