/** The networks that `seg` builds, by name. */
import type { Graph } from "../graph.ts";
import type { Value } from "../op.ts";
import { NetBuilder } from "./builder.ts";
import { type BackboneOptions, type BackboneOutput, ELU_NET_STRIDE, eluNet } from "./elu_net.ts";
import { enet, ENET_STRIDE } from "./enet.ts";
import { ESP_NET_STRIDE, espNet } from "./esp_net.ts";
import { FAST_SCNN_STRIDE, fastScnn } from "./fast_scnn.ts";
import { jHead, MAXIMUM_LEVELS } from "./head.ts";
import { LR_ASPP_STRIDE, lrAspp } from "./lr_aspp.ts";
import { MOBILE_U_NET_STRIDE, mobileUNet } from "./mobile_u_net.ts";
import { type BackboneName, HEAD_NAMES, type HeadName, NET_NAMES, PAIRS } from "./names.ts";
import { U_NET_STRIDE, uNet } from "./u_net.ts";
import { unext, UNEXT_STRIDE } from "./unext.ts";
import {
  bilinearLossHead,
  guidedHead,
  type HeadInput,
  residualHead,
  subPixelFourHead,
  subPixelHead,
} from "./upsampling_heads.ts";

interface Backbone {
  readonly stride: number;
  readonly build: (net: NetBuilder, x: Value, options: BackboneOptions) => BackboneOutput;
}

/** Networks that give the logits at the size of their input, and what that size must be a multiple of. */
export const BACKBONES: Readonly<Record<string, Backbone>> = {
  "elu-net": { stride: ELU_NET_STRIDE, build: eluNet },
  "u-net": { stride: U_NET_STRIDE, build: uNet },
  "mobile-u-net": { stride: MOBILE_U_NET_STRIDE, build: mobileUNet },
  "unext": { stride: UNEXT_STRIDE, build: unext },
  "enet": { stride: ENET_STRIDE, build: enet },
  "esp-net": { stride: ESP_NET_STRIDE, build: espNet },
  "fast-scnn": { stride: FAST_SCNN_STRIDE, build: fastScnn },
  "lr-aspp": { stride: LR_ASPP_STRIDE, build: lrAspp },
} satisfies Readonly<Record<BackboneName, Backbone>>;

type Head = (net: NetBuilder, input: HeadInput) => Value[];

const HEADS: Readonly<Record<string, Head>> = {
  j: jHead,
  none: (_net, { logits }) => [logits],
  "bilinear-loss": bilinearLossHead,
  "sub-pixel": subPixelHead,
  "sub-pixel-4": subPixelFourHead,
  guided: guidedHead,
  residual: residualHead,
} satisfies Readonly<Record<HeadName, Head>>;

/** A network to build. */
export interface NetOptions extends BackboneOptions {
  readonly net: string;
  /** Absent: the head of the network's paper, or bilinear-loss. */
  readonly head?: string | undefined;
  readonly inputSize: number;
  readonly outputSize: number;
  /** Of the initial weights; absent: all are 0, for a network that is only counted. */
  readonly seed?: number | undefined;
  readonly batch?: number;
}

/** An untrained network: input `image` `[N, channels, S, S]`, outputs `level_0` … with the logits of each level. */
export interface Net {
  readonly graph: Graph;
  readonly levels: number;
  readonly options: NetOptions;
}

/**
 * How often a head must double `inputSize` to reach `outputSize`.
 *
 * @throws {RangeError} where the sizes are not a power of two apart, or more than four doublings.
 */
export function levelsBetween(inputSize: number, outputSize: number): number {
  const levels = Math.log2(outputSize / inputSize);
  if (!Number.isInteger(levels) || levels < 0 || levels > MAXIMUM_LEVELS) {
    throw new RangeError(
      `Output size ${outputSize} must be input size ${inputSize} times 1, 2, 4, 8 or 16: choose e.g. --output-size ${
        inputSize * 2 ** Math.min(Math.max(Math.round(levels), 0), MAXIMUM_LEVELS)
      }`,
    );
  }
  return levels;
}

/** Builds a network with seeded initial weights. @throws {RangeError} where a name is unknown or the sizes do not fit it. */
export function buildNet(options: NetOptions): Net {
  const pair = PAIRS[options.net];
  const backbone = BACKBONES[pair?.backbone ?? options.net];
  if (backbone === undefined) {
    throw new RangeError(`No network is called ${options.net}: choose one of ${NET_NAMES.join(", ")}`);
  }
  const headName = options.head ?? pair?.head ?? "bilinear-loss";
  const head = HEADS[headName];
  if (head === undefined) {
    throw new RangeError(`No head is called ${options.head}: choose one of ${HEAD_NAMES.join(", ")}`);
  }
  const { inputSize, channels, batch = 1 } = options;
  if (inputSize % backbone.stride !== 0 || inputSize <= 0) {
    throw new RangeError(`Input size ${inputSize} must be a multiple of ${backbone.stride} for ${options.net}`);
  }
  // Without a head the network writes what it reads.
  const levels = headName === "none" ? 0 : levelsBetween(inputSize, options.outputSize);
  const net = new NetBuilder(options.seed);
  const x = net.graph.input("image", { elementType: "float32", shape: [batch, channels, inputSize, inputSize] });
  const outputs = head(net, { ...backbone.build(net, x, options), levels });
  outputs.forEach((output, level) => net.graph.output(output, `level_${level}`));
  return { graph: net.graph, levels: outputs.length - 1, options };
}
