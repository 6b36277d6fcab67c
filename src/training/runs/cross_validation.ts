/** Trains every fold of a data set and scores each case by the model that has not seen it. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import * as v from "valibot";
import { makeSplits, type Split, Splits, writeSplits } from "../../data/splits.ts";
import { Failure } from "../../failure.ts";
import { readJson, writeJsonAtomic } from "../../files.ts";
import { requireProvider } from "../../runtime/providers.ts";
import type { Reporter } from "../../reporter.ts";
import { type CrossValidation, poolFolds } from "./fold_pool.ts";
import { type FoldResult, refuseDifference, runFold } from "./fold_run.ts";
import { checkForTraining } from "./preparation.ts";
import { createRunFolder, refuseExistingRun, refuseNewer } from "./run_folder.ts";
import {
  absolutePlace,
  configurationOf,
  limitsOf,
  partsOf,
  RunConfiguration,
  type RunSettings,
} from "./run_settings.ts";
import type { ResumeOptions } from "./train_options.ts";
import type { TrainContext } from "./training.ts";

const CONFIG = "cross_validation.json";
const SPLITS = "splits.json";

/** Whether a folder is that of a cross-validation. */
export function isCrossValidation(folder: string): boolean {
  return existsSync(join(folder, CONFIG));
}

/**
 * Trains the folds one after the other in `fold_0`, `fold_1`, … of a new folder, or continues those of `resume`; then pools the
 * scores of their validation cases into `summary.json`, `summary.csv` and `metrics.csv`. The fold of the settings is not used, and
 * the time budget is shared out among the folds.
 *
 * @param continuing takes a folder that exists for one to continue with the same options.
 * @throws {Failure} where data or settings do not fit, or a case would be scored twice.
 * @throws {Failure} after saving, with the reason of `context.signal` as its cause, where it is aborted.
 */
export async function crossValidate(
  options: RunSettings | ResumeOptions,
  context: TrainContext,
  { continuing = false }: { continuing?: boolean } = {},
): Promise<CrossValidation> {
  const told = new Set<string>();
  const reporter = { ...context.reporter, warn: once(context.reporter, told) };
  await requireProvider("resume" in options ? options.provider : options.limits.provider);
  const plan = "resume" in options
    ? resumed(readPlan(options.resume, options.version), limitsOf(options))
    : continuing && existsSync(options.place.out)
    ? continued(readPlan(options.place.out, options.place.version), options)
    : start(options, reporter);
  const { out, settings, splits } = plan;
  const folds: FoldResult[] = [];
  for (const [fold, split] of splits.entries()) {
    const reporter = prefixed(context.reporter, `fold ${fold} (${fold + 1}/${splits.length}): `, told);
    const ofFold: RunSettings = {
      ...settings,
      sampling: { ...settings.sampling, fold },
      limits: shareOut(settings.limits, splits.length),
      place: { ...settings.place, out: join(out, `fold_${fold}`), splitFile: resolve(join(out, SPLITS)) },
    };
    try {
      folds.push(await runFold(ofFold, { ...context, reporter }, { split }));
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
  const pooled = poolFolds(folds, { out, dataset: settings.place.dataset, columns: context.columns });
  for (const warning of pooled.document.warnings) context.reporter.warn(warning);
  return pooled;
}

interface Plan {
  readonly out: string;
  readonly settings: RunSettings;
  readonly splits: readonly Split[];
}

function start(given: RunSettings, reporter: Reporter): Plan {
  const { out, dataset, splitFile } = given.place;
  const { folds, seed } = given.sampling;
  refuseExistingRun(out);
  const { report, index } = checkForTraining(given, reporter);
  const own = index.givenSplits;
  if (splitFile === undefined && own !== undefined && own.val.length > 0) {
    throw new Failure(
      `${dataset} gives one split into training and validation, so that it has no folds; ` +
        `train it with --fold 0, or give folds with --split-file`,
    );
  }
  // Where there are no folds, making them once more tells why.
  const splits = report.splits ?? makeSplits(index.cases, { folds, seed });
  refuseRepeatedCases(splits, splitFile ?? dataset);
  const scored = splits.reduce((sum, { val }) => sum + val.length, 0);
  if (scored < index.cases.length) {
    reporter.warn(
      `${
        index.cases.length - scored
      } of ${index.cases.length} cases are in no fold's validation part: no score has them`,
    );
  }
  const settings: RunSettings = {
    ...given,
    sampling: { ...given.sampling, folds: splits.length },
    place: absolutePlace(given.place),
  };
  createRunFolder(out, ({ folder }) => {
    writePlan(folder, { settings, splits });
    writeSplits(join(folder, SPLITS), splits);
  });
  return { out, settings, splits };
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

/** `cross_validation.json`: the settings of a run but its fold. */
const PlanFile = v.object({
  settings: v.omit(RunConfiguration, ["fold"]),
  splits: Splits,
});

function readPlan(folder: string, version: string): Plan {
  const remedy = "give the folder of a cross-validation to --resume";
  const { settings, splits } = readJson(join(folder, CONFIG), PlanFile, remedy);
  refuseNewer(settings.version, version, join(folder, CONFIG));
  return { out: folder, settings: partsOf({ ...settings, fold: 0 }), splits };
}

function writePlan(folder: string, { settings, splits }: Omit<Plan, "out">): void {
  const { fold: _, ...written } = configurationOf(settings);
  writeJsonAtomic(join(folder, CONFIG), { settings: written, splits });
}

/** The plan with other limits, which are kept. */
function resumed(plan: Plan, changes: Partial<RunSettings["limits"]>): Plan {
  const settings = { ...plan.settings, limits: { ...plan.settings.limits, ...changes } };
  if (Object.keys(changes).length > 0) writePlan(plan.out, { settings, splits: plan.splits });
  return { ...plan, settings };
}

/** The plan of a cross-validation that is begun, where the settings given now are its own. */
function continued(plan: Plan, given: RunSettings): Plan {
  const { settings } = plan;
  // The number of folds follows from a splits file where there is one.
  const folds = given.place.splitFile === undefined ? given.sampling.folds : settings.sampling.folds;
  const ofAll = ({ sampling, ...others }: RunSettings) => ({ ...others, sampling: { ...sampling, folds, fold: 0 } });
  refuseDifference({ ...settings, sampling: { ...settings.sampling, fold: 0 } }, ofAll(given));
  return resumed(plan, given.limits);
}

function shareOut(limits: RunSettings["limits"], folds: number): RunSettings["limits"] {
  const { timeBudgetSeconds } = limits;
  return timeBudgetSeconds === undefined ? limits : { ...limits, timeBudgetSeconds: timeBudgetSeconds / folds };
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
