/** What a part of a shared prediction leaves beside its masks: which cases it has, of what configuration, and whether it is done. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { Failure } from "../failure.ts";
import { makeFolder, readJson, writeJsonAtomic } from "../files.ts";
import { listOf, someText, wholeNumber } from "../schemas.ts";
import { sha256 } from "../sha256.ts";

const PartSchema = v.object({ number: wholeNumber(1), of: wholeNumber(1) });

/** One of several parts of the cases, by its number from 1. */
export type Part = Readonly<v.InferOutput<typeof PartSchema>>;

const PartCaseSchema = v.object({
  id: v.string(),
  // Names of files must not lead out of the folder.
  files: listOf(
    v.pipe(someText(), v.check((name) => !/^\.\.?$|[\\/\0]/.test(name), "a name of a file without a folder")),
  ),
});

/** A case and the names of all its files; the last one is written last. */
export type PartCase = Readonly<v.InferOutput<typeof PartCaseSchema>>;

/** The content of `part-<number>-of-<of>.json`. */
const PartRecord = v.object({
  part: PartSchema,
  model: v.string(),
  /** SHA-256 of the model and all that decides the masks; equal in all parts that belong together. */
  configuration: v.string(),
  /** Number of cases of all parts, and SHA-256 of their ids. */
  all: v.object({ count: wholeNumber(0), ids: v.string() }),
  cases: listOf(PartCaseSchema),
  /** All cases were tried. */
  done: v.boolean(),
  /** Cases that have no files: they are tried again when the part is. */
  failures: listOf(v.object({ id: v.string(), message: v.string() })),
});

export type PartRecord = Readonly<v.InferOutput<typeof PartRecord>>;

/** SHA-256 of the ids of cases in whatever order. */
export function idsHash(ids: readonly string[]): string {
  return sha256(JSON.stringify([...ids].sort()));
}

/** The name of a part's record. */
export function recordName({ number, of }: Part): string {
  return `part-${number}-of-${of}.json`;
}

/**
 * Whether a part is done already in `folder`. Where it is not, its record is written there as begun.
 *
 * @throws {Failure} where the record, or masks that are there without one, may be of another model or other options.
 */
export function beginPart(folder: string, record: PartRecord, { force }: { force: boolean }): "done" | "begun" {
  const path = join(folder, recordName(record.part));
  const files = record.cases.flatMap((one) => one.files);
  if (existsSync(path) && !force) {
    const before = readRecord(path);
    if (before.configuration !== record.configuration || before.all.ids !== record.all.ids) {
      const what = before.configuration === record.configuration ? "other cases" : "another model or other options";
      throw new Failure(`${path} is of ${what}; choose another --out, or add --force to make its masks anew`);
    }
    if (before.done && before.failures.length === 0 && files.every((name) => existsSync(join(folder, name)))) {
      return "done";
    }
  } else if (!force) {
    const present = files.find((name) => existsSync(join(folder, name)));
    if (present !== undefined) {
      throw new Failure(
        `${join(folder, present)} exists already, but not as a part of this prediction; choose another --out, or add ` +
          `--force to overwrite it`,
      );
    }
  }
  writeRecord(folder, record);
  return "begun";
}

/** Writes a record whole. @throws {Failure} where the folder cannot be written to. */
export function writeRecord(folder: string, record: PartRecord): void {
  makeFolder(folder);
  writeJsonAtomic(join(folder, recordName(record.part)), record);
}

/** @throws {Failure} where the file is no record of a part. */
export function readRecord(path: string): PartRecord {
  return readJson(path, PartRecord, "remove it with the masks of the part, and predict the part again");
}
