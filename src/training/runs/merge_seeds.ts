/** Puts the results of several seeds side by side: how far chance alone moves a score. */
import { join } from "node:path";
import { Failure } from "../../failure.ts";
import { refuseExisting, writeJsonAtomic } from "../../files.ts";
import { aggregate } from "../../metrics/aggregate.ts";
import { meanAndDeviation } from "./fold_pool.ts";
import { type FoldResult, readScores } from "./fold_run.ts";
import { holdsRun, mergeFolds, numberedFolders } from "./merge_folds.ts";
import { readConfig, runFolder } from "./run_folder.ts";
import { differentConfiguration, shownSetting } from "./run_identity.ts";

/** The results of several seeds. */
export interface MergedSeeds {
  readonly document: {
    readonly seeds: readonly { readonly seed: number; readonly folder: string; readonly mean: Means }[];
    /** Of each score over the seeds. */
    readonly spread: Readonly<Record<string, Spread>>;
  };
  readonly text: string;
}

/** Mean scores over patients and classes. */
type Means = Readonly<Record<string, number | null>>;

interface Spread {
  readonly mean: number;
  /** Standard deviation; null for one seed. */
  readonly sd: number | null;
  readonly min: number;
  readonly max: number;
}

/** Whether a folder holds folders named `seed_0`, `seed_1`, … */
export function holdsSeeds(folder: string): boolean {
  return numberedFolders(folder, "seed").length > 0;
}

/**
 * Merges `seed_0`, `seed_1`, … of a folder, each a run or a folder of folds, into its `seeds.json`; folds are pooled first.
 *
 * @throws {Failure} where a seed is missing, or of other settings or data; else as {@link mergeFolds}.
 */
export function mergeSeeds(folder: string, { force }: { force: boolean }): MergedSeeds {
  const path = join(folder, "seeds.json");
  refuseExisting(path, force);
  const merged = numberedFolders(folder, "seed").map(({ number, folder: place }) => mergeSeed(number, place, force));
  refuseMixture(merged);
  const [{ result }] = merged as [MergedSeed];
  const count = Math.max(result.seeds ?? 0, ...merged.map(({ seed }) => seed + 1));
  const found = new Set(merged.map(({ seed }) => seed));
  const missing = Array.from({ length: count }, (_, seed) => seed).filter((seed) => !found.has(seed));
  if (missing.length > 0) {
    throw new Failure(
      `${folder}: found no seed_${missing.join(", seed_")}, expected ${count} seeds; train what is missing`,
    );
  }
  const names = [...new Set(merged.flatMap(({ mean }) => Object.keys(mean)))];
  const document = {
    seeds: merged.map(({ seed, folder: place, mean }) => ({ seed, folder: place, mean })),
    spread: Object.fromEntries(names.flatMap((name) => {
      const values = merged.flatMap(({ mean }) => mean[name] ?? []);
      return values.length === 0 ? [] : [[name, spreadOf(values)]];
    })),
  };
  writeJsonAtomic(path, document);
  const dice = merged.flatMap(({ mean }) => mean["dice"] ?? []);
  return {
    document,
    text: `Means of the ${merged.length} seeds: Dice ${meanAndDeviation(dice)} (${
      dice.map((value) => value.toFixed(3)).join(", ")
    })\nWrote ${path}`,
  };
}

interface MergedSeed {
  readonly seed: number;
  readonly folder: string;
  readonly mean: Means;
  /** Of one run of the seed, for all of them. */
  readonly result: FoldResult;
  readonly run: string;
}

function mergeSeed(seed: number, folder: string, force: boolean): MergedSeed {
  if (!holdsRun(folder)) {
    const { document } = mergeFolds([folder], { out: folder, force });
    const [first] = numberedFolders(folder, "fold");
    const run = first?.folder ?? folder;
    return { seed, folder, run, mean: document.mean, result: sameSeed(readScores(run), seed, run) };
  }
  const result = sameSeed(readScores(folder), seed, folder);
  // Few draws: intervals are not used.
  const scores = Object.entries(aggregate(result.cases, { draws: 1 }).mean);
  return {
    seed,
    folder,
    run: folder,
    mean: Object.fromEntries(scores.map(([name, { mean }]) => [name, mean])),
    result,
  };
}

function sameSeed(result: FoldResult, seed: number, folder: string): FoldResult {
  if (result.seed === seed) return result;
  throw new Failure(
    `${folder} was trained with seed ${result.seed}, expected ${seed} by its name; give it its own name`,
  );
}

function refuseMixture(merged: readonly MergedSeed[]): void {
  const [first, ...others] = merged as [MergedSeed, ...MergedSeed[]];
  for (const other of others) {
    const [before, now] = [first, other].map(({ run }) => {
      const settings = readConfig(runFolder(run));
      return { ...settings, sampling: { ...settings.sampling, seed: 0 } };
    });
    const different = before && now && differentConfiguration(before, now);
    if (different !== undefined) {
      throw new Failure(
        `${other.folder} was trained with ${different.name} ${shownSetting(different.now)}, but ${first.folder} with ` +
          `${shownSetting(different.before)}; merge seeds of one configuration`,
      );
    }
    if (other.result.data !== first.result.data) {
      throw new Failure(`${other.folder} and ${first.folder} were trained on different data sets; merge seeds of one`);
    }
  }
}

function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    sd: values.length < 2 ? null : Math.sqrt(squares / (values.length - 1)),
    min: Math.min(...values),
    max: Math.max(...values),
  };
}
