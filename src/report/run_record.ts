/** What the files of a training run tell. */
import { existsSync } from "node:fs";
import { type DescribedModel, readDescribedModel } from "../model/model.ts";
import { readCheckpoint } from "../training/runs/checkpoint.ts";
import { bestEpoch, type EpochRecord, epochsWithoutBetter, readHistory } from "../training/runs/history.ts";
import { readConfig, type RunFolder, runFolder } from "../training/runs/run_folder.ts";
import type { RunSettings } from "../training/runs/run_settings.ts";
import type { StopReason } from "../training/runs/train_options.ts";

/** A run as it stands in its folder. */
export interface RunRecord {
  readonly run: RunFolder;
  /** Content of config.json. */
  readonly settings: RunSettings;
  readonly history: readonly EpochRecord[];
  /** Undefined where the run is not finished. */
  readonly stopped: StopReason | undefined;
  /** The epoch of the best model; undefined before the first validation. */
  readonly best: EpochRecord | undefined;
  /** Seconds of training so far. */
  readonly seconds: number;
  /** Absent before the first validation. */
  readonly model?: DescribedModel;
}

/** Whether a folder is that of a run. */
export function isRun(folder: string): boolean {
  const { config, history, checkpoint } = runFolder(folder);
  return [config, history, checkpoint].some((path) => existsSync(path));
}

/** Reads a run. @throws {Failure} where a file is missing or damaged, in one sentence. */
export function readRun(folder: string): RunRecord {
  const run = runFolder(folder);
  const settings = readConfig(run, "restore the file, or give the folder of another run");
  // A run that was stopped before its first checkpoint has settings and splits alone.
  const checkpoint = existsSync(run.checkpoint) ? readCheckpoint(run.checkpoint) : undefined;
  const begun = existsSync(run.history) || (checkpoint?.history.length ?? 0) > 0;
  const history = begun ? readHistory(run.history) : [];
  const best = bestEpoch(history);
  const seconds = checkpoint?.seconds ?? history.reduce((sum, record) => sum + record.seconds, 0);
  return {
    run,
    settings,
    history,
    stopped: stopReason(history, { limits: settings.limits, seconds }),
    best,
    seconds,
    ...(best !== undefined && { model: readDescribedModel(run.best) }),
  };
}

/** A checkpoint is written before the last check of the time: so much may be missing. */
const CLOCK_SECONDS = 1;

function stopReason(
  history: readonly EpochRecord[],
  { limits, seconds }: { limits: RunSettings["limits"]; seconds: number },
): StopReason | undefined {
  const { epochs, patience, timeBudgetSeconds } = limits;
  if (history.length >= epochs) return "epochs";
  if (patience > 0 && epochsWithoutBetter(history) >= patience) return "patience";
  const over = timeBudgetSeconds !== undefined && seconds >= timeBudgetSeconds - CLOCK_SECONDS;
  return over && history.length > 0 ? "time-budget" : undefined;
}
