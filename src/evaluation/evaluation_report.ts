/** The results of an evaluation as JSON, as CSV and as a table. */
import type { Summary } from "../metrics/aggregate.ts";
import { type ClassScores, SCORE_DIRECTIONS, type ScoreName } from "../metrics/case_scores.ts";
import type { EvaluatedCase } from "./score_cases.ts";

/** A row of `cases`: one class of one case. */
export interface CaseRow extends ClassScores {
  readonly case: string;
  readonly patient: string;
}

/** The document of `seg evaluate --json` and `metrics.json`: undefined scores are null. */
export interface EvaluationDocument {
  /** The model file, or the folder of masks. */
  readonly subject: string;
  readonly dataset: string;
  readonly split: "val" | "all";
  readonly cases: readonly CaseRow[];
  /** Plain mean over the classes. */
  readonly mean: Partial<Record<ScoreName, number | null>>;
  readonly perClass: Readonly<Record<string, unknown>>;
  readonly counts: Summary["counts"];
  /** Of the means, by score; see `conventions` for the method. */
  readonly intervals: Partial<Record<ScoreName, readonly [number, number] | null>>;
  readonly dicePooled: number | null;
  /** Cases without a prediction. */
  readonly missing: readonly string[];
  readonly conventions: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/** Puts the document together. */
export function evaluationDocument(
  scored: readonly EvaluatedCase[],
  summary: Summary,
  about: Pick<EvaluationDocument, "subject" | "dataset" | "split" | "missing">,
): EvaluationDocument {
  const scores = Object.entries(summary.mean) as [ScoreName, NonNullable<Summary["mean"][ScoreName]>][];
  const [first] = scored;
  const tolerances = new Set(scored.map(({ conventions }) => conventions.tolerance));
  return {
    subject: about.subject,
    dataset: about.dataset,
    split: about.split,
    cases: scored.flatMap(({ case: id, patient, rows }) => rows.map((row) => ({ case: id, patient, ...row }))),
    mean: Object.fromEntries(scores.map(([name, { mean }]) => [name, mean])),
    perClass: Object.fromEntries(
      Object.entries(summary.perClass).map(([name, { counts, scores: ofClass, dicePooled }]) => [name, {
        ...Object.fromEntries(Object.entries(ofClass).map(([score, { mean }]) => [score, mean])),
        counts,
        dicePooled,
        summary: ofClass,
      }]),
    ),
    counts: summary.counts,
    intervals: Object.fromEntries(scores.map(([name, { meanInterval }]) => [name, meanInterval])),
    dicePooled: summary.dicePooled,
    missing: about.missing,
    conventions: {
      patients: summary.patients,
      unit: first?.conventions.unit,
      emptyRule: first?.conventions.emptyRule,
      hd95Variant: first?.conventions.hd95Variant,
      toleranceGiven: first?.conventions.toleranceGiven,
      tolerance: tolerances.size === 1 ? first?.conventions.tolerance : [...tolerances].sort((a, b) => a - b),
      ...summary.intervals,
    },
    warnings: summary.warnings,
  };
}

/** One line per case and class; undefined scores are empty. */
export function evaluationCsv(rows: readonly CaseRow[]): string {
  const scores = (Object.keys(SCORE_DIRECTIONS) as ScoreName[]).filter((name) =>
    rows.some((row) => row[name] !== undefined)
  );
  const volumes = (["referenceMl", "volumeMl"] as const).filter((name) => rows.some((row) => row[name] !== undefined));
  const columns = [
    "case",
    "patient",
    "class",
    "state",
    ...scores,
    ...volumes,
    "truePositives",
    "falsePositives",
    "falseNegatives",
  ] as const;
  const lines = rows.map((row) => columns.map((name) => csvField(row[name])).join(","));
  return `${[columns.join(","), ...lines].join("\r\n")}\r\n`;
}

/** RFC 4180; a name that a spreadsheet would take for a formula gets an apostrophe. */
function csvField(value: string | number | null | undefined): string {
  if (typeof value !== "string") return value == null ? "" : String(value);
  const text = /^[=+\-@\t]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The scores that the table shows, with their headings. */
const SHOWN: readonly (readonly [ScoreName, string, digits: number])[] = [
  ["dice", "Dice", 3],
  ["iou", "IoU", 3],
  ["hd95", "HD95", 2],
  ["assd", "ASSD", 2],
  ["nsd", "NSD", 3],
  ["sensitivity", "sens.", 3],
  ["precision", "prec.", 3],
];

/**
 * Rows for a table: classes below each other, then their mean. Dice has its interval; a mean of fewer patients than there are has
 * its number in parentheses.
 */
export function evaluationRows(summary: Summary, { unit }: { unit: string }): string[][] {
  const shown = SHOWN.filter(([name]) => summary.mean[name] !== undefined);
  const number = (value: number | null | undefined, digits: number) => value == null ? "-" : value.toFixed(digits);
  const interval = (ends: readonly [number, number] | null | undefined) =>
    ends == null ? "" : ` [${ends.map((end) => end.toFixed(3)).join(", ")}]`;
  const heading = [
    "class",
    "n",
    ...shown.map(([name, title]) => name === "hd95" || name === "assd" ? `${title} ${unit}` : title),
    "hit",
    "missed",
    "false alarm",
    "true empty",
  ];
  const rows = Object.entries(summary.perClass).map(([label, { counts, scores }]) => [
    label,
    String(summary.patients),
    ...shown.map(([name, , digits]) => {
      const score = scores[name];
      const few = score !== undefined && score.n < summary.patients ? ` (${score.n})` : "";
      return number(score?.mean, digits) + (name === "dice" ? interval(score?.meanInterval) : "") + few;
    }),
    ...[counts.hit, counts.missed, counts.falseAlarm, counts.trueEmpty].map(String),
  ]);
  if (rows.length > 1) {
    const { hit, missed, falseAlarm, trueEmpty } = summary.counts;
    rows.push([
      "mean",
      String(summary.patients),
      ...shown.map(([name, , digits]) => {
        const score = summary.mean[name];
        return number(score?.mean, digits) + (name === "dice" ? interval(score?.meanInterval) : "");
      }),
      ...[hit, missed, falseAlarm, trueEmpty].map(String),
    ]);
  }
  return [heading, ...rows];
}
