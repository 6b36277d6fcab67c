/**
 * The errors that a user can mend, told apart from faults of the program.
 *
 * A message is one sentence: the file, what was found, what was expected, the remedy.
 */

/** The work failed or a check found errors: the program ends with exit code 1. */
export class Failure extends Error {
  override name = "Failure";
}

/** The command line is wrong: the program ends with exit code 2. */
export class UsageFailure extends Error {
  override name = "UsageFailure";
}

/** The text of anything that was thrown; errors of the operating system in words, such as `there is no such file (scan.nii)`. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code = "", path } = error as { readonly code?: string; readonly path?: unknown };
  const words = SYSTEM_ERRORS[code];
  if (words === undefined) return error.message;
  return typeof path === "string" ? `${words} (${path})` : words;
}

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EACCES: "permission is denied",
  EBUSY: "another program holds it",
  EEXIST: "it exists already",
  EISDIR: "it is a folder, not a file",
  ELOOP: "its links lead in a circle",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "its name is longer than the file system allows",
  ENOENT: "there is no such file or folder",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is no folder",
  ENOTEMPTY: "the folder is not empty",
  EPERM: "it is not permitted",
  EROFS: "the file system is read-only",
};
