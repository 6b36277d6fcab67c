/** From an ONNX file's plain data to a graph with static shapes. */
import { Graph } from "../graph.ts";
import {
  type AttributeKind,
  type Attributes,
  type AttributeValue,
  existsIn,
  type OpDefinition,
  type Value,
} from "../op.ts";
import { identity } from "../ops/elementwise.ts";
import { formulas } from "../ops/formulas.ts";
import { findOp } from "../ops/registry.ts";
import { elementCount, formatShape, numbersOf } from "../tensor_type.ts";
import { ComputedConstants } from "./computed_constants.ts";
import type { OnnxModel, OnnxNode, OnnxValue } from "./model.ts";
import { fixedInitializers } from "./weights.ts";

/** What {@link importGraph} needs to know besides the file. */
export interface ImportOptions {
  /** Sizes of symbolic dimensions by name; `batch` serves every first dimension of an input that has no entry. */
  readonly dimensions?: Readonly<Record<string, number>>;
  readonly batch?: number;
  /** The opset that the graph is for (default 17): ops that it lacks are written out in simpler ops. */
  readonly opset?: number;
  /** Whether a constant of this name is learned although it seems to be no weight. */
  readonly learned?: (name: string) => boolean;
}

// Below 7 broadcasting had attributes of its own; 26 is the last opset that the installed ONNX Runtime runs.
const OPSETS = { first: 7, last: 26 } as const;
const DEFAULT_OPSET = 17;

/**
 * Builds the graph of a model. Shape arithmetic is computed on the way, so that symbolic dimensions leave no trace.
 *
 * @throws {RangeError} naming the node and its op where the op is not known, or cannot be used as the file does.
 */
export function importGraph(model: OnnxModel, options: ImportOptions = {}): Graph {
  const opset = model.opsets[""] ?? 0;
  if (opset < OPSETS.first || opset > OPSETS.last) {
    throw new RangeError(
      `the file has ONNX opset ${opset}, but ${OPSETS.first} to ${OPSETS.last} can be read; export it with opset 13 or 17`,
    );
  }
  const graph = new Graph();
  const values = new Map<string, Value>();
  const define = (name: string, value: Value) => {
    if (values.has(name)) throw new RangeError(`the name ${name} stands for two tensors; the file is damaged`);
    values.set(name, value);
  };
  for (const input of model.inputs) define(input.name, addInput(graph, input, options));
  const fixed = fixedInitializers(model);
  for (const [name, data] of model.initializers) {
    define(name, graph.constant(data, name, options.learned?.(name) === true ? undefined : fixed.get(name)));
  }
  const outputNames = new Set(model.outputs.map(({ name }) => name));
  const computed = new ComputedConstants(model);
  for (const node of model.nodes) {
    const name = nodeName(node, outputNames, values);
    const made = importNode(graph, node, { values, opset: model.opsets[node.domain] ?? 0, name, options, computed });
    node.outputs.forEach((output, i) => {
      const value = made[i];
      if (output !== "" && value !== undefined) define(output, value);
    });
  }
  const taken = new Set<Value>(graph.inputs);
  for (const { name } of model.outputs) {
    const value = values.get(name);
    if (value === undefined) throw new RangeError(`output ${name} is computed by no node`);
    const named = value.name !== name && taken.has(value)
      ? graph.apply(identity, [value], {}, name)
      : value.constant !== undefined && value.name !== name
      ? graph.constant(value.constant, name)
      : value;
    taken.add(named);
    graph.output(named, named.constant === undefined ? name : undefined);
  }
  return graph;
}

/** The nodes of `model` whose op seg does not know, with what can be done: the first of them stops {@link importGraph}. */
export function unknownNodes(
  model: OnnxModel,
): { readonly node: string; readonly op: string; readonly reason: string }[] {
  return model.nodes.filter(({ domain, opType }) => findOp(domain, opType) === undefined).map((node) => ({
    node: node.name || node.outputs[0] || "",
    op: node.opType,
    reason: `it ${whyUnknown(node)}`,
  }));
}

function addInput(graph: Graph, { name, elementType, shape }: OnnxValue, options: ImportOptions): Value {
  if (elementType === undefined || shape === undefined) {
    throw new RangeError(`input ${name} has no tensor type with a shape`);
  }
  const sizes = shape.map((dimension, axis) => {
    if (typeof dimension === "number") return dimension;
    const size = options.dimensions?.[dimension] ?? (axis === 0 ? options.batch : undefined);
    if (size === undefined) throw new RangeError(`dimension ${dimension} of input ${name} is not fixed: give its size`);
    return size;
  });
  refuseShape(`input ${name}`, sizes);
  return graph.input(name, { elementType, shape: sizes });
}

// The name of a node is also the name of its first output, which the graph's inputs, weights and outputs keep for themselves.
function nodeName(node: OnnxNode, outputNames: ReadonlySet<string>, values: ReadonlyMap<string, Value>): string {
  const [first = ""] = node.outputs;
  if (node.name === "" || outputNames.has(first)) return first;
  return outputNames.has(node.name) || values.get(node.name)?.name === node.name ? first : node.name;
}

interface NodeContext {
  readonly values: ReadonlyMap<string, Value>;
  readonly opset: number;
  readonly name: string;
  readonly options: ImportOptions;
  readonly computed: ComputedConstants;
}

