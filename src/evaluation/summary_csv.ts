/** The summary of an evaluation as a table: a line per class and score. */
import type { Interval } from "../metrics/order_statistics.ts";
import type { StateCounts, Summary } from "../metrics/aggregate.ts";
import type { Conventions } from "./conventions.ts";
import { type CsvField, csvTable } from "./csv.ts";

const COLUMNS = [
  "class",
  "score",
  "n",
  "mean",
  "meanLow",
  "meanHigh",
  "sd",
  "median",
  "medianLow",
  "medianHigh",
  "lowerQuartile",
  "upperQuartile",
  "min",
  "max",
  "worstCase",
  "worstValue",
  "hit",
  "missed",
  "falseAlarm",
  "trueEmpty",
  "toleranceLow",
  "toleranceHigh",
] as const;

/** A line; missing fields are empty. */
type Line = Partial<Record<(typeof COLUMNS)[number], CsvField>>;

/**
 * Mean, spread, quartiles, intervals, worst case and states of every score of every class; then the means over classes, whose n are
 * patients with a value in any class and whose states count each class of each case. NSD has the tolerances of its cases.
 */
export function summaryCsv(summary: Summary, { tolerances }: Pick<Conventions, "tolerances">): string {
  const tolerance = (score: string): Line =>
    score === "nsd" ? { toleranceLow: tolerances.at(0), toleranceHigh: tolerances.at(-1) } : {};
  const classes = Object.entries(summary.perClass).flatMap(([label, { counts, scores, dicePooled }]): Line[] => [
    ...Object.entries(scores).map(([name, score]): Line => ({
      class: label,
      score: name,
      n: score.n,
      mean: score.mean,
      ...meanEnds(score.meanInterval),
      sd: score.sd,
      median: score.median,
      medianLow: score.medianInterval?.[0],
      medianHigh: score.medianInterval?.[1],
      lowerQuartile: score.lowerQuartile,
      upperQuartile: score.upperQuartile,
      min: score.min,
      max: score.max,
      worstCase: score.worst?.case,
      worstValue: score.worst?.value,
      ...states(counts),
      ...tolerance(name),
    })),
    { class: label, score: "dicePooled", mean: dicePooled, ...states(counts) },
  ]);
  const means = Object.entries(summary.mean).map(([name, { n, mean, meanInterval }]): Line => ({
    class: "(mean of classes)",
    score: name,
    n,
    mean,
    ...meanEnds(meanInterval),
    ...states(summary.counts),
    ...tolerance(name),
  }));
  const pooled = { class: "(all classes)", score: "dicePooled", mean: summary.dicePooled, ...states(summary.counts) };
  const lines: readonly Line[] = [...classes, ...means, pooled];
  return csvTable([COLUMNS, ...lines.map((line) => COLUMNS.map((column) => line[column]))]);
}

function meanEnds(interval: Interval | null): Line {
  return { meanLow: interval?.[0], meanHigh: interval?.[1] };
}

function states({ hit, missed, falseAlarm, trueEmpty }: StateCounts): Line {
  return { hit, missed, falseAlarm, trueEmpty };
}
