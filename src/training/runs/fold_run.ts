/** A fold as a piece of work that may be started again and again: trained as far as it is not done, then scored. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { scoreModel } from "../../evaluation/run_evaluation.ts";
import { Failure } from "../../failure.ts";
import { readJson, writeJsonAtomic } from "../../files.ts";
import { METRICS } from "../../metrics/scores.ts";
import { EvaluatedCaseSchema } from "../../metrics/score_schemas.ts";
import { readDescribedModel } from "../../model/model.ts";
import { listOf, oneOf, realNumber, recordOf, wholeNumber } from "../../schemas.ts";
import type { Split } from "../../data/splits.ts";
import { readConfig, runFolder } from "./run_folder.ts";
import { configurationHash, differentSetting, shownSetting } from "./run_identity.ts";
import type { RunSettings } from "./run_settings.ts";
import { startRun, train } from "./train.ts";
import { STOP_REASONS, type TrainSummary } from "./train_options.ts";
import type { TrainContext } from "./training.ts";

/** The mark of a fold that is done: it is the last file to be written. */
export const SCORES = "scores.json";

const LARGEST_BYTES = 256 * 2 ** 20;

const Score = v.nullable(realNumber());

/** A fold that is done. */
const FoldResult = v.object({
  fold: wholeNumber(0),
  folds: wholeNumber(1),
  seed: wholeNumber(0),
  /** How many seeds are trained with the same settings, where that is known. */
  seeds: v.exactOptional(wholeNumber(1)),
  /** Equal in all folds of one cross-validation, see {@link configurationHash}. */
  configuration: v.string(),
  /** Fingerprint of the data set. */
  data: v.string(),
  summary: v.object({
    run: v.string(),
    model: v.string(),
    epochs: wholeNumber(0),
    bestEpoch: wholeNumber(0),
    stopped: oneOf(STOP_REASONS),
    seconds: realNumber(0),
    parameters: wholeNumber(0),
    trainLoss: realNumber(),
    validation: v.object({ dice: Score, iou: Score, perClass: recordOf(Score) }),
  }),
  /** Its validation cases. */
  cases: v.pipe(listOf(EvaluatedCaseSchema), v.minLength(1, "scores of cases")),
});

export type FoldResult = Readonly<v.InferOutput<typeof FoldResult>>;

/**
 * Trains a fold in its place, or continues it there, and scores its validation cases on their own grids. What was done before
 * with the same options is not done again.
 *
 * @param split of a cross-validation that was begun, to be taken as it is.
 *
 * @throws {Failure} where the folder holds a run with other settings; else as `train()`.
 */
export async function runFold(
  settings: RunSettings,
  context: TrainContext,
  { seeds, split }: { seeds?: number | undefined; split?: Split | undefined } = {},
): Promise<FoldResult> {
  const { data, sampling: { fold, folds, seed }, limits, place: { dataset, out, version } } = settings;
  const scores = join(out, SCORES);
  const configuration = configurationHash(settings);
  if (existsSync(scores)) {
    const result = readScores(out);
    if (result.configuration === configuration && result.fold === fold) {
      context.reporter.note(`${out} is done already`);
      return result;
    }
  }
  let summary: TrainSummary;
  if (existsSync(out)) {
    refuseDifference(readConfig(runFolder(out)), settings);
    context.reporter.note(`Continuing ${out}`);
    summary = await train({ resume: out, version, ...limits }, context);
  } else {
    summary = await startRun(settings, context, split);
  }
  const { cases } = await scoreModel(dataset, summary.model, {
    ...context,
    ...data,
    threads: limits.threads,
    provider: limits.provider,
    split: "val",
    metrics: METRICS,
    emptyRule: "nnunet",
    hd95Variant: "max",
  });
  const fingerprint = String(readDescribedModel(summary.model).metadata.training["fingerprint"]);
  const result: FoldResult = {
    fold,
    folds,
    seed,
    ...(seeds !== undefined && { seeds }),
    configuration,
    data: fingerprint,
    summary,
    cases,
  };
  writeJsonAtomic(scores, result);
  return result;
}

/** The result of the fold in `folder`. @throws {Failure} where it is not done. */
export function readScores(folder: string): FoldResult {
  const path = join(folder, SCORES);
  if (!existsSync(path)) {
    throw new Failure(
      `${folder} is not done: it has no ${SCORES}; run its command again with --continue, which trains what is left and ` +
        `scores it`,
    );
  }
  return readJson(path, FoldResult, "remove the file, and the fold is scored again", { largestBytes: LARGEST_BYTES });
}

/** @throws {Failure} where a run was begun with other settings than those that it is to be continued with. */
export function refuseDifference(before: RunSettings, now: RunSettings): void {
  const different = differentSetting(before, now);
  if (different === undefined) return;
  throw new Failure(
    `Cannot continue ${now.place.out}: it was begun with ${different.name} ${
      shownSetting(different.before)
    }, now it is ` +
      `${shownSetting(different.now)}; use the same settings, or another --out`,
  );
}
