/** Runs graphs and files in ONNX Runtime and compares what comes out. */
import assert from "node:assert/strict";
import type { Graph } from "../../src/graph/graph.ts";
import { buildNet, type NetOptions } from "../../src/graph/nets/catalog.ts";
import { type ExportedModel, exportModel, type ExportOptions } from "../../src/deployment/export_model.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { runningStatistics } from "../../src/graph/passes/parameters.ts";
import { elementCount, floats, type TensorData } from "../../src/graph/tensor_type.ts";
import { Random } from "../../src/random.ts";
import { type Model, modelOf } from "../../src/model/model.ts";
import { createSession } from "../../src/runtime/session.ts";
import { largestDifference, withConstants } from "../golden.ts";

/** The exported form of an ONNX file, with its bytes. */
export function exportFile(
  { bytes, file = "model.onnx", ...options }: ExportOptions & { readonly bytes: Uint8Array; readonly file?: string },
): ExportedModel & Pick<Model, "bytes"> {
  const exported = exportModel(modelOf(file, bytes), options);
  return { ...exported, bytes: exported.model.bytes };
}

/** A J-Net whose normalization layers have seen something: random scales, biases, means and variances. */
export function trainedLike(options: Partial<NetOptions> = {}, seed = 1): Graph {
  const net = buildNet({
    net: "j-net",
    width: 4,
    channels: 1,
    classes: 1,
    inputSize: 16,
    outputSize: 256,
    seed,
    ...options,
  }).graph;
  const random = new Random(seed);
  const averaged = new Set([...runningStatistics(net)].map(({ name }) => name));
  const sizes = new Map(net.constants().map(({ name, type }) => [name, type.shape]));
  return withConstants(net, (name) => {
    const shape = sizes.get(name) as readonly number[];
    if (!averaged.has(name) && !/\.[14]\.(weight|bias)$/.test(name)) return undefined;
    const low = name.endsWith("mean") || name.endsWith("bias") ? -0.5 : 0.4;
    return floats(Float32Array.from({ length: elementCount(shape) }, () => random.uniform(low, 1.2)), shape);
  });
}

/** Random inputs for `graph`. */
export function randomFeeds(graph: Graph, seed = 3): Record<string, TensorData> {
  const random = new Random(seed);
  return Object.fromEntries(graph.inputs.map(({ name, type }) => [
    name,
    floats(Float32Array.from({ length: elementCount(type.shape) }, () => random.normal()), type.shape),
  ]));
}

/** The outputs of a graph or a file in ONNX Runtime, without its optimizer. */
export async function outputsOf(
  model: Graph | Uint8Array,
  feeds: Record<string, TensorData>,
): Promise<Record<string, TensorData<"float32">>> {
  const bytes = model instanceof Uint8Array ? model : encodeModel(model, { opset: 13 });
  const session = await createSession(bytes, { threads: 1, optimization: "disabled" });
  const outputs = await session.run(feeds);
  await session.release();
  return outputs as Record<string, TensorData<"float32">>;
}

/** Fails where an output of `found` differs from `expected`'s by more than `tolerance` times its largest value. */
export function assertClose(
  found: Record<string, TensorData<"float32">>,
  expected: Record<string, TensorData<"float32">>,
  tolerance: number,
): void {
  assert.ok(Object.keys(found).length > 0);
  for (const [name, { values, shape }] of Object.entries(found)) {
    const wanted = expected[name] as TensorData<"float32">;
    assert.deepEqual(shape, wanted.shape);
    const scale = wanted.values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
    const difference = largestDifference(values, wanted.values);
    assert.ok(difference <= tolerance * scale, `${name} differs by ${difference}, its largest value is ${scale}`);
  }
}

/** Number of nodes by op. */
export function opCounts(graph: Graph): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { op } of graph.nodes) counts[op.type] = (counts[op.type] ?? 0) + 1;
  return counts;
}
