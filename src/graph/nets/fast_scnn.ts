/** Fast-SCNN: Poudel, Liwicki, Cipolla, "Fast-SCNN: Fast Semantic Segmentation Network", BMVC 2019 (arXiv 1902.04502). */
import type { Value } from "../op.ts";
import { averagePool } from "../ops/average_pool.ts";
import { chain, channelScale, type Module, type NetBuilder } from "./builder.ts";
import type { BackboneOptions, BackboneOutput } from "./elu_net.ts";
import { depthwise, invertedResiduals } from "./inverted_residual.ts";

/** The input size must be a multiple of this: three halvings to the high-resolution branch, two more to the other. */
export const FAST_SCNN_STRIDE = 32;

// Global feature extractor of table 1: channels, blocks, stride of the first; the expansion is 6.
const STAGES = [[64, 3, 2], [96, 3, 2], [128, 3, 1]] as const;

const BINS = [1, 2, 3, 6];

/**
 * Adds Fast-SCNN to `net`, for `x` `[N, channels, S, S]`.
 *
 * Works at an eighth of the input size; the logits are resized. The paper's width is 32 in the first convolution. Width 32, three
 * channels, 19 classes: 1,138,051 parameters (paper: 1.11 M); 14.1 GFLOP at 2048 × 1024.
 *
 * Differences: the pooling of the pyramid has windows of one size where the bins do not divide the map, and no more bins than the map has
 * pixels; dropout is left out.
 */
export function fastScnn(net: NetBuilder, x: Value, { width, channels, classes }: BackboneOptions): BackboneOutput {
  const scaled = channelScale(width, 32);
  const [c32, c48, c64, c128] = [32, 48, 64, 128].map(scaled) as [number, number, number, number];
  const activation = net.relu;
  const high = chain(
    net.unit("down.0", channels, c32, 3, { stride: 2, activation }),
    separable(net, "down.1", c32, c48, 2),
    separable(net, "down.2", c48, c64, 2),
  )(x);
  let y = high;
  let from = c64;
  STAGES.forEach(([wanted, blocks, stride], stage) => {
    const outputChannels = scaled(wanted);
    const options = { inputChannels: from, outputChannels, expansion: 6, blocks, stride, activation };
    y = invertedResiduals(net, `global.${stage}`, options)(y);
    from = outputChannels;
  });
  const low = pyramidPooling(net, "pyramid", c128)(y);
  // Feature fusion module, table 2.
  const size = high.type.shape[2] as number;
  const fromLow = chain(
    (z) => net.resized(z, size),
    depthwise(net, "fuse.filter", c128, { dilation: 4, activation }),
    net.unit("fuse.low", c128, c128, 1, { bias: true }),
  )(low);
  const fromHigh = net.unit("fuse.high", c64, c128, 1, { bias: true })(high);
  const features = chain(
    activation,
    separable(net, "classifier.0", c128, c128, 1),
    separable(net, "classifier.1", c128, c128, 1),
  )(net.sum(fromLow, fromHigh));
  const logits = net.convolution("out", c128, classes, 1)(features);
  return { logits: net.resized(logits, x.type.shape[2] as number), features };
}

function separable(
  net: NetBuilder,
  name: string,
  inputChannels: number,
  outputChannels: number,
  stride: 1 | 2,
): Module {
  return chain(
    depthwise(net, `${name}.filter`, inputChannels, { stride, activation: net.relu }),
    net.unit(`${name}.point`, inputChannels, outputChannels, 1, { activation: net.relu }),
  );
}

/** Means over 1, 2², 3² and 6² windows, a quarter of the channels each, beside the map (Zhao et al. 2017, PSPNet). */
function pyramidPooling(net: NetBuilder, name: string, channels: number): Module {
  const branch = Math.max(1, Math.floor(channels / BINS.length));
  const reductions = BINS.map((bins) => net.unit(`${name}.${bins}`, channels, branch, 1, { activation: net.relu }));
  const last = net.unit(`${name}.last`, channels + BINS.length * branch, channels, 1, { activation: net.relu });
  return (x) => {
    const size = x.type.shape[2] as number;
    const parts = BINS.map((bins, i) => {
      const stride = Math.floor(size / Math.min(bins, size));
      const kernel = size - (Math.min(bins, size) - 1) * stride;
      const means = net.graph.apply(averagePool, [x], { kernel_shape: [kernel, kernel], strides: [stride, stride] });
      return net.resized((reductions[i] as Module)(means), size);
    });
    return last(net.stack([x, ...parts]));
  };
}
