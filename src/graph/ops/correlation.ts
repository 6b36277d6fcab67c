/**
 * The weight gradient of convolutions: the correlation of two maps,
 * dw[o, i, k] = Σₙₚ small[n, o, p] · large[n, i, p · stride + k · dilation − pad].
 *
 * For Conv `large` is x and `small` is dy; for ConvTranspose `large` is dy and `small` is x.
 */
import type { GraphBuilder, Value } from "../op.ts";
import { concat, pad, reshape, slice, transpose } from "./movement.ts";
import { matMul, reduceSum, swapLastAxes } from "./reduce.ts";
import type { Window } from "./window.ts";

/**
 * Returns the correlation `[O, I / group, ...kernel]` of `large` `[N, I, ...]` and `small` `[N, O, ...]`, in few large matrix products.
 */
export function correlate(graph: GraphBuilder, large: Value, small: Value, window: Window, group: number): Value {
  const spatial = window.kernel.map((_, axis) => axis);
  const dense = group === 1 && window.kernel.length === 2;
  if (dense && window.strides.every((stride) => stride === 1) && window.kernel.some((size) => size > 1)) {
    return correlateByShifts(graph, large, small, window);
  }
  const tiles = dense &&
    spatial.every((axis) =>
      window.kernel[axis] === window.strides[axis] && window.dilations[axis] === 1 && window.padsBegin[axis] === 0 &&
      window.padsEnd[axis] === 0 &&
      large.type.shape[2 + axis] === (window.kernel[axis] as number) * (small.type.shape[2 + axis] as number)
    );
  return tiles ? correlateTiles(graph, large, small, window) : correlateByTaps(graph, large, small, window, group);
}

// Stride 1: every pair of a horizontal shift of `large` and a vertical shift of `small` is one tap, so that a kernel of
// kh · kw taps takes kh + kw shifted copies and one matrix product [kh · O, N · H · W] × [N · H · W, kw · I] per image.
function correlateByShifts(graph: GraphBuilder, large: Value, small: Value, window: Window): Value {
  const [batch, inputs, height] = large.type.shape as [number, number, number, number];
  const [, outputs, , smallWidth] = small.type.shape as [number, number, number, number];
  const [kernelHeight, kernelWidth] = window.kernel as [number, number];
  const [dilationY, dilationX] = window.dilations as [number, number];
  const [padTop, padLeft] = window.padsBegin as [number, number];
  const shifted = (x: Value, axis: 2 | 3, before: number, size: number) => {
    const after = size - (x.type.shape[axis] as number) - before;
    if (before === 0 && after === 0) return x;
    const pads = [0, 0, 0, 0, 0, 0, 0, 0];
    [pads[axis], pads[4 + axis]] = [before, after];
    return graph.apply(pad, [x], { pads });
  };
  const stacked = (x: Value, count: number, shift: (k: number) => Value) => {
    const copies = Array.from({ length: count }, (_, k) => shift(k));
    const all = copies.length === 1 ? (copies[0] as Value) : graph.apply(concat, copies, { axis: 1 });
    return graph.apply(reshape, [all], { shape: [batch, count * (x.type.shape[1] as number), height * smallWidth] });
  };
  const wide = stacked(large, kernelWidth, (k) => shifted(large, 3, padLeft - k * dilationX, smallWidth));
  const tall = stacked(small, kernelHeight, (k) => shifted(small, 2, k * dilationY - padTop, height));
  const product = sumBatch(graph, graph.apply(matMul, [tall, swapLastAxes(graph, wide)]));
  const taps = graph.apply(reshape, [product], { shape: [kernelHeight, outputs, kernelWidth, inputs] });
  return graph.apply(transpose, [taps], { perm: [1, 3, 0, 2] });
}

// Windows that tile `large`: one transposition brings every tap beside the pixel it belongs to.
function correlateTiles(graph: GraphBuilder, large: Value, small: Value, window: Window): Value {
  const [batch, inputs] = large.type.shape as [number, number];
  const [, outputs, height, width] = small.type.shape as [number, number, number, number];
  const [kernelHeight, kernelWidth] = window.kernel as [number, number];
  const pixels = batch * height * width;
  const split = graph.apply(reshape, [large], { shape: [batch, inputs, height, kernelHeight, width, kernelWidth] });
  const taps = graph.apply(transpose, [split], { perm: [0, 2, 4, 1, 3, 5] });
  const byPixel = graph.apply(reshape, [taps], { shape: [pixels, inputs * kernelHeight * kernelWidth] });
  const channels = graph.apply(transpose, [small], { perm: [1, 0, 2, 3] });
  const product = graph.apply(matMul, [graph.apply(reshape, [channels], { shape: [outputs, pixels] }), byPixel]);
  return graph.apply(reshape, [product], { shape: [outputs, inputs, kernelHeight, kernelWidth] });
}

// The general case: one strided slice and one batched matrix product per tap.
function correlateByTaps(graph: GraphBuilder, large: Value, small: Value, window: Window, group: number): Value {
  const [batch, inputs] = large.type.shape as [number, number];
  const outputs = small.type.shape[1] as number;
  const sizes = small.type.shape.slice(2);
  const pixels = sizes.reduce((product, size) => product * size, 1);
  const ends = sizes.map((size, axis) => {
    const reach = (size - 1) * (window.strides[axis] as number) +
      ((window.kernel[axis] as number) - 1) * (window.dilations[axis] as number) + 1;
    return reach - (large.type.shape[2 + axis] as number) - (window.padsBegin[axis] as number);
  });
  const pads = [0, 0, ...window.padsBegin, 0, 0, ...ends];
  const padded = pads.every((size) => size === 0) ? large : graph.apply(pad, [large], { pads });
  const grouped = graph.apply(reshape, [small], { shape: [batch, group, outputs / group, pixels] });
  const taps = positions(window.kernel).map((position) => {
    const starts = position.map((k, axis) => k * (window.dilations[axis] as number));
    const tap = graph.apply(slice, [padded], {
      starts,
      ends: starts.map((start, axis) => start + ((sizes[axis] as number) - 1) * (window.strides[axis] as number) + 1),
      axes: starts.map((_, axis) => 2 + axis),
      steps: window.strides,
    });
    const columns = graph.apply(reshape, [tap], { shape: [batch, group, inputs / group, pixels] });
    const product = sumBatch(graph, graph.apply(matMul, [grouped, swapLastAxes(graph, columns)]));
    return graph.apply(reshape, [product], { shape: [outputs, inputs / group, 1] });
  });
  const all = taps.length === 1 ? (taps[0] as Value) : graph.apply(concat, taps, { axis: 2 });
  return graph.apply(reshape, [all], { shape: [outputs, inputs / group, ...window.kernel] });
}

function sumBatch(graph: GraphBuilder, x: Value): Value {
  const [batch, ...rest] = x.type.shape as [number, ...number[]];
  if (batch === 1) return graph.apply(reshape, [x], { shape: rest });
  return graph.apply(reduceSum, [x], { axes: [0], keepdims: 0 });
}

function positions(sizes: readonly number[]): number[][] {
  return sizes.reduce<number[][]>(
    (found, size) => found.flatMap((start) => Array.from({ length: size }, (_, k) => [...start, k])),
    [[]],
  );
}
