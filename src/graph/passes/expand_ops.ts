/** Writes ops that a target lacks in simpler ones. */
import type { Graph, Node } from "../graph.ts";
import { existsIn } from "../op.ts";
import { formulas } from "../ops/formulas.ts";
import { rewrite } from "./rewrite.ts";

/** What a target can run. */
export interface ExpandOptions {
  readonly opset: number;
  /** Whether the target runs a node as it is (default: all that the opset has). */
  readonly runs?: (node: Node) => boolean;
}

/** A graph with ops written out, and a note for each op type that was. */
export interface Expanded {
  readonly graph: Graph;
  readonly notes: readonly string[];
}

/** Expands nodes whose op has a rule for it (see `OpDefinition.expand`) and that the opset or the target does not have. */
export function expandOps(graph: Graph, { opset, runs = () => true }: ExpandOptions): Expanded {
  const counts = new Map<string, number>();
  const rewritten = rewrite(graph, {
    node: (node, inputs, target) => {
      if (node.op.expand === undefined || (existsIn(node.op, opset) && runs(node))) return undefined;
      counts.set(node.op.type, (counts.get(node.op.type) ?? 0) + 1);
      return node.op.expand(formulas(target), inputs, node.attributes);
    },
  });
  const notes = [...counts].map(([type, count]) =>
    `${count} ${type} written in simpler ops: the target does not have it`
  );
  return { graph: rewritten.graph, notes };
}
