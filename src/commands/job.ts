/** What a parsed command line becomes: work that gets everything from outside and gives back what is to be printed. */
import type { WorkContext } from "../reporter.ts";

/** What a job may use. */
export type JobContext = WorkContext;

/** What a finished job has to show. */
export interface Outcome {
  /** The document that `--json` prints. */
  readonly json: unknown;
  /** What is printed to stdout otherwise. */
  readonly text: string;
  /** The command that a user will want next. */
  readonly next?: string | undefined;
  /** True where the work was done, but what it checks is not in order: exit code 1. */
  readonly failed?: boolean;
}

/** The work of one command line. */
export interface Job {
  readonly json: boolean;
  /** True where `signal` is heeded; the others end at once with the first Ctrl-C. */
  readonly stoppable?: boolean;
  readonly run: (context: JobContext) => Outcome | Promise<Outcome>;
}
