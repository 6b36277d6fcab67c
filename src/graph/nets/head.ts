/** The head of J-Net: levels above the input resolution, for any backbone (arXiv 2403.05340). */
import type { Value } from "../op.ts";
import type { Module, NetBuilder } from "./builder.ts";
import { skip } from "./elu_net.ts";
import type { HeadInput } from "./upsampling_heads.ts";

/** Level counts that the head is defined for. */
export const MAXIMUM_LEVELS = 4;

/**
 * Adds `levels` (0 … 4) doublings to the level-0 `logits` `[N, C, S, S]` and returns the logits of all levels, level k of size 2ᵏ · S.
 *
 * Levels 1 and 2 come from the level before; 3 and 4 from it together with a long skip from level 0, through one merge that both
 * share. No activation anywhere. Parameters for C classes: 13C² + 2C per plain level, 4C² + C more per further doubling of a long
 * skip, 34C² + 3C for the merge; 112 in all for C = 1 and four levels.
 */
export function jHead(net: NetBuilder, { logits, levels }: HeadInput): Value[] {
  const classes = logits.type.shape[1] as number;
  if (levels === 0) return [logits];
  const first = skip(net, "h1", classes, classes, 1)(logits);
  if (levels === 1) return [logits, first];
  const second = skip(net, "h2", classes, classes, 1)(first);
  if (levels === 2) return [logits, first, second];
  const merge = skip(net, "merge", 2 * classes, classes, 1);
  const fromLong = (long: Module, previous: Value) => merge(net.stack([long(logits), previous]));
  const third = fromLong(longSkip(net, "s4", classes, 2), second);
  if (levels === 3) return [logits, first, second, third];
  return [logits, first, second, third, fromLong(longSkip(net, "s8", classes, 3), third)];
}

/** `doublings` transposed convolutions, each followed by the same 3×3 convolution. */
function longSkip(net: NetBuilder, name: string, classes: number, doublings: number): Module {
  const ups = Array.from({ length: doublings }, (_, k) => net.doubling(`${name}.up.${k}`, classes));
  const shared = net.convolution(`${name}.conv`, classes, classes, 3);
  return (x) => ups.reduce((y, up) => shared(up(y)), x);
}
