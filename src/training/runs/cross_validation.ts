/** Trains every fold of a data set and scores each case by the model that has not seen it. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { makeSplits, type Split, writeSplits } from "../../data/splits.ts";
import { Failure, messageOf } from "../../failure.ts";
import { writeJsonAtomic } from "../../files.ts";
import type { Reporter } from "../../reporter.ts";
import { type CrossValidation, poolFolds } from "./fold_pool.ts";
import { type FoldResult, limitsOf, refuseDifference, runFold } from "./fold_run.ts";
import { checkForTraining } from "./preparation.ts";
import { createRunFolder, refuseExistingRun } from "./run_folder.ts";
import type { ResumeOptions, TrainOptions } from "./train_options.ts";
import type { TrainContext } from "./training.ts";

/** A cross-validation to start: `out` gets a folder per fold, and `timeBudgetSeconds` is shared out among them. */
export type CrossValidationOptions = Omit<TrainOptions, "fold">;

const CONFIG = "cross_validation.json";
const SPLITS = "splits.json";

/** Whether a folder is that of a cross-validation. */
export function isCrossValidation(folder: string): boolean {
  return existsSync(join(folder, CONFIG));
}

/**
 * Trains the folds one after the other in `fold_0`, `fold_1`, … of a new folder, or continues those of `resume`; then pools the
 * scores of their validation cases into `summary.json`, `summary.csv` and `metrics.csv`.
 *
 * @param continuing takes a folder that exists for one to continue with the same options.
 * @throws {Failure} where data or settings do not fit, or a case would be scored twice.
 * @throws {Failure} after saving, with the reason of `context.signal` as its cause, where it is aborted.
 */
export async function crossValidate(
  options: CrossValidationOptions | ResumeOptions,
  context: TrainContext,
  { continuing = false }: { continuing?: boolean } = {},
): Promise<CrossValidation> {
  const told = new Set<string>();
  const begun = "resume" in options ? options.resume : continuing && existsSync(options.out) ? options.out : undefined;
  const { out, settings, splits } = begun !== undefined
    ? readConfig(begun)
    : start(options as CrossValidationOptions, { ...context.reporter, warn: once(context.reporter, told) });
  if (begun !== undefined && !("resume" in options)) refuseOtherSettings(options, settings);
  const changed = begun === undefined ? {} : limitsOf(options);
  const whole = { ...settings, ...changed };
  if (Object.keys(changed).length > 0) writeJsonAtomic(join(out, CONFIG), { settings: whole, splits });
  const folds: FoldResult[] = [];
  for (const fold of splits.keys()) {
    const reporter = prefixed(context.reporter, `fold ${fold} (${fold + 1}/${splits.length}): `, told);
    const settings = shareOut(whole, splits.length);
    const place = { fold, out: join(out, `fold_${fold}`), splitFile: resolve(join(out, SPLITS)) };
    try {
      folds.push(await runFold({ ...settings, ...place }, { ...context, reporter }));
    } catch (error) {
      if (!context.signal.aborted) throw error;
      throw new Failure(
        `Stopped in fold ${fold} of ${splits.length}; continue all folds with: seg train --resume ${out}`,
        {
          cause: context.signal.reason,
        },
      );
    }
  }
  const pooled = poolFolds(folds, { out, dataset: whole.dataset });
  for (const warning of pooled.document.warnings) context.reporter.warn(warning);
  return pooled;
}

interface Plan {
  readonly out: string;
  readonly settings: CrossValidationOptions;
  readonly splits: readonly Split[];
}

function start(options: CrossValidationOptions, reporter: Reporter): Plan {
  refuseExistingRun(options.out);
  const { report, index } = checkForTraining(options, reporter);
  const given = index.givenSplits;
  if (options.splitFile === undefined && given !== undefined && given.val.length > 0) {
    throw new Failure(
      `${options.dataset} gives one split into training and validation, so that it has no folds; ` +
        `train it with --fold 0, or give folds with --split-file`,
    );
  }
  // Where there are no folds, making them once more tells why.
  const splits = report.splits ?? makeSplits(index.cases, { folds: options.folds, seed: options.seed });
  refuseRepeatedCases(splits, options.splitFile ?? options.dataset);
  const scored = splits.reduce((sum, { val }) => sum + val.length, 0);
  if (scored < index.cases.length) {
    reporter.warn(
      `${
        index.cases.length - scored
      } of ${index.cases.length} cases are in no fold's validation part: no score has them`,
    );
  }
  const settings = {
    ...options,
    dataset: resolve(options.dataset),
    ...(options.init !== undefined && { init: resolve(options.init) }),
    ...(options.splitFile !== undefined && { splitFile: resolve(options.splitFile) }),
    folds: splits.length,
  };
  createRunFolder(options.out, ({ folder }) => {
    writeJsonAtomic(join(folder, CONFIG), { settings, splits });
    writeSplits(join(folder, SPLITS), splits);
  });
  return { out: options.out, settings, splits };
}

function refuseRepeatedCases(splits: readonly Split[], source: string): void {
  const foldOf = new Map<string, number>();
  for (const [fold, { val }] of splits.entries()) {
    for (const id of val) {
      const other = foldOf.get(id);
      if (other !== undefined) {
        throw new Failure(
          `${source}: case ${id} is in the validation parts of folds ${other} and ${fold}, expected every case once; ` +
            `correct the splits, or train the folds one by one with --fold`,
        );
      }
      foldOf.set(id, fold);
    }
  }
}

function readConfig(folder: string): Plan {
  const path = join(folder, CONFIG);
  try {
    return { out: folder, ...JSON.parse(readFileSync(path, "utf8")) as Omit<Plan, "out"> };
  } catch (error) {
    throw new Failure(`Cannot read ${path}: ${messageOf(error)}; give the folder of a cross-validation to --resume`, {
      cause: error,
    });
  }
}

/** The number of folds follows from a splits file where there is one. */
function refuseOtherSettings(options: CrossValidationOptions, before: CrossValidationOptions): void {
  const folds = options.splitFile === undefined ? options.folds : before.folds;
  refuseDifference({ ...before, fold: 0 }, { ...options, folds, fold: 0 });
}

function shareOut(settings: CrossValidationOptions, folds: number): CrossValidationOptions {
  const { timeBudgetSeconds } = settings;
  return timeBudgetSeconds === undefined ? settings : { ...settings, timeBudgetSeconds: timeBudgetSeconds / folds };
}

function prefixed(reporter: Reporter, prefix: string, told: Set<string>): Reporter {
  return {
    progress: (text) => reporter.progress(prefix + text),
    note: (text) => reporter.note(prefix + text),
    warn: once({ ...reporter, warn: (text) => reporter.warn(prefix + text) }, told),
  };
}

// Every fold checks the whole data set: its warnings are told once.
function once(reporter: Reporter, told: Set<string>): Reporter["warn"] {
  return (text) => {
    if (told.has(text)) return;
    told.add(text);
    reporter.warn(text);
  };
}
