/**
 * The weight gradient of convolutions: the correlation of two maps,
 * dw[o, i, k] = Σₙₚ small[n, o, p] · large[n, i, p · stride + k · dilation − pad].
 *
 * For Conv `large` is x and `small` is dy; for ConvTranspose `large` is dy and `small` is x.
 */
import type { Formulas, Value } from "../op.ts";
import { sameShape } from "../tensor_type.ts";
import { spaceToDepth } from "./rearrangement.ts";
import { swapLastAxes } from "./reduce.ts";
import type { Window } from "./window.ts";

/**
 * Returns the correlation `[O, I / group, ...kernel]` of `large` `[N, I, ...]` and `small` `[N, O, ...]`, in few large matrix products.
 */
export function correlate(math: Formulas, large: Value, small: Value, window: Window, group: number): Value {
  const spatial = window.kernel.map((_, axis) => axis);
  const dense = group === 1 && window.kernel.length === 2;
  if (dense && window.strides.every((stride) => stride === 1) && window.kernel.some((size) => size > 1)) {
    return correlateByShifts(math, large, small, window);
  }
  const tiles = dense &&
    spatial.every((axis) =>
      window.kernel[axis] === window.strides[axis] && window.dilations[axis] === 1 && window.padsBegin[axis] === 0 &&
      window.padsEnd[axis] === 0 &&
      large.type.shape[2 + axis] === (window.kernel[axis] as number) * (small.type.shape[2 + axis] as number)
    );
  if (tiles) return correlateTiles(math, large, small, window);
  const [stride = 1] = window.strides;
  const strided = dense && stride > 1 &&
    spatial.every((axis) =>
      window.strides[axis] === stride && window.dilations[axis] === 1 && (window.kernel[axis] as number) % stride === 0
    );
  return strided ? correlateStrided(math, large, small, window) : correlateByTaps(math, large, small, window, group);
}

// Stride 1: a tap is a shift of one map against the other, along each axis of either. All shifted copies side by side take one
// matrix product per image; which map is shifted along which axis is chosen so that the least is copied.
function correlateByShifts(math: Formulas, large: Value, small: Value, window: Window): Value {
  const [batch, inputs] = large.type.shape as [number, number];
  const outputs = small.type.shape[1] as number;
  const [kernelHeight, kernelWidth] = window.kernel as [number, number];
  // Axes (0: rows, 1: columns) along which `small` is shifted instead of `large`.
  const choices: readonly (readonly number[])[] = [[], [0], [0, 1]];
  const taps = (axes: readonly number[]) =>
    axes.reduce((product, axis) => product * (window.kernel[axis] as number), 1);
  const others = (axes: readonly number[]) => [0, 1].filter((axis) => !axes.includes(axis));
  const copied = (axes: readonly number[]) => taps(axes) * outputs + taps(others(axes)) * inputs;
  const onSmall = [...choices].sort((a, b) => copied(a) - copied(b))[0] as readonly number[];
  const onLarge = others(onSmall);
  const sizes = [0, 1].map((axis) => (onSmall.includes(axis) ? large : small).type.shape[2 + axis] as number);
  const stacked = (x: Value, axes: readonly number[], sign: 1 | -1) => {
    const copies = positions(axes.map((axis) => window.kernel[axis] as number)).map((position) => {
      const pads = [0, 0, 0, 0, 0, 0, 0, 0];
      axes.forEach((axis, i) => {
        const before = sign *
          ((window.padsBegin[axis] as number) - (position[i] as number) * (window.dilations[axis] as number));
        pads[2 + axis] = before;
        pads[6 + axis] = (sizes[axis] as number) - (x.type.shape[2 + axis] as number) - before;
      });
      return pads.every((size) => size === 0) ? x : math.pad(x, pads);
    });
    const all = sideBySide(math, copies, 1);
    const [rows, columns] = sizes as [number, number];
    return math.reshape(all, [batch, copies.length * (x.type.shape[1] as number), rows * columns]);
  };
  const tall = stacked(small, onSmall, -1);
  const wide = stacked(large, onLarge, 1);
  const product = sumBatch(math, math.matMul(tall, swapLastAxes(math, wide)));
  const extent = (axes: readonly number[], axis: number) => axes.includes(axis) ? window.kernel[axis] as number : 1;
  const split = math.reshape(product, [
    extent(onSmall, 0),
    extent(onSmall, 1),
    outputs,
    extent(onLarge, 0),
    extent(onLarge, 1),
    inputs,
  ]);
  const ordered = math.transpose(split, [2, 5, 0, 3, 1, 4]);
  return math.reshape(ordered, [outputs, inputs, kernelHeight, kernelWidth]);
}

