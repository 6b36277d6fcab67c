/** An untrained network as a model file. */
import type { Graph } from "../graph/graph.ts";
import { buildNet, type NetOptions } from "../graph/nets/catalog.ts";
import { encodeModel } from "../graph/onnx/encode.ts";
import { encodeMetadata } from "../graph/onnx/metadata.ts";
import { totalFlops } from "../graph/passes/flops.ts";
import { foldBatchNormalization } from "../graph/passes/fold_batch_normalization.ts";
import { parameterCount } from "../graph/passes/parameters.ts";
import { countKernels } from "../tensorrt/kernels.ts";

/** What {@link buildModel} builds. */
export interface BuildModelOptions extends Omit<NetOptions, "batch"> {
  /** `sigmoid` for one class and `softmax` for several, where absent. */
  readonly activation?: "sigmoid" | "softmax" | undefined;
  /** Version of this program. */
  readonly version: string;
}

/** A model file and what it costs. */
export interface BuiltModel {
  readonly bytes: Uint8Array;
  readonly parameters: number;
  /** Parameters that the levels above the input resolution add. */
  readonly headParameters: number;
  /** Of one image; a multiply-add is two. */
  readonly flops: number;
  readonly headFlops: number;
  readonly nodes: number;
  /** Kernels that an engine runs: nodes without those that TensorRT joins to others. */
  readonly kernels: number;
  readonly headKernels: number;
}

/**
 * Builds a network with seeded initial weights.
 *
 * @param options.classes classes besides the background; softmax adds a channel for it.
 * @throws {RangeError} where the sizes do not fit the network.
 */
export function buildModel({ activation, version, ...options }: BuildModelOptions): BuiltModel {
  const chosen = activation ?? (options.classes === 1 ? "sigmoid" : "softmax");
  const classes = options.classes + (chosen === "softmax" ? 1 : 0);
  const { net, head, width, channels, inputSize, outputSize, seed } = options;
  const { graph } = buildNet({ net, head, width, channels, classes, inputSize, outputSize, seed });
  const headless = buildNet({ net, head: "none", width, channels, classes, inputSize, outputSize, seed }).graph;
  const [parameters, flops, kernels] = [parameterCount(graph), totalFlops(graph), kernelsOf(graph)];
  const levels = graph.outputs.map(({ name }) => name);
  const metadata = encodeMetadata({
    version,
    net: { net, ...(head === undefined ? {} : { head }), width, inputSize, outputSize, seed },
    input: {
      channels: Array.from({ length: channels }, (_, channel) => `channel ${channel}`),
      size: inputSize,
      normalization: { mode: "zscore", lowerPercentile: 0.5, upperPercentile: 99.5, nonZero: true },
    },
    output: { levels, answer: levels.at(-1) as string, activation: chosen, threshold: 0.5 },
    labels: Array.from({ length: options.classes }, (_, k) => ({ value: k + 1, name: `label ${k + 1}` })),
    plane: "axial",
    training: { epochs: 0 },
  });
  return {
    // 13 is the last opset of TensorRT 8.2.
    bytes: encodeModel(graph, { opset: 13, graphName: net, producerVersion: version, metadata, batchName: "N" }),
    parameters,
    headParameters: parameters - parameterCount(headless),
    flops,
    headFlops: flops - totalFlops(headless),
    nodes: graph.nodes.length,
    kernels,
    headKernels: kernels - kernelsOf(headless),
  };
}

// Normalization is part of the convolution before it in all that is exported.
function kernelsOf(graph: Graph): number {
  return countKernels(foldBatchNormalization(graph).graph);
}
