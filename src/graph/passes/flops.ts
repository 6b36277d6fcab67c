/** Floating-point operations of one run; a multiply-add is two. */
import type { Graph, Node } from "../graph.ts";

/** The FLOPs of one node. */
export function nodeFlops({ op, inputs, outputs, attributes }: Node): number {
  return op.flops(inputs, outputs.map(({ type }) => type), attributes);
}

/** The FLOPs of all nodes. */
export function totalFlops(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + nodeFlops(node), 0);
}