// Windows that tile `large`: every tap becomes a channel of its own.
function correlateTiles(math: Formulas, large: Value, small: Value, window: Window): Value {
  const [batch, inputs] = large.type.shape as [number, number];
  const [, outputs, height, width] = small.type.shape as [number, number, number, number];
  const [kernelHeight, kernelWidth] = window.kernel as [number, number];
  const taps = kernelHeight * kernelWidth;
  const channels = kernelHeight === kernelWidth
    ? math.apply(spaceToDepth, [large], { blocksize: kernelHeight })
    : math.transpose(math.reshape(large, [batch, inputs, height, kernelHeight, width, kernelWidth]), [
      0,
      3,
      5,
      1,
      2,
      4,
    ]);
  const wide = math.reshape(channels, [batch, taps * inputs, height * width]);
  const tall = math.reshape(small, [batch, outputs, height * width]);
  const product = sumBatch(math, math.matMul(tall, swapLastAxes(math, wide)));
  const split = math.reshape(product, [outputs, taps, inputs]);
  const ordered = math.transpose(split, [0, 2, 1]);
  return math.reshape(ordered, [outputs, inputs, kernelHeight, kernelWidth]);
}

// Kernels that are a multiple of their stride s: with every s × s square of `large` laid out as channels, the stride is 1.
function correlateStrided(math: Formulas, large: Value, small: Value, window: Window): Value {
  const inputs = large.type.shape[1] as number;
  const outputs = small.type.shape[1] as number;
  const stride = window.strides[0] as number;
  const kernel = window.kernel.map((size) => size / stride);
  const sizes = kernel.map((size, axis) => stride * ((small.type.shape[2 + axis] as number) + size - 1));
  const ends = sizes.map((size, axis) =>
    size - (large.type.shape[2 + axis] as number) - (window.padsBegin[axis] as number)
  );
  const pads = [0, 0, ...window.padsBegin, 0, 0, ...ends];
  const padded = pads.every((size) => size === 0) ? large : math.pad(large, pads);
  const squares = math.apply(spaceToDepth, [padded], { blocksize: stride });
  const none = kernel.map(() => 0);
  const taps = correlateByShifts(math, squares, small, {
    ...window,
    kernel,
    strides: kernel.map(() => 1),
    padsBegin: none,
    padsEnd: none,
  });
  const [rows, columns] = kernel as [number, number];
  const split = math.reshape(taps, [outputs, stride, stride, inputs, rows, columns]);
  const ordered = math.transpose(split, [0, 3, 4, 1, 5, 2]);
  return math.reshape(ordered, [outputs, inputs, rows * stride, columns * stride]);
}

// The general case: one strided slice and one batched matrix product per tap.
function correlateByTaps(math: Formulas, large: Value, small: Value, window: Window, group: number): Value {
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
  const padded = pads.every((size) => size === 0) ? large : math.pad(large, pads);
  const grouped = math.reshape(small, [batch, group, outputs / group, pixels]);
  const taps = positions(window.kernel).map((position) => {
    const starts = position.map((k, axis) => k * (window.dilations[axis] as number));
    const tap = sameShape(padded.type.shape.slice(2), sizes) ? padded : math.slice(padded, {
      starts,
      ends: starts.map((start, axis) => start + ((sizes[axis] as number) - 1) * (window.strides[axis] as number) + 1),
      axes: starts.map((_, axis) => 2 + axis),
      steps: window.strides,
    });
    const columns = math.reshape(tap, [batch, group, inputs / group, pixels]);
    const product = sumBatch(math, math.matMul(grouped, swapLastAxes(math, columns)));
    return math.reshape(product, [outputs, inputs / group, 1]);
  });
  const all = sideBySide(math, taps, 2);
  return math.reshape(all, [outputs, inputs / group, ...window.kernel]);
}

function sideBySide(math: Formulas, parts: readonly Value[], axis: number): Value {
  const [first] = parts;
  return first !== undefined && parts.length === 1 ? first : math.concat(parts, axis);
}

function sumBatch(math: Formulas, x: Value): Value {
  const [batch, ...rest] = x.type.shape as [number, ...number[]];
  if (batch === 1) return math.reshape(x, rest);
  return math.reduceSum(x, { axes: [0], keepdims: 0 });
}

function positions(sizes: readonly number[]): number[][] {
  return sizes.reduce<number[][]>(
    (found, size) => found.flatMap((start) => Array.from({ length: size }, (_, k) => [...start, k])),
    [[]],
  );
}
