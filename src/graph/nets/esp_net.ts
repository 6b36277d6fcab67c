/** ESPNet: Mehta et al., "ESPNet: Efficient Spatial Pyramid of Dilated Convolutions for Semantic Segmentation", ECCV 2018 (arXiv 1803.06815). */
import type { Value } from "../op.ts";
import { averagePool } from "../ops/average_pool.ts";
import { chain, channelScale, type Module, type NetBuilder } from "./builder.ts";
import type { BackboneOptions, BackboneOutput } from "./elu_net.ts";

/** The input size must be a multiple of this: three halvings. */
export const ESP_NET_STRIDE = 8;

/** Dilations of the pyramid. */
const DILATIONS = [1, 2, 4, 8, 16];

/** Depth of the second and third level (α₂ and α₃). */
const DEPTHS = [2, 8] as const;

/**
 * Adds ESPNet to `net`, for `x` `[N, channels, S, S]`.
 *
 * The paper's width is 16 in the first convolution, then 64 and 128. Its decoder has as many channels as there are classes, 20; few
 * classes would leave it nothing to work with: here it has 20 · width / 16 channels. Width 16, three channels, 20 classes, depths 2 and
 * 8: 365,129 parameters (paper: 0.364 M), 20 of them the bias of the logits, which the paper's network lacks; 9.7 GFLOP at 1024 × 512.
 */
export function espNet(net: NetBuilder, x: Value, { width, channels, classes }: BackboneOptions): BackboneOutput {
  const scaled = channelScale(width, 16);
  // A pyramid needs a channel per dilation.
  const [c1, c2, c3, decoded] = [scaled(16), ...[64, 128, 20].map((c) => Math.max(5, scaled(c)))] as [
    number,
    number,
    number,
    number,
  ];
  const half = pooled(net, x);
  const quarter = pooled(net, half);
  const first = net.unit("level1", channels, c1, 3, { stride: 2, activation: net.preluOf("level1.act", c1) })(x);
  const b1 = activated(net, "b1", c1 + channels)(net.stack([first, half]));
  const b2 = level(net, "level2", { inputChannels: c1 + channels, outputChannels: c2, depth: DEPTHS[0] })(b1);
  const b2All = activated(net, "b2", 2 * c2 + channels)(net.stack([...b2, quarter]));
  const b3 = level(net, "level3", { inputChannels: 2 * c2 + channels, outputChannels: c3, depth: DEPTHS[1] })(b2All);
  const b3All = activated(net, "b3", 2 * c3)(net.stack(b3));

  const up3 = chain(
    net.convolution("dec.3", 2 * c3, decoded, 1, { bias: false }),
    net.normalization("dec.3.norm", decoded),
    net.doubling("up.3", decoded, decoded, { bias: false }),
  )(b3All);
  const side2 = net.convolution("dec.2", 2 * c2 + channels, decoded, 1, { bias: false })(b2All);
  const up2 = chain(
    activated(net, "merge.2", 2 * decoded),
    pyramid(net, "dec.2.esp", { inputChannels: 2 * decoded, outputChannels: decoded, residual: false }),
    activated(net, "dec.2.esp", decoded),
    net.doubling("up.2", decoded, decoded, { bias: false }),
    activated(net, "up.2", decoded),
  )(net.stack([side2, up3]));
  const merged = net.unit("dec.1", decoded + c1 + channels, decoded, 3, {
    activation: net.preluOf("dec.1.act", decoded),
  })(net.stack([up2, b1]));
  return { logits: net.doubling("out", decoded, classes)(merged), features: merged };
}

/** The image at half the size, for the levels to read it again. */
function pooled(net: NetBuilder, x: Value): Value {
  return net.graph.apply(averagePool, [x], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    count_include_pad: 1,
  });
}

function activated(net: NetBuilder, name: string, channels: number): Module {
  return chain(net.normalization(`${name}.norm`, channels), net.preluOf(`${name}.act`, channels));
}

/** A pyramid of stride 2, then `depth` that keep the size; returns the last map and the first. */
function level(
  net: NetBuilder,
  name: string,
  { inputChannels, outputChannels, depth }: { inputChannels: number; outputChannels: number; depth: number },
): (x: Value) => Value[] {
  const down = pyramid(net, `${name}.0`, { inputChannels, outputChannels, residual: false, stride: 2 });
  const activation = activated(net, `${name}.0`, outputChannels);
  const rest = Array.from(
    { length: depth },
    (_, i) => pyramid(net, `${name}.${i + 1}`, { inputChannels: outputChannels, outputChannels, residual: true }),
  ).map((block, i) => chain(block, activated(net, `${name}.${i + 1}`, outputChannels)));
  return (x) => {
    const first = activation(down(x));
    return [chain(...rest)(first), first];
  };
}

/**
 * The ESP module: a reduction to a fifth of the channels (1×1, or 3×3 with stride 2), dilated convolutions of it side by side, and their
 * running sums from the second on as the outputs (hierarchical feature fusion), against the grid that dilation leaves.
 */
function pyramid(
  net: NetBuilder,
  name: string,
  { inputChannels, outputChannels, residual, stride = 1 }: {
    inputChannels: number;
    outputChannels: number;
    residual: boolean;
    stride?: 1 | 2;
  },
): Module {
  const fifth = Math.floor(outputChannels / DILATIONS.length);
  const reduction = net.convolution(`${name}.reduce`, inputChannels, fifth, stride === 1 ? 1 : 3, {
    stride,
    bias: false,
  });
  const branches = DILATIONS.map((dilation, i) =>
    net.convolution(`${name}.d${dilation}`, fifth, i === 0 ? outputChannels - 4 * fifth : fifth, 3, {
      dilation,
      bias: false,
    })
  );
  return (x) => {
    const reduced = reduction(x);
    const [plain, ...dilated] = branches.map((branch) => branch(reduced)) as [Value, ...Value[]];
    // Each map with all before it.
    let sum: Value | undefined;
    const sums = dilated.map((map) => (sum = sum === undefined ? map : net.sum(sum, map)));
    const all = net.stack([plain, ...sums]);
    return residual ? net.sum(x, all) : all;
  };
}
