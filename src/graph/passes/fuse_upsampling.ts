/** Makes one ConvTranspose of every chain ConvTranspose → … → Conv without an activation between. */
import { type Graph, inputOf, type Node } from "../graph.ts";
import type { Inputs, Value } from "../op.ts";
import { add } from "../ops/arithmetic.ts";
import { convTranspose } from "../ops/convolution.ts";
import { concat } from "../ops/movement.ts";
import { elementCount, floats } from "../tensor_type.ts";
import {
  canCompose,
  channelValues,
  composeConvolutions,
  convolveMap,
  convTransposeWeight,
  mapData,
  type PlanarConvolution,
  planarConvolution,
  type PlanarMap,
  stackMaps,
  zeroMap,
} from "./planar_convolution.ts";
import { nodeFlops, totalFlops } from "./flops.ts";
import { rewrite } from "./rewrite.ts";
import { shareConstants } from "./share_constants.ts";

/** What {@link fuseUpsampling} made. */
export interface FusedUpsampling {
  readonly graph: Graph;
  /** Chains that became one node. */
  readonly chains: number;
  readonly nodes: { readonly before: number; readonly after: number };
  readonly flops: { readonly before: number; readonly after: number };
}

/** Convolutions from the first to the last of a chain, and the single convolution that does the same, without their biases. */
interface Chain {
  readonly parts: readonly PlanarConvolution[];
  readonly composed: PlanarConvolution;
}

/**
 * Composes ConvTranspose nodes with the ConvTranspose or Conv that alone reads them, where that takes no more FLOPs.
 *
 * The kernels compose exactly ({@link composeConvolutions}). What the biases contribute is a map that does not depend on the image, but
 * is not uniform: at the edges the last convolution sees zeros instead of biases. Such a map travels on through convolutions and
 * concatenations, which are linear, and is added once, before the first op that is not, or at a graph output; where it is uniform it is
 * the bias of the node before. Weights must be constant.
 */
export function fuseUpsampling(graph: Graph): FusedUpsampling {
  const { ends, inner } = findChains(graph);
  const outputs = new Set(graph.outputs);
  // A value of the new graph that has a map stands for value + map.
  const maps = new Map<Value, PlanarMap>();
  const added = new Map<Value, Value>();
  const whole = (value: Value, target: Graph, name = `${value.name}.whole`): Value => {
    const map = maps.get(value);
    if (map === undefined) return value;
    const known = added.get(value);
    if (known !== undefined) return known;
    const sum = target.apply(add, [value, target.constant(mapData(map), `${name}.map`)], {}, name);
    added.set(value, sum);
    return sum;
  };
  const rewritten = rewrite(graph, {
    node: (node, inputs, target) => {
      if (inner.has(node)) return inputs.slice(0, 1);
      const made = linearNode(node, inputs, target);
      if (made === undefined) {
        const values = inputs.map((value) => (value === undefined ? undefined : whole(value, target)));
        return target.applyAll(node.op, values, node.attributes, node.name);
      }
      return [outputs.has(node.outputs[0]) ? whole(made, target, node.name) : made];
    },
  });
  // Nothing reads the weights that were composed, and modules that are applied twice have composed theirs twice.
  const fused = shareConstants(rewritten.graph);
  return {
    graph: fused,
    chains: ends.size,
    nodes: { before: graph.nodes.length, after: fused.nodes.length },
    flops: { before: totalFlops(graph), after: totalFlops(fused) },
  };

  // An output's name belongs to the sum.
  function linearName(node: Node): string {
    return outputs.has(node.outputs[0]) ? `${node.name}.linear` : node.name;
  }

  function linearNode(node: Node, inputs: Inputs, target: Graph): Value | undefined {
    const chain = ends.get(node);
    const mapped = inputs.some((value) => value !== undefined && maps.has(value));
    if (chain === undefined && !mapped) return undefined;
    if (node.op.type === concat.type) return stackedNode(node, inputs, target);
    const [x] = inputs as readonly [Value];
    const single = chain === undefined ? planarConvolution(node) : undefined;
    const parts = chain?.parts ?? (single === undefined ? undefined : [single]);
    if (parts === undefined || (chain === undefined && !maps.has(x))) return undefined;
    const map = parts.reduce((y, part) => convolveMap(y, part), maps.get(x) ?? zeroMap(x));
    const bias = channelValues(map);
    const withBias = bias !== undefined && bias.some((value) => value !== 0)
      ? [target.constant(floats(bias), `${node.name}.bias`)]
      : [];
    const name = bias === undefined ? linearName(node) : node.name;
    let y: Value;
    if (chain === undefined) {
      y = target.apply(node.op, [x, inputs[1], ...withBias] as Inputs, node.attributes, name);
    } else {
      const { kernel, strides, pads } = chain.composed;
      const w = target.constant(convTransposeWeight(chain.composed), `${node.name}.weight`);
      const attributes = { kernel_shape: kernel, strides, ...(pads.some((size) => size !== 0) ? { pads } : {}) };
      y = target.apply(convTranspose, [x, w, ...withBias] as unknown as readonly [Value, Value], attributes, name);
    }
    if (bias === undefined) maps.set(y, map);
    return y;
  }

  function stackedNode(node: Node, inputs: Inputs, target: Graph): Value | undefined {
    const { axis } = node.attributes as { readonly axis?: number };
    const values = inputs as readonly Value[];
    if (axis !== 1 || values.some(({ type }) => type.shape.length !== 4)) return undefined;
    const y = target.apply(node.op, inputs, node.attributes, linearName(node));
    maps.set(y, stackMaps(values.map((value) => maps.get(value) ?? zeroMap(value))));
    return y;
  }
}

