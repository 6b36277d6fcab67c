/** Which values of a network have a channel, or several, per class: what lies between the last features and the outputs. */
import { Graph, type Node } from "../graph.ts";
import type { OpDefinition, Value } from "../op.ts";
import { dependents, inputGradients } from "./differentiate.ts";

/**
 * The values whose channels follow the `classes` channels of the outputs.
 *
 * From the outputs back through ops that keep the channels, to the convolutions that make them, and on through those that read
 * logits: outputs, and what linear ops alone make of as many channels as there are classes, such as the levels of a head. Behind
 * an activation lie features.
 */
export function classValues(graph: Graph, classes: number): ReadonlySet<Value> {
  const found = new Set<Value>();
  const logits = new Logits(graph, classes);
  const pending = [...graph.outputs];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (found.has(value)) continue;
    found.add(value);
    const node = graph.producer(value);
    if (node === undefined) continue;
    const sources = computedInputs(node);
    pending.push(
      ...mixesChannels(node.op)
        ? sources.slice(0, 1).filter((source) => logits.has(source))
        : sources.filter((source) => channelsOf(source) % classes === 0 && sameRank(source, value)),
    );
  }
  return found;
}

/** Whether the parameters of an op decide how many channels it makes. */
function mixesChannels(op: OpDefinition): boolean {
  return op.channelParameters?.some(({ outputAxis }) => outputAxis !== undefined) ?? false;
}

/** Answers which values are logits: outputs, or linear in the features with a channel per class. */
class Logits {
  readonly #graph: Graph;
  readonly #classes: number;
  readonly #known = new Map<Value, boolean>();

  constructor(graph: Graph, classes: number) {
    this.#graph = graph;
    this.#classes = classes;
    for (const output of graph.outputs) this.#known.set(output, true);
  }

  has(value: Value): boolean {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const answer = this.#find(value);
    this.#known.set(value, answer);
    return answer;
  }

  #find(value: Value): boolean {
    const node = this.#graph.producer(value);
    if (node === undefined) return false;
    const sources = computedInputs(node);
    if (!mixesChannels(node.op)) {
      return sources.length > 0 && isLinear(node) && sources.every((source) => this.has(source));
    }
    const [source] = sources;
    const channels = channelsOf(value);
    return channels === this.#classes || (source !== undefined && channelsOf(source) === channels && this.has(source));
  }
}

/** Whether a node is linear in its inputs, constants aside: its gradient then does not depend on their values. */
function isLinear({ op, inputs, outputs: [y], attributes }: Node): boolean {
  const graph = new Graph();
  const copies = inputs.map((input) =>
    input && (input.constant === undefined ? graph.input(input.name, input.type) : graph.constant(input.constant))
  );
  const answer = graph.input(y.name, y.type);
  const values = [...graph.inputs];
  try {
    const node = { op, inputs: copies, outputs: [answer], attributes } as const;
    const gradients = inputGradients(graph, node, {
      outputGradients: [graph.input("gradient", y.type)],
      needed: copies.map((copy) => copy !== undefined && copy.constant === undefined),
    });
    const dependent = dependents(graph, values);
    const made = gradients.filter((gradient) => gradient !== undefined);
    return made.length > 0 && !made.some((gradient) => dependent.has(gradient));
  } catch {
    // An op without a gradient is no part of a head.
    return false;
  }
}

function computedInputs({ inputs }: Node): Value[] {
  return inputs.filter((input) => input !== undefined).filter(({ constant }) => constant === undefined);
}

function channelsOf({ type: { shape } }: Value): number {
  return shape[1] ?? 0;
}

function sameRank(a: Value, b: Value): boolean {
  return a.type.shape.length === b.type.shape.length;
}
