/**
 * Makes one ConvTranspose of a ConvTranspose that doubles the size and the Conv that alone reads it, for weights that are learned.
 *
 * The composed kernel is computed in the graph, from both weights, so that their gradients flow through it. (For an export, where
 * weights are constants, `fuse_upsampling` composes whole chains once and for all.)
 */
import { type Graph, inputOf, type Node } from "../graph.ts";
import type { GraphBuilder, Value } from "../op.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { conv, convTranspose } from "../ops/convolution.ts";
import { reshape } from "../ops/movement.ts";
import { matMul, reduceSum } from "../ops/reduce.ts";
import { resolveWindow, type WindowAttributes } from "../ops/window.ts";
import { elementCount, floats } from "../tensor_type.ts";
import { nodeFlops } from "./flops.ts";
import { rewrite, type Rewritten } from "./rewrite.ts";

interface Pair {
  readonly up: Node;
  readonly last: Node;
  readonly stride: number;
  readonly kernel: number;
}

/**
 * Composes every pair ConvTranspose s × s, stride s → Conv k × k, stride 1, pad (k − 1) / 2, where that takes fewer FLOPs with the
 * composition itself counted.
 */
export function composeUpsampling(graph: Graph): Rewritten {
  const pairs = new Map<Node, Pair>();
  const consumers = graph.consumers();
  for (const last of graph.nodes) {
    const pair = findPair(graph, last);
    if (pair === undefined || consumers.get(pair.up.outputs[0])?.length !== 1) continue;
    if (!graph.outputs.includes(pair.up.outputs[0]) && saves(pair)) pairs.set(last, pair);
  }
  const inner = new Set([...pairs.values()].map(({ up }) => up));
  // A node that is composed away hands on its inputs.
  const held = new Map<Value, readonly (Value | undefined)[]>();
  return rewrite(graph, {
    node: (node, inputs, target) => {
      if (inner.has(node)) {
        const [x] = inputs as readonly [Value];
        const place = { name: `${node.name}.held`, type: x.type };
        held.set(place, inputs);
        return [place];
      }
      const pair = pairs.get(node);
      if (pair === undefined) return undefined;
      const [between, wLast, bLast] = inputs as readonly [Value, Value, Value?];
      const [x, wUp, bUp] = held.get(between) as readonly [Value, Value, Value?];
      return [composed(target, { x, wUp, bUp, wLast, bLast, pair, name: node.name })];
    },
  });
}

function findPair(graph: Graph, last: Node): Pair | undefined {
  const up = graph.producer(inputOf(last));
  if (last.op.type !== conv.type || up?.op.type !== convTranspose.type) return undefined;
  const { group: lastGroup = 1 } = last.attributes as { readonly group?: number };
  const { group: upGroup = 1, output_padding = [], auto_pad = "NOTSET" } = up.attributes as {
    readonly group?: number;
    readonly output_padding?: readonly number[];
    readonly auto_pad?: string;
  };
  const [x, wUp] = up.inputs as [Value, Value];
  const wLast = inputOf(last, 1);
  if (
    x.type.shape.length !== 4 || lastGroup !== 1 || upGroup !== 1 || auto_pad !== "NOTSET" ||
    output_padding.some((size) => size > 0)
  ) {
    return undefined;
  }
  const [stride = 1, strideX = 1] = (up.attributes as WindowAttributes).strides ?? [];
  const kernel = wLast.type.shape[2] as number;
  const window = resolveWindow(
    up.outputs[0].type.shape.slice(2),
    wLast.type.shape.slice(2),
    last.attributes,
  );
  const upsamples = wUp.type.shape[2] === stride && wUp.type.shape[3] === stride && stride === strideX && stride > 1 &&
    ((up.attributes as WindowAttributes).pads ?? []).every((size) => size === 0);
  const keepsSize = kernel === wLast.type.shape[3] && kernel > 1 && kernel % 2 === 1 &&
    [...window.strides, ...window.dilations].every((size) => size === 1) &&
    [...window.padsBegin, ...window.padsEnd].every((size) => size === (kernel - 1) / 2);
  return upsamples && keepsSize ? { up, last, stride, kernel } : undefined;
}

function saves({ up, last, stride, kernel }: Pair): boolean {
  const [x, wUp] = up.inputs as [Value, Value];
  const [outputs, between] = inputOf(last, 1).type.shape as [number, number];
  const taps = (stride + kernel - 1) ** 2;
  const applied = 2 * elementCount(x.type.shape) * outputs * taps;
  const composition = 2 * (wUp.type.shape[0] as number) * outputs * taps * between * kernel ** 2;
  return applied + composition < nodeFlops(up) + nodeFlops(last);
}

interface Composition {
  readonly x: Value;
  readonly wUp: Value;
  readonly bUp: Value | undefined;
  readonly wLast: Value;
  readonly bLast: Value | undefined;
  readonly pair: Pair;
  readonly name: string;
}

// y[o, sp + t − pad] += x[c, p] · w[c, o, t] with w[c, o, t] = Σ_m Σ_k wUp[c, m, t + k − (K − 1)] · wLast[o, m, k]: a Conv of wUp by wLast
// with pad K − 1.
function composed(graph: Graph, { x, wUp, bUp, wLast, bLast, pair, name }: Composition): Value {
  const reach = pair.kernel - 1;
  const w = graph.apply(conv, [wUp, wLast], {
    kernel_shape: [pair.kernel, pair.kernel],
    pads: [reach, reach, reach, reach],
  });
  const inputs: readonly [Value, Value, Value?] = bLast === undefined ? [x, w] : [x, w, bLast];
  const pad = reach / 2;
  const y = graph.apply(convTranspose, inputs, {
    kernel_shape: w.type.shape.slice(2),
    strides: [pair.stride, pair.stride],
    pads: [pad, pad, pad, pad],
  }, name);
  return bUp === undefined ? y : graph.apply(add, [y, biasMap(graph, { bUp, wLast, sizes: y.type.shape.slice(2) })]);
}

// What the first bias contributes: its sum over the taps of the last kernel that lie inside of the map; beyond are zeros, not biases.
// map[o, y, x] = Σ_k inside[ky, y] · inside[kx, x] · Σ_m wLast[o, m, k] · bUp[m]
function biasMap(
  graph: GraphBuilder,
  { bUp, wLast, sizes }: { bUp: Value; wLast: Value; sizes: readonly number[] },
): Value {
  const [outputs, between, kernel] = wLast.type.shape as [number, number, number];
  const weighted = graph.apply(mul, [
    graph.apply(reshape, [wLast], { shape: [outputs, between, kernel * kernel] }),
    graph.apply(reshape, [bUp], { shape: [between, 1] }),
  ]);
  const perTap = graph.apply(reshape, [graph.apply(reduceSum, [weighted], { axes: [1], keepdims: 0 })], {
    shape: [outputs, kernel, kernel],
  });
  const [height, width] = sizes as [number, number];
  const columns = graph.apply(matMul, [
    perTap,
    graph.constant(floats(inside(kernel, width), [kernel, width]), "inside"),
  ]);
  const rows = floats(transposed(inside(kernel, height), kernel, height), [height, kernel]);
  return graph.apply(matMul, [graph.constant(rows, "inside"), columns]);
}

// `[kernel, size]`: 1 where tap k of position p lies inside.
function inside(kernel: number, size: number): Float32Array {
  return Float32Array.from({ length: kernel * size }, (_, i) => {
    const at = (i % size) + Math.floor(i / size) - (kernel - 1) / 2;
    return at >= 0 && at < size ? 1 : 0;
  });
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)] as number);
}
