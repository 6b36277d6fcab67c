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

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
