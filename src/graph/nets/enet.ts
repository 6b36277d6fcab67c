/** ENet: Paszke et al., "ENet: A Deep Neural Network Architecture for Real-Time Semantic Segmentation", 2016 (arXiv 1606.02147). */
import type { Value } from "../op.ts";
import { slice } from "../ops/movement.ts";
import { chain, channelScale, type Module, type NetBuilder } from "./builder.ts";
import type { BackboneOptions, BackboneOutput } from "./elu_net.ts";

/** The input size must be a multiple of this: three halvings. */
export const ENET_STRIDE = 8;

// Of bottlenecks 2.1 to 2.8 and 3.1 to 3.8: a dilation, or "asymmetric" (5×1 and 1×5).
const SECOND_STAGE = [1, 2, "asymmetric", 4, 1, 8, "asymmetric", 16] as const;

/**
 * Adds ENet to `net`, for `x` `[N, channels, S, S]`.
 *
 * Bottlenecks of a 1×1 projection to a quarter of the channels, a convolution (plain, dilated or asymmetric) and a 1×1 expansion,
 * PReLU in the encoder and Relu in the decoder. The paper's width is 16 in the initial block, then 64, 128, 64, 16. Width 16, three
 * channels, 20 classes: 363,683 parameters (paper: 0.37 M); 3.6 GFLOP at 640 × 360 (paper: 3.8).
 *
 * Differences: the decoder enlarges by linear interpolation where the paper unpools by the indices of the maxima, which TensorRT cannot;
 * spatial dropout, and the biases of the authors' network in front of normalizations, are left out. A dilation beyond the map reads
 * zeros: at 64 px the last one of 16 does.
 */
export function enet(net: NetBuilder, x: Value, { width, channels, classes }: BackboneOptions): BackboneOutput {
  const scaled = channelScale(width, 16);
  const [narrow, wide] = [scaled(64), scaled(128)];
  const filters = Math.max(1, scaled(16) - channels);
  const initial = filters + channels;
  let y = net.stack([
    net.convolution("initial.conv", channels, filters, 3, { stride: 2, bias: false })(x),
    net.halving(x),
  ]);
  y = chain(net.normalization("initial.norm", initial), net.preluOf("initial.act", initial))(y);
  y = halvingBottleneck(net, "1.0", initial, narrow)(y);
  const prelu: Activation = (name, count) => net.preluOf(name, count);
  const relu: Activation = () => net.relu;
  for (let i = 1; i <= 4; i++) y = bottleneck(net, `1.${i}`, { channels: narrow, activation: prelu })(y);
  y = halvingBottleneck(net, "2.0", narrow, wide)(y);
  for (const stage of [2, 3]) {
    SECOND_STAGE.forEach((kind, i) => {
      y = bottleneck(net, `${stage}.${i + 1}`, { channels: wide, activation: prelu, kind })(y);
    });
  }
  y = doublingBottleneck(net, "4.0", wide, narrow)(y);
  for (const i of [1, 2]) y = bottleneck(net, `4.${i}`, { channels: narrow, activation: relu })(y);
  y = doublingBottleneck(net, "5.0", narrow, initial)(y);
  y = bottleneck(net, "5.1", { channels: initial, activation: relu })(y);
  return { logits: net.doubling("out", initial, classes)(y), features: y };
}

function quarter(channels: number): number {
  return Math.max(1, Math.floor(channels / 4));
}

/** Which activation a bottleneck has: PReLU in the encoder, Relu in the decoder, as in the authors' network. */
type Activation = (name: string, channels: number) => Module;

function bottleneck(
  net: NetBuilder,
  name: string,
  { channels, activation, kind = 1 }: {
    readonly channels: number;
    readonly activation: Activation;
    readonly kind?: typeof SECOND_STAGE[number];
  },
): Module {
  const inner = quarter(channels);
  const activated = (part: string) => activation(`${name}.${part}.act`, inner);
  const filter = kind === "asymmetric"
    ? [
      net.convolution(`${name}.column`, inner, inner, [5, 1], { bias: false }),
      net.unit(`${name}.row`, inner, inner, [1, 5], { activation: activated("row") }),
    ]
    : [net.unit(`${name}.filter`, inner, inner, 3, { dilation: kind, activation: activated("filter") })];
  const block = chain(
    net.unit(`${name}.project`, channels, inner, 1, { activation: activated("project") }),
    ...filter,
    net.unit(`${name}.expand`, inner, channels, 1),
  );
  const last = activation(`${name}.act`, channels);
  return (x) => last(net.sum(block(x), x));
}

/** A 2×2 projection of stride 2 beside a pooling, whose channels are filled up with zeros. */
function halvingBottleneck(net: NetBuilder, name: string, inputChannels: number, outputChannels: number): Module {
  const inner = quarter(outputChannels);
  const block = chain(
    net.unit(`${name}.project`, inputChannels, inner, 2, {
      stride: 2,
      activation: net.preluOf(`${name}.project.act`, inner),
    }),
    net.unit(`${name}.filter`, inner, inner, 3, { activation: net.preluOf(`${name}.filter.act`, inner) }),
    net.unit(`${name}.expand`, inner, outputChannels, 1),
  );
  const activation = net.preluOf(`${name}.act`, outputChannels);
  return (x) => {
    // Adding to the first channels alone is the same as filling up with zeros.
    const part = (y: Value, start: number, end: number) =>
      net.graph.apply(slice, [y], { starts: [start], ends: [end], axes: [1] });
    const y = block(x);
    const first = net.sum(part(y, 0, inputChannels), net.halving(x));
    return activation(net.stack([first, part(y, inputChannels, outputChannels)]));
  };
}

function doublingBottleneck(net: NetBuilder, name: string, inputChannels: number, outputChannels: number): Module {
  const inner = quarter(outputChannels);
  const block = chain(
    net.unit(`${name}.project`, inputChannels, inner, 1, { activation: net.relu }),
    net.doubling(`${name}.filter.0`, inner, inner, { kernel: 3, bias: false }),
    net.normalization(`${name}.filter.1`, inner),
    net.relu,
    net.unit(`${name}.expand`, inner, outputChannels, 1),
  );
  const main = net.unit(`${name}.main`, inputChannels, outputChannels, 1);
  return (x) => net.relu(net.sum(block(x), net.resized(main(x), 2 * (x.type.shape[2] as number))));
}
