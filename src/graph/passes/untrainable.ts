/** Why a graph cannot be trained. */
import type { Graph, Node } from "../graph.ts";
import type { Value } from "../op.ts";
import { dependents, inputGradients, isFloat } from "./differentiate.ts";
import { fixedConstants, parameters } from "./parameters.ts";
import { rewrite } from "./rewrite.ts";

/** Something that keeps gradients from the weights; without a node it concerns the whole model. */
export interface TrainingObstacle {
  readonly node?: string;
  readonly op?: string;
  readonly reason: string;
}

/** All that keeps the gradient of the float outputs of `graph` from its weights; empty where it can be trained. */
export function untrainable(graph: Graph): TrainingObstacle[] {
  const weights = parameters(graph);
  if (weights.length === 0) {
    const others = graph.constants().find(({ type }) => /^float(16|64)$/.test(type.elementType));
    if (others !== undefined) {
      return [{ reason: `its weights are ${others.type.elementType}; convert them to float32` }];
    }
    const fixed = fixedConstants(graph)[0];
    const why = fixed &&
      `: ${fixed.value.name} and others are fixed (${fixed.reason}); name those to learn with --train`;
    return [{ reason: `it has no float32 weights${why ?? ""}` }];
  }
  const learned = new Set(weights);
  // With weights as inputs, as training has them: rules may add nodes to the copy.
  const { graph: copy, valueOf } = rewrite(graph, {
    source: (value, target) => (learned.has(value) ? target.input(value.name, value.type) : undefined),
  });
  const inputs = weights.map(valueOf);
  const dependent = dependents(copy, inputs);
  const reached = new Set(copy.outputs.filter((value) => dependent.has(value) && isFloat(value)));
  const obstacles: TrainingObstacle[] = [];
  for (const node of [...copy.nodes].reverse()) {
    if (!node.outputs.some((output) => reached.has(output))) continue;
    const needed = node.inputs.map((input) => input !== undefined && dependent.has(input));
    const answer = gradientsOf(copy, { node, needed, reached });
    if (typeof answer === "string") obstacles.push({ node: node.name, op: node.op.type, reason: answer });
    node.inputs.forEach((input, i) => {
      if (input === undefined || !needed[i] || !isFloat(input)) return;
      if (typeof answer !== "string" && answer[i] === undefined) {
        const reason = `${node.op.type} has no gradient for its input ${input.name}`;
        obstacles.push({ node: node.name, op: node.op.type, reason });
      }
      // What lies behind an obstacle is examined too, so that one look finds them all.
      reached.add(input);
    });
  }
  if (obstacles.length === 0 && !inputs.some((input) => reached.has(input))) {
    obstacles.push({ reason: "no output that is a float tensor depends on its weights" });
  }
  return obstacles.reverse();
}

function gradientsOf(
  graph: Graph,
  { node, needed, reached }: {
    readonly node: Node;
    readonly needed: readonly boolean[];
    readonly reached: ReadonlySet<Value>;
  },
): (Value | undefined)[] | string {
  try {
    const outputGradients = node.outputs.map((output) =>
      reached.has(output) ? graph.input("gradient", output.type) : undefined
    );
    return inputGradients(graph, node, { needed, outputGradients });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
