/** ELU-Net: a U-shaped network with deep skips, the backbone of J-Net (arXiv 2403.05340). */
import type { Value } from "../op.ts";
import type { Module, NetBuilder } from "./builder.ts";

/** What every backbone needs to know. */
export interface BackboneOptions {
  /** Channels of the first level. */
  readonly width: number;
  /** Input channels. */
  readonly channels: number;
  /** Channels of the logits. */
  readonly classes: number;
}

/** What a backbone gives. */
export interface BackboneOutput {
  /** `[N, classes, S, S]` */
  readonly logits: Value;
  /** `[N, channels, s, s]` with s ≤ S: the last feature map, for heads that look at it. */
  readonly features: Value;
}

/** The input size must be a multiple of this: four halvings. */
export const ELU_NET_STRIDE = 16;

/**
 * Adds ELU-Net to `net`, for `x` `[N, channels, S, S]`.
 *
 * Encoder level i has width · 2ⁱ channels. A skip from level i to decoder level j doubles the size i − j times and ends in one 3×3
 * convolution; skips 32, 21 and 10 share their weights with the decoder's own path.
 */
export function eluNet(net: NetBuilder, x: Value, { width, channels, classes }: BackboneOptions): BackboneOutput {
  const widths = [1, 2, 4, 8, 16].map((factor) => factor * width) as [number, number, number, number, number];
  const e: Value[] = [];
  let input = x;
  for (let level = 0; level < 5; level++) {
    const block = net.doubleConvolution(
      `enc.${level}`,
      level === 0 ? channels : (widths[level - 1] as number),
      widths[level] as number,
    );
    const y = block(input);
    e.push(y);
    if (level < 4) input = net.halving(y);
  }
  const [e0, e1, e2, e3, e4] = e as [Value, Value, Value, Value, Value];
  const deep = skip(net, "deep", widths[4], widths[3], 1);
  const skips = new Map<string, Module>();
  for (let i = 0; i < 4; i++) {
    for (let j = 0; j <= i; j++) {
      skips.set(`${i}${j}`, skip(net, `skip.${i}${j}`, widths[i] as number, widths[j] as number, i - j));
    }
  }
  const s = (name: string, from: Value) => (skips.get(name) as Module)(from);
  const decoder = [0, 1, 2, 3].map((j) =>
    net.doubleConvolution(`dec.${j}`, (5 - j) * (widths[j] as number), widths[j] as number)
  ) as [Module, Module, Module, Module];
  const d3 = decoder[3](net.stack([deep(e4), s("33", e3)]));
  const d2 = decoder[2](net.stack([s("32", d3), s("32", e3), s("22", e2)]));
  const d1 = decoder[1](net.stack([s("21", d2), s("31", e3), s("21", e2), s("11", e1)]));
  const d0 = decoder[0](net.stack([s("10", d1), s("30", e3), s("20", e2), s("10", e1), s("00", e0)]));
  return { logits: net.convolution("out", width, classes, 1)(d0), features: d0 };
}

/** `doublings` transposed convolutions that keep the channels, then one 3×3 convolution. */
export function skip(
  net: NetBuilder,
  name: string,
  inputChannels: number,
  outputChannels: number,
  doublings: number,
): Module {
  const ups = Array.from({ length: doublings }, (_, k) => net.doubling(`${name}.up.${k}`, inputChannels));
  const last = net.convolution(`${name}.conv`, inputChannels, outputChannels, 3);
  return (x) => last(ups.reduce((y, up) => up(y), x));
}
