/** An ONNX model that computes about as TensorRT does with --fp16: weights and activations rounded to half precision. */
import { onnx } from "../../src/graph/onnx/proto.ts";
import { roundAllToHalf } from "./half.ts";

/** Ops whose output is always of floating point; Add, Mul and Concat may be shape arithmetic and are left alone. */
const FLOAT_OPS = new Set([
  "AveragePool",
  "BatchNormalization",
  "Conv",
  "ConvTranspose",
  "Elu",
  "Gemm",
  "GlobalAveragePool",
  "HardSigmoid",
  "InstanceNormalization",
  "LeakyRelu",
  "MatMul",
  "MaxPool",
  "Relu",
  "Resize",
  "Sigmoid",
  "Softmax",
  "Tanh",
]);

const { FLOAT, FLOAT16 } = onnx.TensorProto.DataType;

/**
 * Rounds float weights, and passes the outputs of {@link FLOAT_OPS} through half precision by a pair of casts.
 *
 * An approximation: sums inside a convolution stay in single precision, and TensorRT decides per layer whether it uses FP16 at all.
 */
export function roundModelToHalf(bytes: Uint8Array): Uint8Array {
  const model = onnx.ModelProto.decode(bytes);
  const graph = model.graph;
  if (graph == null) return bytes;
  for (const tensor of graph.initializer ?? []) {
    if (tensor.dataType !== FLOAT) continue;
    if (tensor.floatData?.length) tensor.floatData = Array.from(roundAllToHalf(Float32Array.from(tensor.floatData)));
    if (tensor.rawData?.length) {
      const values = new Float32Array(Uint8Array.from(tensor.rawData).buffer); // a copy: the bytes lie at any offset
      tensor.rawData = new Uint8Array(roundAllToHalf(values).buffer);
    }
  }
  graph.node = (graph.node ?? []).flatMap((node) => {
    const output = node.output?.[0];
    if (!FLOAT_OPS.has(node.opType ?? "") || output === undefined) return [node];
    const [exact, half] = [`${output}/exact`, `${output}/half`];
    node.output = [exact, ...(node.output ?? []).slice(1)];
    return [node, castNode(exact, half, FLOAT16), castNode(half, output, FLOAT)];
  });
  return onnx.ModelProto.encode(model).finish();
}

function castNode(input: string, output: string, to: number) {
  const attribute = { name: "to", type: onnx.AttributeProto.AttributeType.INT, i: to };
  return { opType: "Cast", name: `${output}/cast`, input: [input], output: [output], attribute: [attribute] };
}
