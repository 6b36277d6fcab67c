/** The scores of all folds together: every case once, by the model that has not seen it. */
import { join } from "node:path";
import { type EvaluationDocument, evaluationDocument } from "../../evaluation/evaluation_report.ts";
import { evaluationText } from "../../evaluation/evaluation_text.ts";
import { writeScores } from "../../evaluation/score_files.ts";
import { aggregate } from "../../metrics/aggregate.ts";
import type { FoldResult } from "./fold_run.ts";

/** What a cross-validation gives. */
export interface CrossValidation {
  /** Scores of all cases, each once, with `folds` beside them; also in `summary.json`. */
  readonly document: EvaluationDocument & { readonly folds: readonly unknown[] };
  readonly models: readonly string[];
  /** Tables and lines of text. */
  readonly text: string;
}

/** Pools the cases of the folds, writes `summary.json`, `summary.csv` and `metrics.csv` into `out`, and puts the text together. */
export function poolFolds(
  folds: readonly FoldResult[],
  { out, dataset, columns }: { out: string; dataset: string; columns?: number | undefined },
): CrossValidation {
  const cases = folds.flatMap((fold) => fold.cases);
  const summary = aggregate(cases);
  const means = folds.map((fold) => ({
    fold: fold.fold,
    ...fold.summary,
    cases: fold.cases.length,
    mean: Object.fromEntries(
      // Few draws: the intervals of the folds are not used.
      Object.entries(aggregate(fold.cases, { draws: 1 }).mean).map(([name, { mean }]) => [name, mean]),
    ),
  }));
  const document = {
    ...evaluationDocument(cases, summary, { subject: out, dataset, split: "out-of-fold", missing: [] }),
    folds: means,
  };
  const files = {
    folder: out,
    json: join(out, "summary.json"),
    csv: join(out, "metrics.csv"),
    summary: join(out, "summary.csv"),
  };
  writeScores(files, { document, summary });
  const dice = means.flatMap(({ mean }) => typeof mean["dice"] === "number" ? [mean["dice"]] : []);
  return {
    document,
    models: folds.map((fold) => fold.summary.model),
    text: [
      evaluationText(cases, summary, { split: "out-of-fold", every: false, columns }),
      `Means of the ${folds.length} folds: Dice ${meanAndDeviation(dice)} (${
        dice.map((value) => value.toFixed(3)).join(", ")
      })`,
      `Wrote ${files.json}, ${files.csv} and ${files.summary}`,
    ].join("\n"),
  };
}

/** `0.812 ± 0.034`: the mean, and the standard deviation where there are several values. */
export function meanAndDeviation(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return values.length < 2
    ? mean.toFixed(3)
    : `${mean.toFixed(3)} ± ${Math.sqrt(squares / (values.length - 1)).toFixed(3)}`;
}
