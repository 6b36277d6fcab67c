/** What a part of a shared prediction leaves beside its masks: which cases it has, of what configuration, and whether it is done. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, messageOf } from "../failure.ts";
import { makeFolder, writeJsonAtomic } from "../files.ts";
import { isObject } from "../json_object.ts";
import { sha256 } from "../sha256.ts";

/** One of several parts of the cases, by its number from 1. */
export interface Part {
  readonly number: number;
  readonly of: number;
}

/** A case and the names of all its files; the last one is written last. */
export interface PartCase {
  readonly id: string;
  readonly files: readonly string[];
}

/** The content of `part-<number>-of-<of>.json`. */
export interface PartRecord {
  readonly part: Part;
  readonly model: string;
  /** SHA-256 of the model and all that decides the masks; equal in all parts that belong together. */
  readonly configuration: string;
  /** Number of cases of all parts, and SHA-256 of their ids. */
  readonly all: { readonly count: number; readonly ids: string };
  readonly cases: readonly PartCase[];
  /** All cases were tried. */
  readonly done: boolean;
  /** Cases that have no files: they are tried again when the part is. */
  readonly failures: readonly { readonly id: string; readonly message: string }[];
}

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
  try {
    const record: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (!isRecord(record)) throw new Error("it is no record of a part");
    return record;
  } catch (error) {
    throw new Failure(
      `Cannot read ${path}: ${messageOf(error)}; remove it with the masks of the part, and predict the part again`,
      { cause: error },
    );
  }
}

function isRecord(value: unknown): value is PartRecord {
  if (!isObject(value)) return false;
  const { part, all, cases, done, configuration, model, failures } = value;
  // Names of files must not lead out of the folder.
  const isCase = (one: unknown) =>
    isObject(one) && typeof one["id"] === "string" && Array.isArray(one["files"]) &&
    one["files"].every((name) => typeof name === "string" && name !== "" && !/^\.\.?$|[\\/\0]/.test(name));
  return isObject(part) && Number.isInteger(part["number"]) && Number.isInteger(part["of"]) &&
    isObject(all) && Number.isInteger(all["count"]) && typeof all["ids"] === "string" &&
    Array.isArray(cases) && cases.every(isCase) && Array.isArray(failures) &&
    typeof done === "boolean" && typeof configuration === "string" && typeof model === "string";
}
