/** Whether two graphs are one network at two batch sizes. */
import type { Graph } from "../graph.ts";

/** Whether both have the same nodes: attributes that differ (a Reshape to a fixed batch) tie a file to one batch size. */
export function sameNodes(a: Graph, b: Graph): boolean {
  const written = (graph: Graph) => JSON.stringify(graph.nodes.map(({ op, attributes }) => [op.type, attributes]));
  return a.nodes.length === b.nodes.length && written(a) === written(b);
}
