/** The files of a run: config.json, splits.json, best.onnx, model-card.md, last.checkpoint, history.jsonl. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { Failure } from "../../failure.ts";
import { readJson, writeFailure, writeJsonAtomic } from "../../files.ts";
import { shownText } from "../../shown.ts";
import { temporaryName } from "../../temporary_files.ts";
import { isNewer } from "../../version_order.ts";
import { CARD_FILE } from "../../model/card.ts";
import { EVENT_FILE } from "../tensorboard/event_file.ts";
import { configurationOf, partsOf, RunConfiguration, type RunSettings } from "./run_settings.ts";

/** Paths of a run's files. */
export interface RunFolder {
  readonly folder: string;
  readonly config: string;
  readonly splits: string;
  readonly best: string;
  /** Of the best model, for people. */
  readonly card: string;
  readonly checkpoint: string;
  readonly history: string;
  /** For TensorBoard, where it is asked for. */
  readonly events: string;
}

/** The files of the run in `folder`. */
export function runFolder(folder: string): RunFolder {
  return {
    folder,
    config: join(folder, "config.json"),
    splits: join(folder, "splits.json"),
    best: join(folder, "best.onnx"),
    card: join(folder, CARD_FILE),
    checkpoint: join(folder, "last.checkpoint"),
    history: join(folder, "history.jsonl"),
    events: join(folder, EVENT_FILE),
  };
}

/** @throws {Failure} where the folder of a new run exists. */
export function refuseExistingRun(folder: string): void {
  if (existsSync(folder)) {
    throw new Failure(`${folder} exists already; choose another --out, or continue that run with --resume ${folder}`);
  }
}

/**
 * Makes the folder of a new run. It appears under its name once `fill` has written its first files, so that every folder of a run
 * can be continued from.
 *
 * @throws {Failure} where the folder exists or cannot be made.
 */
export function createRunFolder(folder: string, fill: (run: RunFolder) => void): RunFolder {
  refuseExistingRun(folder);
  const temporary = temporaryName(resolve(folder));
  try {
    mkdirSync(temporary, { recursive: true });
    fill(runFolder(temporary));
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error instanceof Failure ? error : writeFailure(folder, error);
  }
  return runFolder(folder);
}

/** @throws {Failure} where a run was begun or continued by a newer version, whose files this one may misread. */
export function refuseNewer(writtenBy: string, version: string, path: string): void {
  if (!isNewer(writtenBy, version)) return;
  throw new Failure(
    `Cannot continue: ${path} was written by seg ${
      shownText(writtenBy)
    }, and this is seg ${version}; continue it with that version`,
  );
}

/** Removes what a killed process of version 0.1.0 left behind while it was writing. */
export function removeOldLeftovers({ folder }: RunFolder): void {
  for (const name of readdirSync(folder)) {
    if (/^\..+\.[0-9a-f]{8}\.tmp$/.test(name)) rmSync(join(folder, name), { force: true });
  }
}

/** Writes the effective settings. */
export function writeConfig(run: RunFolder, settings: RunSettings): void {
  writeJsonAtomic(run.config, configurationOf(settings));
}

/** The settings that a run was started with. @throws {Failure} where there is no run in the folder, or its file is damaged. */
export function readConfig(run: RunFolder, remedy = "give the folder of a run to --resume"): RunSettings {
  return partsOf(readJson(run.config, RunConfiguration, remedy));
}
