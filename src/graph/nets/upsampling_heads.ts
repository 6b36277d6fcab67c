/** Heads that start as plain bilinear upsampling of the logits, and learn at most a correction to it. */
import type { Value } from "../op.ts";
import { add } from "../ops/arithmetic.ts";
import { depthToSpace } from "../ops/rearrangement.ts";
import type { NetBuilder } from "./builder.ts";

/** What a head sees of its backbone. */
export interface HeadInput {
  /** `[N, C, S, S]`: the logits of level 0. */
  readonly logits: Value;
  /** `[N, width, s, s]` with s ≤ S: the feature map that the logits were made from. */
  readonly features: Value;
  /** How often the head doubles the size. */
  readonly levels: number;
}

/**
 * No parameters: the only output is the bilinear upsampling of `logits`, so that the loss is taken at high resolution.
 *
 * Half-pixel centres and repeated edges, as ONNX Resize and OpenCV do it.
 */
export function bilinearLossHead(net: NetBuilder, { logits, levels }: HeadInput): Value[] {
  return [enlarge(net, logits, 2 ** levels)];
}

/**
 * Sub-pixel correction: a 1×1 convolution of the features gives each pixel's four quarters a value of their own (depth to space,
 * Shi et al. 2016, arXiv 1609.05158), which is added to the doubled logits; the levels above are bilinear.
 *
 * The correction starts at zero. 4C(width + 1) parameters for C classes: 36 at width 8, 68 at width 16.
 */
export function subPixelHead(net: NetBuilder, input: HeadInput): Value[] {
  return corrected(net, input, 2);
}

/** As {@link subPixelHead}, with sixteen values per pixel: 16C(width + 1) parameters, 144 at width 8. */
export function subPixelFourHead(net: NetBuilder, input: HeadInput): Value[] {
  return corrected(net, input, input.levels > 1 ? 4 : 2);
}

function corrected(net: NetBuilder, { logits, features, levels }: HeadInput, factor: number): Value[] {
  if (levels === 0) return [logits];
  const [, classes, size] = logits.type.shape as [number, number, number, number];
  const [, width, featureSize] = features.type.shape as [number, number, number, number];
  const shares = classes * factor ** 2;
  const projection = net.convolution("head.sub_pixel", width, shares, 1, { startsAtZero: true })(features);
  // Upsampling and a 1×1 convolution may change places.
  const onGrid = enlarge(net, projection, size / featureSize);
  const correction = net.graph.apply(depthToSpace, [onGrid], { blocksize: factor, mode: "CRD" });
  const sum = net.graph.apply(add, [enlarge(net, logits, factor), correction]);
  return [enlarge(net, sum, 2 ** levels / factor)];
}

/**
 * A correction of each doubling by one 3×3 convolution, shared by all levels, of the upsampled logits and of `GUIDES` channels that a
 * 1×1 convolution makes of the features.
 *
 * The correction starts at zero. 4(width + 1) + 9C(C + 4) + C parameters for C classes: 82 at width 8, 114 at width 16.
 */
export function guidedHead(net: NetBuilder, { logits, features, levels }: HeadInput): Value[] {
  if (levels === 0) return [logits];
  const [, classes, size] = logits.type.shape as [number, number, number, number];
  const [, width, featureSize] = features.type.shape as [number, number, number, number];
  const projection = net.convolution("head.guide", width, GUIDES, 1)(features);
  let guide = net.relu(enlarge(net, projection, size / featureSize));
  const correct = net.convolution("head.correction", classes + GUIDES, classes, 3, { startsAtZero: true });
  const outputs = [logits];
  let last = logits;
  for (let level = 1; level <= levels; level++) {
    const doubled = enlarge(net, last, 2);
    guide = enlarge(net, guide, 2);
    last = net.graph.apply(add, [doubled, correct(net.stack([doubled, guide]))]);
    outputs.push(last);
  }
  return outputs;
}

const GUIDES = 4;

/** A correction of each doubling by a 3×3 convolution of the upsampled logits, starting at zero: (9C² + C) per level. */
export function residualHead(net: NetBuilder, { logits, levels }: HeadInput): Value[] {
  const classes = logits.type.shape[1] as number;
  const outputs = [logits];
  let last = logits;
  for (let level = 1; level <= levels; level++) {
    const doubled = enlarge(net, last, 2);
    const correction = net.convolution(`head.${level}`, classes, classes, 3, { startsAtZero: true })(doubled);
    last = net.graph.apply(add, [doubled, correction]);
    outputs.push(last);
  }
  return outputs;
}

/** Bilinear enlargement `[N, C, S, S]` → `[N, C, factor · S, factor · S]`. */
function enlarge(net: NetBuilder, x: Value, factor: number): Value {
  return net.resized(x, factor * (x.type.shape[2] as number));
}
