/** Confidence intervals of means by resampling patients. */

import type { Random } from "../random.ts";
import { normalCdf, normalQuantile } from "./normal_distribution.ts";
import { type Interval, percentile } from "./order_statistics.ts";

/** What resampling gives of one mean. */
export interface ResampledMean {
  /** The mean of the values that are there; NaN without any. */
  readonly mean: number;
  /** The mean of each draw; NaN where a draw has no value. */
  readonly draws: Float64Array;
  /** The mean without the first, second, … patient; NaN where it is the only one with a value. */
  readonly leftOut: Float64Array;
}

/**
 * Draws patients with replacement and takes the mean of every column over the same draws, so that means of columns can be combined.
 *
 * @param columns a value per patient, NaN where the patient has none; all of one length
 */
export function resampleMeans(
  columns: readonly Float64Array[],
  options: { random: Random; draws: number },
): ResampledMean[] {
  const { random, draws } = options;
  const patients = columns[0]?.length ?? 0;
  const results = columns.map((values) => ({ ...leaveOneOut(values), draws: new Float64Array(draws) }));
  const complete = columns.map((values) => !values.some(Number.isNaN));
  const chosen = new Uint32Array(patients);
  for (let draw = 0; draw < draws; draw++) {
    for (let i = 0; i < patients; i++) chosen[i] = random.integer(patients);
    for (let c = 0; c < columns.length; c++) {
      const values = columns[c] as Float64Array;
      (results[c] as ResampledMean).draws[draw] = complete[c]
        ? meanOfChosen(values, chosen)
        : meanOfPresent(values, chosen);
    }
  }
  return results;
}

function meanOfChosen(values: Float64Array, chosen: Uint32Array): number {
  let total = 0;
  for (let i = 0; i < chosen.length; i++) total += values[chosen[i] as number] as number;
  return total / chosen.length;
}

function meanOfPresent(values: Float64Array, chosen: Uint32Array): number {
  let total = 0;
  let present = 0;
  for (let i = 0; i < chosen.length; i++) {
    const value = values[chosen[i] as number] as number;
    if (value !== value) continue;
    total += value;
    present++;
  }
  return total / present;
}

function leaveOneOut(values: Float64Array): { mean: number; leftOut: Float64Array } {
  const present = values.filter((v) => !Number.isNaN(v));
  const total = present.reduce((sum, v) => sum + v, 0);
  const leftOut = values.map((v) => Number.isNaN(v) ? total / present.length : (total - v) / (present.length - 1));
  return { mean: total / present.length, leftOut };
}

/** The mean over several resampled means (over classes), leaving out those without a value. */
export function meanOfResampled(columns: readonly ResampledMean[]): ResampledMean {
  const present = columns.filter((c) => !Number.isNaN(c.mean));
  const at = (pick: (c: ResampledMean) => number) => {
    let total = 0;
    let count = 0;
    for (const column of present) {
      const value = pick(column);
      if (Number.isNaN(value)) continue;
      total += value;
      count++;
    }
    return total / count;
  };
  const first = columns[0] as ResampledMean;
  return {
    mean: at((c) => c.mean),
    draws: first.draws.map((_, i) => at((c) => c.draws[i] as number)),
    leftOut: first.leftOut.map((_, i) => at((c) => c.leftOut[i] as number)),
  };
}

/**
 * The bias-corrected and accelerated interval (BCa; Efron 1987, doi 10.1080/01621459.1987.10478410) of a resampled mean.
 *
 * @returns null for fewer than two patients with a value
 */
export function bcaInterval(resampled: ResampledMean, confidence = 0.95): Interval | null {
  const { mean } = resampled;
  const draws = resampled.draws.filter((d) => !Number.isNaN(d)).sort();
  const { leftOut } = resampled;
  // Without the only patient that has a value there is no mean.
  if (Number.isNaN(mean) || leftOut.some(Number.isNaN) || draws.length === 0) return null;
  const tail = (1 - confidence) / 2;
  let below = 0;
  for (const d of draws) below += d < mean ? 1 : d === mean ? 0.5 : 0;
  const bias = normalQuantile(below / draws.length);
  const centre = leftOut.reduce((sum, v) => sum + v, 0) / leftOut.length;
  let squares = 0;
  let cubes = 0;
  for (const v of leftOut) {
    squares += (centre - v) ** 2;
    cubes += (centre - v) ** 3;
  }
  const acceleration = squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
  const end = (fraction: number) => {
    const shifted = bias + normalQuantile(fraction);
    const corrected = normalCdf(bias + shifted / (1 - acceleration * shifted));
    // All draws on one side of the mean: the correction has no value, and the plain percentile stands.
    return percentile(draws, Number.isFinite(shifted) && !Number.isNaN(corrected) ? corrected : fraction);
  };
  return [end(tail), end(1 - tail)];
}
