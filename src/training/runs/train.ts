/** Trains a network on a data set folder and keeps everything that is needed to continue. */
import { existsSync } from "node:fs";
import { readSplits, type Split, writeSplits } from "../../data/splits.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { prepareTraining } from "./preparation.ts";
import { requireProvider } from "../../runtime/providers.ts";
import { removeLeftovers } from "../../temporary_files.ts";
import { absolutePlace, limitsOf, type RunSettings, runSettings } from "./run_settings.ts";
import {
  createRunFolder,
  readConfig,
  refuseExistingRun,
  refuseNewer,
  removeOldLeftovers,
  runFolder,
  writeConfig,
} from "./run_folder.ts";
import { withRunLock } from "./run_lock.ts";
import type { ResumeOptions, TrainOptions, TrainSummary } from "./train_options.ts";
import { type TrainContext, Training } from "./training.ts";

/**
 * Trains a new run in `options.out`, or continues the run in `options.resume`.
 *
 * @throws {Failure} with one sentence where data, settings or files do not fit, or numbers become NaN or infinite.
 * @throws {Failure} after saving, with the reason of `context.signal` as its cause, where it is aborted.
 */
export async function train(options: TrainOptions | ResumeOptions, context: TrainContext): Promise<TrainSummary> {
  return await ("resume" in options ? continueRun(options, context) : startRun(runSettings(options), context));
}

/**
 * Trains a new run in its place.
 *
 * @param begun of a cross-validation that was begun: its split, to be taken as it is.
 * @throws as {@link train}.
 */
export async function startRun(given: RunSettings, context: TrainContext, begun?: Split): Promise<TrainSummary> {
  refuseExistingRun(given.place.out);
  await requireProvider(given.limits.provider);
  // A run can be continued from any working directory.
  const settings = { ...given, place: absolutePlace(given.place) };
  const preparation = await prepareTraining(settings, context.reporter, begun);
  const run = createRunFolder(given.place.out, (made) => {
    writeConfig(made, settings);
    writeSplits(made.splits, [preparation.split]);
  });
  return await withRunLock(
    run.folder,
    async () => await new Training(run, settings, { preparation, context }).run(),
  );
}

async function continueRun(
  { resume, version, ...changes }: ResumeOptions,
  context: TrainContext,
): Promise<TrainSummary> {
  const run = runFolder(resume);
  const before = readConfig(run);
  refuseNewer(before.place.version, version, run.config);
  const settings: RunSettings = {
    ...before,
    limits: { ...before.limits, ...limitsOf(changes) },
    place: { ...before.place, out: resume, version },
  };
  await requireProvider(settings.limits.provider);
  return await withRunLock(run.folder, async () => {
    removeOldLeftovers(run);
    removeLeftovers(run.folder);
    const checkpoint = existsSync(run.checkpoint) ? readCheckpoint(run.checkpoint) : undefined;
    const [split] = readSplits(run.splits);
    const preparation = await prepareTraining(settings, context.reporter, split);
    const training = new Training(run, settings, { preparation, context });
    if (checkpoint !== undefined) training.restore(checkpoint);
    writeConfig(run, settings);
    return await training.run();
  });
}
