/** Joins folds that were trained apart, on whatever machines and in whatever order, to one cross-validation. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../failure.ts";
import { refuseExisting } from "../../files.ts";
import { type CrossValidation, poolFolds } from "./fold_pool.ts";
import { type FoldResult, readScores } from "./fold_run.ts";
import { readConfig, runFolder } from "./run_folder.ts";
import { differentConfiguration, shownSetting } from "./run_identity.ts";
import type { RunSettings } from "./run_settings.ts";

/** A fold and where it lies. */
interface PlacedFold {
  readonly folder: string;
  readonly result: FoldResult;
}

/** Whether a folder holds a fold, or folders named `fold_0`, `fold_1`, …, done or not. */
export function holdsFolds(folder: string): boolean {
  return holdsRun(folder) || numberedFolders(folder, "fold").length > 0;
}

/** The folders `<word>_<number>` within a folder, by number. */
export function numberedFolders(folder: string, word: string): { readonly number: number; readonly folder: string }[] {
  const names = readdirSync(folder).filter((name) => new RegExp(`^${word}_\\d{1,6}$`).test(name));
  return names.map((name) => ({ number: Number(name.slice(word.length + 1)), folder: join(folder, name) }))
    .filter((one) => statSync(one.folder).isDirectory())
    .sort((a, b) => a.number - b.number);
}

/**
 * Pools the folds of `folders`, each a fold or a folder with folds, into `summary.json`, `summary.csv` and `metrics.csv` of `out`.
 *
 * @throws {Failure} where these files exist and `force` is not set, or a fold is missing, not done, there twice, or of other settings or data than the others.
 */
export function mergeFolds(
  folders: readonly string[],
  { out, force, columns }: { out: string; force: boolean; columns?: number | undefined },
): CrossValidation {
  for (const name of ["summary.json", "summary.csv", "metrics.csv"]) refuseExisting(join(out, name), force);
  const places = folders.flatMap((folder) => {
    const within = holdsRun(folder) ? [folder] : numberedFolders(folder, "fold").map((one) => one.folder);
    if (within.length > 0) return within;
    throw new Failure(
      `${folder} holds no fold, expected the folder of a run or folders fold_0, fold_1, …; leave it out`,
    );
  });
  const folds = [...new Set(places)].map((folder) => ({ folder, result: readScores(folder) })).sort((a, b) =>
    a.result.fold - b.result.fold
  );
  refuseMixture(folds);
  refuseDuplicates(folds);
  refuseGaps(folds);
  const results = folds.map(({ folder, result }) => ({
    ...result,
    // Where it lies now, which may be another place than where it was trained.
    summary: { ...result.summary, run: folder, model: runFolder(folder).best },
  }));
  const [first] = folds as [PlacedFold];
  return poolFolds(results, { out, columns, dataset: readConfig(runFolder(first.folder)).place.dataset });
}

/** Whether a folder is that of a run, done or not. */
export function holdsRun(folder: string): boolean {
  return existsSync(runFolder(folder).config);
}

function refuseMixture(folds: readonly PlacedFold[]): void {
  const [first, ...others] = folds as [PlacedFold, ...PlacedFold[]];
  for (const other of others) {
    if (other.result.data !== first.result.data) {
      throw new Failure(
        `${other.folder} and ${first.folder} were trained on different data sets (fingerprints ` +
          `${other.result.data.slice(0, 12)} and ${first.result.data.slice(0, 12)}); merge folds of one data set`,
      );
    }
    if (other.result.configuration !== first.result.configuration) {
      throw new Failure(
        `${other.folder} was trained with ${differenceOf(other, first)}; merge folds of one configuration`,
      );
    }
  }
}

function differenceOf(other: PlacedFold, first: PlacedFold): string {
  const [now, before] = [other, first].map(({ folder }) => readConfig(runFolder(folder))) as [
    RunSettings,
    RunSettings,
  ];
  const different = differentConfiguration(before, now);
  return different === undefined
    ? `another --init file than ${first.folder}`
    : `${different.name} ${shownSetting(different.now)}, but ${first.folder} with ${shownSetting(different.before)}`;
}

function refuseDuplicates(folds: readonly PlacedFold[]): void {
  const folderOf = new Map<number, string>();
  const foldOf = new Map<string, number>();
  for (const { folder, result: { fold, cases } } of folds) {
    const other = folderOf.get(fold);
    if (other !== undefined) {
      throw new Failure(`Fold ${fold} is in ${other} and in ${folder}, expected every fold once; name one of the two`);
    }
    folderOf.set(fold, folder);
    for (const { case: id } of cases) {
      const before = foldOf.get(id);
      if (before !== undefined) {
        throw new Failure(
          `Case ${id} was scored by folds ${before} and ${fold}, expected every case once; ` +
            `train all folds with one splits file`,
        );
      }
      foldOf.set(id, fold);
    }
  }
}

function refuseGaps(folds: readonly PlacedFold[]): void {
  const [{ result: { folds: count } }] = folds as [PlacedFold];
  const found = new Set(folds.map(({ result }) => result.fold));
  const missing = Array.from({ length: count }, (_, fold) => fold).filter((fold) => !found.has(fold));
  if (missing.length > 0) {
    const [subject, verb] = missing.length === 1 ? ["Fold", "is"] : ["Folds", "are"];
    throw new Failure(
      `${subject} ${missing.join(", ")} of ${count} ${verb} missing; train what is missing, or name its folder too`,
    );
  }
}
