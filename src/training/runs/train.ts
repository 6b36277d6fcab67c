/** Trains a network on a data set folder and keeps everything that is needed to continue. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { writeSplits } from "../../data/splits.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { prepareTraining } from "./preparation.ts";
import {
  createRunFolder,
  readConfig,
  refuseExistingRun,
  removeLeftovers,
  runFolder,
  writeConfig,
} from "./run_folder.ts";
import type { ResumeOptions, TrainOptions, TrainSummary } from "./train_options.ts";
import { type TrainContext, Training } from "./training.ts";

/**
 * Trains a new run in `options.out`, or continues the run in `options.resume`.
 *
 * @throws {Failure} with one sentence where data, settings or files do not fit, or numbers become NaN or infinite.
 * @throws {Failure} after saving, with the reason of `context.signal` as its cause, where it is aborted.
 */
export async function train(options: TrainOptions | ResumeOptions, context: TrainContext): Promise<TrainSummary> {
  if ("resume" in options) return await continueRun(options, context);
  refuseExistingRun(options.out);
  const settings = withAbsolutePaths(options);
  const preparation = await prepareTraining(settings, context.reporter);
  const run = createRunFolder(options.out, (made) => {
    writeConfig(made, settings);
    writeSplits(made.splits, [preparation.split]);
  });
  return await new Training(run, settings, { preparation, context }).run();
}

async function continueRun(given: ResumeOptions, context: TrainContext): Promise<TrainSummary> {
  const run = runFolder(given.resume);
  const { resume: _, ...changes } = given;
  const options: TrainOptions = { ...readConfig(run), ...changes, out: given.resume };
  removeLeftovers(run);
  const checkpoint = existsSync(run.checkpoint) ? readCheckpoint(run.checkpoint) : undefined;
  const preparation = await prepareTraining(options, context.reporter);
  const training = new Training(run, options, { preparation, context });
  if (checkpoint !== undefined) training.restore(checkpoint);
  writeConfig(run, options);
  return await training.run();
}

// A run can be continued from any working directory.
function withAbsolutePaths(options: TrainOptions): TrainOptions {
  return {
    ...options,
    dataset: resolve(options.dataset),
    ...(options.init === undefined ? {} : { init: resolve(options.init) }),
    ...(options.splitFile === undefined ? {} : { splitFile: resolve(options.splitFile) }),
  };
}
