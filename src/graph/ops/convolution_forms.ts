/**
 * Other forms of the same convolutions, chosen by size: what is fast in ONNX Runtime's CPU kernels for a photograph is slow for the
 * 4 × 4 maps and the many-to-few channel convolutions of a small network in training.
 */
import type { Attributes, GraphBuilder, Value } from "../op.ts";
import { elementCount, floats, type TensorData } from "../tensor_type.ts";
import { add } from "./arithmetic.ts";
import { conv, convTranspose, convWindow, transposedWindow } from "./convolution.ts";
import { reshape, transpose } from "./movement.ts";
import { perChannel } from "./normalization.ts";
import { matMul } from "./reduce.ts";
import type { Window } from "./window.ts";

// Up to this many pixels the windows of a map are gathered by a product with a constant matrix of 0 and 1: its cost grows with
// the square of the pixels, and at 8 × 8 it reaches that of the convolution itself.
const MATRIX_PIXELS = 16;

// Up to this many pixels a depthwise convolution is a matrix of pixels × pixels per channel; ONNX Runtime's kernel spends more on
// the start of each channel of each image than on its few pixels.
const DEPTHWISE_PIXELS = 64;

/**
 * ONNX Runtime's Conv gathers kernel-size copies of its input channels, its ConvTranspose scatters as many of its output channels; an
 * element scattered costs about as much as this many gathered.
 */
export const SCATTER_RATIO = 4;

/**
 * Conv as one matrix product over all images (depthwise: per channel) where maps are small, and as a scattering ConvTranspose where
 * outputs are few.
 */
export function lowerConv(
  graph: GraphBuilder,
  [x, w, b]: readonly [Value, Value, Value?],
  attributes: Attributes<typeof conv.attributes>,
): Value[] | undefined {
  const window = convWindow(x, w, attributes);
  if (window.kernel.length !== 2) return undefined;
  const sizes = x.type.shape.slice(2);
  const [outputs, inputs] = w.type.shape as [number, number];
  if ((attributes.group ?? 1) !== 1) {
    const depthwise = inputs === 1 && attributes.group === outputs && elementCount(sizes) <= DEPTHWISE_PIXELS;
    return depthwise ? [withBias(graph, depthwiseAsMatrix(graph, x, w, window), b)] : undefined;
  }
  const small = elementCount(sizes) <= MATRIX_PIXELS && elementCount(window.outputSizes) <= MATRIX_PIXELS;
  if (small) return [withBias(graph, convAsMatrix(graph, x, w, window), b)];
  if (
    inputs < SCATTER_RATIO * outputs || elementCount(window.kernel) === 1 ||
    window.strides.some((stride) => stride !== 1)
  ) {
    return undefined;
  }
  // Conv with w equals ConvTranspose with the flipped w.
  const inputsOfFlipped: readonly [Value, Value, Value?] = b === undefined
    ? [x, flipWeight(graph, w)]
    : [x, flipWeight(graph, w), b];
  return [graph.apply(convTranspose, inputsOfFlipped, {
    kernel_shape: window.kernel,
    pads: flippedPads(window, sizes),
    dilations: window.dilations,
  })];
}

