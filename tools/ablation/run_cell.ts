/** Trains and scores one cell in processes of their own. */
import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { writeFileAtomic } from "../../src/files.ts";
import { type Cell, cellName, recipeOf, RECIPES } from "./arms.ts";

const SIGNALS: readonly NodeJS.Signals[] = process.platform === "win32" ? ["SIGTERM"] : ["SIGTERM", "SIGUSR1"];

/** What all cells of an ablation have in common. */
export interface CellOptions {
  readonly dataset: string;
  /** Folder of the ablation. */
  readonly out: string;
  /** Command that starts `seg`. */
  readonly program: readonly [string, ...string[]];
  readonly folds: number;
  /** Further options of `seg train`, the same for all cells. */
  readonly train: readonly string[];
}

/** A training was stopped by a signal and has saved. */
export class Stopped extends Error {
  override name = "Stopped";
}

/** The scores of a cell; the file is there once the cell is done. */
export function scoresOf(cell: Cell, out: string): string {
  const { threshold } = recipeOf(cell.recipe);
  return join(trainingFolder(cell, out), threshold === undefined ? "scores" : `scores_at_${threshold}`, "metrics.json");
}

/** The model of a cell. */
export function modelOf(cell: Cell, out: string): string {
  return join(trainingFolder(cell, out), "run", "best.onnx");
}

function trainingFolder(cell: Cell, out: string): string {
  return join(out, cellName({ ...cell, recipe: recipeOf(cell.recipe).training }));
}

/** Trainings that go on: cells that differ in their thresholds share one. */
const trainings = new Map<string, Promise<void>>();

/**
 * Trains a cell, or continues it, and scores its validation patients; a cell that is done is left alone.
 *
 * @throws {Error} with the last lines of a command that fails.
 * @throws {Stopped} where a signal stopped it.
 */
export async function runCell(cell: Cell, options: CellOptions): Promise<void> {
  const { dataset, out } = options;
  const scores = scoresOf(cell, out);
  if (existsSync(scores)) return;
  const folder = trainingFolder(cell, out);
  const training = trainings.get(folder) ?? trainCell(cell, join(folder, "run"), options);
  trainings.set(folder, training);
  await training;
  const { threshold } = recipeOf(cell.recipe);
  const unfinished = dirname(scores);
  rmSync(unfinished, { recursive: true, force: true });
  await seg([
    ...["evaluate", modelOf(cell, out), dataset, "--split", "val", "--metrics", "dice,iou", "--out", unfinished],
    ...(threshold === undefined ? [] : ["--threshold", threshold]),
  ], options);
}

async function trainCell(cell: Cell, run: string, options: CellOptions): Promise<void> {
  const done = join(dirname(run), "trained");
  if (existsSync(done)) return;
  const { training } = recipeOf(cell.recipe);
  const recipe = RECIPES[training];
  if (recipe === undefined) throw new Error(`No recipe is called ${training}: ${Object.keys(RECIPES).join(", ")}`);
  const { net, head, inputSize, seed, fold } = cell;
  const numbers = { "input-size": inputSize, seed, fold, folds: options.folds };
  await seg(
    existsSync(run) ? ["train", "--resume", run] : [
      ...["train", options.dataset, "--out", run, "--net", net, "--head", head],
      ...Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]),
      ...recipe,
      ...options.train,
    ],
    options,
  );
  writeFileAtomic(done, "");
}

async function seg(args: readonly string[], { program: [file, ...first] }: CellOptions): Promise<void> {
  const child = spawn(file, [...first, ...args], { stdio: ["ignore", "ignore", "pipe"], env: process.env });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr = (stderr + text).slice(-2000));
  // A scheduler tells this process alone.
  const pass = (signal: NodeJS.Signals) => void child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, pass);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => {
    for (const signal of SIGNALS) process.removeListener(signal, pass);
  });
  if (code === 130) throw new Stopped("stopped by a signal");
  if (code !== 0) throw new Error(`seg ${args.join(" ")} ended with ${code}:\n${stderr}`);
}
