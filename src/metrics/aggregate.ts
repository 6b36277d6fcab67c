/** From the scores of cases to those of a data set: per class and over classes, with states, worst cases and intervals. */

import { Random } from "../random.ts";
import { bcaInterval, meanOfResampled, type ResampledMean, resampleMeans } from "./bootstrap.ts";
import type { ClassScores } from "./case_scores.ts";
import { type Interval, medianInterval, percentile } from "./order_statistics.ts";
import { diceOf } from "./overlap.ts";
import { type ScoreName, scoreOf, SCORES } from "./scores.ts";

/** The rows of one case; cases of one patient are averaged first. */
export interface ScoredCase {
  readonly case: string;
  /** Default: the case is its own patient. */
  readonly patient?: string | undefined;
  readonly rows: readonly ClassScores[];
}

/** Cases by state. */
export interface StateCounts {
  readonly hit: number;
  readonly missed: number;
  readonly falseAlarm: number;
  readonly trueEmpty: number;
}

/** One score of one class over patients; null where no patient, or too few, have a value. */
export interface ScoreSummary {
  /** Patients with a value. */
  readonly n: number;
  readonly mean: number | null;
  readonly sd: number | null;
  readonly median: number | null;
  readonly lowerQuartile: number | null;
  readonly upperQuartile: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** The case with the worst value: the lowest of a score where more is better, the highest of a distance, the farthest from 0 of a difference. */
  readonly worst: { readonly case: string; readonly value: number } | null;
  readonly meanInterval: Interval | null;
  readonly medianInterval: Interval | null;
}

/** One class over all cases. */
export interface ClassSummary {
  readonly counts: StateCounts;
  readonly scores: Partial<Record<ScoreName, ScoreSummary>>;
  /** Dice of the voxels of all cases together, as training logs show it: not the mean of the cases. */
  readonly dicePooled: number | null;
}

/** All classes over all cases. */
export interface Summary {
  readonly cases: number;
  readonly patients: number;
  readonly intervals: {
    readonly mean: "bca";
    readonly median: "order statistic";
    readonly confidence: number;
    readonly draws: number;
    readonly seed: number;
  };
  readonly counts: StateCounts;
  readonly perClass: Readonly<Record<string, ClassSummary>>;
  /** The plain mean over classes of their means; `n` says of how many patients, `classes` of how many classes. */
  readonly mean: Partial<
    Record<
      ScoreName,
      {
        readonly n: number;
        readonly mean: number | null;
        readonly classes: number;
        readonly meanInterval: Interval | null;
      }
    >
  >;
  readonly dicePooled: number | null;
  readonly warnings: readonly string[];
}

/** Below this many patients a bootstrap interval covers less than it says (André et al. 2025, BRIDGE at MICCAI). */
const FEW_PATIENTS = 50;

/**
 * Summarizes scored cases.
 *
 * A score that a failure leaves undefined counts as the worst value where it has one: the precision of a missed structure is 0 (Maier-Hein
 * et al. 2024, doi 10.1038/s41592-023-02151-z). Distances have none: their mean is over hits, and hd95Penalized is the one that failures worsen.
 */
export function aggregate(
  cases: readonly ScoredCase[],
  options: { seed?: number; draws?: number; confidence?: number } = {},
): Summary {
  const { seed = 0, draws = 10_000, confidence = 0.95 } = options;
  const classes = [...new Set(cases.flatMap((c) => c.rows.map((row) => row.class)))];
  const names = SCORES.map(({ name }) => name).filter((name) =>
    cases.some((c) => c.rows.some((row) => row[name] !== undefined))
  );
  const columns = classes.flatMap((label) => names.map((name) => patientValues(cases, { class: label, score: name })));
  const values = columns.map((column) => Float64Array.from(column.values(), (value) => value ?? NaN));
  const resampled = resampleMeans(values, { random: new Random(seed), draws });
  const at = (classIndex: number, scoreIndex: number) => classIndex * names.length + scoreIndex;

  const perClass: Record<string, ClassSummary> = {};
  for (const [c, label] of classes.entries()) {
    const scores: ClassSummary["scores"] = {};
    for (const [s, name] of names.entries()) {
      scores[name] = {
        ...summarize(values[at(c, s)] as Float64Array, resampled[at(c, s)] as ResampledMean, confidence),
        worst: worstCase(cases, { class: label, score: name }),
      };
    }
    const rows = cases.flatMap((scored) => scored.rows.filter((row) => row.class === label));
    perClass[label] = { counts: countStates(rows), scores, dicePooled: pooledDice(rows) };
  }
  const mean: Summary["mean"] = {};
  const patientNumbers = [...(values[0] ?? []).keys()];
  for (const [s, name] of names.entries()) {
    const ofClasses = classes.map((_, c) => resampled[at(c, s)] as ResampledMean);
    const overall = meanOfResampled(ofClasses);
    mean[name] = {
      n: patientNumbers.filter((p) => classes.some((_, c) => !Number.isNaN((values[at(c, s)] as Float64Array)[p])))
        .length,
      mean: orNull(overall.mean),
      classes: ofClasses.filter((r) => !Number.isNaN(r.mean)).length,
      meanInterval: bcaInterval(overall, confidence),
    };
  }
  const allRows = cases.flatMap((scored) => scored.rows);
  const patients = new Set(cases.map(patientOf)).size;
  return {
    cases: cases.length,
    patients,
    intervals: { mean: "bca", median: "order statistic", confidence, draws, seed },
    counts: countStates(allRows),
    perClass,
    mean,
    dicePooled: pooledDice(allRows),
    warnings: warningsOf(perClass, patients),
  };
}

