/** Takes the last op of a network off that makes probabilities or classes of logits. */
import type { Graph, Node } from "../graph.ts";
import type { FinalActivation, Value } from "../op.ts";
import { rewrite } from "./rewrite.ts";

/** An output that was made of logits. */
export interface TakenActivation {
  /** Name of the output. */
  readonly output: string;
  readonly op: string;
  readonly activation: FinalActivation;
}

/** A graph whose outputs are logits, and what was taken off. */
export interface LogitsGraph {
  readonly graph: Graph;
  readonly taken: readonly TakenActivation[];
}

/**
 * `graph` with the logits in place of outputs that a sigmoid, or a softmax or the largest over the channels, makes of them, perhaps moved
 * or cast behind it; the same graph where there is none. Outputs of the same logits become one.
 */
export function withoutFinalActivation(graph: Graph): LogitsGraph {
  const taken: TakenActivation[] = [];
  const names = new Map<Value, string>();
  for (const output of graph.outputs) {
    const node = finalNode(graph, output);
    const logits = node?.inputs[0];
    if (node === undefined || logits === undefined) {
      names.set(output, output.name);
      continue;
    }
    taken.push({ output: output.name, op: node.op.type, activation: node.op.finalActivation as FinalActivation });
    if (!names.has(logits)) names.set(logits, output.name);
  }
  if (taken.length === 0) return { graph, taken };
  const made = rewrite(graph, { outputs: [...names.keys()] }).graph;
  made.rename(new Map(made.outputs.map((value, i) => [value, [...names.values()][i] as string])));
  return { graph: made, taken };
}

function finalNode(graph: Graph, output: Value): Node | undefined {
  let node = graph.producer(output);
  while (node?.op.handsOn === true && node.inputs.length === 1) node = graph.producer(node.inputs[0] as Value);
  return node?.op.finalActivation !== undefined && isOverChannels(node) ? node : undefined;
}

function isOverChannels({ op, attributes, outputs: [y], inputs: [x] }: Node): boolean {
  if (!("axis" in op.attributes)) return true;
  const axis = attributes["axis"] ?? 0;
  const rank = (x ?? y).type.shape.length;
  return typeof axis === "number" && (axis < 0 ? axis + rank : axis) === 1;
}
