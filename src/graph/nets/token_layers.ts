/** Layers of token networks on maps `[N, C, H, W]`, in ops of opset 13 that every TensorRT has. */
import type { Value } from "../op.ts";
import { add, div, mul, sub } from "../ops/arithmetic.ts";
import { sqrt } from "../ops/elementwise.ts";
import { erf } from "../ops/mathematics.ts";
import { concat, pad, slice } from "../ops/movement.ts";
import { reduceMean } from "../ops/reduce.ts";
import type { Module, NetBuilder } from "./builder.ts";

/** Layer normalization over the channels of each pixel (Ba et al. 2016), epsilon 1e-5. */
export function channelNormalization(net: NetBuilder, name: string, channels: number): Module {
  const { graph } = net;
  const scale = net.filled(`${name}.weight`, [channels, 1, 1], 1);
  const bias = net.filled(`${name}.bias`, [channels, 1, 1], 0);
  const mean = (x: Value) => graph.apply(reduceMean, [x], { axes: [1], keepdims: 1 });
  return (x) => {
    const centred = graph.apply(sub, [x, mean(x)]);
    const variance = mean(graph.apply(mul, [centred, centred]));
    const deviation = graph.apply(sqrt, [graph.apply(add, [variance, graph.scalar(1e-5)])]);
    return graph.apply(add, [graph.apply(mul, [graph.apply(div, [centred, deviation]), scale]), bias]);
  };
}

/** x · Φ(x) with the normal distribution Φ (Hendrycks, Gimpel 2016), by Erf: ONNX's Gelu came with opset 20. */
export function gelu({ graph }: NetBuilder, x: Value): Value {
  const share = graph.apply(add, [
    graph.apply(erf, [graph.apply(mul, [x, graph.scalar(Math.SQRT1_2)])]),
    graph.scalar(1),
  ]);
  return graph.apply(mul, [graph.apply(mul, [x, graph.scalar(0.5)]), share]);
}

const REACH = 2;

/** The channels in five groups, group g shifted by g − 2 pixels along `axis` (2 or 3); zeros come in (UNeXt, section 2). */
export function shifted({ graph }: NetBuilder, x: Value, axis: 2 | 3): Value {
  const [, channels] = x.type.shape as [number, number];
  const size = x.type.shape[axis] as number;
  const pads = [0, 0, 0, 0, 0, 0, 0, 0];
  pads[axis] = pads[4 + axis] = REACH;
  const padded = graph.apply(pad, [x], { pads });
  // The first groups have ⌈C / 5⌉ channels and the last one the rest: few channels make fewer groups.
  const perGroup = Math.ceil(channels / (2 * REACH + 1));
  const groups = Array.from({ length: Math.ceil(channels / perGroup) }, (_, g) =>
    graph.apply(slice, [padded], {
      starts: [g * perGroup, 2 * REACH - g],
      ends: [Math.min((g + 1) * perGroup, channels), 2 * REACH - g + size],
      axes: [1, axis],
    }));
  return graph.apply(concat, groups, { axis: 1 });
}
