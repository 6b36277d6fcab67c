/** Where progress and notes go: injected, so that no library code prints. */

/** Receives what a long piece of work has to say. */
export interface Reporter {
  /** A state that replaces the one before: one live line on a terminal, nothing in a log. */
  progress(text: string): void;
  /** A line that stays. */
  note(text: string): void;
  /** A line that stays and that the user should read. */
  warn(text: string): void;
}

/** What long work is given by its caller. */
export interface WorkContext {
  readonly reporter: Reporter;
  /** Aborted by Ctrl-C and SIGTERM: the work saves what it has and ends. */
  readonly signal: AbortSignal;
  /** Widest line of the texts that are given back; absent: as wide as they get. */
  readonly columns?: number | undefined;
}

/** Says nothing; for tests and for callers that only want the result. */
export const silentReporter: Reporter = { progress() {}, note() {}, warn() {} };
