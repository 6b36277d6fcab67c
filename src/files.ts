/** Writing so that nothing is lost: every file appears whole, under its own name, or not at all. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { Failure, messageOf } from "./failure.ts";

/** The name that `path` has while it is being written; a file of the same folder, so that renaming is atomic. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(4).toString("hex")}.tmp`);
}

/**
 * Writes `content` beside `path`, flushes it to the disk and renames it.
 *
 * @throws {Failure} where the disk is full, the file-size limit is reached or the folder is missing; the target is then as it was.
 */
export function writeFileAtomic(path: string, content: Uint8Array | string): void {
  const temporary = temporaryName(path);
  try {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const file = openSync(temporary, "wx");
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw writeFailure(path, error);
  }
}

/** Makes a folder and those above it; one that exists is left as it is. @throws {Failure} where it cannot be made. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw writeFailure(folder, error);
  }
}

/** Turns an error of the file system during writing into one sentence with the remedy. */
export function writeFailure(path: string, error: unknown): Failure {
  const code = (error as { code?: string }).code ?? "";
  const remedy = WRITE_REMEDIES[code];
  return new Failure(`Cannot write ${path}: ${remedy ?? messageOf(error)}`, { cause: error });
}

const WRITE_REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free some space and run the command again",
  EDQUOT: "the disk quota is used up; free some space and run the command again",
  EFBIG: "the file-size limit of this shell is reached; raise it with ulimit -f and run the command again",
  ENOENT: "its folder does not exist; create the folder first",
  ENOTDIR: "a part of the path is a file; choose another folder with --out",
  EACCES: "permission is denied; choose another folder with --out",
  EROFS: "the file system is read-only; choose another folder with --out",
};

/** Writes `value` as indented JSON with a final newline; NaN and infinities are written as null. */
export function writeJsonAtomic(path: string, value: unknown): void {
  writeFileAtomic(path, `${JSON.stringify(value, undefined, 2)}\n`);
}

/** @throws {Failure} where `path` exists and `force` is not set: nothing is overwritten silently. */
export function refuseExisting(path: string, force: boolean): void {
  if (!force && existsSync(path)) {
    throw new Failure(`${path} exists already; choose another name with --out or add --force to overwrite it`);
  }
}
