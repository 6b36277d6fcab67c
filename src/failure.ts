/**
 * The errors that a user can mend, told apart from faults of the program.
 *
 * A message is one sentence: the file, what was found, what was expected, the remedy.
 */
import { systemError } from "./system_errors.ts";

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
  const [words] = systemError(error) ?? [];
  if (words === undefined) return error.message;
  const { path } = error as { readonly path?: unknown };
  return typeof path === "string" ? `${words} (${path})` : words;
}
