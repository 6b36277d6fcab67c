/** What a network costs, with and without its head. */
import type { Graph } from "../graph/graph.ts";
import { buildNet, type NetOptions } from "../graph/nets/catalog.ts";
import { totalFlops } from "../graph/passes/flops.ts";
import { foldableNormalization } from "../graph/passes/fold_batch_normalization.ts";
import { parameterCount } from "../graph/passes/parameters.ts";
import { countKernels } from "../tensorrt/kernels.ts";

/** Cost of a network or of a part of it. */
export interface NetCost {
  readonly parameters: number;
  /** Of one run; a multiply-add is two. */
  readonly flops: number;
  /** Kernels that an engine runs: nodes without those that TensorRT joins to others. */
  readonly kernels: number;
}

/** The cost of a graph; normalization counts as a part of the convolution before it, as in all that is exported. */
export function netCost(graph: Graph): NetCost {
  return {
    parameters: parameterCount(graph),
    flops: totalFlops(graph),
    kernels: countKernels(graph, foldableNormalization(graph)),
  };
}

/** What the head of a network of this program adds to it, as trained. @throws {RangeError} where the sizes do not fit the network. */
export function headCost(options: NetOptions): NetCost {
  const counted = { ...options, seed: undefined };
  const [whole, rest] = [counted, { ...counted, head: "none" }].map((one) => netCost(buildNet(one).graph)) as [
    NetCost,
    NetCost,
  ];
  return {
    parameters: whole.parameters - rest.parameters,
    flops: whole.flops - rest.flops,
    kernels: whole.kernels - rest.kernels,
  };
}
