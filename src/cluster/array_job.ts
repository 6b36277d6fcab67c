/** What an array job runs, whatever the scheduler. */

/** A command that is run once per task, and what a task needs. */
export interface ArrayJob {
  /** Letters of a to z, digits and hyphens. */
  readonly name: string;
  readonly command: readonly string[];
  /** Numbers from 0 to one less. */
  readonly tasks: number;
  /** Tasks that may run at the same time; undefined: all. */
  readonly atOnce?: number | undefined;
  /** Processor cores of a task. */
  readonly cores: number;
  /** In MiB. */
  readonly memoryMib: number;
  readonly gpus: number;
  /** The command that joins what the tasks made. */
  readonly afterwards?: readonly string[] | undefined;
}
