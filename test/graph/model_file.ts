/** Writes ONNX files as other exporters do: any opset, any form, any names. */
import { encodeTensor, type Onnx, onnx } from "../../src/graph/onnx/proto.ts";
import { onnxTypeNumber } from "../../src/graph/ops/elementwise.ts";
import { elementCount, type ElementType, floats, type TensorData } from "../../src/graph/tensor_type.ts";
import { Random } from "../../src/random.ts";

/** An attribute by its JavaScript type: number → INT, `{ f }` → FLOAT, string → STRING, number[] → INTS, tensor → TENSOR. */
export type FileAttribute = number | string | readonly number[] | { readonly f: number } | {
  readonly fs: readonly number[];
} | TensorData;

/** A node in one line: op, inputs, outputs, attributes. */
export type FileNode = readonly [
  string,
  readonly string[],
  readonly string[],
  Readonly<Record<string, FileAttribute>>?,
];

/** A graph input or output. */
export type FileValue = readonly [string, readonly (number | string)[], ElementType?];

/** What a file holds. */
export interface FileContent {
  readonly opset: number;
  readonly nodes: readonly FileNode[];
  readonly initializers?: Readonly<Record<string, TensorData>>;
  readonly inputs: readonly FileValue[];
  readonly outputs: readonly FileValue[];
}

/** The bytes of a model. */
export function modelFile({ opset, nodes, initializers = {}, inputs, outputs }: FileContent): Uint8Array {
  const model: Onnx.IModelProto = {
    irVersion: 7,
    opsetImport: [{ domain: "", version: opset }],
    producerName: "test",
    graph: {
      name: "graph",
      node: nodes.map(([opType, input, output, attributes = {}], i) => ({
        name: `node_${i}`,
        opType,
        input: [...input],
        output: [...output],
        attribute: Object.entries(attributes).map(([name, value]) => fileAttribute(name, value)),
      })),
      initializer: Object.entries(initializers).map(([name, data]) => encodeTensor(data, name)),
      input: inputs.map(fileValue),
      output: outputs.map(fileValue),
    },
  };
  return onnx.ModelProto.encode(model).finish();
}

function fileAttribute(name: string, value: FileAttribute): Onnx.IAttributeProto {
  const types = onnx.AttributeProto.AttributeType;
  if (typeof value === "number") return { name, type: types.INT, i: value };
  if (typeof value === "string") return { name, type: types.STRING, s: new TextEncoder().encode(value) };
  if ("f" in value) return { name, type: types.FLOAT, f: value.f };
  if ("fs" in value) return { name, type: types.FLOATS, floats: [...value.fs] };
  if ("elementType" in value) return { name, type: types.TENSOR, t: encodeTensor(value, name) };
  return { name, type: types.INTS, ints: [...value] };
}

function fileValue([name, shape, elementType = "float32"]: FileValue): Onnx.IValueInfoProto {
  const dim = shape.map((size) => (typeof size === "string" ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType: onnxTypeNumber(elementType), shape: { dim } } } };
}

/** Normally distributed values. */
export function noise(shape: readonly number[], seed: number): TensorData<"float32"> {
  const random = new Random(seed);
  return floats(Float32Array.from({ length: elementCount(shape) }, () => random.normal()), shape);
}
