/** The summary of an evaluation as a table: a line per class and score. */
import type { Summary } from "../metrics/aggregate.ts";
import { type CsvField, csvTable } from "./csv.ts";

const HEADING = [
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
];

/** Mean, spread, quartiles, intervals, worst case and states of every score of every class; then the means over classes. */
export function summaryCsv(summary: Summary): string {
  const rows: CsvField[][] = Object.entries(summary.perClass).flatMap(([label, { counts, scores, dicePooled }]) => {
    const states = [counts.hit, counts.missed, counts.falseAlarm, counts.trueEmpty];
    return [
      ...Object.entries(scores).map(([name, score]): CsvField[] => [
        label,
        name,
        score.n,
        score.mean,
        ...(score.meanInterval ?? [null, null]),
        score.sd,
        score.median,
        ...(score.medianInterval ?? [null, null]),
        score.lowerQuartile,
        score.upperQuartile,
        score.min,
        score.max,
        score.worst?.case,
        score.worst?.value,
        ...states,
      ]),
      pooled(label, dicePooled, states),
    ];
  });
  const { hit, missed, falseAlarm, trueEmpty } = summary.counts;
  const states = [hit, missed, falseAlarm, trueEmpty];
  for (const [name, { mean, meanInterval }] of Object.entries(summary.mean)) {
    const filled: CsvField[] = ["(mean of classes)", name, summary.patients, mean, ...(meanInterval ?? [null, null])];
    rows.push([...filled, ...new Array<null>(HEADING.length - filled.length - states.length).fill(null), ...states]);
  }
  rows.push(pooled("(all classes)", summary.dicePooled, states));
  return csvTable([HEADING, ...rows]);
}

function pooled(label: string, dice: number | null, states: readonly number[]): CsvField[] {
  const filled = [label, "dicePooled", null, dice];
  return [...filled, ...new Array<null>(HEADING.length - filled.length - states.length).fill(null), ...states];
}