function patientOf(scored: ScoredCase): string {
  return scored.patient ?? scored.case;
}

/** A row's value as it enters a mean; undefined where it has none. */
function valueOf(row: ClassScores, name: ScoreName): number | undefined {
  const value = row[name];
  return value === null && row.state === "missed" ? scoreOf(name).whenMissed : value ?? undefined;
}

/** The mean of each patient's cases in one score of one class, by patient; undefined where no case has a value. */
export function patientValues(
  cases: readonly ScoredCase[],
  wanted: { class: string; score: ScoreName },
): Map<string, number | undefined> {
  const lists = new Map<string, number[]>();
  for (const scored of cases) {
    const list = lists.get(patientOf(scored)) ?? [];
    lists.set(patientOf(scored), list);
    for (const row of scored.rows) {
      const value = row.class === wanted.class ? valueOf(row, wanted.score) : undefined;
      if (value !== undefined) list.push(value);
    }
  }
  return new Map(
    [...lists].map(([patient, list]) => [
      patient,
      list.length === 0 ? undefined : list.reduce((sum, v) => sum + v, 0) / list.length,
    ]),
  );
}

function summarize(
  values: Float64Array,
  resampled: ResampledMean,
  confidence: number,
): Omit<ScoreSummary, "worst"> {
  const ascending = values.filter((v) => !Number.isNaN(v)).sort();
  const n = ascending.length;
  const fraction = (f: number) => (n === 0 ? null : percentile(ascending, f));
  const squares = ascending.reduce((sum, v) => sum + (v - resampled.mean) ** 2, 0);
  return {
    n,
    mean: orNull(resampled.mean),
    sd: n < 2 ? null : Math.sqrt(squares / (n - 1)),
    median: fraction(0.5),
    lowerQuartile: fraction(0.25),
    upperQuartile: fraction(0.75),
    min: fraction(0),
    max: fraction(1),
    meanInterval: bcaInterval(resampled, confidence),
    medianInterval: medianInterval(ascending, confidence),
  };
}

function worstCase(cases: readonly ScoredCase[], wanted: { class: string; score: ScoreName }): ScoreSummary["worst"] {
  const { direction } = scoreOf(wanted.score);
  const badness = (value: number) => direction === "more" ? -value : direction === "less" ? value : Math.abs(value);
  let worst: ScoreSummary["worst"] = null;
  for (const scored of cases) {
    for (const row of scored.rows) {
      const value = row.class === wanted.class ? valueOf(row, wanted.score) : undefined;
      if (value === undefined || (worst !== null && badness(value) <= badness(worst.value))) continue;
      worst = { case: scored.case, value };
    }
  }
  return worst;
}

function countStates(rows: readonly ClassScores[]): StateCounts {
  const count = (state: ClassScores["state"]) => rows.filter((row) => row.state === state).length;
  return {
    hit: count("hit"),
    missed: count("missed"),
    falseAlarm: count("false_alarm"),
    trueEmpty: count("true_empty"),
  };
}

function pooledDice(rows: readonly ClassScores[]): number | null {
  const total = (name: "truePositives" | "falsePositives" | "falseNegatives") =>
    rows.reduce((sum, row) => sum + row[name], 0);
  return diceOf({
    truePositives: total("truePositives"),
    falsePositives: total("falsePositives"),
    falseNegatives: total("falseNegatives"),
  });
}

function warningsOf(perClass: Summary["perClass"], patients: number): string[] {
  const warnings: string[] = [];
  for (const [label, { counts }] of Object.entries(perClass)) {
    const { hit, missed, falseAlarm } = counts;
    if (hit + missed + falseAlarm === 0) {
      warnings.push(
        `Class ${label} is in no reference and no prediction: means over classes leave it out unless the empty rule scores it`,
      );
    } else if (hit + missed === 0) {
      warnings.push(`Class ${label} is in no reference: its scores are of false alarms alone`);
    }
  }
  // A single patient has no interval.
  if (patients > 1 && patients < FEW_PATIENTS) {
    warnings.push(
      `Intervals from ${patients} patients tend to be too narrow: ${FEW_PATIENTS} or more make them trustworthy`,
    );
  }
  return warnings;
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
