/** Reads ONNX files that any exporter wrote. */
import type { AttributeValue } from "../op.ts";
import { CAST_TYPES } from "../ops/elementwise.ts";
import type { TensorData } from "../tensor_type.ts";
import type { OnnxBody, OnnxModel, OnnxNode, OnnxValue } from "./model.ts";
import { decodeTensor, FIXED_TENSOR, type Onnx, onnx, toNumber } from "./proto.ts";

/** Reads the bytes of an ONNX file. @throws {SyntaxError} where `bytes` are not an ONNX model, {RangeError} where a tensor is damaged or of an unknown type. */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  let model: Onnx.ModelProto;
  try {
    model = onnx.ModelProto.decode(bytes);
  } catch (error) {
    throw new SyntaxError(`the bytes are not an ONNX model (${error instanceof Error ? error.message : error})`);
  }
  const graph = model.graph;
  if (graph == null || model.opsetImport.length === 0 || (graph.output ?? []).length === 0) {
    throw new SyntaxError("the bytes are not an ONNX model: they hold no graph with outputs");
  }
  if ((graph.sparseInitializer ?? []).length > 0) {
    throw new RangeError("the model has sparse weights, which are not supported; export dense ones");
  }
  return {
    irVersion: toNumber(model.irVersion),
    opsets: Object.fromEntries(
      model.opsetImport.map(({ domain, version }) => [normalDomain(domain), toNumber(version)]),
    ),
    domains: model.opsetImport.map(({ domain }) => domain ?? ""),
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(" "),
    graphName: graph.name ?? "",
    ...decodeBody(graph),
    fixed: new Set(
      (graph.initializer ?? []).filter(({ docString }) => docString === FIXED_TENSOR).map(({ name }) => name ?? ""),
    ),
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key ?? "", value ?? ""])),
  };
}

function decodeBody(graph: Onnx.IGraphProto): OnnxBody {
  const initializers = new Map<string, TensorData>();
  for (const tensor of graph.initializer ?? []) initializers.set(tensor.name ?? "", decodeTensor(tensor));
  return {
    nodes: (graph.node ?? []).map(decodeNode),
    initializers,
    inputs: (graph.input ?? []).filter(({ name }) => !initializers.has(name ?? "")).map(decodeValue),
    outputs: (graph.output ?? []).map(decodeValue),
  };
}

/** Nodes with graphs are not imported: a tensor in one that cannot be read is no reason to refuse the file. */
function readableBody(graph: Onnx.IGraphProto): OnnxBody | undefined {
  try {
    return decodeBody(graph);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function normalDomain(domain: string | null | undefined): string {
  return domain == null || domain === "ai.onnx" ? "" : domain;
}

function decodeNode(node: Onnx.INodeProto): OnnxNode {
  const attributes: Record<string, AttributeValue> = {};
  const otherAttributes: string[] = [];
  const bodies: Record<string, OnnxBody> = {};
  for (const attribute of node.attribute ?? []) {
    const value = decodeAttribute(attribute);
    if (value === undefined) otherAttributes.push(attribute.name ?? "");
    else attributes[attribute.name ?? ""] = value;
    const body = attribute.g == null ? undefined : readableBody(attribute.g);
    if (body !== undefined) bodies[attribute.name ?? ""] = body;
  }
  return {
    opType: node.opType ?? "",
    domain: normalDomain(node.domain),
    name: node.name ?? "",
    inputs: node.input ?? [],
    outputs: node.output ?? [],
    attributes,
    otherAttributes,
    ...(Object.keys(bodies).length > 0 && { bodies }),
  };
}

function decodeAttribute(attribute: Onnx.IAttributeProto): AttributeValue | undefined {
  const types = onnx.AttributeProto.AttributeType;
  if (attribute.refAttrName) return undefined;
  switch (attribute.type) {
    case types.FLOAT:
      return attribute.f ?? 0;
    case types.INT:
      return toNumber(attribute.i ?? 0);
    case types.STRING:
      return new TextDecoder().decode(attribute.s ?? new Uint8Array());
    case types.TENSOR:
      return decodeTensor(attribute.t ?? {});
    case types.FLOATS:
      return attribute.floats ?? [];
    case types.INTS:
      return (attribute.ints ?? []).map(toNumber);
    default:
      return undefined;
  }
}

function decodeValue(value: Onnx.IValueInfoProto): OnnxValue {
  const tensor = value.type?.tensorType;
  return {
    name: value.name ?? "",
    elementType: CAST_TYPES[tensor?.elemType ?? 0],
    shape: tensor?.shape?.dim?.map(decodeDimension),
  };
}

// Exporters write an open dimension as a name, as nothing at all, or (Paddle) as −1.
function decodeDimension({ dimParam, dimValue }: Onnx.TensorShapeProto.IDimension, axis: number): number | string {
  if (dimParam) return dimParam;
  const size = dimValue == null ? -1 : toNumber(dimValue);
  return size > 0 ? size : `unknown_${axis}`;
}
