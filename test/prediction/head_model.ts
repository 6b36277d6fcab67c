/** A model whose head repairs what its first level lacks, so that both can be told apart. */
import { Graph } from "../../src/graph/graph.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { encodeMetadata, type ModelMetadata } from "../../src/graph/onnx/metadata.ts";
import { conv, convTranspose } from "../../src/graph/ops/convolution.ts";
import { floats } from "../../src/graph/tensor_type.ts";
import { identityModel } from "./identity_model.ts";

/**
 * Level 0 `[size, size]` finds nothing; level 1 `[2 · size, 2 · size]` doubles every pixel of the image, with the logits of
 * {@link identityModel}.
 */
export function headModel(size: number, training: ModelMetadata["training"]): Uint8Array {
  const graph = new Graph();
  const image = graph.input("image", { elementType: "float32", shape: [1, 1, size, size] });
  const weight = (name: string, value: number) => graph.constant(floats([value], [1, 1, 1, 1]), name);
  const bias = graph.constant(floats([-10]), "bias");
  graph.output(graph.apply(conv, [image, weight("nothing", 0), bias], { kernel_shape: [1, 1] }), "level_0");
  const doubling = graph.constant(floats([20, 20, 20, 20], [1, 1, 2, 2]), "doubling");
  const doubled = graph.apply(convTranspose, [image, doubling, bias], { kernel_shape: [2, 2], strides: [2, 2] });
  graph.output(doubled, "level_1");
  const { metadata } = identityModel({ size, labels: [{ value: 1, name: "lesion" }], training });
  const output = { ...metadata.output, levels: ["level_0", "level_1"], answer: "level_1" };
  return encodeModel(graph, { opset: 13, metadata: encodeMetadata({ ...metadata, output }), batchName: "N" });
}
