/** Scores predictions against the masks of a data set, case by case on the images' own grids. */
import type { CaseFiles, DatasetIndex, LoadedCase } from "../data/dataset.ts";
import { scoredClasses } from "../data/selection.ts";
import { Failure } from "../failure.ts";
import { spacingMm } from "../imaging/volume.ts";
import type { ScoredCase } from "../metrics/aggregate.ts";
import { type CaseScores, scoreCase } from "../metrics/case_scores.ts";
import type { EmptyRule } from "../metrics/overlap.ts";
import type { Metric } from "../metrics/scores.ts";
import type { Hd95Variant } from "../metrics/surface_distance.ts";
import type { Reporter } from "../reporter.ts";
import { loadScoredCase } from "./load_scored_case.ts";

/** Class indices of a case on its image's grid; undefined where there is no prediction. */
export type PredictionOf = (files: CaseFiles, loaded: LoadedCase) => Promise<Uint8Array | undefined>;

/** How to score. */
export interface ScoreOptions {
  readonly metrics: readonly Metric[];
  /** Tolerance of the normalized surface distance; by default twice the largest spacing within a slice. */
  readonly toleranceMm?: number | undefined;
  readonly emptyRule: EmptyRule;
  readonly hd95Variant: Hd95Variant;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** The scores of a case with the conventions that they follow. */
export interface EvaluatedCase extends ScoredCase {
  readonly patient: string;
  readonly conventions: Omit<CaseScores, "rows" | "confusion">;
  /** Voxels by class, `[reference][prediction]`, background first. */
  readonly confusion?: CaseScores["confusion"];
}

/** What was scored. */
export interface ScoredCases {
  readonly cases: readonly EvaluatedCase[];
  /** Ids of cases without a prediction: they are in no score. */
  readonly missing: readonly string[];
}

/**
 * Scores cases.
 *
 * @throws {Failure} where a case cannot be read or no case has a prediction.
 * @throws the reason of `signal` where it is aborted.
 */
export async function scoreCases(
  index: DatasetIndex,
  { cases, predictionOf }: { cases: readonly CaseFiles[]; predictionOf: PredictionOf },
  options: ScoreOptions,
): Promise<ScoredCases> {
  const scoredAs = scoredClasses(index.labelling);
  const scored: EvaluatedCase[] = [];
  const missing: string[] = [];
  for (const [done, files] of cases.entries()) {
    // Signals are received between turns of the event loop alone.
    await new Promise((resolve) => setImmediate(resolve));
    options.signal.throwIfAborted();
    options.reporter.progress(`Scoring case ${done + 1} of ${cases.length}: ${files.id}`);
    const loaded = loadScoredCase(index, files);
    const prediction = await predictionOf(files, loaded);
    if (prediction === undefined) {
      missing.push(files.id);
      continue;
    }
    const { image, mask } = loaded;
    const { rows, confusion, ...conventions } = scoreCase({
      ...options,
      reference: mask.data,
      prediction,
      shape: image.shape,
      spacingMm: image.spacingKnown ? spacingMm(image.affine) : undefined,
      ...scoredAs,
    });
    scored.push({ case: files.id, patient: files.patient, rows, conventions, ...(confusion && { confusion }) });
  }
  if (scored.length === 0) {
    throw new Failure(
      `None of the ${cases.length} cases has a prediction, such as ${cases[0]?.id}.nii.gz; check the folder`,
    );
  }
  return { cases: scored, missing };
}
