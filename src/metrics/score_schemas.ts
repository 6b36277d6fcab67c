/** Scores as files hold them. */
import * as v from "valibot";
import { listOf, oneOf, realNumber, wholeNumber } from "../schemas.ts";
import { type ScoreName, SCORES } from "./scores.ts";

const Score = v.nullable(realNumber());
const Count = wholeNumber(0);

/** A number of each score; null where it is undefined. */
const scores = Object.fromEntries(
  SCORES.map(({ name }) => [name, v.exactOptional(Score)]),
) as Record<ScoreName, v.ExactOptionalSchema<typeof Score, undefined>>;

/** The scores of one class in one case. */
export const ClassScoresSchema = v.object({
  class: v.string(),
  state: oneOf(["hit", "missed", "false_alarm", "true_empty"]),
  ...scores,
  truePositives: Count,
  falsePositives: Count,
  falseNegatives: Count,
  referenceMl: v.exactOptional(Score),
  volumeMl: v.exactOptional(Score),
  lesions: v.exactOptional(v.object({
    reference: Count,
    prediction: Count,
    truePositives: Count,
    falseNegatives: Count,
    falsePositives: Count,
    f1: Score,
    sensitivity: Score,
  })),
});

/** What the scores of all cases follow. */
export const scoreConventions = {
  unit: oneOf(["mm", "px"]),
  emptyRule: oneOf(["nnunet", "one", "monai", "brats"]),
  hd95Variant: oneOf(["max", "pooled", "surfel"]),
};

/** Voxels by class, `[reference][prediction]`, background first. */
export const ConfusionSchema = v.pipe(
  listOf(listOf(realNumber(0))),
  v.check((rows) => rows.every(({ length }) => length === rows.length), "as many columns as rows"),
);

/** The scores of one case, and what they follow. */
export const EvaluatedCaseSchema = v.object({
  case: v.string(),
  patient: v.string(),
  rows: listOf(ClassScoresSchema),
  conventions: v.object({
    ...scoreConventions,
    tolerance: realNumber(0),
    toleranceGiven: v.boolean(),
    imageDiagonal: realNumber(0),
    ignoredVoxels: v.exactOptional(Count),
    unexpectedLabels: v.object({ reference: listOf(v.number()), prediction: listOf(v.number()) }),
  }),
  confusion: v.optional(ConfusionSchema),
});
