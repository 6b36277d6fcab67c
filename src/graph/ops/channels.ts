/** One number for each channel: beside a tensor `[N, C, ...]`, and summed from it. */
import type { Formulas, Value } from "../op.ts";

/** A `[C]` value in the shape that broadcasts against x `[N, C, ...]`. */
export function perChannel(math: Formulas, value: Value, x: Value): Value {
  return math.reshape(value, [value.type.shape[0] as number, ...x.type.shape.slice(2).map(() => 1)]);
}

/** Σ x over all axes but the channels: `[C]`. */
export function channelSums(math: Formulas, x: Value): Value {
  const axes = x.type.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  return math.reduceSum(x, { axes, keepdims: 0 });
}
