/** The results of an evaluation as JSON and as CSV. */
import type { Summary } from "../metrics/aggregate.ts";
import type { ClassScores } from "../metrics/case_scores.ts";
import { DETAILS, type ScoreName, SCORES } from "../metrics/scores.ts";
import { distinctTolerances, type WrittenConventions } from "./conventions.ts";
import { csvTable } from "./csv.ts";
import type { EvaluatedCase } from "./score_cases.ts";

/** A row of `cases`: one class of one case. */
export interface CaseRow extends ClassScores {
  readonly case: string;
  readonly patient: string;
  /** Of the NSD, in the unit of distances; absent without one. */
  readonly tolerance?: number;
}

/** Which cases: those that the model was validated on, all, or every case by the fold that left it out. */
export type EvaluatedSplit = "val" | "all" | "out-of-fold";

/** The document of `seg evaluate --json` and `metrics.json`: undefined scores are null. */
export interface EvaluationDocument {
  /** The model file, the folder of masks, or the folder of a cross-validation. */
  readonly subject: string;
  readonly dataset: string;
  readonly split: EvaluatedSplit;
  readonly cases: readonly CaseRow[];
  /** Patients with a value in at least one class. */
  readonly n: Partial<Record<ScoreName, number>>;
  /** Plain mean over the classes. */
  readonly mean: Partial<Record<ScoreName, number | null>>;
  readonly perClass: Readonly<Record<string, unknown>>;
  readonly counts: Summary["counts"];
  /** Of the means, by score; see `conventions` for the method. */
  readonly intervals: Partial<Record<ScoreName, readonly [number, number] | null>>;
  readonly dicePooled: number | null;
  /** Voxels of all cases by class, `[reference][prediction]`, background first. */
  readonly confusion?: { readonly labels: readonly string[]; readonly voxels: readonly (readonly number[])[] };
  /** Cases without a prediction. */
  readonly missing: readonly string[];
  readonly conventions: WrittenConventions;
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
  const tolerances = distinctTolerances(scored.map(({ conventions }) => conventions.tolerance));
  return {
    subject: about.subject,
    dataset: about.dataset,
    split: about.split,
    cases: scored.flatMap(({ case: id, patient, rows, conventions: { tolerance } }) =>
      rows.map((row) => ({ case: id, patient, ...row, ...(row.nsd !== undefined && { tolerance }) }))
    ),
    n: Object.fromEntries(scores.map(([name, { n }]) => [name, n])),
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
    ...confusionOfAll(scored),
    missing: about.missing,
    conventions: {
      patients: summary.patients,
      unit: first?.conventions.unit,
      emptyRule: first?.conventions.emptyRule,
      hd95Variant: first?.conventions.hd95Variant,
      toleranceGiven: first?.conventions.toleranceGiven,
      // Left out by a label of the masks: in no score.
      ...(first?.conventions.ignoredVoxels !== undefined && {
        ignoredVoxels: scored.reduce((sum, { conventions }) => sum + (conventions.ignoredVoxels ?? 0), 0),
      }),
      tolerance: tolerances.length === 1 ? first?.conventions.tolerance : tolerances,
      ...summary.intervals,
    },
    warnings: summary.warnings,
  };
}

/** The sum over the cases, where all have the same classes. */
function confusionOfAll(scored: readonly EvaluatedCase[]): Pick<EvaluationDocument, "confusion"> {
  const labels = ["background", ...(scored[0]?.rows ?? []).map((row) => row.class)];
  const counts = scored.map(({ confusion }) => confusion);
  if (counts.length === 0 || !counts.every((one) => one?.length === labels.length)) return {};
  const voxels = labels.map((_, r) => labels.map((_, p) => counts.reduce((sum, one) => sum + (one?.[r]?.[p] ?? 0), 0)));
  return { confusion: { labels, voxels } };
}

/** One line per case and class; undefined scores are empty. */
export function evaluationCsv(rows: readonly CaseRow[]): string {
  const values = [...SCORES, ...DETAILS.filter((detail) => "column" in detail)]
    .map(({ name }) => name).filter((name) => rows.some((row) => row[name] !== undefined));
  const columns = [
    "case",
    "patient",
    "class",
    "state",
    ...values,
    "truePositives",
    "falsePositives",
    "falseNegatives",
    ...(rows.some(({ tolerance }) => tolerance !== undefined) ? ["tolerance"] as const : []),
  ] as const;
  return csvTable([columns, ...rows.map((row) => columns.map((name) => row[name]))]);
}
