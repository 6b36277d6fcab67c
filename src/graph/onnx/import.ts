/** From an ONNX file's plain data to a graph with static shapes. */
import { Graph } from "../graph.ts";
import type { Attributes, AttributeValue, OpDefinition, Value } from "../op.ts";
import { findOp } from "../ops/registry.ts";
import { numbersOf, type TensorData } from "../tensor_type.ts";
import type { OnnxModel, OnnxNode } from "./model.ts";

/** What {@link importGraph} needs to know besides the file. */
export interface ImportOptions {
  /** Sizes of symbolic dimensions by name; `batch` serves every first dimension of an input that has no entry. */
  readonly dimensions?: Readonly<Record<string, number>>;
  readonly batch?: number;
}

/**
 * Builds the graph of a model. Shape arithmetic is computed on the way, so that symbolic dimensions leave no trace.
 *
 * @throws {RangeError} naming the node and its op where the op is not known, or cannot be used as the file does.
 */
export function importGraph(model: OnnxModel, options: ImportOptions = {}): Graph {
  const graph = new Graph();
  const values = new Map<string, Value>();
  for (const { name, elementType, shape } of model.inputs) {
    if (elementType === undefined || shape === undefined) {
      throw new RangeError(`input ${name} has no tensor type with a shape`);
    }
    const sizes = shape.map((dimension, axis) => {
      if (typeof dimension === "number") return dimension;
      const size = options.dimensions?.[dimension] ?? (axis === 0 ? options.batch : undefined);
      if (size === undefined) {
        throw new RangeError(`dimension ${dimension} of input ${name} is not fixed: give its size`);
      }
      return size;
    });
    values.set(name, graph.input(name, { elementType, shape: sizes }));
  }
  for (const [name, data] of model.initializers) values.set(name, graph.constant(data, name));
  for (const node of model.nodes) importNode(graph, node, values, model.opsets[node.domain] ?? 0);
  for (const { name } of model.outputs) {
    const value = values.get(name);
    if (value === undefined) throw new RangeError(`output ${name} is computed by no node`);
    graph.output(value, value.constant === undefined && !graph.inputs.includes(value) ? name : undefined);
  }
  return graph;
}

function importNode(graph: Graph, node: OnnxNode, values: Map<string, Value>, opset: number): void {
  const label = `node ${node.name || node.outputs[0]} (${node.opType})`;
  const inputs = node.inputs.map((name) => {
    if (name === "") return undefined;
    const value = values.get(name);
    if (value === undefined) throw new RangeError(`${label} reads ${name}, which nothing before it computes`);
    return value;
  });
  const op = findOp(node.domain, node.opType);
  if (op === undefined) {
    throw new RangeError(
      `${label} has an op that seg does not know; replace it by ops that \`seg inspect --ops\` lists`,
    );
  }
  try {
    const made = applyImported(graph, op, node, inputs, opset);
    node.outputs.forEach((name, i) => {
      const output = made[i];
      if (name !== "" && output !== undefined) values.set(name, output);
    });
  } catch (error) {
    throw new RangeError(`${label}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

function applyImported(
  graph: Graph,
  op: OpDefinition,
  node: OnnxNode,
  inputs: readonly (Value | undefined)[],
  opset: number,
): Value[] {
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(node.attributes)) if (name in op.attributes) attributes[name] = value;
  const remaining = [...inputs];
  for (const [name, asInput] of Object.entries(op.attributeInputs ?? {})) {
    const value = asInput === undefined || asInput.sinceOpset > opset ? undefined : inputs[asInput.position];
    if (asInput === undefined || value === undefined) continue;
    if (value.constant === undefined) {
      throw new RangeError(`its ${name} must be constant, but ${value.name} is computed from data`);
    }
    const list = numbersOf(value.constant as TensorData);
    const single = op.attributes[name] === "float" || op.attributes[name] === "int";
    attributes[name] = single ? list[0] as number : list;
    remaining[asInput.position] = undefined;
  }
  while (remaining.length > 0 && remaining.at(-1) === undefined) remaining.pop();
  const resolved = op.resolve?.(remaining, attributes, opset) ?? attributes;
  return graph.applyAll(op, remaining, resolved as Attributes, node.name || node.outputs[0]);
}
