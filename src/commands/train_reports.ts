/** Reports of trainings: at their end, and also where they end early. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { silentReporter } from "../reporter.ts";
import type { CrossValidation } from "../training/runs/fold_pool.ts";
import type { TrainSummary } from "../training/runs/train_options.ts";
import type { WorkContext } from "../reporter.ts";
import { reportAfter } from "./report_after.ts";

/** What scoring and drawing may take at the end of a training: as much as nobody notices. */
const LEAST_SECONDS = 20;
const SHARE = 0.02;

/** Finished work, and where its report is. */
export interface Reported<T> {
  readonly summary: T;
  readonly report: string | undefined;
}

/**
 * Trains, and writes the report of the run in `folder`, also where the training is stopped or fails: it then shows what the files
 * hold.
 *
 * @throws what `work` throws.
 */
export async function trainWithReport(
  folder: string,
  context: WorkContext,
  work: () => Promise<TrainSummary>,
): Promise<Reported<TrainSummary>> {
  const summary = await orShortReports(() => [folder], work);
  return { summary, report: await reportAfter(folder, context, Math.max(LEAST_SECONDS, SHARE * summary.seconds)) };
}

/** As {@link trainWithReport}, with a report for every fold and one for all. */
export async function crossValidateWithReports(
  folder: string,
  context: WorkContext,
  work: () => Promise<CrossValidation>,
): Promise<Reported<CrossValidation>> {
  const folds = () => readdirSync(folder).filter((name) => /^fold_\d+$/.test(name)).map((name) => join(folder, name));
  const summary = await orShortReports(folds, work);
  for (const fold of folds()) await reportAfter(fold, context, LEAST_SECONDS);
  return { summary, report: await reportAfter(folder, context) };
}

/** Where `work` fails, writes what is quickly written of the runs that it has begun. */
async function orShortReports<T>(runs: () => readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    try {
      // The error is what the user is told: nothing here may hide it.
      const quiet = { reporter: silentReporter, signal: new AbortController().signal };
      for (const run of runs()) if (existsSync(join(run, "last.checkpoint"))) await reportAfter(run, quiet, 0);
    } catch {
      // There is no folder yet.
    }
    throw error;
  }
}
