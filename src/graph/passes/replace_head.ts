/** Gives a network a new head: outputs for another number of classes, with fresh weights, on the features that it has. */
import { Random } from "../../random.ts";
import type { Graph, Node } from "../graph.ts";
import type { Attributes, ChannelParameter, Value } from "../op.ts";
import { elementCount, floats, formatShape, sameShape, type TensorData, type TensorType } from "../tensor_type.ts";
import { classValues } from "./class_values.ts";
import { replaceConstants, rewrite } from "./rewrite.ts";

/** What the new head is like. */
export interface NewHead {
  /** Channels of every output. */
  readonly channels: number;
  /** Of the fresh weights. */
  readonly seed: number;
}

/** A graph with a new head. */
export interface ReplacedHead {
  readonly graph: Graph;
  /** The names of the constants that started anew; all others are as they were. */
  readonly fresh: readonly string[];
}

/**
 * Gives every output of `graph` `channels` channels: the weights between the last features and the outputs change their shape
 * with them and start anew, as PyTorch starts convolutions, and normalization as the identity.
 *
 * @throws {RangeError} with the reason where the channels of the outputs cannot be changed.
 */
export function replaceHead(graph: Graph, { channels, seed }: NewHead): ReplacedHead {
  const before = outputChannels(graph);
  const changes = new HeadChange(graph, { before, after: channels, random: new Random(seed) });
  for (const node of graph.nodes) changes.visit(node);
  changes.refuseShared();
  const fresh = new Map([...changes.fresh].map(([{ name }, data]) => [name, data]));
  const rewritten = rewrite(graph, {
    source: replaceConstants(fresh),
    node: (node, inputs, target) => {
      const attributes = changes.attributes.get(node);
      return attributes && target.applyAll(node.op, inputs, attributes, node.name);
    },
  });
  return { graph: rewritten.graph, fresh: [...fresh.keys()] };
}

function outputChannels(graph: Graph): number {
  const [first] = graph.outputs;
  const channels = first?.type.shape[1];
  const other = graph.outputs.find(({ type: { shape } }) => shape.length !== 4 || shape[1] !== channels);
  if (channels === undefined || channels < 1 || other !== undefined) {
    throw new RangeError(
      `a new head needs outputs [N, C, H, W] with one C: found ${
        graph.outputs.map(({ name, type }) => `${name} ${formatShape(type.shape)}`).join(", ")
      }`,
    );
  }
  return channels;
}

/** Goes through a graph from its inputs to its outputs and notes which constants change, and what is computed from them. */
class HeadChange {
  readonly fresh = new Map<Value, TensorData>();
  readonly attributes = new Map<Node, Attributes>();
  readonly #graph: Graph;
  readonly #scale: { readonly before: number; readonly after: number; readonly random: Random };
  /** Values whose channels follow the classes. */
  readonly #classes: ReadonlySet<Value>;
  readonly #types = new Map<Value, TensorType>();
  readonly #asking = new Map<Value, Set<Node>>();

  constructor(graph: Graph, scale: { before: number; after: number; random: Random }) {
    this.#graph = graph;
    this.#scale = scale;
    this.#classes = classValues(graph, scale.before);
  }

