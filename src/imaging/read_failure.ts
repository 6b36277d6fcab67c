/** The one form in which every reader of this folder tells what is wrong with a file. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Failure, messageOf } from "../failure.ts";

/** `Cannot read <path>: <found>; <remedy>`, as an error to throw. */
export function readFailure(path: string, found: string, remedy: string): Failure {
  return new Failure(`Cannot read ${path}: ${found}; ${remedy}`);
}

/** An open file whose reads end in a sentence rather than a system error. */
export interface OpenFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Fills `target` from byte `position`; returns how many bytes were there. */
  read(target: Uint8Array, position: number): number;
}

/**
 * Opens `path`, hands it to `use` and closes it.
 *
 * @throws {Failure} where the file is missing, a folder, or not readable.
 */
export function withFile<T>(path: string, use: (file: OpenFile) => T): T {
  const descriptor = attempt(path, () => openSync(path, "r"));
  try {
    const status = attempt(path, () => fstatSync(descriptor));
    if (!status.isFile()) throw readFailure(path, "this is not a file", "name the image file itself");
    const read = (target: Uint8Array, position: number) =>
      attempt(path, () => {
        let filled = 0;
        while (filled < target.length) {
          const count = readSync(descriptor, target, filled, target.length - filled, position + filled);
          if (count === 0) break;
          filled += count;
        }
        return filled;
      });
    return use({ path, sizeBytes: status.size, read });
  } finally {
    closeSync(descriptor);
  }
}

/** All bytes of `path`; refused above `limitBytes`, before memory is taken. */
export function readWholeFile(path: string, limitBytes: number): Uint8Array<ArrayBuffer> {
  return withFile(path, (file) => {
    if (file.sizeBytes > limitBytes) {
      throw readFailure(path, `the file has ${file.sizeBytes} bytes`, `files of up to ${limitBytes} bytes are read`);
    }
    const bytes = new Uint8Array(file.sizeBytes);
    const count = file.read(bytes, 0);
    return count === bytes.length ? bytes : bytes.slice(0, count);
  });
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    const known = SYSTEM_FAULTS[code];
    if (known !== undefined) throw readFailure(path, known[0], known[1]);
    throw readFailure(path, messageOf(error), "check the file and its disk");
  }
}

const SYSTEM_FAULTS: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ["there is no such file", "check the name"],
  ENOTDIR: ["there is no such file", "check the name"],
  EISDIR: ["this is a folder", "name the image file itself"],
  EACCES: ["permission is denied", "make the file readable"],
  EPERM: ["permission is denied", "make the file readable"],
  EMFILE: ["too many files are open", "raise the limit with ulimit -n"],
};