/** ConvTranspose as one matrix product over all images where maps are small. */
export function lowerConvTranspose(
  graph: GraphBuilder,
  [x, w, b]: readonly [Value, Value, Value?],
  attributes: Attributes<typeof convTranspose.attributes>,
): Value[] | undefined {
  const { window, sizes } = transposedWindow(x, w, attributes);
  if ((attributes.group ?? 1) !== 1 || window.kernel.length !== 2) return undefined;
  if (elementCount(window.outputSizes) > MATRIX_PIXELS || elementCount(sizes) > 4 * MATRIX_PIXELS) return undefined;
  const [batch, inputs] = x.type.shape as [number, number];
  const outputs = w.type.shape[1] as number;
  const [pixels, taps] = [elementCount(window.outputSizes), elementCount(window.kernel)];
  // [O · taps, I] × [I, N · pixels]
  const weights = graph.apply(transpose, [graph.apply(reshape, [w], { shape: [inputs, outputs * taps] })], {
    perm: [1, 0],
  });
  const product = graph.apply(matMul, [weights, byChannel(graph, x, inputs)]);
  const perTap = graph.apply(reshape, [product], { shape: [outputs, taps, batch, pixels] });
  const perImage = graph.apply(transpose, [perTap], { perm: [2, 0, 1, 3] });
  const rows = graph.apply(reshape, [perImage], { shape: [batch * outputs, taps * pixels] });
  const places = graph.constant(placement(sizes, window), "places");
  const scattered = graph.apply(matMul, [rows, graph.apply(transpose, [places], { perm: [1, 0] })]);
  return [withBias(graph, graph.apply(reshape, [scattered], { shape: [batch, outputs, ...sizes] }), b)];
}

function convAsMatrix(graph: GraphBuilder, x: Value, w: Value, window: Window): Value {
  const [batch, inputs] = x.type.shape as [number, number];
  const outputs = w.type.shape[0] as number;
  const sizes = x.type.shape.slice(2);
  const [pixels, taps] = [elementCount(window.outputSizes), elementCount(window.kernel)];
  const flat = graph.apply(reshape, [x], { shape: [batch * inputs, elementCount(sizes)] });
  // A 1×1 kernel of stride 1 reads every pixel where it is.
  const windows = taps === 1 && pixels === elementCount(sizes) && window.padsBegin.every((size) => size === 0)
    ? flat
    : graph.apply(matMul, [flat, graph.constant(placement(sizes, window), "places")]);
  const columns = byChannel(
    graph,
    graph.apply(reshape, [windows], { shape: [batch, inputs * taps, pixels] }),
    inputs * taps,
  );
  const weights = graph.apply(reshape, [w], { shape: [outputs, inputs * taps] });
  const product = graph.apply(reshape, [graph.apply(matMul, [weights, columns])], { shape: [outputs, batch, pixels] });
  const perImage = graph.apply(transpose, [product], { perm: [1, 0, 2] });
  return graph.apply(reshape, [perImage], { shape: [batch, outputs, ...window.outputSizes] });
}

// Per channel the matrix [large pixels, small pixels] of its taps, then [C, N, large] × [C, large, small].
function depthwiseAsMatrix(graph: GraphBuilder, x: Value, w: Value, window: Window): Value {
  const [batch, channels] = x.type.shape as [number, number];
  const [large, small, taps] = [x.type.shape.slice(2), window.outputSizes, window.kernel].map(elementCount) as [
    number,
    number,
    number,
  ];
  const places = graph.constant(tapPlacement(x.type.shape.slice(2), window), "places");
  const rows = graph.apply(reshape, [w], { shape: [channels, taps] });
  const matrices = graph.apply(reshape, [graph.apply(matMul, [rows, places])], { shape: [channels, large, small] });
  const images = graph.apply(transpose, [graph.apply(reshape, [x], { shape: [batch, channels, large] })], {
    perm: [1, 0, 2],
  });
  const product = graph.apply(transpose, [graph.apply(matMul, [images, matrices])], { perm: [1, 0, 2] });
  return graph.apply(reshape, [product], { shape: [batch, channels, ...window.outputSizes] });
}

// {@link placement} with the taps in front: [taps, large pixels · small pixels].
function tapPlacement(sizes: readonly number[], window: Window): TensorData<"float32"> {
  const { values } = placement(sizes, window);
  const [large, small, taps] = [sizes, window.outputSizes, window.kernel].map(elementCount) as [number, number, number];
  const ordered = new Float32Array(values.length);
  for (let pixel = 0; pixel < large; pixel++) {
    for (let k = 0; k < taps; k++) {
      const from = (pixel * taps + k) * small;
      ordered.set(values.subarray(from, from + small), (k * large + pixel) * small);
    }
  }
  return floats(ordered, [taps, large * small]);
}

