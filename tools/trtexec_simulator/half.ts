/** Rounding to IEEE 754 half precision. */

const bits = new Uint32Array(1);
const value = new Float32Array(bits.buffer);

/** The half-precision number next to `x` (ties to even), as a single-precision number; infinite beyond 65504. */
export function roundToHalf(x: number): number {
  value[0] = x;
  const magnitude = Math.abs(value[0] as number);
  if (!(magnitude < Infinity) || magnitude === 0) return value[0] as number;
  if (magnitude >= 65520) return Math.sign(x) * Infinity;
  // Half has 11 significant bits down to 2^-14 and a fixed step of 2^-24 below.
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), -14);
  const step = 2 ** (exponent - 10);
  const scaled = magnitude / step;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  return Math.sign(x) * rounded * step;
}

/** Rounds all of `values` in place and returns them. */
export function roundAllToHalf(values: Float32Array): Float32Array {
  for (let i = 0; i < values.length; i++) values[i] = roundToHalf(values[i] as number);
  return values;
}
