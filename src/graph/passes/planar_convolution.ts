/** Plain arithmetic of planar convolutions in float64: on constant maps, and of kernel with kernel. */
import type { Node } from "../graph.ts";
import type { Attributes, Value } from "../op.ts";
import { conv, convTranspose } from "../ops/convolution.ts";
import type { TensorData } from "../tensor_type.ts";

/** Numbers `[channels, height, width]` that do not depend on the image. */
export interface PlanarMap {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly values: Float64Array;
}

/** A Conv (stride and dilation 1) or ConvTranspose (dilation 1) over two spatial axes, without groups. */
export interface PlanarConvolution {
  readonly transposed: boolean;
  readonly inputs: number;
  readonly outputs: number;
  /** Conv: `[outputs, inputs, kernel]`; ConvTranspose: `[inputs, outputs, kernel]` (ONNX). */
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
}

/** The node as a planar convolution with constant float32 weights; `undefined` where it is none. */
export function planarConvolution(node: Node): PlanarConvolution | undefined {
  const transposed = node.op.type === convTranspose.type;
  if ((!transposed && node.op.type !== conv.type) || node.op.domain !== undefined) return undefined;
  const [, w, b] = node.inputs as readonly [Value, Value, Value?];
  if (!isFloat32(w) || (b !== undefined && !isFloat32(b))) return undefined;
  const attributes = node.attributes as Attributes<typeof convTranspose.attributes>;
  const { strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1], group = 1, auto_pad = "NOTSET" } = attributes;
  const extra = (attributes.output_padding ?? []).some((size) => size !== 0) || attributes.output_shape !== undefined;
  const [first, second, ...kernel] = w.type.shape as [number, number, ...number[]];
  const plain = kernel.length === 2 && group === 1 && auto_pad === "NOTSET" && !extra &&
    dilations.every((size) => size === 1) && pads.every((size) => size >= 0) &&
    (transposed || strides.every((size) => size === 1));
  if (!plain) return undefined;
  const [inputs, outputs] = transposed ? [first, second] : [second, first];
  return {
    transposed,
    inputs,
    outputs,
    weights: doubles(w),
    bias: b === undefined ? new Float64Array(outputs) : doubles(b),
    kernel: kernel as [number, number],
    strides: strides as [number, number],
    pads: pads as [number, number, number, number],
  };
}

function isFloat32({ constant }: Value): boolean {
  return constant?.elementType === "float32";
}

function doubles({ constant }: Value): Float64Array {
  return new Float64Array((constant as TensorData<"float32">).values);
}

/**
 * Whether {@link composeConvolutions} can make one of both: `first` must be an unpadded ConvTranspose, whose output is all there is, so
 * that the zeros which `second` sees beyond it are those that the composed window sees too; and `second` may not pad beyond its kernel.
 */
export function canCompose(first: PlanarConvolution, second: PlanarConvolution): boolean {
  return first.transposed && first.pads.every((size) => size === 0) && composedPads(second).every((size) => size >= 0);
}

function composedPads({ transposed, pads, kernel }: PlanarConvolution): PlanarConvolution["pads"] {
  const [top, left, bottom, right] = pads;
  const [y, x] = [kernel[0] - 1, kernel[1] - 1];
  return transposed ? pads : [y - top, x - left, y - bottom, x - right];
}

/**
 * The ConvTranspose without bias that equals `first` followed by `second` without theirs; see {@link canCompose}. With a the tap of `first` and k that of `second`, input place q reaches
 *
 *   ConvTranspose (stride s₂): q·s₁·s₂ + a·s₂ + k      W[i, o, a·s₂ + k]         += Σₘ w₁[i, m, a] · w₂[m, o, k]
 *   Conv (pad p):              q·s₁ + a − k + p        W[i, o, a + (k₂ − 1 − k)] += Σₘ w₁[i, m, a] · w₂[o, m, k],  pad k₂ − 1 − p
 *
 * where k₂ is the kernel size of `second`.
 */
