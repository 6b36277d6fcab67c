/** The scores that a report shows: of an evaluation's file, or of cases that were scored just now. */
import { type Conventions, conventionsOf, readConventions } from "../evaluation/conventions.ts";
import { type EvaluationFile, readEvaluationFile } from "../evaluation/evaluation_file.ts";
import { type EvaluationDocument, evaluationDocument } from "../evaluation/evaluation_report.ts";
import type { EvaluatedCase } from "../evaluation/score_cases.ts";
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
export interface EvaluationScores
  extends Scores, Pick<EvaluationFile, "version" | "modelSha256" | "settings" | "comparison" | "folds"> {}

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
export function readEvaluationScores(path: string): EvaluationScores {
  const { document, scored } = readEvaluationFile(path);
  const { confusion, conventions, ...about } = document;
  return {
    ...about,
    cases: scored,
    summary: aggregate(scored),
    conventions: { ...readConventions(document), ...ignoredVoxels(conventions) },
    ...(confusion && { confusion }),
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

function ignoredVoxels(
  { ignoredVoxels }: EvaluationDocument["conventions"],
): Pick<ShownConventions, "ignoredVoxels"> {
  return ignoredVoxels === undefined ? {} : { ignoredVoxels };
}
