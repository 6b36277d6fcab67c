/** What tests of the trtexec driver share: a temporary folder and a small real model. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Graph } from "../../src/graph/graph.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { conv } from "../../src/graph/ops/convolution.ts";
import { sigmoid } from "../../src/graph/ops/elementwise.ts";
import { floats } from "../../src/graph/tensor_type.ts";
import { Random } from "../../src/random.ts";

/** Runs `use` with a temporary folder, which is removed afterwards. */
export async function inScratch(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "seg-trt-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bytes of a model with input `image` [batch, 1, 8, 8] and output `mask` of the same shape: a 3 × 3 convolution and a sigmoid. */
export function smallModel(batch = 1): Uint8Array {
  const graph = new Graph();
  const random = new Random(7);
  const image = graph.input("image", { elementType: "float32", shape: [batch, 1, 8, 8] });
  const weight = graph.constant(
    floats(Float32Array.from({ length: 9 }, () => random.normal()), [1, 1, 3, 3]),
    "weight",
  );
  const bias = graph.constant(floats([0.1]), "bias");
  const attributes = { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 };
  graph.output(graph.apply(sigmoid, [graph.apply(conv, [image, weight, bias], attributes)]), "mask");
  return encodeModel(graph, { opset: 13, graphName: "small" });
}

/** Writes {@link smallModel} as `net.onnx` into `folder` and returns its path. */
export function writeSmallModel(folder: string, batch = 1): string {
  const path = join(folder, "net.onnx");
  writeFileSync(path, smallModel(batch));
  return path;
}
