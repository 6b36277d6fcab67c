/** Axes of charts: round ticks that cover the values, with their numbers as short as they may be. */

/** From values to places along an axis. */
export interface Axis {
  /** With the unit. */
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly { readonly value: number; readonly text: string }[];
  /** 0 at `min`, 1 at `max`. */
  readonly share: (value: number) => number;
}

/**
 * An even axis with about `count` ticks at 1, 2 or 5 times a power of ten. Where all values are under 0.01 (or over 100 000), the
 * ticks are multiples of a power of ten that stands in the label. `whole`: the ticks are whole numbers.
 */
export function linearAxis(
  values: readonly number[],
  { label, from, to, count = 5, whole = false }: {
    label: string;
    from?: number;
    to?: number;
    count?: number;
    whole?: boolean;
  },
): Axis {
  const low = Math.min(from ?? Infinity, ...extremes(values));
  const high = Math.max(to ?? -Infinity, ...extremes(values));
  const spread = high > low ? high - low : Math.abs(high) || 1;
  const raw = whole ? Math.max(1, spread / count) : spread / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((multiple) => multiple * power >= raw * 0.999) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  const [min, max] = [from ?? first * step, to ?? last * step];
  const largest = Math.max(Math.abs(min), Math.abs(max));
  const exponent = largest > 0 && (largest < 0.01 || largest >= 1e5) ? Math.floor(Math.log10(largest)) : 0;
  const digits = Math.max(0, exponent - Math.floor(Math.log10(step) + 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step)
    .filter((value) => value >= min - 1e-9 * spread && value <= max + 1e-9 * spread)
    .map((value) => ({ value, text: (value / 10 ** exponent).toFixed(digits) }));
  return {
    label: exponent === 0 ? label : `${label} × 10${superscript(exponent)}`,
    min,
    max,
    ticks,
    share: (value) => (value - min) / (max - min),
  };
}

/** An axis whose ticks are powers of ten. All values must be positive. */
export function logAxis(values: readonly number[], { label }: { label: string }): Axis {
  const [smallest, largest] = extremes(values) as [number, number];
  const low = Math.floor(Math.log10(smallest) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(largest) - 1e-9));
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => low + i).map((exponent) => ({
    value: 10 ** exponent,
    text: exponent >= -3 && exponent <= 4
      ? String(Number((10 ** exponent).toPrecision(1)))
      : `10${superscript(exponent)}`,
  }));
  return { label, min: 10 ** low, max: 10 ** high, ticks, share: (value) => (Math.log10(value) - low) / (high - low) };
}

/** The smallest and the largest value; undefined for an empty list. */
export function extremes(values: readonly number[]): number[] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return low <= high ? [low, high] : [];
}

function superscript(exponent: number): string {
  return [...String(exponent)].map((sign) => sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)]).join("");
}
