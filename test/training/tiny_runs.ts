/** Trainings of a second or two on phantom data, for the tests of their control. */
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePhantom } from "../../src/data/phantom.ts";
import { type Reporter, silentReporter } from "../../src/reporter.ts";
import { train } from "../../src/training/runs/train.ts";
import {
  type ResumeOptions,
  TRAIN_DEFAULTS,
  type TrainOptions,
  type TrainSummary,
} from "../../src/training/runs/train_options.ts";

/** A folder with phantom data in `data`, and what the trainings leave beside it. */
export interface TinyRuns {
  readonly folder: string;
  readonly dataset: string;
  /** Settings of a training of 4 batches an epoch. */
  options(name: string, changes?: Partial<TrainOptions>): TrainOptions;
}

/** Runs `use` with phantom data in a folder that is removed afterwards. */
export async function withTinyRuns(use: (runs: TinyRuns) => Promise<void>): Promise<void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "seg-train-")));
  const dataset = join(folder, "data");
  try {
    writePhantom(dataset, { cases: 4, side: 48 });
    await use({
      folder,
      dataset,
      options: (name, changes) => ({
        ...TRAIN_DEFAULTS,
        stepsPerEpoch: 1,
        dataset,
        out: join(folder, name),
        version: "0.0.0",
        width: 2,
        inputSize: 16,
        outputSize: 32,
        batch: 8,
        folds: 2,
        epochs: 3,
        threads: 1,
        ...changes,
      }),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Trains to the end. */
export function trainTiny(
  options: TrainOptions | ResumeOptions,
  reporter: Reporter = silentReporter,
): Promise<TrainSummary> {
  return train(options, { reporter, signal: new AbortController().signal });
}

/** Trains until the progress shows `text`, then stops as Ctrl-C does; whether it came to that. */
export async function trainUntil(options: TrainOptions | ResumeOptions, text: string): Promise<boolean> {
  const controller = new AbortController();
  const stop = new Error("stopped by the test");
  const reporter: Reporter = {
    ...silentReporter,
    progress: (line) => {
      if (line.includes(text)) controller.abort(stop);
    },
  };
  try {
    await train(options, { reporter, signal: controller.signal });
    return false;
  } catch (error) {
    if (error instanceof Error && error.cause === stop) return true;
    throw error;
  }
}

/** The bytes of the best model. */
export function bestModel(run: string): Uint8Array {
  return new Uint8Array(readFileSync(join(run, "best.onnx")));
}

/** The model card beside the best model. */
export function cardOf(run: string): string {
  return readFileSync(join(run, "model-card.md"), "utf8");
}

/** The history without the seconds, which no two runs share. */
export function historyOf(run: string): unknown[] {
  const lines = readFileSync(join(run, "history.jsonl"), "utf8").trimEnd().split("\n");
  return lines.map((line) => {
    const { seconds: _, ...record } = JSON.parse(line);
    return record;
  });
}

/** Names of the files of a run. */
export function filesOf(run: string): string[] {
  return readdirSync(run).sort();
}

/** What a whole run leaves. */
export const RUN_FILES = [
  "best.onnx",
  "config.json",
  "history.jsonl",
  "last.checkpoint",
  "model-card.md",
  "splits.json",
];
