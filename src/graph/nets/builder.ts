/** Builds networks: a graph, named parameters with their initial values, and the blocks that networks share. */
import { Graph } from "../graph.ts";
import type { Value } from "../op.ts";
import { conv, convTranspose } from "../ops/convolution.ts";
import { relu } from "../ops/elementwise.ts";
import { concat } from "../ops/movement.ts";
import { batchNormalization } from "../ops/normalization.ts";
import { maxPool } from "../ops/pool.ts";
import { elementCount, floats } from "../tensor_type.ts";
import { Random } from "../../random.ts";

/** A part of a network: parameters made once, applied as often as wanted. */
export type Module = (x: Value) => Value;

/** A network under construction. */
export class NetBuilder {
  readonly graph = new Graph();
  readonly #random: Random;

  /** @param seed of the initial weights. */
  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** A weight drawn from U(−1/√fan, 1/√fan): PyTorch's default for convolutions (He et al. 2015 with a = √5). */
  weight(name: string, shape: readonly number[], fan: number): Value {
    const bound = 1 / Math.sqrt(fan);
    const values = Float32Array.from({ length: elementCount(shape) }, () => this.#random.uniform(-bound, bound));
    return this.graph.constant(floats(values, shape), name);
  }

  /** A parameter `[channels]` that starts with one value everywhere. */
  vector(name: string, channels: number, value: number): Value {
    return this.graph.constant(floats(new Float32Array(channels).fill(value)), name);
  }

  /** Conv with bias and stride 1 that keeps the size: w `[output, input, kernel, kernel]`. */
  convolution(name: string, inputChannels: number, outputChannels: number, kernel: number): Module {
    const fan = inputChannels * kernel * kernel;
    const w = this.weight(`${name}.weight`, [outputChannels, inputChannels, kernel, kernel], fan);
    return this.#convolve(name, w, this.weight(`${name}.bias`, [outputChannels], fan));
  }

  /** As {@link convolution}, with weights that start at zero. */
  zeroConvolution(name: string, inputChannels: number, outputChannels: number, kernel: number): Module {
    const shape = [outputChannels, inputChannels, kernel, kernel];
    const w = this.graph.constant(floats(new Float32Array(elementCount(shape)), shape), `${name}.weight`);
    return this.#convolve(name, w, this.vector(`${name}.bias`, outputChannels, 0));
  }

  #convolve(name: string, w: Value, b: Value): Module {
    const kernel = w.type.shape[2] as number;
    const side = (kernel - 1) / 2;
    return (x) =>
      this.graph.apply(conv, [x, w, b], { kernel_shape: [kernel, kernel], pads: [side, side, side, side] }, name);
  }

  /** ConvTranspose 2×2 with stride 2 and bias that keeps the channels. */
  doubling(name: string, channels: number): Module {
    // PyTorch takes the fan of a transposed convolution from its second axis.
    const w = this.weight(`${name}.weight`, [channels, channels, 2, 2], 4 * channels);
    const b = this.weight(`${name}.bias`, [channels], 4 * channels);
    return (x) => this.graph.apply(convTranspose, [x, w, b], { kernel_shape: [2, 2], strides: [2, 2] }, name);
  }

  /** BatchNormalization over batch and pixels, epsilon 1e-5. */
  normalization(name: string, channels: number): Module {
    const scale = this.vector(`${name}.weight`, channels, 1);
    const bias = this.vector(`${name}.bias`, channels, 0);
    const mean = this.vector(`${name}.running_mean`, channels, 0);
    const variance = this.vector(`${name}.running_var`, channels, 1);
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
    return (x) => parts.reduce((y, part) => part(y), x);
  }

  readonly relu: Module = (x) => this.graph.apply(relu, [x]);

  /** Halves the size by the largest of each 2×2 square. */
  readonly halving: Module = (x) => this.graph.apply(maxPool, [x], { kernel_shape: [2, 2], strides: [2, 2] });

  /** The channels of all `values`, in this order. */
  stack(values: readonly Value[]): Value {
    return this.graph.apply(concat, values, { axis: 1 });
  }
}
