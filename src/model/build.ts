/** An untrained network as a model file. */
import { buildNet, type NetOptions } from "../graph/nets/catalog.ts";
import { encodeModel } from "../graph/onnx/encode.ts";
import { encodeMetadata } from "../graph/onnx/metadata.ts";
import { headCost, type NetCost, netCost } from "./cost.ts";

/** What {@link buildModel} builds. */
export interface BuildModelOptions extends Omit<NetOptions, "batch"> {
  /** `sigmoid` for one class and `softmax` for several, where absent. */
  readonly activation?: "sigmoid" | "softmax" | undefined;
  /** Version of this program. */
  readonly version: string;
}

/** A model file and what it costs: all of it, and the levels above the input resolution alone. */
export interface BuiltModel extends NetCost {
  readonly bytes: Uint8Array;
  readonly head: NetCost;
  readonly nodes: number;
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
  const network = { net, head, width, channels, classes, inputSize, outputSize, seed };
  const { graph } = buildNet(network);
  const levels = graph.outputs.map(({ name }) => name);
  const metadata = encodeMetadata({
    version,
    net: { name: net, ...(head === undefined ? {} : { head }), width, inputSize, outputSize, seed },
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
    ...netCost(graph),
    head: headCost(network),
    nodes: graph.nodes.length,
  };
}
