/** Plain arithmetic of planar convolutions in float64: on constant maps, and of kernel with kernel. */
import type { Node } from "../graph.ts";
import type { Attributes, Value } from "../op.ts";
import { conv, convTranspose } from "../ops/convolution.ts";
import { floats, type TensorData } from "../tensor_type.ts";

/** Numbers `[height, width, channels]` that do not depend on the image. */
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
  /** `[kernel, inputs, outputs]`, so that the innermost loops run along memory. */
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
}

/** The node as a planar convolution with constant float32 weights; `undefined` where the node is not one. */
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
    weights: tapsFirst(doubles(w), { transposed, inputs, outputs }),
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

// From ONNX's order: Conv [outputs, inputs, kernel], ConvTranspose [inputs, outputs, kernel].
function tapsFirst(
  weights: Float64Array,
  { transposed, inputs, outputs }: Pick<PlanarConvolution, "transposed" | "inputs" | "outputs">,
): Float64Array {
  const pairs = inputs * outputs;
  const taps = weights.length / pairs;
  const ordered = new Float64Array(weights.length);
  for (let i = 0; i < inputs; i++) {
    for (let o = 0; o < outputs; o++) {
      const from = (transposed ? i * outputs + o : o * inputs + i) * taps;
      for (let tap = 0; tap < taps; tap++) ordered[tap * pairs + i * outputs + o] = weights[from + tap] as number;
    }
  }
  return ordered;
}

/** The weight of a ConvTranspose node: `[inputs, outputs, kernel]`. */
export function convTransposeWeight({ inputs, outputs, kernel, weights }: PlanarConvolution): TensorData<"float32"> {
  const taps = kernel[0] * kernel[1];
  const pairs = inputs * outputs;
  const values = new Float32Array(weights.length);
  for (let pair = 0; pair < pairs; pair++) {
    for (let tap = 0; tap < taps; tap++) values[pair * taps + tap] = weights[tap * pairs + pair] as number;
  }
  return floats(values, [inputs, outputs, ...kernel]);
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
 * The ConvTranspose without bias that equals `first` (stride s₁) followed by `second` without theirs; see {@link canCompose}.
 *
 * One pixel of the input makes `first` print its kernel w₁, and `second` works on that print: the composed kernel is `second` applied
 * to w₁ `[inputs, middle, kernel]` as to a batch of images, with nothing cut off. In ONNX's terms, for a kernel of size k₂,
 *
 *   second is ConvTranspose (stride s₂, pads p):  W = ConvTranspose(w₁, w₂, strides s₂),       stride s₁ · s₂,  pads p
 *   second is Conv (pads p):                      W = Conv(w₁, w₂, pads k₂ − 1),               stride s₁,       pads k₂ − 1 − p
 */
export function composeConvolutions(first: PlanarConvolution, second: PlanarConvolution): PlanarConvolution {
  const { inputs, outputs: middle, kernel: [height, width] } = first;
  const { outputs, transposed, kernel: [ky, kx], strides: [sy, sx] } = second;
  const full = transposed ? [0, 0, 0, 0] as const : [ky - 1, kx - 1, ky - 1, kx - 1] as const;
  const whole = { ...second, bias: new Float64Array(outputs), pads: full };
  const kernel = [(height - 1) * sy + ky, (width - 1) * sx + kx] as const;
  const weights = new Float64Array(kernel[0] * kernel[1] * inputs * outputs);
  for (let i = 0; i < inputs; i++) {
    const values = new Float64Array(height * width * middle);
    for (let tap = 0; tap < height * width; tap++) {
      const start = (tap * inputs + i) * middle;
      values.set(first.weights.subarray(start, start + middle), tap * middle);
    }
    const print = convolveMap({ channels: middle, height, width, values }, whole).values;
    for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
      weights.set(print.subarray(tap * outputs, (tap + 1) * outputs), (tap * inputs + i) * outputs);
    }
  }
  const strides = [first.strides[0] * sy, first.strides[1] * sx] as const;
  return { transposed: true, inputs, outputs, weights, bias: whole.bias, kernel, strides, pads: composedPads(second) };
}

/** The output of `convolution`, bias included, for the map `x`. */
export function convolveMap(x: PlanarMap, convolution: PlanarConvolution): PlanarMap {
  const { transposed, inputs, outputs, weights, bias, kernel, strides, pads } = convolution;
  const sizeOf = (size: number, axis: 0 | 1) => {
    const pad = pads[axis] + pads[axis + 2 as 2 | 3];
    return transposed ? (size - 1) * strides[axis] + kernel[axis] - pad : size + pad - kernel[axis] + 1;
  };
  const [height, width] = [sizeOf(x.height, 0), sizeOf(x.width, 1)];
  const y = new Float64Array(height * width * outputs);
  for (let place = 0; place < y.length; place += outputs) y.set(bias, place);
  for (let ky = 0; ky < kernel[0]; ky++) {
    for (let kx = 0; kx < kernel[1]; kx++) {
      const matrix = (ky * kernel[1] + kx) * inputs * outputs;
      // Where input (0, 0) goes: Conv reads x[p + k − pad], ConvTranspose writes y[q · stride + k − pad].
      const firstRow = transposed ? ky - pads[0] : pads[0] - ky;
      const firstColumn = transposed ? kx - pads[1] : pads[1] - kx;
      for (let r = 0; r < x.height; r++) {
        const row = r * strides[0] + firstRow;
        if (row < 0 || row >= height) continue;
        for (let c = 0; c < x.width; c++) {
          const column = c * strides[1] + firstColumn;
          if (column < 0 || column >= width) continue;
          const from = (r * x.width + c) * inputs;
          const to = (row * width + column) * outputs;
          for (let i = 0; i < inputs; i++) {
            const value = x.values[from + i] as number;
            if (value === 0) continue;
            const start = matrix + i * outputs;
            for (let o = 0; o < outputs; o++) {
              y[to + o] = (y[to + o] as number) + value * (weights[start + o] as number);
            }
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

/** Maps of one size, one after the other along the channels. */
export function stackMaps(maps: readonly PlanarMap[]): PlanarMap {
  const { height, width } = maps[0] as PlanarMap;
  const channels = maps.reduce((sum, map) => sum + map.channels, 0);
  const values = new Float64Array(height * width * channels);
  let first = 0;
  for (const map of maps) {
    for (let place = 0; place < height * width; place++) {
      values.set(map.values.subarray(place * map.channels, (place + 1) * map.channels), place * channels + first);
    }
    first += map.channels;
  }
  return { channels, height, width, values };
}

/** The map as a constant `[1, C, H, W]`. */
export function mapData({ channels, height, width, values }: PlanarMap): TensorData<"float32"> {
  const area = height * width;
  const planes = Float32Array.from(values, (_, i) => values[(i % area) * channels + Math.floor(i / area)] as number);
  return floats(planes, [1, channels, height, width]);
}

/** The one number of every channel; `undefined` where a channel is not uniform up to rounding. */
export function channelValues({ channels, values }: PlanarMap): Float64Array | undefined {
  const found = values.slice(0, channels);
  const uniform = values.every((value, i) => {
    const wanted = found[i % channels] as number;
    return Math.abs(value - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted));
  });
  return uniform ? found : undefined;
}