function findChains(graph: Graph): { ends: Map<Node, Chain>; inner: Set<Node> } {
  const consumers = graph.consumers();
  const outputs = new Set(graph.outputs);
  const partsOf = new Map<
    Node,
    { readonly parts: readonly PlanarConvolution[]; readonly nodes: readonly [Node, ...Node[]] }
  >();
  const inner = new Set<Node>();
  for (const node of graph.nodes) {
    const own = planarConvolution(node);
    if (own === undefined) continue;
    const x = inputOf(node);
    const feeder = graph.producer(x);
    const alone = !outputs.has(x) && consumers.get(x)?.length === 1;
    const before = feeder === undefined || !alone ? undefined : partsOf.get(feeder);
    const chain = {
      parts: [...before?.parts ?? [], own],
      nodes: before === undefined ? [node] as const : [...before.nodes, node] as const,
    };
    if (before !== undefined && canCompose(before.parts.at(-1) as PlanarConvolution, own) && saves(chain)) {
      partsOf.delete(feeder as Node);
      inner.add(feeder as Node);
      partsOf.set(node, chain);
    } else {
      partsOf.set(node, { parts: [own], nodes: [node] });
    }
  }
  const ends = new Map<Node, Chain>();
  for (const [node, { parts }] of partsOf) {
    // From the end: the last convolution has the fewest channels.
    if (parts.length > 1) {
      ends.set(node, {
        parts,
        composed: parts.reduceRight((last, part) => composeConvolutions(part, last)),
      });
    }
  }
  return { ends, inner };
}

// Whether one ConvTranspose takes no more FLOPs than the chain; biases left aside.
function saves({ parts, nodes }: Pick<Chain, "parts"> & { readonly nodes: readonly [Node, ...Node[]] }): boolean {
  const taps = [0, 1].reduce((product, axis) => {
    const strideOf = (part: PlanarConvolution) => part.strides[axis] as number;
    const kernelOf = (part: PlanarConvolution) => part.kernel[axis] as number;
    return product * parts.reduce((size, part) => (size - 1) * strideOf(part) + kernelOf(part), 1);
  }, 1);
  const x = inputOf(nodes[0]);
  const composed = 2 * elementCount(x.type.shape) * (parts.at(-1) as PlanarConvolution).outputs * taps;
  return composed <= nodes.reduce((sum, node) => sum + nodeFlops(node), 0);
}
