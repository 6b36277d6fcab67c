/** What the files of a training run tell. */
import { existsSync, readFileSync } from "node:fs";
import { Failure, messageOf } from "../failure.ts";
import { isObject, type JsonObject } from "../json_object.ts";
import { type DescribedModel, readDescribedModel } from "../model/model.ts";
import { countOf } from "../text.ts";
import { type EpochRecord, readCheckpoint } from "../training/runs/checkpoint.ts";
import { type RunFolder, runFolder } from "../training/runs/run_folder.ts";
import type { StopReason } from "../training/runs/train_options.ts";

/** A run as it stands in its folder. */
export interface RunRecord {
  readonly run: RunFolder;
  /** Content of config.json. */
  readonly settings: JsonObject;
  /** Epochs that are planned. */
  readonly epochs: number;
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
  const settings = readSettings(run.config);
  // A run that was stopped before its first checkpoint has settings and splits alone.
  const checkpoint = existsSync(run.checkpoint) ? readCheckpoint(run.checkpoint) : undefined;
  const begun = existsSync(run.history) || (checkpoint?.history.length ?? 0) > 0;
  const history = begun ? readHistory(run.history) : [];
  const epochs = Number(settings["epochs"]);
  if (!Number.isInteger(epochs) || epochs < 1) {
    throw new Failure(
      `Cannot use ${run.config}: epochs is ${
        JSON.stringify(settings["epochs"])
      }, expected a whole number; restore the file`,
    );
  }
  const best = bestOf(history);
  const seconds = checkpoint?.seconds ?? history.reduce((sum, record) => sum + record.seconds, 0);
  return {
    run,
    settings,
    epochs,
    history,
    stopped: stopReason(history, { epochs, settings, seconds, best: best?.epoch ?? 0 }),
    best,
    seconds,
    ...(best !== undefined && { model: readDescribedModel(run.best) }),
  };
}

function readSettings(path: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Failure(`Cannot read ${path}: ${messageOf(error)}; restore the file, or give the folder of another run`, {
      cause: error,
    });
  }
  if (!isObject(value)) throw new Failure(`Cannot use ${path}: it holds no settings of a run; restore the file`);
  return value;
}

function readHistory(path: string): EpochRecord[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new Failure(`Cannot read ${path}: ${messageOf(error)}; restore the file, or continue the run with --resume`, {
      cause: error,
    });
  }
  let levels: number | undefined;
  return text.split("\n").filter((line) => line !== "").map((line, i) => {
    const fault = (found: string) =>
      new Failure(`Cannot use ${path}: line ${i + 1} ${found}; restore the file, or continue the run with --resume`);
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw fault("is no JSON");
    }
    if (!isEpochRecord(value)) throw fault("is no record of an epoch");
    if (value.epoch !== i + 1) throw fault(`is of epoch ${value.epoch}, expected ${i + 1}`);
    const { length } = value.lossPerLevel;
    levels ??= length;
    if (length !== levels) throw fault(`is of ${countOf(length, "level")}, expected ${levels}`);
    return value;
  });
}

function isEpochRecord(value: unknown): value is EpochRecord {
  if (!isObject(value)) return false;
  const { lossPerLevel, dicePerClass } = value;
  const isScore = (score: unknown) => score === null || Number.isFinite(score);
  return ["epoch", "learningRate", "trainLoss", "seconds"].every((name) => Number.isFinite(value[name])) &&
    Array.isArray(lossPerLevel) && lossPerLevel.length > 0 && lossPerLevel.every(Number.isFinite) &&
    isObject(dicePerClass) && Object.values(dicePerClass).every(isScore) &&
    ["dice", "iou"].every((name) => isScore(value[name]));
}

/** The epochs whose model was scored. */
export function validated(history: readonly EpochRecord[]): readonly EpochRecord[] {
  return history.filter(({ dicePerClass }) => Object.keys(dicePerClass).length > 0);
}

/** The first epoch with the highest Dice, as the training chooses it. */
function bestOf(history: readonly EpochRecord[]): EpochRecord | undefined {
  return validated(history).reduce<EpochRecord | undefined>(
    (best, record) => best === undefined || (record.dice ?? 0) > (best.dice ?? 0) ? record : best,
    undefined,
  );
}

/** A checkpoint is written before the last check of the time: so much may be missing. */
const CLOCK_SECONDS = 1;

function stopReason(
  history: readonly EpochRecord[],
  { epochs, settings, seconds, best }: { epochs: number; settings: JsonObject; seconds: number; best: number },
): StopReason | undefined {
  const { patience, timeBudgetSeconds } = settings;
  if (history.length >= epochs) return "epochs";
  if (typeof patience === "number" && patience > 0 && history.length - best >= patience) return "patience";
  const over = typeof timeBudgetSeconds === "number" && seconds >= timeBudgetSeconds - CLOCK_SECONDS;
  return over && history.length > 0 ? "time-budget" : undefined;
}
