/** Builds networks: a graph, named parameters with their initial values, and the blocks that networks share. */
import { Graph } from "../graph.ts";
import type { Value } from "../op.ts";
import { clip, hardSigmoid, pRelu } from "../ops/activation.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { conv, convTranspose } from "../ops/convolution.ts";
import { relu } from "../ops/elementwise.ts";
import { concat } from "../ops/movement.ts";
import { batchNormalization } from "../ops/normalization.ts";
import { maxPool } from "../ops/pool.ts";
import { resize } from "../ops/resize.ts";
import { elementCount, floats } from "../tensor_type.ts";
import { Random } from "../../random.ts";

/** A part of a network: parameters made once, applied as often as wanted. */
export type Module = (x: Value) => Value;

/** How a convolution differs from a dense one of stride 1 with bias. */
export interface ConvolutionOptions {
  readonly stride?: number;
  readonly dilation?: number;
  readonly groups?: number;
  readonly bias?: boolean;
  /** Weights and bias start at zero instead of random values. */
  readonly startsAtZero?: boolean;
}

/** Side of a square kernel, or its height and width. */
export type Kernel = number | readonly [number, number];

/** Scales the channels that a paper gives for its own width: at least 1. */
export function channelScale(width: number, paperWidth: number): (channels: number) => number {
  return (channels) => Math.max(1, Math.round(channels * width / paperWidth));
}

/** A network under construction. */
export class NetBuilder {
  readonly graph = new Graph();
  readonly #random: Random | undefined;

  /** @param seed of the initial weights; absent: all are 0, for a network that is only counted. */
  constructor(seed: number | undefined) {
    this.#random = seed === undefined ? undefined : new Random(seed);
  }

  /** A weight drawn from U(−1/√fan, 1/√fan): PyTorch's default for convolutions (He et al. 2015 with a = √5). */
  weight(name: string, shape: readonly number[], fan: number): Value {
    const bound = 1 / Math.sqrt(fan);
    const values = new Float32Array(elementCount(shape));
    const random = this.#random;
    if (random !== undefined) { for (let i = 0; i < values.length; i++) values[i] = random.uniform(-bound, bound); }
    return this.graph.constant(floats(values, shape), name);
  }

  /** A parameter that starts with one value everywhere. */
  filled(name: string, shape: readonly number[], value: number): Value {
    return this.graph.constant(floats(new Float32Array(elementCount(shape)).fill(value), shape), name);
  }

  /** Conv that changes the size only by its stride: w `[output, input / groups, height, width]`. */
  convolution(
    name: string,
    inputChannels: number,
    outputChannels: number,
    kernel: Kernel,
    { stride = 1, dilation = 1, groups = 1, bias = true, startsAtZero = false }: ConvolutionOptions = {},
  ): Module {
    const [height, width] = typeof kernel === "number" ? [kernel, kernel] : kernel;
    const fan = inputChannels / groups * height * width;
    const parameter = (suffix: string, shape: readonly number[]) =>
      startsAtZero ? this.filled(`${name}.${suffix}`, shape, 0) : this.weight(`${name}.${suffix}`, shape, fan);
    const w = parameter("weight", [outputChannels, inputChannels / groups, height, width]);
    const b = bias ? parameter("bias", [outputChannels]) : undefined;
    // Kernels of even side are for strides that tile the map.
    const [above, beside] = [height, width].map((side) => dilation * Math.floor((side - 1) / 2)) as [number, number];
    const attributes = {
      kernel_shape: [height, width],
      pads: [above, beside, above, beside],
      ...(stride === 1 ? {} : { strides: [stride, stride] }),
      ...(dilation === 1 ? {} : { dilations: [dilation, dilation] }),
      ...(groups === 1 ? {} : { group: groups }),
    };
    return (x) => this.graph.apply(conv, b === undefined ? [x, w] : [x, w, b], attributes, name);
  }

