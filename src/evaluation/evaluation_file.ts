/** Reading the document of an evaluation: `metrics.json`, and `summary.json` of a cross-validation. */
import * as v from "valibot";
import { dataReadingSchema } from "../data/data_reading.ts";
import { readJson } from "../files.ts";
import type { ScoredCase } from "../metrics/aggregate.ts";
import type { ClassScores } from "../metrics/case_scores.ts";
import { ClassScoresSchema, ConfusionSchema, scoreConventions } from "../metrics/score_schemas.ts";
import { listOf, oneOf, realNumber, recordOf, wholeNumber } from "../schemas.ts";

const LARGEST_BYTES = 256 * 2 ** 20;

const CaseRowSchema = v.object({
  case: v.string(),
  patient: v.optional(v.string()),
  ...ClassScoresSchema.entries,
});

const FoldRow = v.object({
  fold: wholeNumber(0),
  cases: v.optional(wholeNumber(0)),
  epochs: v.optional(wholeNumber(0)),
  bestEpoch: v.optional(wholeNumber(0)),
  mean: v.optional(recordOf(v.nullable(realNumber()))),
});

const ComparedScore = v.object({
  n: wholeNumber(0),
  meanDifference: v.nullable(realNumber()),
  meanInterval: v.nullable(v.tuple([realNumber(), realNumber()], "two numbers")),
  wilcoxon: v.object({ pValue: realNumber() }),
});

/** Means and intervals are left out: they are made anew from the rows, as they were made there. */
const EvaluationFile = v.object({
  subject: v.optional(v.string(), ""),
  dataset: v.optional(v.string(), ""),
  split: v.optional(oneOf(["val", "all", "out-of-fold"]), "all"),
  cases: v.pipe(listOf(CaseRowSchema), v.minLength(1, "rows of cases")),
  confusion: v.optional(v.pipe(
    v.object({ labels: listOf(v.string()), voxels: ConfusionSchema }),
    v.check(({ labels, voxels }) => labels.length === voxels.length, "a label for each row"),
  )),
  missing: v.optional(listOf(v.string()), []),
  conventions: v.optional(
    v.object({
      unit: v.optional(scoreConventions.unit, "mm"),
      emptyRule: v.optional(scoreConventions.emptyRule, "nnunet"),
      hd95Variant: v.optional(scoreConventions.hd95Variant, "max"),
      tolerance: v.optional(v.union([realNumber(0), listOf(realNumber(0))], "a number or a list of numbers")),
      ignoredVoxels: v.optional(wholeNumber(0)),
    }),
    {},
  ),
  version: v.optional(v.string()),
  modelSha256: v.optional(v.string()),
  /** Options that were given, and that decide about masks and scores. */
  settings: v.optional(
    v.looseObject({
      ...dataReadingSchema.entries,
      threshold: v.optional(realNumber()),
      mirror: v.optional(v.boolean()),
      fillHoles: v.optional(v.boolean()),
      minimumVolumeMl: v.optional(realNumber()),
      largestComponent: v.optional(v.boolean()),
      threads: v.optional(wholeNumber(0)),
      provider: v.optional(v.string()),
      trtexec: v.optional(v.string()),
    }),
    {},
  ),
  /** Differences to another model, by class and score. */
  comparison: v.optional(recordOf(recordOf(ComparedScore))),
  /** Of a cross-validation. */
  folds: v.optional(listOf(FoldRow)),
});

/** What the file of an evaluation holds. */
export type EvaluationFile = Readonly<v.InferOutput<typeof EvaluationFile>>;

/** The cases of a `metrics.json`. @throws {Failure} as {@link readEvaluationFile}. */
export function readEvaluation(path: string): ScoredCase[] {
  return readEvaluationFile(path).scored;
}

/** As {@link readEvaluation}, with all that the file holds. @throws {Failure} where the file is missing, damaged, or of something else. */
export function readEvaluationFile(
  path: string,
): { readonly document: EvaluationFile; readonly scored: ScoredCase[] } {
  const remedy = "give the metrics.json of seg evaluate --out";
  const document = readJson(path, EvaluationFile, remedy, { largestBytes: LARGEST_BYTES });
  const cases = new Map<string, { case: string; patient: string; rows: ClassScores[] }>();
  for (const { case: id, patient, ...row } of document.cases) {
    const scored = cases.get(id) ?? { case: id, patient: patient ?? id, rows: [] };
    scored.rows.push(row);
    cases.set(id, scored);
  }
  return { document, scored: [...cases.values()] };
}