  visit(node: Node): void {
    const { op, outputs } = node;
    const inHead = outputs.some((output) => this.#classes.has(output));
    if (!inHead && !node.inputs.some((input) => input !== undefined && this.#types.has(input))) return;
    const inputs = node.inputs.map((input) => input && this.#changed(input));
    const wanted = inHead ? this.#scaled(outputs[0]) : undefined;
    for (const parameter of op.channelParameters ?? []) {
      const value = node.inputs[parameter.position];
      if (value !== undefined) inputs[parameter.position] = this.#parameter(node, parameter, { value, inputs, wanted });
    }
    const attributes = this.#attributes(node, inputs);
    let types: readonly TensorType[];
    try {
      types = op.outputTypes(inputs, attributes);
    } catch (error) {
      throw refusal(node, error instanceof Error ? error.message : String(error));
    }
    outputs.forEach((output, i) => {
      const { shape } = output.type;
      const type = types[i] as TensorType;
      const expected = this.#classes.has(output) ? shape.with(1, this.#scaled(output)) : undefined;
      if (expected !== undefined && !sameShape(type.shape, expected)) {
        throw refusal(node, `it would make ${formatShape(type.shape)}, not ${formatShape(expected)}`);
      }
      if (!sameShape(type.shape, shape)) this.#types.set(output, type);
    });
  }

  /** @throws {RangeError} where layers that stay read a constant that changes. */
  refuseShared(): void {
    const consumers = this.#graph.consumers();
    for (const [value, nodes] of this.#asking) {
      const other = consumers.get(value)?.find((node) => !nodes.has(node));
      if (other !== undefined) throw refusal(other, `it stays, but shares the weights ${value.name} with the head`);
    }
  }

  #attributes(node: Node, inputs: readonly (Value | undefined)[]): Attributes {
    const [before, after] = [node.inputs[0]?.type.shape[1], inputs[0]?.type.shape[1]];
    if (before === undefined || after === undefined || before === after) return node.attributes;
    const attributes = node.op.withChannels?.(node.attributes, { before, after });
    if (attributes !== undefined) this.attributes.set(node, attributes);
    return attributes ?? node.attributes;
  }

  #parameter(
    node: Node,
    { position, inputAxis, outputAxis, start }: ChannelParameter,
    { value, inputs, wanted }: { value: Value; inputs: readonly (Value | undefined)[]; wanted: number | undefined },
  ): Value {
    const { shape } = value.type;
    const channels = { input: node.inputs[0]?.type.shape[1], output: node.outputs[0]?.type.shape[1] as number };
    const grouped = (inputAxis !== undefined && shape[inputAxis] !== channels.input) ||
      (outputAxis !== undefined && shape[outputAxis] !== channels.output);
    if (grouped) throw refusal(node, "it counts its channels in groups");
    let made = [...shape];
    if (inputAxis !== undefined) made = made.with(inputAxis, inputs[0]?.type.shape[1] as number);
    if (outputAxis !== undefined) made = made.with(outputAxis, wanted ?? channels.output);
    if (wanted === undefined && sameShape(made, shape)) return value;
    if (value.constant === undefined) throw refusal(node, `its weights ${value.name} are computed`);
    if (value.type.elementType !== "float32") {
      throw refusal(node, `its weights ${value.name} are ${value.type.elementType}; convert the model to float32`);
    }
    this.#asking.set(value, (this.#asking.get(value) ?? new Set()).add(node));
    const known = this.fresh.get(value);
    if (known !== undefined && !sameShape(known.shape, made)) {
      throw refusal(node, `it shares the weights ${value.name}, which would need two shapes`);
    }
    const weight = position === 1 ? made : inputs[1]?.type.shape;
    const data = known ?? this.#start(made, start, fanOf(weight ?? made));
    this.fresh.set(value, data);
    return { name: value.name, type: { elementType: "float32", shape: made }, constant: data };
  }

  #start(shape: readonly number[], start: "uniform" | number, fan: number): TensorData {
    const values = new Float32Array(elementCount(shape));
    if (start !== "uniform") return floats(values.fill(start), shape);
    const bound = 1 / Math.sqrt(fan);
    return floats(values.map(() => this.#scale.random.uniform(-bound, bound)), shape);
  }

  #changed(value: Value): Value {
    const type = this.#types.get(value);
    return type === undefined ? value : { name: value.name, type };
  }

  #scaled({ type: { shape } }: Value): number {
    return (shape[1] as number) / this.#scale.before * this.#scale.after;
  }
}

// PyTorch takes the fan of a convolution, transposed or not, from the second axis of its weight.
function fanOf(weight: readonly number[]): number {
  return elementCount(weight.slice(1));
}

function refusal({ name, op }: Node, reason: string): RangeError {
  return new RangeError(`its head cannot be replaced at node ${name} (${op.type}): ${reason}`);
}
