/** UNeXt: Valanarasu, Patel, "UNeXt: MLP-based Rapid Medical Image Segmentation Network", MICCAI 2022 (arXiv 2203.04967). */
import type { Value } from "../op.ts";
import { chain, channelScale, type Module, type NetBuilder } from "./builder.ts";
import type { BackboneOptions, BackboneOutput } from "./elu_net.ts";
import { channelNormalization, gelu, shifted } from "./token_layers.ts";

/** The input size must be a multiple of this: three poolings and two strided patch embeddings. */
export const UNEXT_STRIDE = 32;

/**
 * Adds UNeXt to `net`, for `x` `[N, channels, S, S]`.
 *
 * Three convolution stages, two stages of tokenized blocks, and the same backwards with sums as skips. Tokens stay maps
 * `[N, C, H, W]`: a linear layer is a 1×1 convolution, layer normalization goes over the channels. The paper's width is 16 in the
 * first of 16, 32, 128, 160, 256 channels. Width 16, three channels, one class: 1,471,409 parameters (paper: 1.47 M; its network has
 * 512 biases more, in front of batch normalization); 1.15 GFLOP at 256 px (paper: 0.57, a multiply-add as one).
 */
export function unext(net: NetBuilder, x: Value, { width, channels, classes }: BackboneOptions): BackboneOutput {
  const [c0, c1, c2, c3, c4] = [16, 32, 128, 160, 256].map(channelScale(width, 16)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const encoder = (name: string, inputChannels: number, outputChannels: number) =>
    chain(net.unit(name, inputChannels, outputChannels, 3), net.halving, net.relu);
  const t1 = encoder("enc.0", channels, c0)(x);
  const t2 = encoder("enc.1", c0, c1)(t1);
  const t3 = encoder("enc.2", c1, c2)(t2);
  const t4 = chain(patches(net, "patch.0", c2, c3), tokenStage(net, "token.0", c3))(t3);
  const t5 = chain(patches(net, "patch.1", c3, c4), tokenStage(net, "token.1", c4))(t4);

  // Conv, batch normalization where given, twice the size, Relu.
  const decoder = (part: Module): Module => (y) => net.relu(net.resized(part(y), 2 * (y.type.shape[2] as number)));
  const d4 = net.sum(decoder(net.unit("dec.0", c4, c3, 3))(t5), t4);
  const d3 = net.sum(decoder(net.unit("dec.1", c3, c2, 3))(tokenStage(net, "token.2", c3)(d4)), t3);
  const d2 = net.sum(decoder(net.unit("dec.2", c2, c1, 3))(tokenStage(net, "token.3", c2)(d3)), t2);
  const d1 = net.sum(decoder(net.unit("dec.3", c1, c0, 3))(d2), t1);
  const d0 = decoder(net.convolution("dec.last", c0, c0, 3))(d1);
  return { logits: net.convolution("out", c0, classes, 1)(d0), features: d0 };
}

/** Overlapping patches of half the size as tokens. */
function patches(net: NetBuilder, name: string, inputChannels: number, outputChannels: number): Module {
  return chain(
    net.convolution(`${name}.conv`, inputChannels, outputChannels, 3, { stride: 2 }),
    channelNormalization(net, `${name}.norm`, outputChannels),
  );
}

/** x + MLP(x), normalized: shift along the rows' axis, linear, depthwise 3×3, GELU, shift along the columns' axis, linear. */
function tokenStage(net: NetBuilder, name: string, channels: number): Module {
  const mlp = chain(
    channelNormalization(net, `${name}.norm`, channels),
    (x) => shifted(net, x, 2),
    net.convolution(`${name}.fc1`, channels, channels, 1),
    net.convolution(`${name}.filter`, channels, channels, 3, { groups: channels }),
    (x) => gelu(net, x),
    (x) => shifted(net, x, 3),
    net.convolution(`${name}.fc2`, channels, channels, 1),
  );
  const last = channelNormalization(net, `${name}.last`, channels);
  return (x) => last(net.sum(x, mlp(x)));
}
