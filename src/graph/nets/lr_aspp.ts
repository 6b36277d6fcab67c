/** LR-ASPP on MobileNetV3-Small: Howard et al., "Searching for MobileNetV3", ICCV 2019 (arXiv 1905.02244). */
import { mul } from "../ops/arithmetic.ts";
import { globalAveragePool } from "../ops/average_pool.ts";
import { sigmoid } from "../ops/elementwise.ts";
import type { Value } from "../op.ts";
import { chain, channelScale, type NetBuilder } from "./builder.ts";
import type { BackboneOptions, BackboneOutput } from "./elu_net.ts";
import { invertedResidual } from "./inverted_residual.ts";

/** The input size must be a multiple of this: the network's own output stride. */
export const LR_ASPP_STRIDE = 16;

// Table 2, with half the channels in the last stage, which is dilated instead of strided (section 6.4): kernel, expanded and output
// channels, squeezed channels (0: no squeeze-and-excitation), activation, stride, dilation.
const BLOCKS = [
  [3, 16, 16, 8, "relu", 2, 1],
  [3, 72, 24, 0, "relu", 2, 1],
  [3, 88, 24, 0, "relu", 1, 1],
  [5, 96, 40, 24, "hardSwish", 2, 1],
  [5, 240, 40, 64, "hardSwish", 1, 1],
  [5, 240, 40, 64, "hardSwish", 1, 1],
  [5, 120, 48, 32, "hardSwish", 1, 1],
  [5, 144, 48, 40, "hardSwish", 1, 1],
  [5, 144, 48, 40, "hardSwish", 1, 2],
  [5, 288, 48, 72, "hardSwish", 1, 2],
  [5, 288, 48, 72, "hardSwish", 1, 2],
] as const;

/** The last block at an eighth of the input size. */
const LOW_LEVEL = 2;

/**
 * Adds MobileNetV3-Small with the LR-ASPP decoder to `net`, for `x` `[N, channels, S, S]`.
 *
 * The logits are made at an eighth of the input size and resized. The paper's width is 16 in the stem; the decoder has 128 channels
 * there. Width 16, three channels, 19 classes: 467,467 parameters (paper: 0.47 M); 6.1 GFLOP at 2048 × 1024
 * (paper: 2.90 G multiply-adds, without the resizing).
 *
 * Differences: HardSwish is written as x · HardSigmoid(x); the mean of the decoder's gate goes over the whole map (the paper: windows of
 * 49 × 49 with a large stride, for 2048 × 1024); its two 1×1 convolutions to the classes and their sum are one over both maps.
 */
export function lrAspp(net: NetBuilder, x: Value, { width, channels, classes }: BackboneOptions): BackboneOutput {
  const scaled = channelScale(width, 16);
  let y = net.unit("stem", channels, scaled(16), 3, { stride: 2, activation: net.hardSwish })(x);
  let from = scaled(16);
  let low = { map: y, channels: from };
  BLOCKS.forEach(([kernel, expanded, wanted, squeezed, activation, stride, dilation], i) => {
    y = invertedResidual(net, `enc.${i}`, {
      inputChannels: from,
      outputChannels: scaled(wanted),
      expandedChannels: scaled(expanded),
      ...(squeezed === 0 ? {} : { squeezedChannels: scaled(squeezed) }),
      activation: net[activation],
      kernel,
      stride,
      dilation,
    })(y);
    from = scaled(wanted);
    if (i === LOW_LEVEL) low = { map: y, channels: from };
  });
  const [top, decoded] = [6 * from, scaled(128)];
  const map = net.unit("enc.last", from, top, 1, { activation: net.hardSwish })(y);
  const gate = chain(
    (z) => net.graph.apply(globalAveragePool, [z]),
    net.convolution("dec.gate", top, decoded, 1, { bias: false }),
    (z) => net.graph.apply(sigmoid, [z]),
  )(map);
  const gated = net.graph.apply(mul, [net.unit("dec.map", top, decoded, 1, { activation: net.relu })(map), gate]);
  const features = net.stack([net.resized(gated, low.map.type.shape[2] as number), low.map]);
  const logits = net.convolution("out", decoded + low.channels, classes, 1)(features);
  return { logits: net.resized(logits, x.type.shape[2] as number), features };
}