  /** ConvTranspose with stride 2 that doubles the size. */
  doubling(
    name: string,
    inputChannels: number,
    outputChannels = inputChannels,
    { kernel = 2, bias = true }: { readonly kernel?: 2 | 3; readonly bias?: boolean } = {},
  ): Module {
    // PyTorch takes the fan of a transposed convolution from its second axis.
    const fan = outputChannels * kernel * kernel;
    const w = this.weight(`${name}.weight`, [inputChannels, outputChannels, kernel, kernel], fan);
    const b = bias ? this.weight(`${name}.bias`, [outputChannels], fan) : undefined;
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [2, 2],
      // Side 3: the same as a padding of 1 with an output padding of 1, for which TensorRT adds a layer.
      ...(kernel === 2 ? {} : { pads: [1, 1, 0, 0] }),
    };
    return (x) => this.graph.apply(convTranspose, b === undefined ? [x, w] : [x, w, b], attributes, name);
  }

  /** BatchNormalization over batch and pixels, epsilon 1e-5. */
  normalization(name: string, channels: number): Module {
    const scale = this.filled(`${name}.weight`, [channels], 1);
    const bias = this.filled(`${name}.bias`, [channels], 0);
    const mean = this.filled(`${name}.running_mean`, [channels], 0);
    const variance = this.filled(`${name}.running_var`, [channels], 1);
    return (x) => this.graph.apply(batchNormalization, [x, scale, bias, mean, variance], { epsilon: 1e-5 }, name);
  }

  /** (Conv 3×3 → BatchNormalization → Relu) twice; the parts are numbered as in PyTorch's Sequential. */
  doubleConvolution(name: string, inputChannels: number, outputChannels: number): Module {
    const parts = [
      this.convolution(`${name}.0`, inputChannels, outputChannels, 3),
      this.normalization(`${name}.1`, outputChannels),
      this.relu,
      this.convolution(`${name}.3`, outputChannels, outputChannels, 3),
      this.normalization(`${name}.4`, outputChannels),
      this.relu,
    ];
    return chain(...parts);
  }

  /** Conv without bias → BatchNormalization → activation (none where absent), numbered 0 and 1. */
  unit(
    name: string,
    inputChannels: number,
    outputChannels: number,
    kernel: Kernel,
    { activation, ...options }: ConvolutionOptions & { readonly activation?: Module } = {},
  ): Module {
    const convolution = this.convolution(`${name}.0`, inputChannels, outputChannels, kernel, {
      bias: false,
      ...options,
    });
    const normalization = this.normalization(`${name}.1`, outputChannels);
    return chain(convolution, normalization, ...(activation === undefined ? [] : [activation]));
  }

  readonly relu: Module = (x) => this.graph.apply(relu, [x]);

  /** Halves the size by the largest of each 2×2 square. */
  readonly halving: Module = (x) => this.graph.apply(maxPool, [x], { kernel_shape: [2, 2], strides: [2, 2] });

  /** x cut to 0 … 6 (MobileNetV2). */
  readonly relu6: Module = (x) => this.graph.apply(clip, [x], { min: 0, max: 6 });

  /** x / 6 + 1/2, cut to 0 … 1 (MobileNetV3). */
  readonly hardSigmoid: Module = (x) => this.graph.apply(hardSigmoid, [x], { alpha: 1 / 6, beta: 0.5 });

  /** x · {@link hardSigmoid} (MobileNetV3). ONNX's HardSwish came with opset 14 and TensorRT 8.4. */
  readonly hardSwish: Module = (x) => this.graph.apply(mul, [x, this.hardSigmoid(x)]);

  /** x for x > 0, else a learned slope · x; one slope per channel, 1/4 at first (He et al. 2015). */
  preluOf(name: string, channels: number): Module {
    const slope = this.filled(`${name}.weight`, [channels, 1, 1], 0.25);
    return (x) => this.graph.apply(pRelu, [x, slope]);
  }

  /** Resizes maps `[N, C, S, S]` to `size` × `size` by linear interpolation, pixels taken as areas. */
  resized(x: Value, size: number): Value {
    const from = x.type.shape[2] as number;
    if (from === size) return x;
    const whole = size % from === 0 || from % size === 0;
    // ONNX takes ⌊from · scale⌋: a rounded fraction must not fall short of the size.
    const scale = Math.fround(whole ? size / from : size / from + 1e-6);
    return this.graph.apply(resize, [x], {
      scales: [1, 1, scale, scale],
      mode: "linear",
      coordinate_transformation_mode: "half_pixel",
    });
  }

  sum(a: Value, b: Value): Value {
    return this.graph.apply(add, [a, b]);
  }

  /** The channels of all `values`, in this order. */
  stack(values: readonly Value[]): Value {
    return this.graph.apply(concat, values, { axis: 1 });
  }
}

/** One module after the other. */
export function chain(...modules: readonly Module[]): Module {
  return (x) => modules.reduce((y, module) => module(y), x);
}
