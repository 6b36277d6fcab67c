/** The block of the MobileNets: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018 (arXiv 1801.04381). */
import { mul } from "../ops/arithmetic.ts";
import { globalAveragePool } from "../ops/average_pool.ts";
import { chain, type Module, type NetBuilder } from "./builder.ts";

/** How the channels of a block are filtered. */
export interface InvertedResidualOptions {
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Channels between the expansion and the projection; those of the input leave the expansion out. */
  readonly expandedChannels: number;
  readonly activation: Module;
  readonly kernel?: number;
  readonly stride?: number;
  readonly dilation?: number;
  /** Channels of the squeeze-and-excitation on the filtered channels; none where absent. */
  readonly squeezedChannels?: number;
}

/** 1×1 expansion, depthwise convolution, 1×1 projection without activation; the input is added where the shapes are equal. */
export function invertedResidual(net: NetBuilder, name: string, options: InvertedResidualOptions): Module {
  const { inputChannels, outputChannels, expandedChannels, squeezedChannels, activation } = options;
  const { kernel = 3, stride = 1, dilation = 1 } = options;
  const parts: Module[] = [];
  if (expandedChannels !== inputChannels) {
    parts.push(net.unit(`${name}.expand`, inputChannels, expandedChannels, 1, { activation }));
  }
  parts.push(depthwise(net, `${name}.filter`, expandedChannels, { kernel, stride, dilation, activation }));
  if (squeezedChannels !== undefined) {
    parts.push(squeezeExcitation(net, `${name}.squeeze`, expandedChannels, squeezedChannels));
  }
  parts.push(net.unit(`${name}.project`, expandedChannels, outputChannels, 1));
  const block = chain(...parts);
  return stride === 1 && inputChannels === outputChannels ? (x) => net.sum(block(x), x) : block;
}

/** A stage of blocks: the first has the stride and changes the channels, each expands its own input by the same factor. */
export interface StageOptions extends Pick<InvertedResidualOptions, "inputChannels" | "outputChannels" | "activation"> {
  readonly expansion: number;
  readonly blocks: number;
  readonly stride: number;
}

/** The blocks of a stage one after the other, numbered from 0. */
export function invertedResiduals(
  net: NetBuilder,
  name: string,
  { inputChannels, outputChannels, activation, expansion, blocks, stride }: StageOptions,
): Module {
  return chain(...Array.from({ length: blocks }, (_, block) => {
    const from = block === 0 ? inputChannels : outputChannels;
    return invertedResidual(net, `${name}.${block}`, {
      inputChannels: from,
      outputChannels,
      expandedChannels: expansion * from,
      stride: block === 0 ? stride : 1,
      activation,
    });
  }));
}

/** How {@link depthwise} filters. */
export interface DepthwiseOptions {
  readonly kernel?: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly activation?: Module;
}

/** A convolution of each channel for itself, with batch normalization. */
export function depthwise(
  net: NetBuilder,
  name: string,
  channels: number,
  { kernel = 3, ...options }: DepthwiseOptions = {},
): Module {
  return net.unit(name, channels, channels, kernel, { groups: channels, ...options });
}

/** Scales each channel by what the means of all channels say (Hu et al. 2018), with the gate of MobileNetV3. */
function squeezeExcitation(net: NetBuilder, name: string, channels: number, squeezed: number): Module {
  const gate = chain(
    (x) => net.graph.apply(globalAveragePool, [x]),
    net.convolution(`${name}.reduce`, channels, squeezed, 1),
    net.relu,
    net.convolution(`${name}.restore`, squeezed, channels, 1),
    net.hardSigmoid,
  );
  return (x) => net.graph.apply(mul, [x, gate(x)]);
}
