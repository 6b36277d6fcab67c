/** Training and validation cases: by patient, stratified by how much there is to find, the same for the same seed. */
import * as v from "valibot";
import { Failure, UsageFailure } from "../failure.ts";
import { readJson, writeJsonAtomic } from "../files.ts";
import { Random } from "../random.ts";
import { listOf } from "../schemas.ts";
import type { DatasetIndex } from "./dataset.ts";
import { duplicateCases } from "./duplicates.ts";
import { type Finding, FindingFailure, isError } from "./finding.ts";
import { naturalOrder } from "./folder.ts";
import type { CaseFiles } from "./layout.ts";

/** Case ids of one fold. */
const SplitSchema = v.object({ train: listOf(v.string()), val: listOf(v.string()) });

export type Split = Readonly<v.InferOutput<typeof SplitSchema>>;

/** The folds of a file, in nnU-Net's format. */
export const Splits = v.pipe(listOf(SplitSchema), v.minLength(1, "a list of folds"));

/** The cases of one fold; `test` only where the data set folder sets some aside. */
export interface ChosenSplit {
  readonly train: readonly CaseFiles[];
  readonly val: readonly CaseFiles[];
  readonly test: readonly CaseFiles[];
}

const MAXIMUM_BYTES = 64 * 2 ** 20;

/**
 * Deals patients out to folds so that every fold holds small and large foregrounds alike: patients are sorted by
 * foreground, and each run of `folds` patients is dealt in random order.
 *
 * @param options `foreground`: voxels per case id; without it the folds are random.
 * @throws {UsageFailure} where there are fewer patients than folds, or fewer than two folds.
 */
export function makeSplits(
  cases: readonly CaseFiles[],
  options: { folds: number; seed: number; foreground?: ReadonlyMap<string, number> | undefined },
): Split[] {
  const { folds, seed, foreground } = options;
  const patients = new Map<string, { ids: string[]; voxels: number }>();
  for (const { id, patient } of cases) {
    const entry = patients.get(patient) ?? { ids: [], voxels: 0 };
    entry.ids.push(id);
    entry.voxels += foreground?.get(id) ?? 0;
    patients.set(patient, entry);
  }
  if (!Number.isInteger(folds) || folds < 2 || folds > patients.size) {
    throw new UsageFailure(
      `--folds ${folds} does not suit ${patients.size} patients, expected a whole number from 2 to ${patients.size}`,
    );
  }
  const random = new Random(seed);
  const sorted = random.shuffle([...patients.keys()].sort(naturalOrder).map((name) => patients.get(name)))
    .filter((entry) => entry !== undefined)
    .sort((a, b) => b.voxels - a.voxels);
  const parts: string[][] = Array.from({ length: folds }, () => []);
  for (let start = 0; start < sorted.length; start += folds) {
    const order = random.shuffle(parts.map((_, fold) => fold));
    sorted.slice(start, start + folds).forEach((entry, index) => parts[order[index] as number]?.push(...entry.ids));
  }
  return parts.map((val) => {
    const inVal = new Set(val);
    return {
      train: cases.map((one) => one.id).filter((id) => !inVal.has(id)).sort(naturalOrder),
      val: val.sort(naturalOrder),
    };
  });
}

/**
 * The cases of fold `fold` of `folds`: from `splits` (a splits file), else from the split that the folder itself gives,
 * else made by {@link makeSplits}.
 *
 * @throws {UsageFailure} where the fold does not exist.
 * @throws {Failure} where a case, a patient or the same image is on two sides.
 */
export function chooseSplit(
  index: DatasetIndex,
  options: {
    fold: number;
    folds: number;
    seed: number;
    foreground?: ReadonlyMap<string, number> | undefined;
    splits?: readonly Split[] | undefined;
    /** The splits are those that a run was begun with: see {@link findLeaks}. */
    begun?: boolean | undefined;
  },
): ChosenSplit {
  const given = index.givenSplits;
  const byId = new Map(index.cases.map((files) => [files.id, files]));
  const test = given?.test.flatMap((id) => byId.get(id) ?? []) ?? [];
  let split: Split | undefined;
  if (options.splits) {
    refuseUnknownFold(options.fold, options.splits.length);
    split = options.splits[options.fold];
  } else if (given && given.val.length > 0) {
    refuseUnknownFold(options.fold, 1);
    split = given;
  } else {
    refuseUnknownFold(options.fold, options.folds);
    const pool = given ? given.train.flatMap((id) => byId.get(id) ?? []) : index.cases;
    split = makeSplits(pool, options)[options.fold];
  }
  const sides = { train: split?.train ?? [], val: split?.val ?? [], test: test.map((files) => files.id) };
  const leak = findLeaks(index, sides, options).find(isError);
  if (leak) throw new FindingFailure(leak);
  const pick = (ids: readonly string[]) => ids.map((id) => byId.get(id) as CaseFiles);
  if (sides.train.length === 0 || sides.val.length === 0) {
    throw new Failure(
      `${index.root}: ${sides.train.length} training and ${sides.val.length} validation cases, ` +
        `expected at least one of each; correct the split`,
    );
  }
  return { train: pick(sides.train), val: pick(sides.val), test };
}