export function composeConvolutions(first: PlanarConvolution, second: PlanarConvolution): PlanarConvolution {
  const [k1y, k1x] = first.kernel;
  const [k2y, k2x] = second.kernel;
  const [sy, sx] = second.strides;
  const kernel = [(k1y - 1) * sy + k2y, (k1x - 1) * sx + k2x] as const;
  const taps = kernel[0] * kernel[1];
  const middle = first.outputs;
  const { inputs } = first;
  const { outputs } = second;
  // By tap, so that the innermost loop runs along memory: sums [tap, i, o], matrix [m, o].
  const sums = new Float64Array(taps * inputs * outputs);
  const matrix = new Float64Array(middle * outputs);
  for (let k = 0; k < k2y * k2x; k++) {
    const [ky, kx] = [Math.floor(k / k2x), k % k2x];
    for (let m = 0; m < middle; m++) {
      for (let o = 0; o < outputs; o++) {
        const pair = second.transposed ? m * outputs + o : o * middle + m;
        matrix[m * outputs + o] = second.weights[pair * k2y * k2x + k] as number;
      }
    }
    for (let a = 0; a < k1y * k1x; a++) {
      const y = Math.floor(a / k1x) * sy + (second.transposed ? ky : k2y - 1 - ky);
      const x = (a % k1x) * sx + (second.transposed ? kx : k2x - 1 - kx);
      for (let i = 0; i < inputs; i++) {
        const start = ((y * kernel[1] + x) * inputs + i) * outputs;
        for (let m = 0; m < middle; m++) {
          const w = first.weights[(i * middle + m) * k1y * k1x + a] as number;
          const row = m * outputs;
          for (let o = 0; o < outputs; o++) {
            sums[start + o] = (sums[start + o] as number) + w * (matrix[row + o] as number);
          }
        }
      }
    }
  }
  const weights = sums.map((_, place) => sums[(place % taps) * inputs * outputs + Math.floor(place / taps)] as number);
  const strides = [first.strides[0] * sy, first.strides[1] * sx] as const;
  return {
    transposed: true,
    inputs,
    outputs,
    weights,
    bias: new Float64Array(outputs),
    kernel,
    strides,
    pads: composedPads(second),
  };
}

/** The output of `convolution`, bias included, for the map `x`. */
export function convolveMap(x: PlanarMap, convolution: PlanarConvolution): PlanarMap {
  const { transposed, inputs, outputs, weights, bias, kernel, strides, pads } = convolution;
  const [ky, kx] = kernel;
  const sizeOf = (size: number, axis: 0 | 1) =>
    transposed
      ? (size - 1) * strides[axis] + kernel[axis] - pads[axis] - pads[axis + 2 as 2 | 3]
      : size + pads[axis] + pads[axis + 2 as 2 | 3] - kernel[axis] + 1;
  const height = sizeOf(x.height, 0);
  const width = sizeOf(x.width, 1);
  const y = new Float64Array(outputs * height * width);
  for (let o = 0; o < outputs; o++) y.fill(bias[o] as number, o * height * width, (o + 1) * height * width);
  for (let i = 0; i < inputs; i++) {
    const plane = x.values.subarray(i * x.height * x.width, (i + 1) * x.height * x.width);
    if (plane.every((value) => value === 0)) continue;
    for (let o = 0; o < outputs; o++) {
      const first = (transposed ? i * outputs + o : o * inputs + i) * ky * kx;
      for (let tap = 0; tap < ky * kx; tap++) {
        const w = weights[first + tap] as number;
        // Where input (0, 0) goes: Conv reads x[p + k − pad], ConvTranspose writes y[q · stride + k − pad].
        const row = transposed ? Math.floor(tap / kx) - pads[0] : pads[0] - Math.floor(tap / kx);
        const column = transposed ? tap % kx - pads[1] : pads[1] - tap % kx;
        for (let r = 0; r < x.height; r++) {
          const toRow = r * strides[0] + row;
          if (toRow < 0 || toRow >= height) continue;
          for (let c = 0; c < x.width; c++) {
            const toColumn = c * strides[1] + column;
            if (toColumn < 0 || toColumn >= width) continue;
            const place = (o * height + toRow) * width + toColumn;
            y[place] = (y[place] as number) + w * (plane[r * x.width + c] as number);
          }
        }
      }
    }
  }
  return { channels: outputs, height, width, values: y };
}

/** A map of zeros in the shape of a value `[N, C, H, W]`. */
export function zeroMap(value: Value): PlanarMap {
  const [, channels, height, width] = value.type.shape as [number, number, number, number];
  return { channels, height, width, values: new Float64Array(channels * height * width) };
}

/** The one number of every channel; `undefined` where a channel is not uniform to within float32. */
export function channelValues({ channels, height, width, values }: PlanarMap): Float64Array | undefined {
  const area = height * width;
  const found = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    const value = values[c * area] as number;
    for (let i = 0; i < area; i++) {
      if (Math.abs((values[c * area + i] as number) - value) > 1e-9 * Math.max(1, Math.abs(value))) return undefined;
    }
    found[c] = value;
  }
  return found;
}
