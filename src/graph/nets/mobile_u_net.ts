/** Mobile-Unet: Jing et al., "Mobile-Unet: An efficient convolutional neural network for fabric defect detection", Textile Research Journal 92, 2022. */
import type { Value } from "../op.ts";
import { chain, channelScale, type NetBuilder } from "./builder.ts";
import type { BackboneOptions, BackboneOutput } from "./elu_net.ts";
import { invertedResidual, invertedResiduals } from "./inverted_residual.ts";

/** The input size must be a multiple of this: the stem and four stages halve it. */
export const MOBILE_U_NET_STRIDE = 32;

// MobileNetV2, table 2: expansion, channels, blocks, stride of the first.
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/**
 * Adds a U-Net of MobileNetV2's blocks to `net`, for `x` `[N, channels, S, S]`.
 *
 * The encoder is MobileNetV2 (arXiv 1801.04381) without the 1×1 convolution to 1280 channels that serves its classifier: 1,811,712
 * parameters for three channels. The decoder has the paper's five transposed convolutions, of 2×2 here; the maps of the encoder join
 * the first four in an inverted residual each. The paper's width is 32 channels in the stem. Width 32, three channels, two classes:
 * 2,377,882 parameters; 1.70 GFLOP at 256 px.
 */
export function mobileUNet(net: NetBuilder, x: Value, { width, channels, classes }: BackboneOptions): BackboneOutput {
  const scaled = channelScale(width, 32);
  const activation = net.relu6;
  let y = net.unit("stem", channels, scaled(32), 3, { stride: 2, activation })(x);
  let from = scaled(32);
  const maps: { readonly map: Value; readonly channels: number }[] = [];
  STAGES.forEach(([expansion, wanted, blocks, stride], stage) => {
    if (stride === 2) maps.push({ map: y, channels: from });
    const outputChannels = scaled(wanted);
    const options = { inputChannels: from, outputChannels, expansion, blocks, stride, activation };
    y = invertedResiduals(net, `enc.${stage}`, options)(y);
    from = outputChannels;
  });
  maps.reverse().forEach(({ map, channels: wanted }, level) => {
    const up = net.doubling(`up.${level}`, from, wanted);
    y = invertedResidual(net, `dec.${level}`, {
      inputChannels: 2 * wanted,
      outputChannels: wanted,
      expandedChannels: 6 * 2 * wanted,
      activation,
    })(net.stack([up(y), map]));
    from = wanted;
  });
  const features = chain(
    net.doubling("up.4", from, from, { bias: false }),
    net.normalization("last", from),
    activation,
  )(y);
  return { logits: net.convolution("out", from, classes, 1)(features), features };
}
