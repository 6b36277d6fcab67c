/** The scores that a report shows: of an evaluation's file, or of cases that were scored just now. */
import { type Conventions, conventionsOf, readConventions } from "../evaluation/conventions.ts";
import { readEvaluationDocument } from "../evaluation/compare_evaluations.ts";
import { type EvaluatedSplit, type EvaluationDocument, evaluationDocument } from "../evaluation/evaluation_report.ts";
import type { EvaluatedCase } from "../evaluation/score_cases.ts";
import { Failure } from "../failure.ts";
import { isObject, type JsonObject } from "../json_object.ts";
import { aggregate, type ScoredCase, type StateCounts, type Summary } from "../metrics/aggregate.ts";
import type { MaskState } from "../metrics/overlap.ts";
import { type NamedScore, TABLE_SCORES } from "../metrics/scores.ts";

/** What the scores follow, and what they leave out. */
export interface ShownConventions extends Conventions {
  /** Voxels of all cases that a label leaves out. */
  readonly ignoredVoxels?: number;
}

/** Cases with their scores and means. */
export interface Scores extends Pick<EvaluationDocument, "subject" | "dataset" | "split" | "missing" | "confusion"> {
  readonly cases: readonly ScoredCase[];
  readonly summary: Summary;
  readonly conventions: ShownConventions;
}

/** An evaluation as its `metrics.json` tells of it. */
export interface EvaluationFile extends Scores {
  readonly version?: string;
  readonly modelSha256?: string;
  readonly settings: JsonObject;
  /** Differences to another model, by class and score. */
  readonly comparison?: JsonObject;
  /** Of a cross-validation, as the file has them. */
  readonly folds?: unknown;
}

/** So many scores are shown without a choice among them. */
const FEW_SCORES = 9;

/** The scores to show in the first place, and the others that there are, in the order of tables. */
export function shownScores(
  { summary }: Pick<Scores, "summary">,
): { readonly shown: readonly NamedScore[]; readonly others: readonly NamedScore[] } {
  const there = TABLE_SCORES.filter(({ name }) => summary.mean[name] !== undefined);
  if (there.length <= FEW_SCORES) return { shown: there, others: [] };
  return { shown: there.filter(({ main }) => main), others: there.filter(({ main }) => !main) };
}

/** The scores of these cases. */
export function scoresOf(
  cases: readonly EvaluatedCase[],
  about: Pick<EvaluationDocument, "subject" | "dataset" | "split" | "missing">,
): Scores {
  const summary = aggregate(cases);
  const { confusion, conventions } = evaluationDocument(cases, summary, about);
  return {
    ...about,
    cases,
    summary,
    conventions: { ...conventionsOf(cases), ...ignoredVoxels(conventions) },
    ...(confusion && { confusion }),
  };
}

/**
 * Reads a `metrics.json`. Means and intervals are made anew from the rows of its cases, as they were made there.
 *
 * @throws {Failure} where the file is missing, damaged, or of something else.
 */
export function readEvaluationFile(path: string): EvaluationFile {
  const { document, cases } = readEvaluationDocument(path);
  const fault = rowFault(cases);
  if (fault !== undefined) throw new Failure(`Cannot use ${path}: ${fault}; run seg evaluate again`);
  const text = (name: string) => typeof document[name] === "string" ? document[name] : undefined;
  const [version, modelSha256] = [text("version"), text("modelSha256")];
  const missing = document["missing"];
  const confusion = document["confusion"];
  const splits: readonly EvaluatedSplit[] = ["val", "all", "out-of-fold"];
  return {
    subject: text("subject") ?? "",
    dataset: text("dataset") ?? "",
    split: splits.find((split) => split === document["split"]) ?? "all",
    missing: Array.isArray(missing) ? missing.filter((id) => typeof id === "string") : [],
    cases,
    summary: aggregate(cases),
    conventions: { ...readConventions(document), ...ignoredVoxels(document["conventions"]) },
    ...(isConfusion(confusion) && { confusion }),
    ...(version !== undefined && { version }),
    ...(modelSha256 !== undefined && { modelSha256 }),
    settings: isObject(document["settings"]) ? document["settings"] : {},
    ...(isObject(document["comparison"]) && { comparison: document["comparison"] }),
    folds: document["folds"],
  };
}

/** The four states in words, and where their counts are. */
export const STATES: Readonly<
  Record<MaskState, { readonly name: string; readonly meaning: string; readonly count: keyof StateCounts }>
> = {
  hit: { name: "hit", meaning: "in the reference and in the prediction", count: "hit" },
  missed: { name: "missed", meaning: "in the reference, not in the prediction", count: "missed" },
  false_alarm: { name: "false alarm", meaning: "in the prediction, not in the reference", count: "falseAlarm" },
  true_empty: { name: "true empty", meaning: "in neither", count: "trueEmpty" },
};

function rowFault(cases: readonly ScoredCase[]): string | undefined {
  for (const { case: id, rows } of cases) {
    for (const row of rows) {
      if (!Object.keys(STATES).includes(row.state)) return `case ${id} has the state ${JSON.stringify(row.state)}`;
      for (const name of ["truePositives", "falsePositives", "falseNegatives"] as const) {
        if (!Number.isFinite(row[name])) return `case ${id} has ${JSON.stringify(row[name])} as ${name}`;
      }
    }
  }
  return undefined;
}

function ignoredVoxels(conventions: unknown): Pick<ShownConventions, "ignoredVoxels"> {
  const count = isObject(conventions) ? conventions["ignoredVoxels"] : undefined;
  return typeof count === "number" ? { ignoredVoxels: count } : {};
}

function isConfusion(value: unknown): value is NonNullable<EvaluationDocument["confusion"]> {
  if (!isObject(value)) return false;
  const { labels, voxels } = value;
  return Array.isArray(labels) && Array.isArray(voxels) && labels.every((label) => typeof label === "string") &&
    voxels.length === labels.length &&
    voxels.every((row) =>
      Array.isArray(row) && row.length === labels.length && row.every((count) => Number.isFinite(count) && count >= 0)
    );
}