function importNode(
  graph: Graph,
  node: OnnxNode,
  { values, opset, name, options, computed }: NodeContext,
): readonly Value[] {
  const label = `node ${node.name || node.outputs[0]} (${node.domain === "" ? "" : `${node.domain}::`}${node.opType})`;
  const inputs = node.inputs.map((input) => {
    if (input === "") return undefined;
    const value = values.get(input);
    if (value === undefined) throw new RangeError(`${label} reads ${input}, which nothing before it computes`);
    return value;
  });
  const op = findOp(node.domain, node.opType);
  if (op === undefined) throw new RangeError(`${label} ${whyUnknown(node)}`);
  try {
    const attributes = readAttributes(op, node);
    const remaining = takeAttributeInputs(op, inputs, attributes, opset);
    const resolved = (op.resolve?.(remaining, attributes, { opset, outputCount: node.outputs.length }) ??
      attributes) as Attributes;
    const types = op.outputTypes(remaining, resolved);
    for (const { shape } of types) refuseShape("the output", shape);
    const follows = computed.follows(inputs);
    if (follows) computed.take(types);
    const folded = op.fold?.(remaining, resolved);
    if (folded !== undefined) {
      // Weights behind Identity, Transpose or Cast keep the name of the tensor.
      const fixed = whyFixed(op, remaining);
      return folded.map((data, i) => {
        const called = node.outputs[i] || name;
        return graph.constant(data, called, options.learned?.(called) === true ? undefined : fixed);
      });
    }
    const outputs = op.expand === undefined || existsIn(op, options.opset ?? DEFAULT_OPSET)
      ? graph.applyAll(op, remaining, resolved, name)
      : op.expand(formulas(graph), remaining, resolved);
    if (follows) computed.add(outputs);
    return outputs;
  } catch (error) {
    // A TypeError comes from an input that the op needs and the node has not.
    const reason = error instanceof RangeError ? error.message : `its inputs and attributes do not fit ${node.opType}`;
    throw new RangeError(`${label}: ${reason}`, { cause: error });
  }
}

// A weight stays one where it is moved; what is computed from it is not learned.
function whyFixed(op: OpDefinition, inputs: readonly (Value | undefined)[]): string | undefined {
  const tensors = inputs.filter((input) => input !== undefined);
  if (tensors.length === 0) return "it is a number of the file's graph (Constant)";
  const reason = tensors.find(({ fixed }) => fixed !== undefined)?.fixed;
  return reason ?? (op.handsOn === true ? undefined : "it is computed from other constants");
}

function whyUnknown(node: OnnxNode): string {
  if (node.otherAttributes.length > 0) {
    return `holds a sub-graph (${
      node.otherAttributes.join(", ")
    }); export the model without control flow (trace it instead of scripting it)`;
  }
  if (/Sequence|Optional/.test(node.opType)) {
    return "works on sequences of tensors, which seg does not know; export the model without them";
  }
  if (node.domain !== "") {
    return "is not an op of ONNX itself; export the model with ONNX ops alone (functions inlined, no custom ops)";
  }
  return "has an op that seg does not know; write it in other ops";
}

function readAttributes(op: OpDefinition, node: OnnxNode): Record<string, AttributeValue> {
  if (node.otherAttributes.length > 0) {
    throw new RangeError(`attribute ${node.otherAttributes[0]} is of a kind that is not supported`);
  }
  for (const [name, value] of Object.entries(node.attributes)) {
    const kind = op.attributes[name];
    if (kind === undefined) throw new RangeError(`attribute ${name} is not supported`);
    if (!isOfKind(value, kind)) throw new RangeError(`attribute ${name} is not of the kind ${kind}`);
  }
  return { ...node.attributes };
}

function isOfKind(value: AttributeValue, kind: AttributeKind): boolean {
  const isInteger = (item: unknown) => Number.isInteger(item);
  switch (kind) {
    case "float":
      return typeof value === "number";
    case "int":
      return isInteger(value);
    case "floats":
      return Array.isArray(value);
    case "ints":
      return Array.isArray(value) && value.every(isInteger);
    case "string":
      return typeof value === "string";
    case "tensor":
      return typeof value === "object" && !Array.isArray(value);
  }
}

// Shapes, axes, sizes: a few numbers per dimension; Split has one per part.
const LONGEST_LIST = 65536;

// Moves inputs that are attributes in memory over to `attributes`, and returns the others.
function takeAttributeInputs(
  op: OpDefinition,
  inputs: readonly (Value | undefined)[],
  attributes: Record<string, AttributeValue>,
  opset: number,
): (Value | undefined)[] {
  const remaining = [...inputs];
  for (const [name, asInput] of Object.entries(op.attributeInputs ?? {})) {
    const form = [asInput, asInput?.formerly].find((form) => form !== undefined && form.sinceOpset <= opset);
    const value = form === undefined ? undefined : inputs[form.position];
    if (form === undefined || value === undefined) continue;
    if (value.constant === undefined) {
      throw new RangeError(`its ${name} must be constant, but ${value.name} is computed from data`);
    }
    if (value.constant.values.length > LONGEST_LIST) {
      throw new RangeError(`its ${name} has ${value.constant.values.length} numbers: at most ${LONGEST_LIST} are read`);
    }
    const list = numbersOf(value.constant);
    const single = op.attributes[name] === "float" || op.attributes[name] === "int";
    if (single && list.length !== 1) throw new RangeError(`its ${name} must be one number: found ${list.length}`);
    attributes[name] = single ? list[0] as number : list;
    remaining[form.position] = undefined;
  }
  while (remaining.length > 0 && remaining.at(-1) === undefined) remaining.pop();
  return remaining;
}

function refuseShape(what: string, shape: readonly number[]): void {
  if (shape.every((size) => Number.isInteger(size) && size >= 0) && Number.isSafeInteger(elementCount(shape))) return;
  throw new RangeError(`${what} has the shape ${formatShape(shape)}, which no tensor can have`);
}
