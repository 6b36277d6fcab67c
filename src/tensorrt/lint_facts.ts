/** What the lint can tell of the values of an ONNX file: which are constant, and the type and shape of each. */
import type { Graph } from "../graph/graph.ts";
import type { OnnxBody, OnnxModel, OnnxNode } from "../graph/onnx/model.ts";
import { CAST_TYPES } from "../graph/ops/elementwise.ts";
import type { ElementType, TensorData } from "../graph/tensor_type.ts";

/** Answers of the file; `undefined` where the file does not tell. */
export interface FileFacts {
  readonly opset: number;
  /** Whether a value is an initializer or the output of a Constant node: what the parser calls weights. */
  isConstant(name: string): boolean;
  /** The numbers of a constant; of strings and sparse values none are known. */
  constant(name: string): TensorData | undefined;
  elementType(name: string): ElementType | undefined;
  shape(name: string): readonly number[] | undefined;
  /** Whether a value is computed from what is put into the graph, and not from shapes and constants alone. */
  isData(name: string): boolean;
}

/** Ops whose output has another element type than their first input. */
const TYPES_OF_OUTPUTS: Readonly<Record<string, ElementType>> = {
  ...Object.fromEntries(
    "And Or Not Xor Equal Greater GreaterOrEqual Less LessOrEqual IsNaN IsInf".split(" ").map((op) => [op, "bool"]),
  ),
  ...Object.fromEntries("Shape Size ArgMax ArgMin NonZero NonMaxSuppression".split(" ").map((op) => [op, "int64"])),
  QuantizeLinear: "int8",
  DequantizeLinear: "float32",
};

/** {@link FileFacts} of a model, or of a graph inside one of its nodes, whose facts stand behind `outer`. */
export function fileFacts(model: OnnxModel | OnnxBody, graph?: Graph, outer?: FileFacts): FileFacts {
  const constants = new Map<string, TensorData | undefined>(model.initializers);
  const types = new Map<string, ElementType>();
  const shapes = new Map<string, readonly number[]>();
  const data = new Set<string>();
  for (const [name, { elementType, shape }] of model.initializers) {
    types.set(name, elementType);
    shapes.set(name, shape);
  }
  for (const { name, elementType, shape } of model.inputs) {
    data.add(name);
    if (elementType !== undefined) types.set(name, elementType);
    if (shape?.every((size) => typeof size === "number")) shapes.set(name, shape as readonly number[]);
  }
  const isData = (name: string) => data.has(name) || (outer?.isData(name) ?? false);
  const elementType = (name: string) => types.get(name) ?? outer?.elementType(name);
  for (const node of model.nodes) {
    const { opType, inputs, outputs, attributes } = node;
    if (opType === "Constant") {
      const value = attributes["value"];
      const tensor = typeof value === "object" && "elementType" in value ? value : undefined;
      for (const name of outputs) {
        constants.set(name, tensor);
        if (tensor) {
          types.set(name, tensor.elementType);
          shapes.set(name, tensor.shape);
        }
      }
      continue;
    }
    const type = outputType(node, elementType);
    const computed = !(opType === "Shape" || opType === "Size") && inputs.some(isData);
    for (const [i, name] of outputs.entries()) {
      if (type !== undefined) types.set(name, opType === "TopK" && i === 1 ? "int64" : type);
      if (computed) data.add(name);
    }
  }
  addGraphTypes(model.nodes, graph, { types, shapes });
  return {
    opset: "opsets" in model ? model.opsets[""] ?? 0 : outer?.opset ?? 0,
    isConstant: (name) => constants.has(name) || (outer?.isConstant(name) ?? false),
    constant: (name) => constants.get(name) ?? outer?.constant(name),
    elementType,
    shape: (name) => shapes.get(name) ?? outer?.shape(name),
    isData,
  };
}

function outputType(
  { opType, inputs, attributes }: OnnxNode,
  elementType: (name: string) => ElementType | undefined,
): ElementType | undefined {
  if (opType === "Cast") return CAST_TYPES[attributes["to"] as number];
  if (opType === "ConstantOfShape") {
    const value = attributes["value"];
    return typeof value === "object" && "elementType" in value ? value.elementType : "float32";
  }
  // Where(condition, x, y), Range and the rest take the type of the values that they pass on.
  return TYPES_OF_OUTPUTS[opType] ?? elementType(inputs[opType === "Where" ? 1 : 0] ?? "");
}

/** In the graph a node has its name in the file, or that of its first output. */
function addGraphTypes(
  nodes: readonly OnnxNode[],
  graph: Graph | undefined,
  { types, shapes }: { types: Map<string, ElementType>; shapes: Map<string, readonly number[]> },
): void {
  const byName = new Map(graph?.nodes.map((node) => [node.name, node]));
  for (const { name, outputs } of nodes) {
    const found = byName.get(name) ?? byName.get(outputs[0] ?? "");
    for (const [i, { type }] of (found?.outputs ?? []).entries()) {
      const output = outputs[i] ?? "";
      types.set(output, type.elementType);
      shapes.set(output, type.shape);
    }
  }
}
