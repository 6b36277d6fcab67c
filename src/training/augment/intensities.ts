/** Changes of the intensities of one channel `[size, size]`, in place: what scanners, coils and protocols do. */
import type { Random } from "../../random.ts";

/** x ↦ x + normal noise of standard deviation `deviation`. */
export function addNoise(channel: Float32Array, deviation: number, random: Random): void {
  // Box–Muller, both of each pair.
  for (let i = 0; i < channel.length; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - random.uniform()));
    const angle = 2 * Math.PI * random.uniform();
    channel[i] = (channel[i] as number) + radius * Math.cos(angle);
    if (i + 1 < channel.length) channel[i + 1] = (channel[i + 1] as number) + radius * Math.sin(angle);
  }
}

/** x ↦ factor · x */
export function brighten(channel: Float32Array, factor: number): void {
  for (let i = 0; i < channel.length; i++) channel[i] = factor * (channel[i] as number);
}

/** x ↦ mean + factor · (x − mean), within the old range. */
export function changeContrast(channel: Float32Array, factor: number): void {
  const { minimum, maximum, mean } = measure(channel);
  for (let i = 0; i < channel.length; i++) {
    const value = channel[i] as number;
    channel[i] = Math.min(Math.max(value + (factor - 1) * (value - mean), minimum), maximum);
  }
}

const CURVE_STEPS = 512;

/**
 * x ↦ x^gamma on the range of the channel, brought back to its mean and deviation; `inverted` bends the dark end instead of
 * the bright one.
 */
export function changeGamma(
  channel: Float32Array,
  { gamma, inverted = false }: { readonly gamma: number; readonly inverted?: boolean },
): void {
  const before = measure(channel);
  const range = before.maximum - before.minimum;
  if (range === 0) return;
  // Powers from a table with lines between, for a power takes as long as ten other operations.
  const curve = Float64Array.from({ length: CURVE_STEPS + 1 }, (_, i) => {
    const share = i / CURVE_STEPS;
    return inverted ? 1 - (1 - share) ** gamma : share ** gamma;
  });
  for (let i = 0; i < channel.length; i++) {
    const place = (CURVE_STEPS * ((channel[i] as number) - before.minimum)) / range;
    const step = Math.min(Math.floor(place), CURVE_STEPS - 1);
    channel[i] = between(curve[step] as number, curve[step + 1] as number, place - step);
  }
  const after = measure(channel);
  const factor = before.deviation / after.deviation;
  for (let i = 0; i < channel.length; i++) {
    channel[i] = before.mean + factor * ((channel[i] as number) - after.mean);
  }
}

/** Smooths by a Gaussian of standard deviation `sigma` in pixels; beyond the edges as at the edge. */
export function blur(channel: Float32Array, size: number, sigma: number): void {
  const radius = Math.ceil(3 * sigma);
  if (radius === 0) return;
  const weights = Float64Array.from({ length: radius + 1 }, (_, i) => Math.exp(-0.5 * (i / sigma) ** 2));
  const sum = weights.reduce((total, weight, i) => total + (i === 0 ? weight : 2 * weight), 0);
  for (let i = 0; i <= radius; i++) weights[i] = (weights[i] as number) / sum;
  const line = new Float64Array(size + 2 * radius);
  const smooth = (first: number, stride: number) => {
    for (let i = 0; i < line.length; i++) {
      const place = Math.min(Math.max(i - radius, 0), size - 1);
      line[i] = channel[first + place * stride] as number;
    }
    for (let i = 0; i < size; i++) {
      let value = (weights[0] as number) * (line[i + radius] as number);
      for (let j = 1; j <= radius; j++) {
        value += (weights[j] as number) * ((line[i + radius - j] as number) + (line[i + radius + j] as number));
      }
      channel[first + i * stride] = value;
    }
  };
  for (let i = 0; i < size; i++) smooth(i * size, 1);
  for (let i = 0; i < size; i++) smooth(i, size);
}

/** Keeps the nearest pixels of a grid of `share` times the resolution, with lines between them. */
export function lowerResolution(channel: Float32Array, size: number, share: number): void {
  const few = Math.max(1, Math.round(size * share));
  if (few === size) return;
  const kept = Int32Array.from({ length: few }, (_, i) => Math.floor(((i + 0.5) * size) / few));
  const small = new Float32Array(few * few);
  for (let row = 0, to = 0; row < few; row++) {
    for (let column = 0; column < few; column++) {
      small[to++] = channel[(kept[row] as number) * size + (kept[column] as number)] as number;
    }
  }
  const first = new Int32Array(size);
  const weight = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const place = Math.min(Math.max(((i + 0.5) * few) / size - 0.5, 0), few - 1);
    first[i] = Math.min(Math.floor(place), Math.max(0, few - 2));
    weight[i] = place - (first[i] as number);
  }
  const next = few > 1 ? 1 : 0;
  for (let row = 0, to = 0; row < size; row++) {
    const [upper, down] = [(first[row] as number) * few, weight[row] as number];
    const lower = upper + next * few;
    for (let column = 0; column < size; column++) {
      const [left, across] = [first[column] as number, weight[column] as number];
      const above = between(small[upper + left] as number, small[upper + left + next] as number, across);
      const below = between(small[lower + left] as number, small[lower + left + next] as number, across);
      channel[to++] = between(above, below, down);
    }
  }
}

/** Number of coefficients of {@link applyBiasField}: x and y up to third order, without the constant. */
export const BIAS_COEFFICIENTS = 9;

/**
 * Multiplies the intensities above the smallest one by a smooth field, e to a polynomial in x and y from −1 to 1 (van Leemput
 * et al. 1999): the uneven sensitivity of coils.
 */
export function applyBiasField(channel: Float32Array, size: number, coefficients: readonly number[]): void {
  const [x1, y1, x2, xy, y2, x3, x2y, xy2, y3] = coefficients as readonly [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const { minimum } = measure(channel);
  for (let row = 0, i = 0; row < size; row++) {
    const y = (2 * row + 1) / size - 1;
    for (let column = 0; column < size; column++, i++) {
      const x = (2 * column + 1) / size - 1;
      const power = x * (x1 + x * (x2 + x * x3 + y * x2y) + y * (xy + y * xy2)) + y * (y1 + y * (y2 + y * y3));
      const value = channel[i] as number;
      channel[i] = value + Math.expm1(power) * (value - minimum);
    }
  }
}

function measure(channel: Float32Array): { minimum: number; maximum: number; mean: number; deviation: number } {
  let [minimum, maximum, sum] = [Infinity, -Infinity, 0];
  for (let i = 0; i < channel.length; i++) {
    const value = channel[i] as number;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
    sum += value;
  }
  const mean = sum / channel.length;
  let squares = 0;
  for (let i = 0; i < channel.length; i++) squares += ((channel[i] as number) - mean) ** 2;
  return { minimum, maximum, mean, deviation: Math.sqrt(squares / channel.length) };
}

function between(a: number, b: number, share: number): number {
  return a + share * (b - a);
}
