/** All faults of a data set in one run, so that a user mends them once. */
import { join } from "node:path";
import { UsageFailure } from "../failure.ts";
import { writeJsonAtomic } from "../files.ts";
import { type Reporter, silentReporter } from "../reporter.ts";
import { countOf } from "../text.ts";
import { type CaseStatistics, inspectCase } from "./case_statistics.ts";
import type { DataReading } from "./data_reading.ts";
import { type DatasetIndex, indexDataset, refuseWithoutEffect } from "./dataset.ts";
import { type Finding, isError } from "./finding.ts";
import { type Fingerprint, fingerprintOf } from "./fingerprint.ts";
import { patientCount } from "./patients.ts";
import { findLeaks, makeSplits, readSplits, type Split, writeSplits } from "./splits.ts";
import { warnAboutCases, warnAboutFolds, warnAboutSmallLesions } from "./warnings.ts";

/** What to check against. */
export interface CheckOptions extends DataReading {
  /** Side of the network's input in pixels; 64 where nothing is given. */
  readonly inputSize?: number | undefined;
  /** 5 folds with seed 0 where nothing is given. */
  readonly folds?: number | undefined;
  readonly seed?: number | undefined;
  /** A splits file to check in place of made folds. */
  readonly splitsFile?: string | undefined;
  /** The splits of a run that goes on, to be taken as they are. */
  readonly begunSplits?: readonly Split[] | undefined;
  readonly reporter?: Reporter | undefined;
}

/** The result; `layout`, `cases`, `errors` and `warnings` are the JSON of `seg check`. */
export interface CheckReport {
  readonly layout: string;
  readonly evidence: string;
  /** Label values whose voxels are left out; absent where there are none. */
  readonly ignored?: readonly number[];
  /** Cases with image and mask. */
  readonly cases: number;
  /** The patients that they are of. */
  readonly patients: number;
  /** Which patients have several cases, and how that is known; absent where none has. */
  readonly patientEvidence?: string;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** Folds of the usable cases; absent where there are too few. */
  readonly splits?: readonly Split[];
  readonly fingerprint: Fingerprint;
}

/**
 * Reads every file of a data set once and reports all faults.
 *
 * @throws {Failure} where the folder is missing or its layout is not recognized.
 * @throws {UsageFailure} where an option names something that does not exist.
 */
export function checkDataset(path: string, options: CheckOptions = {}): CheckReport {
  return inspectDataset(path, options).report;
}

/** As {@link checkDataset}, with the cases that were read: where the report has no error, they can be used. */
export function inspectDataset(
  path: string,
  options: CheckOptions = {},
): { readonly report: CheckReport; readonly index: DatasetIndex } {
  const { inputSize = 64, reporter = silentReporter } = options;
  if (!Number.isInteger(inputSize) || inputSize < 1) {
    throw new UsageFailure(`--input-size ${inputSize} is no size, expected a whole number of pixels from 1`);
  }
  const index = indexDataset(path, options);
  // A run that goes on has what it was given, whatever that does.
  if (options.begunSplits === undefined) refuseWithoutEffect(index, options);
  const findings: Finding[] = [...index.findings];
  const statistics: CaseStatistics[] = [];
  index.cases.forEach((files, done) => {
    reporter.progress(`Checking case ${done + 1} of ${index.cases.length}: ${files.id}`);
    const result = inspectCase(index, files, { plane: options.plane });
    findings.push(...result.findings);
    if (result.statistics) statistics.push(result.statistics);
  });
  if (index.cases.length === 0) findings.push(noCases(index));
  findings.push(...repeatedImages(statistics));
  const splits = splitsOf(index, { statistics, options, findings });
  findings.push(
    ...warnAboutCases(index, statistics),
    ...warnAboutFolds(index, { statistics, splits: splits ?? [] }),
    ...warnAboutSmallLesions(index, { statistics, inputSize }),
  );
  const report = {
    layout: index.layout,
    evidence: index.evidence,
    ...(index.labelling.ignored.length > 0 && { ignored: index.labelling.ignored }),
    cases: index.cases.length,
    patients: patientCount(index.cases),
    ...(index.patientEvidence !== undefined && { patientEvidence: index.patientEvidence }),
    errors: findings.filter(isError),
    warnings: findings.filter((finding) => !isError(finding)),
    ...(splits && { splits }),
    fingerprint: fingerprintOf(index, statistics),
  };
  return { report, index };
}

/** Writes `check.json`, `fingerprint.json` and, where there are folds, `splits.json` into a folder; returns their names. */
export function writeCheckFiles(report: CheckReport, folder: string): string[] {
  const { layout, evidence, cases, patients, errors, warnings } = report;
  const names = ["check.json", "fingerprint.json"];
  writeJsonAtomic(join(folder, "check.json"), { layout, evidence, cases, patients, errors, warnings });
  writeJsonAtomic(join(folder, "fingerprint.json"), report.fingerprint);
  if (report.splits) {
    writeSplits(join(folder, "splits.json"), report.splits);
    names.push("splits.json");
  }
  return names;
}

/** Given splits, those of a file, or made ones; leaks are added to the findings. */
function splitsOf(
  index: DatasetIndex,
  { statistics, options, findings }: {
    statistics: readonly CaseStatistics[];
    options: CheckOptions;
    findings: Finding[];
  },
): readonly Split[] | undefined {
  const given = index.givenSplits;
  const begun = options.begunSplits !== undefined;
  const splits = options.begunSplits?.slice() ??
    (options.splitsFile === undefined ? given && given.val.length > 0 && [given] : readSplits(options.splitsFile));
  if (splits) {
    for (const split of splits) findings.push(...findLeaks(index, { ...split, test: given?.test ?? [] }, { begun }));
    return splits;
  }
  const foreground = new Map(statistics.map(({ id, classVoxels }) => [id, classVoxels.reduce((a, b) => a + b, 0)]));
  const pool = new Set(given ? given.train : foreground.keys());
  const usable = index.cases.filter((files) => foreground.has(files.id) && pool.has(files.id));
  try {
    return makeSplits(usable, { folds: options.folds ?? 5, seed: options.seed ?? 0, foreground });
  } catch (error) {
    if (!(error instanceof UsageFailure)) throw error;
    findings.push({
      code: "W06",
      file: index.root,
      found: `${countOf(patientCount(usable), "patient")} with usable cases`,
      expected: `at least one for each of ${options.folds ?? 5} folds`,
      remedy: "use fewer --folds or add cases",
    });
    return undefined;
  }
}

/** E11 for every image that an earlier case has too, whatever its compression. */
function repeatedImages(statistics: readonly CaseStatistics[]): Finding[] {
  const first = new Map<string, CaseStatistics>();
  return statistics.flatMap((one) => {
    const twin = first.get(one.imageHash);
    if (!twin) first.set(one.imageHash, one);
    return twin
      ? [{
        code: "E11" as const,
        file: one.file,
        found: `the same voxels as in ${twin.file}`,
        expected: "every image once, since folds would put it on both sides",
        remedy: "remove one of the two cases",
      }]
      : [];
  });
}

function noCases(index: DatasetIndex): Finding {
  return {
    code: "E01",
    file: index.root,
    found: "no case with image and mask",
    expected: "at least one",
    remedy: "add the files of a case",
  };
}
