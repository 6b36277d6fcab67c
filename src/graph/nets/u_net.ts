/** U-Net: Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015 (arXiv 1505.04597). */
import type { Value } from "../op.ts";
import { chain, type Module, type NetBuilder } from "./builder.ts";
import type { BackboneOptions, BackboneOutput } from "./elu_net.ts";

/** The input size must be a multiple of this: four halvings. */
export const U_NET_STRIDE = 16;

/**
 * Adds U-Net to `net`, for `x` `[N, channels, S, S]`.
 *
 * Level i has width · 2ⁱ channels; the paper's width is 64. Here convolutions keep the size (the paper's lose their border, so that
 * its copies are cropped), and batch normalization stands in the place of their bias. Width 64, one channel, two classes:
 * 31,036,546 parameters, the paper's network 31,030,658; 385 GFLOP at 512 px.
 */
export function uNet(net: NetBuilder, x: Value, { width, channels, classes }: BackboneOptions): BackboneOutput {
  const widthOf = (level: number) => width * 2 ** level;
  let y = pair(net, "enc.0", channels, width)(x);
  const maps: Value[] = [];
  for (let level = 1; level <= 4; level++) {
    const block = pair(net, `enc.${level}`, widthOf(level - 1), widthOf(level));
    maps.unshift(y);
    y = block(net.halving(y));
  }
  maps.forEach((map, i) => {
    const level = 3 - i;
    const up = net.doubling(`up.${level}`, widthOf(level + 1), widthOf(level));
    y = pair(net, `dec.${level}`, widthOf(level + 1), widthOf(level))(net.stack([map, up(y)]));
  });
  return { logits: net.convolution("out", width, classes, 1)(y), features: y };
}

function pair(net: NetBuilder, name: string, inputChannels: number, outputChannels: number): Module {
  return chain(
    net.unit(`${name}.0`, inputChannels, outputChannels, 3, { activation: net.relu }),
    net.unit(`${name}.1`, outputChannels, outputChannels, 3, { activation: net.relu }),
  );
}