// [N, channels, pixels…] → [channels, N · pixels]
function byChannel(graph: GraphBuilder, x: Value, channels: number): Value {
  const batch = x.type.shape[0] as number;
  const pixels = elementCount(x.type.shape) / batch / channels;
  const flat = graph.apply(reshape, [x], { shape: [batch, channels, pixels] });
  return graph.apply(reshape, [graph.apply(transpose, [flat], { perm: [1, 0, 2] })], {
    shape: [channels, batch * pixels],
  });
}

/** The matrix `[large pixels, taps · small pixels]` that is 1 where tap k of the window of small pixel p lies on a large pixel. */
function placement(sizes: readonly number[], window: Window): TensorData<"float32"> {
  const [height, width] = sizes as [number, number];
  const [kernelHeight, kernelWidth] = window.kernel as [number, number];
  const [rows, columns] = window.outputSizes as [number, number];
  const taps = kernelHeight * kernelWidth;
  const matrix = new Float32Array(height * width * taps * rows * columns);
  const at = (axis: 0 | 1, p: number, k: number) =>
    p * (window.strides[axis] as number) + k * (window.dilations[axis] as number) - (window.padsBegin[axis] as number);
  for (let k = 0; k < taps; k++) {
    for (let p = 0; p < rows * columns; p++) {
      const y = at(0, Math.floor(p / columns), Math.floor(k / kernelWidth));
      const x = at(1, p % columns, k % kernelWidth);
      if (y < 0 || y >= height || x < 0 || x >= width) continue;
      matrix[((y * width + x) * taps + k) * rows * columns + p] = 1;
    }
  }
  return floats(matrix, [height * width, taps * rows * columns]);
}

/**
 * w `[O, I, kh, kw]` as `[I, O, kh, kw]` with both kernel axes reversed: the kernel of the adjoint convolution of stride 1. A depthwise w
 * `[group, 1, kh, kw]` keeps its channels.
 */
export function flipWeight(graph: GraphBuilder, w: Value, group = 1): Value {
  const [outputs, inputs, ...kernel] = w.type.shape as [number, number, ...number[]];
  const taps = elementCount(kernel);
  // Reversing by a product with the mirrored identity is faster than a Slice with negative steps.
  const mirrored = floats(
    Float32Array.from({ length: taps * taps }, (_, i) => (i % taps) + Math.floor(i / taps) === taps - 1 ? 1 : 0),
    [taps, taps],
  );
  const rows = graph.apply(reshape, [w], { shape: [outputs * inputs, taps] });
  const reversed = taps === 1 ? rows : graph.apply(matMul, [rows, graph.constant(mirrored, "mirrored")]);
  if (group > 1) return graph.apply(reshape, [reversed], { shape: w.type.shape });
  const swapped = graph.apply(transpose, [graph.apply(reshape, [reversed], { shape: [outputs, inputs, taps] })], {
    perm: [1, 0, 2],
  });
  return graph.apply(reshape, [swapped], { shape: [inputs, outputs, ...kernel] });
}

/** Pads with which the flipped kernel, at stride 1, brings the small side back to `sizes`. */
export function flippedPads(window: Window, sizes: readonly number[]): number[] {
  const reach = window.kernel.map((size, axis) => (size - 1) * (window.dilations[axis] as number));
  const before = reach.map((size, axis) => size - (window.padsBegin[axis] as number));
  const after = sizes.map((size, axis) =>
    size - (window.outputSizes[axis] as number) + (reach[axis] as number) - (before[axis] as number)
  );
  return [...before, ...after];
}

function withBias(graph: GraphBuilder, y: Value, b: Value | undefined): Value {
  return b === undefined ? y : graph.apply(add, [y, perChannel(graph, b, y)]);
}