/**
 * E10 for unknown ids and for cases or patients on two sides, E11 for the same image on two sides.
 *
 * @param options.begun the splits are those of a run that goes on: a patient on two sides is then a warning (W07), since version
 * 0.1.0 did not know the names of repeated scans.
 */
export function findLeaks(
  index: DatasetIndex,
  sides: { readonly train: readonly string[]; readonly val: readonly string[]; readonly test?: readonly string[] },
  { begun = false }: { begun?: boolean | undefined } = {},
): Finding[] {
  const byId = new Map(index.cases.map((files) => [files.id, files]));
  const findings: Finding[] = [];
  const sideOf = new Map<string, string>();
  const sideOfPatient = new Map<string, string>();
  for (const [side, ids] of Object.entries(sides)) {
    for (const id of ids) {
      const files = byId.get(id);
      const other = sideOf.get(id) ?? sideOfPatient.get(files?.patient ?? "");
      if (!files) findings.push(unknownCase(id, side));
      else if (sideOf.has(id)) findings.push(twoSides(`case ${id}`, [sideOf.get(id) as string, side]));
      else if (other !== undefined && other !== side) {
        findings.push(patientOnTwoSides(files, [other, side], begun));
      }
      sideOf.set(id, side);
      if (files) sideOfPatient.set(files.patient, side);
    }
  }
  const used = index.cases.filter((files) => sideOf.has(files.id));
  for (const [a, b] of duplicateCases(index.root, used)) {
    const [left, right] = [sideOf.get(a.id), sideOf.get(b.id)];
    if (left === right) continue;
    findings.push({
      code: "E11",
      file: b.id,
      found: `the same image in ${right} as case ${a.id} in ${left}`,
      expected: "every image on one side only",
      remedy: "remove one of the two cases",
    });
  }
  return findings;
}

/**
 * Reads folds in nnU-Net's format: a list of {"train": [ids], "val": [ids]}.
 *
 * @throws {Failure} where the file is missing or has another format.
 */
export function readSplits(path: string): readonly Split[] {
  return readJson(path, Splits, "correct the file or make a new one", { largestBytes: MAXIMUM_BYTES });
}

/** Writes folds in nnU-Net's format (`splits_final.json`). */
export function writeSplits(path: string, splits: readonly Split[]): void {
  writeJsonAtomic(path, splits.map(({ train, val }) => ({ train, val })));
}

function refuseUnknownFold(fold: number, folds: number): void {
  if (!Number.isInteger(fold) || fold < 0 || fold >= folds) {
    throw new UsageFailure(
      folds === 1
        ? `--fold ${fold} does not exist: the data set gives one split, expected 0`
        : `--fold ${fold} does not exist, expected 0 to ${folds - 1}`,
    );
  }
}

function unknownCase(id: string, side: string): Finding {
  return {
    code: "E10",
    file: id,
    found: `a case in ${side} that the data set does not hold`,
    expected: "only ids of the data set",
    remedy: "correct the splits file",
  };
}

function patientOnTwoSides({ patient, slices }: CaseFiles, sides: readonly [string, string], begun: boolean): Finding {
  const leak = twoSides(`patient ${patient}`, sides);
  if (begun) {
    return {
      ...leak,
      code: "W07",
      remedy: "the run goes on with the split that it was begun with; its scores are too good, so train anew",
    };
  }
  // A stack of slices gets its name from --group, which therefore cannot take it apart.
  return slices
    ? leak
    : { ...leak, remedy: `${leak.remedy}, or add --group '(.+)' if every case is a patient of its own` };
}

function twoSides(subject: string, [first, second]: readonly [string, string]): Finding {
  const where = first === second ? `${first} twice` : `${first} and in ${second}`;
  return {
    code: "E10",
    file: subject,
    found: `it in ${where}`,
    expected: "one side only",
    remedy: "correct the split: what is trained on cannot be scored",
  };
}
