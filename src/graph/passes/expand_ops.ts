/** Writes ops that a target lacks in simpler ones. */
import type { Graph, Node } from "../graph.ts";
import type { TensorRtVersion } from "../op.ts";
import { rewrite } from "./rewrite.ts";

/** What a target can run. */
export interface ExpandOptions {
  readonly opset: number;
  /** Where given, ops that this TensorRT cannot run are expanded too. */
  readonly tensorRtVersion?: TensorRtVersion;
}

/** A graph with ops written out, and a note for each op type that was. */
export interface Expanded {
  readonly graph: Graph;
  readonly notes: readonly string[];
}

/** Expands nodes whose op has a rule for it (see `OpDefinition.expand`) and that the opset or TensorRT does not have. */
export function expandOps(graph: Graph, options: ExpandOptions): Expanded {
  const counts = new Map<string, number>();
  const rewritten = rewrite(graph, {
    node: (node, inputs, target) => {
      if (node.op.expand === undefined || isKnown(node, options)) return undefined;
      counts.set(node.op.type, (counts.get(node.op.type) ?? 0) + 1);
      return node.op.expand(target, inputs, node.attributes);
    },
  });
  const notes = [...counts].map(([type, count]) =>
    `${count} ${type} written in simpler ops: the target does not have it`
  );
  return { graph: rewritten.graph, notes };
}

function isKnown({ op, inputs, attributes }: Node, { opset, tensorRtVersion }: ExpandOptions): boolean {
  if (opset < op.sinceOpset || opset > (op.lastOpset ?? opset)) return false;
  return tensorRtVersion === undefined || op.tensorRtLimit(inputs, attributes, tensorRtVersion) === undefined;
}
