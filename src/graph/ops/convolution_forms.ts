/**
 * Other forms of the same convolutions, chosen by size: what is fast in ONNX Runtime's CPU kernels for a photograph is slow for the
 * 4 × 4 maps and the many-to-few channel convolutions of a small network in training.
 */
import type { Formulas, Value } from "../op.ts";
import { elementCount, floats, type TensorData } from "../tensor_type.ts";
import { perChannel } from "./channels.ts";
import { transposedWindow, type Window, type WindowAttributes } from "./window.ts";

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

/** Conv as one matrix product over all images, or depthwise one per channel, where maps are small. */
export function convAsProduct(
  math: Formulas,
  [x, w, b]: readonly [Value, Value, Value?],
  { window, group }: { readonly window: Window; readonly group: number },
): Value | undefined {
  if (window.kernel.length !== 2) return undefined;
  const pixels = elementCount(x.type.shape.slice(2));
  const [outputs, inputs] = w.type.shape as [number, number];
  if (group !== 1) {
    const depthwise = inputs === 1 && group === outputs && pixels <= DEPTHWISE_PIXELS;
    return depthwise ? withBias(math, depthwiseAsMatrix(math, x, w, window), b) : undefined;
  }
  const small = pixels <= MATRIX_PIXELS && elementCount(window.outputSizes) <= MATRIX_PIXELS;
  return small ? withBias(math, convAsMatrix(math, x, w, window), b) : undefined;
}

/** ConvTranspose as one matrix product over all images where maps are small. */
export function lowerConvTranspose(
  math: Formulas,
  [x, w, b]: readonly [Value, Value, Value?],
  attributes: WindowAttributes & { readonly group?: number | undefined },
): Value[] | undefined {
  const { window, sizes } = transposedWindow(x, w, attributes);
  if ((attributes.group ?? 1) !== 1 || window.kernel.length !== 2) return undefined;
  if (elementCount(window.outputSizes) > MATRIX_PIXELS || elementCount(sizes) > 4 * MATRIX_PIXELS) return undefined;
  const [batch, inputs] = x.type.shape as [number, number];
  const outputs = w.type.shape[1] as number;
  const [pixels, taps] = [elementCount(window.outputSizes), elementCount(window.kernel)];
  // [O · taps, I] × [I, N · pixels]
  const weights = math.transpose(math.reshape(w, [inputs, outputs * taps]), [1, 0]);
  const product = math.matMul(weights, byChannel(math, x, inputs));
  const perTap = math.reshape(product, [outputs, taps, batch, pixels]);
  const perImage = math.transpose(perTap, [2, 0, 1, 3]);
  const rows = math.reshape(perImage, [batch * outputs, taps * pixels]);
  const places = math.constant(placement(sizes, window), "places");
  const scattered = math.matMul(rows, math.transpose(places, [1, 0]));
  return [withBias(math, math.reshape(scattered, [batch, outputs, ...sizes]), b)];
}

function convAsMatrix(math: Formulas, x: Value, w: Value, window: Window): Value {
  const [batch, inputs] = x.type.shape as [number, number];
  const outputs = w.type.shape[0] as number;
  const sizes = x.type.shape.slice(2);
  const [pixels, taps] = [elementCount(window.outputSizes), elementCount(window.kernel)];
  const flat = math.reshape(x, [batch * inputs, elementCount(sizes)]);
  // A 1×1 kernel of stride 1 reads every pixel where it is.
  const windows = taps === 1 && pixels === elementCount(sizes) && window.padsBegin.every((size) => size === 0)
    ? flat
    : math.matMul(flat, math.constant(placement(sizes, window), "places"));
  const columns = byChannel(
    math,
    math.reshape(windows, [batch, inputs * taps, pixels]),
    inputs * taps,
  );
  const weights = math.reshape(w, [outputs, inputs * taps]);
  const product = math.reshape(math.matMul(weights, columns), [outputs, batch, pixels]);
  const perImage = math.transpose(product, [1, 0, 2]);
  return math.reshape(perImage, [batch, outputs, ...window.outputSizes]);
}

// Per channel the matrix [large pixels, small pixels] of its taps, then [C, N, large] × [C, large, small].
function depthwiseAsMatrix(math: Formulas, x: Value, w: Value, window: Window): Value {
  const [batch, channels] = x.type.shape as [number, number];
  const [large, small, taps] = [x.type.shape.slice(2), window.outputSizes, window.kernel].map(elementCount) as [
    number,
    number,
    number,
  ];
  const places = math.constant(tapPlacement(x.type.shape.slice(2), window), "places");
  const rows = math.reshape(w, [channels, taps]);
  const matrices = math.reshape(math.matMul(rows, places), [channels, large, small]);
  const images = math.transpose(math.reshape(x, [batch, channels, large]), [1, 0, 2]);
  const product = math.transpose(math.matMul(images, matrices), [1, 0, 2]);
  return math.reshape(product, [batch, channels, ...window.outputSizes]);
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
function byChannel(math: Formulas, x: Value, channels: number): Value {
  const batch = x.type.shape[0] as number;
  const pixels = elementCount(x.type.shape) / batch / channels;
  const flat = math.reshape(x, [batch, channels, pixels]);
  return math.reshape(math.transpose(flat, [1, 0, 2]), [channels, batch * pixels]);
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
export function flipWeight(math: Formulas, w: Value, group = 1): Value {
  const [outputs, inputs, ...kernel] = w.type.shape as [number, number, ...number[]];
  const taps = elementCount(kernel);
  // Reversing by a product with the mirrored identity is faster than a Slice with negative steps.
  const mirrored = floats(
    Float32Array.from({ length: taps * taps }, (_, i) => (i % taps) + Math.floor(i / taps) === taps - 1 ? 1 : 0),
    [taps, taps],
  );
  const rows = math.reshape(w, [outputs * inputs, taps]);
  const reversed = taps === 1 ? rows : math.matMul(rows, math.constant(mirrored, "mirrored"));
  if (group > 1) return math.reshape(reversed, w.type.shape);
  const swapped = math.transpose(math.reshape(reversed, [outputs, inputs, taps]), [1, 0, 2]);
  return math.reshape(swapped, [inputs, outputs, ...kernel]);
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

function withBias(math: Formulas, y: Value, b: Value | undefined): Value {
  return b === undefined ? y : math.add(y, perChannel(math, b, y));
}
