/**
 * Reading within bounds, and writing so that nothing is lost: every file appears whole, under its own name, or not at all.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import type { Hash } from "node:crypto";
import { dirname } from "node:path";
import type { InferOutput } from "valibot";
import { Failure, messageOf } from "./failure.ts";
import { parseJson, type Schema } from "./json.ts";
import { systemFault } from "./system_faults.ts";
import { removeLeftovers, temporaryName } from "./temporary_files.ts";

/** `Cannot read <path>: <found>; <remedy>`, as an error to throw. */
export function readFailure(path: string, found: string, remedy: string): Failure {
  return new Failure(`Cannot read ${path}: ${found}; ${remedy}`);
}

/** Node refuses to read or write 2³¹ bytes or more in one call. */
const MOST_BYTES_AT_ONCE = 2 ** 30;

/** Of larger arrays, as much as is copied at once. */
const PIECE_BYTES = 2 ** 26;

/** An open file whose reads end in a sentence rather than a system error. */
export interface OpenFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Fills `target` from byte `position`; returns how many bytes were there. */
  read(target: Uint8Array, position: number): number;
}

/**
 * Opens the regular file `path`, hands it to `use` and closes it.
 *
 * @param remedy for what has none of its own: the end of the sentence.
 * @throws {Failure} where the file is missing, not readable, or a folder, a pipe or a device, which are not opened.
 */
export function withFile<T>(path: string, use: (file: OpenFile) => T, remedy?: string): T {
  const attempt = <R>(action: () => R): R => {
    try {
      return action();
    } catch (error) {
      const [found, itsRemedy] = systemFault(error) ?? [messageOf(error), "check the file and its disk"];
      throw readFailure(path, found, remedy ?? itsRemedy);
    }
  };
  // Before it is opened: opening a pipe waits for its other end.
  const status = attempt(() => statSync(path));
  if (!status.isFile()) throw readFailure(path, `this is ${kindOf(status)}`, remedy ?? "name the file itself");
  const descriptor = attempt(() => openSync(path, "r"));
  try {
    const read = (target: Uint8Array, position: number) =>
      attempt(() => {
        let filled = 0;
        // Through a small array: Deno reads nothing into a part of an array of 2³¹ bytes or more.
        const piece = target.buffer.byteLength > MOST_BYTES_AT_ONCE ? new Uint8Array(PIECE_BYTES) : undefined;
        while (filled < target.length) {
          const rest = target.length - filled;
          const part = piece?.subarray(0, rest) ?? target.subarray(filled);
          const count = readSync(descriptor, part, 0, part.length, position + filled);
          if (count === 0) break;
          if (piece !== undefined) target.set(part.subarray(0, count), filled);
          filled += count;
        }
        return filled;
      });
    return use({ path, sizeBytes: attempt(() => fstatSync(descriptor)).size, read });
  } finally {
    closeSync(descriptor);
  }
}

function kindOf(status: Stats): string {
  if (status.isDirectory()) return "a folder";
  if (status.isFIFO()) return "a named pipe";
  return status.isSocket() ? "a socket" : "a device";
}

/** All bytes of `path`; refused above `limitBytes`, before memory is taken. @throws {Failure} as {@link withFile}. */
export function readWholeFile(path: string, limitBytes: number, remedy?: string): Uint8Array<ArrayBuffer> {
  return withFile(path, (file) => {
    if (file.sizeBytes > limitBytes) {
      const expected = `files of up to ${limitBytes} bytes are read`;
      throw readFailure(path, `the file has ${file.sizeBytes} bytes`, remedy ? `${expected}; ${remedy}` : expected);
    }
    const bytes = new Uint8Array(file.sizeBytes);
    const count = file.read(bytes, 0);
    return count === bytes.length ? bytes : bytes.slice(0, count);
  }, remedy);
}

/** Adds the content of a file to `hash`, piece by piece; returns its size. @throws {Failure} as {@link withFile}. */
export function hashFile(path: string, hash: Hash, remedy?: string): number {
  return withFile(path, (file) => {
    const piece = new Uint8Array(2 ** 20);
    let position = 0;
    for (let count = 0; (count = file.read(piece, position)) > 0; position += count) {
      hash.update(piece.subarray(0, count));
    }
    return position;
  }, remedy);
}

/** The text of a UTF-8 file. @throws {Failure} as {@link readWholeFile}, and where it is no UTF-8. */
export function readTextFile(path: string, limitBytes: number, remedy?: string): string {
  const bytes = readWholeFile(path, limitBytes, remedy);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw readFailure(path, "it is no text in UTF-8", remedy ?? "give a text file");
  }
}

const LARGEST_JSON_BYTES = 16 * 2 ** 20;

/**
 * The value of a JSON file.
 *
 * @param remedy the end of the sentence: "give the folder of a run to --resume".
 * @throws {Failure} where it cannot be read, is larger than `largestBytes` (default: 16 MiB), is no JSON or nested too deeply,
 * or does not fit the schema: one sentence with the file, the field, what was found and what was expected.
 */
export function readJson<S extends Schema>(
  path: string,
  schema: S,
  remedy: string,
  { largestBytes = LARGEST_JSON_BYTES, deepest }: { largestBytes?: number; deepest?: number } = {},
): InferOutput<S> {
  return parseJson(readTextFile(path, largestBytes, remedy), schema, { from: path, remedy, deepest });
}

/**
 * Writes `content` beside `path`, flushes it to the disk and renames it.
 *
 * @param options `durable`: the new name too is on the disk at the end, so that a power cut loses no more than a kill.
 * @throws {Failure} where the disk is full, the file-size limit is reached or the folder is missing; the target is then as it was.
 */
export function writeFileAtomic(
  path: string,
  content: Uint8Array | string,
  { durable = false }: { durable?: boolean } = {},
): void {
  removeLeftovers(dirname(path));
  const temporary = temporaryName(path);
  try {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const file = openSync(temporary, "wx");
    try {
      for (let written = 0; written < bytes.length;) {
        // A copy of its own, for the reason of `withFile`.
        const piece = bytes.buffer.byteLength > MOST_BYTES_AT_ONCE
          ? bytes.slice(written, written + PIECE_BYTES)
          : bytes.subarray(written);
        written += writeSync(file, piece);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw writeFailure(path, error);
  }
  if (durable) flushFolder(dirname(path));
}

function flushFolder(folder: string): void {
  try {
    const file = openSync(folder, "r");
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch {
    // Windows opens no folders; its file system keeps names in order by itself.
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
  const remedy = WRITE_REMEDIES[code] ?? systemFault(error)?.join("; ");
  return new Failure(`Cannot write ${path}: ${remedy ?? messageOf(error)}`, { cause: error });
}

const WRITE_REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: "its folder does not exist; create the folder first",
  ENOTDIR: "a part of the path is a file; choose another place",
  EACCES: "permission is denied; choose another place",
  EROFS: "the file system is read-only; choose another place",
};

/** Writes `value` as indented JSON with a final newline; NaN and infinities are written as null. */
export function writeJsonAtomic(path: string, value: unknown): void {
  writeFileAtomic(path, `${JSON.stringify(value, undefined, 2)}\n`);
}

/** @throws {Failure} where `path`, which `option` names, exists and `force` is not set: nothing is overwritten silently. */
export function refuseExisting(path: string, force: boolean, option = "--out"): void {
  if (!force && existsSync(path)) {
    throw new Failure(`${path} exists already; choose another name with ${option} or add --force to overwrite it`);
  }
}
