/**
 * Scores of masks on their own grid in mm, their summary over patients with confidence intervals, and paired comparison of models.
 *
 * {@link scoreCase} scores a prediction class by class, {@link aggregate} summarizes cases, {@link patientValues} and
 * {@link comparePaired} tell whether one model is better than another on the same patients.
 *
 * @module
 */
export { type CaseRequest, type CaseScores, type ClassScores, scoreCase } from "./case_scores.ts";
export { type Metric, METRICS, SCORE_DIRECTIONS, type ScoreName, SCORES } from "./scores.ts";
export type { ScoreDirection } from "./score.ts";
export type { EmptyRule, LabelClass, MaskState, Triple } from "./overlap.ts";
export type { Hd95Variant } from "./surface_distance.ts";
export type { LesionScores } from "./lesion_counts.ts";

export {
  aggregate,
  type ClassSummary,
  patientValues,
  type ScoredCase,
  type ScoreSummary,
  type StateCounts,
  type Summary,
} from "./aggregate.ts";
export { comparePaired, type PairedComparison } from "./compare.ts";
export { bcaInterval, meanOfResampled, type ResampledMean, resampleMeans } from "./bootstrap.ts";
export { type WilcoxonResult, wilcoxonSignedRank } from "./wilcoxon.ts";
export { type Interval, medianInterval, percentile } from "./order_statistics.ts";
export { Random, type RandomState } from "../random.ts";
