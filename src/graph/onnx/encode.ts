/** Writes graphs as ONNX files. */
import { type Graph, inputOf, type Node } from "../graph.ts";
import { type AttributeKind, type AttributeValue, existsIn, type Value } from "../op.ts";
import { onnxTypeNumber } from "../ops/elementwise.ts";
import { type TensorData, tensorOf } from "../tensor_type.ts";
import { encodeTensor, FIXED_TENSOR, type Onnx, onnx } from "./proto.ts";

/** What {@link encodeModel} writes besides the graph. */
export interface EncodeOptions {
  /** Version of ONNX's operator set; every op of the graph must exist in it. */
  readonly opset: number;
  readonly graphName?: string;
  readonly producerVersion?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Writes the first dimension of every input and output as this name: for graphs in which nothing depends on the batch size. */
  readonly batchName?: string;
}

// onnx-proto is ONNX 1.10.2; ONNX Runtime accepts this version with every opset up to 26, TensorRT 8.2 logs it only.
const IR_VERSION = 8;

/** The bytes of `graph` as an ONNX file. @throws {RangeError} where a node is newer than the opset. */
export function encodeModel(graph: Graph, options: EncodeOptions): Uint8Array {
  const consumed = new Set<Value>(graph.outputs);
  for (const node of graph.nodes) for (const input of node.inputs) if (input !== undefined) consumed.add(input);
  const initializers: Onnx.ITensorProto[] = graph.constants().map(({ name, constant, fixed }) => ({
    ...encodeTensor(constant as TensorData, name),
    ...(fixed !== undefined && { docString: FIXED_TENSOR }),
  }));
  const shared = new Map<string, string>();
  const constantName = (data: TensorData) => {
    const key = `${data.elementType}${data.shape.length}:${data.values.join(",")}`;
    const known = shared.get(key);
    if (known !== undefined) return known;
    const name = `attribute_${shared.size}`;
    shared.set(key, name);
    initializers.push(encodeTensor(data, name));
    return name;
  };
  const domains = new Set<string>();
  const nodes = graph.nodes.map((node) => {
    if (node.op.domain !== undefined) domains.add(node.op.domain);
    return encodeNode(node, options.opset, consumed, constantName);
  });
  const model: Onnx.IModelProto = {
    irVersion: IR_VERSION,
    opsetImport: [{ domain: "", version: options.opset }, ...[...domains].map((domain) => ({ domain, version: 1 }))],
    producerName: "seg",
    ...(options.producerVersion === undefined ? {} : { producerVersion: options.producerVersion }),
    graph: {
      name: options.graphName ?? "graph",
      node: nodes,
      initializer: initializers,
      input: graph.inputs.map((value) => encodeValue(value, options.batchName)),
      output: graph.outputs.map((value) => encodeValue(value, options.batchName)),
    },
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
  };
  return onnx.ModelProto.encode(model).finish();
}

function encodeNode(
  node: Node,
  opset: number,
  consumed: ReadonlySet<Value>,
  constantName: (data: TensorData) => string,
): Onnx.INodeProto {
  const { op } = node;
  if (!existsIn(op, opset)) {
    const needed = op.lastOpset === undefined ? `${op.sinceOpset}` : `${op.sinceOpset} to ${op.lastOpset}`;
    throw new RangeError(`Cannot write node ${node.name}: ${op.type} needs opset ${needed}, the file has ${opset}`);
  }
  const input = node.inputs.map((value) => value?.name ?? "");
  const attribute: Onnx.IAttributeProto[] = [];
  for (const [name, value] of Object.entries(node.attributes)) {
    if (value === undefined) continue;
    const asInput = op.attributeInputs?.[name];
    if (asInput === undefined || asInput.sinceOpset > opset) {
      attribute.push(encodeAttribute(name, op.attributes[name] as AttributeKind, value));
      continue;
    }
    const list = Array.isArray(value) ? value as number[] : [value as number];
    const shape = asInput.scalar === true ? [] : [list.length];
    while (input.length <= asInput.position) input.push("");
    const elementType = asInput.elementType === "float" ? inputOf(node).type.elementType : asInput.elementType;
    input[asInput.position] = constantName(tensorOf(elementType, shape, list));
  }
  while (input.at(-1) === "") input.pop();
  const output = node.outputs.map((value, i) =>
    i === 0 || !op.optionalOutputs || consumed.has(value) ? value.name : ""
  );
  while (output.at(-1) === "") output.pop();
  return { name: node.name, opType: op.type, domain: op.domain ?? "", input, output, attribute };
}

function encodeAttribute(name: string, kind: AttributeKind, value: AttributeValue): Onnx.IAttributeProto {
  const types = onnx.AttributeProto.AttributeType;
  switch (kind) {
    case "float":
      return { name, type: types.FLOAT, f: value as number };
    case "int":
      return { name, type: types.INT, i: value as number };
    case "string":
      return { name, type: types.STRING, s: new TextEncoder().encode(value as string) };
    case "floats":
      return { name, type: types.FLOATS, floats: [...value as readonly number[]] };
    case "ints":
      return { name, type: types.INTS, ints: [...value as readonly number[]] };
    case "tensor":
      return { name, type: types.TENSOR, t: encodeTensor(value as TensorData, name) };
  }
}

function encodeValue({ name, type }: Value, batchName: string | undefined): Onnx.IValueInfoProto {
  return {
    name,
    type: {
      tensorType: {
        elemType: onnxTypeNumber(type.elementType),
        shape: {
          dim: type.shape.map((dimValue, axis) =>
            axis === 0 && batchName !== undefined ? { dimParam: batchName } : { dimValue }
          ),
        },
      },
    },
  };
}

/** The bytes of the same model with other `metadata_props`. @throws {Error} where the bytes are no ONNX model. */
export function replaceMetadata(bytes: Uint8Array, metadata: Readonly<Record<string, string>>): Uint8Array {
  const model = onnx.ModelProto.decode(bytes);
  model.metadataProps = Object.entries(metadata).map(([key, value]) =>
    onnx.StringStringEntryProto.create({ key, value })
  );
  return onnx.ModelProto.encode(model).finish();
}
