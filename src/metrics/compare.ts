/** Two models on the same patients: paired differences, never two intervals side by side. */

import { Random } from "../random.ts";
import { bcaInterval, resampleMeans } from "./bootstrap.ts";
import { type Interval, percentile } from "./order_statistics.ts";
import { type WilcoxonResult, wilcoxonSignedRank } from "./wilcoxon.ts";

/** How the second model differs from the first: every number is second minus first. */
export interface PairedComparison {
  /** Patients with a value in both. */
  readonly n: number;
  /** Patients that are in one of the two alone, or without a value in one: they are left out. */
  readonly leftOut: readonly string[];
  readonly meanDifference: number | null;
  readonly medianDifference: number | null;
  /** BCa bootstrap of the mean difference. */
  readonly meanInterval: Interval | null;
  readonly confidence: number;
  readonly draws: number;
  readonly seed: number;
  readonly higher: number;
  readonly equal: number;
  readonly lower: number;
  readonly wilcoxon: WilcoxonResult;
  readonly differences: readonly { readonly patient: string; readonly difference: number }[];
}

/**
 * Compares two models patient by patient in one score of one class (`patientValues()` gives the maps).
 *
 * Use hd95Penalized rather than hd95: a case that one model misses would be left out.
 */
export function comparePaired(
  first: ReadonlyMap<string, number | null | undefined>,
  second: ReadonlyMap<string, number | null | undefined>,
  options: { seed?: number; draws?: number; confidence?: number } = {},
): PairedComparison {
  const { seed = 0, draws = 10_000, confidence = 0.95 } = options;
  const differences: { patient: string; difference: number }[] = [];
  const leftOut: string[] = [];
  for (const patient of new Set([...first.keys(), ...second.keys()])) {
    const before = first.get(patient) ?? undefined;
    const after = second.get(patient) ?? undefined;
    if (before === undefined || after === undefined) leftOut.push(patient);
    else differences.push({ patient, difference: after - before });
  }
  const values = Float64Array.from(differences, (d) => d.difference);
  const n = values.length;
  const [resampled] = resampleMeans([values], { random: new Random(seed), draws });
  const ascending = values.toSorted();
  return {
    n,
    leftOut,
    meanDifference: n === 0 || resampled === undefined ? null : resampled.mean,
    medianDifference: n === 0 ? null : percentile(ascending, 0.5),
    meanInterval: resampled === undefined ? null : bcaInterval(resampled, confidence),
    confidence,
    draws,
    seed,
    higher: values.filter((d) => d > 0).length,
    equal: values.filter((d) => d === 0).length,
    lower: values.filter((d) => d < 0).length,
    wilcoxon: wilcoxonSignedRank([...values]),
    differences,
  };
}
