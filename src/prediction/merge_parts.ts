/** Joins the parts of a prediction that several tasks shared. */
import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { Failure } from "../failure.ts";
import { makeFolder, refuseExisting, writeFailure, writeJsonAtomic } from "../files.ts";
import { temporaryName } from "../temporary_files.ts";
import { countOf } from "../text.ts";
import { idsHash, type PartCase, type PartRecord, readRecord, recordName } from "./part_record.ts";

/** A prediction that is whole; also in `prediction.json`. */
export interface MergedPrediction {
  readonly folder: string;
  readonly model: string;
  readonly configuration: string;
  readonly parts: number;
  readonly cases: readonly PartCase[];
  /** Cases that could not be predicted: they have no files. */
  readonly failures: PartRecord["failures"];
}

interface PlacedPart {
  readonly folder: string;
  readonly record: PartRecord;
}

const RECORD = /^part-\d{1,6}-of-\d{1,6}\.json$/;

/** Whether a folder holds parts of a prediction, done or not. */
export function holdsParts(folder: string): boolean {
  return readdirSync(folder).some((name) => RECORD.test(name));
}

/**
 * Checks that the parts in `folders` are one whole prediction, and brings their files together in `out`.
 *
 * @throws {Failure} where a part or a file is missing, not done, there twice, or of another model, options or cases than the
 * others; or where a file to write exists and `force` is not set.
 */
export function mergeParts(
  folders: readonly string[],
  { out, force }: { out: string; force: boolean },
): MergedPrediction {
  const path = join(out, "prediction.json");
  refuseExisting(path, force);
  const parts = [...new Set(folders.map((folder) => resolve(folder)))].flatMap(partsOf)
    .sort((a, b) => a.record.part.number - b.record.part.number);
  const { model, configuration, all } = refuseMixture(parts);
  refuseDuplicates(parts);
  refuseGaps(parts);
  const files = parts.flatMap(({ folder, record }) =>
    withoutFailures(record).flatMap((one) =>
      one.files.map((name) => ({ from: join(folder, name), to: join(out, name) }))
    )
  );
  for (const { from } of files) {
    if (!existsSync(from)) throw new Failure(`${from} is missing, though its part is done; predict the part again`);
  }
  const ids = parts.flatMap(({ record }) => record.cases.map(({ id }) => id));
  if (ids.length !== all.count || idsHash(ids) !== all.ids) {
    throw new Failure(
      `The parts have ${
        countOf(ids.length, "case")
      }, expected the ${all.count} that they were dealt out from; predict them again`,
    );
  }
  const copies = files.filter(({ from, to }) => resolve(from) !== resolve(to));
  for (const { to } of copies) refuseExisting(to, force);
  makeFolder(out);
  for (const { from, to } of copies) copyAtomic(from, to);
  const byId = (a: { id: string }, b: { id: string }) => a.id < b.id ? -1 : 1;
  const merged = {
    folder: out,
    model,
    configuration,
    parts: parts.length,
    cases: parts.flatMap(({ record }) => withoutFailures(record)).sort(byId),
    failures: parts.flatMap(({ record }) => record.failures).sort(byId),
  };
  writeJsonAtomic(path, merged);
  return merged;
}

function withoutFailures({ cases, failures }: PartRecord): PartCase[] {
  return cases.filter(({ id }) => !failures.some((failure) => failure.id === id));
}

function partsOf(folder: string): PlacedPart[] {
  const names = readdirSync(folder).filter((name) => RECORD.test(name));
  if (names.length === 0) {
    throw new Failure(
      `${folder} holds no part of a prediction, expected part-<i>-of-<n>.json as seg predict --part writes it; leave it out`,
    );
  }
  return names.map((name) => {
    const record = readRecord(join(folder, name));
    if (recordName(record.part) !== name) {
      throw new Failure(`${join(folder, name)} is ${recordName(record.part)} by its content; give it its own name`);
    }
    return { folder, record };
  });
}

function refuseMixture(parts: readonly PlacedPart[]): PartRecord {
  const [first, ...others] = parts as [PlacedPart, ...PlacedPart[]];
  for (const { folder, record } of others) {
    const path = join(folder, recordName(record.part));
    const than = join(first.folder, recordName(first.record.part));
    if (record.configuration !== first.record.configuration) {
      throw new Failure(`${path} is of another model or other options than ${than}; merge parts of one prediction`);
    }
    if (record.all.ids !== first.record.all.ids || record.part.of !== first.record.part.of) {
      throw new Failure(`${path} is dealt out from other cases than ${than}; merge parts of one prediction`);
    }
  }
  for (const { folder, record } of parts) {
    if (record.done) continue;
    throw new Failure(
      `${join(folder, recordName(record.part))} is not done; run its command again, which does what is left`,
    );
  }
  return first.record;
}

function refuseDuplicates(parts: readonly PlacedPart[]): void {
  const folderOf = new Map<number, string>();
  for (const { folder, record: { part } } of parts) {
    const other = folderOf.get(part.number);
    if (other !== undefined) {
      throw new Failure(
        `Part ${part.number} of ${part.of} is in ${other} and in ${folder}, expected every part once; name one of the two`,
      );
    }
    folderOf.set(part.number, folder);
  }
}

function refuseGaps(parts: readonly PlacedPart[]): void {
  const [{ record: { part: { of } } }] = parts as [PlacedPart];
  const found = new Set(parts.map(({ record }) => record.part.number));
  const missing = Array.from({ length: of }, (_, i) => i + 1).filter((number) => !found.has(number));
  if (missing.length > 0) {
    const [subject, verb] = missing.length === 1 ? ["Part", "is"] : ["Parts", "are"];
    throw new Failure(
      `${subject} ${missing.join(", ")} of ${of} ${verb} missing; predict what is missing, or name its folder too`,
    );
  }
}

function copyAtomic(from: string, to: string): void {
  const temporary = temporaryName(to);
  try {
    copyFileSync(from, temporary);
    const file = openSync(temporary, "r+");
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, to);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw writeFailure(to, error);
  }
}
