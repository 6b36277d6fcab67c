/** Which task of an array job this is, from the variables of the scheduler that started it. */
import { UsageFailure } from "../failure.ts";

/** Where a command line takes a number from the scheduler: `auto`, or `auto:1` for an array that begins at 1. */
export interface AutoIndex {
  /** The number of the first task; undefined: 1 where the scheduler has no 0, else 0. */
  readonly first: 1 | undefined;
}

/** The place of a task among all of its job. */
export interface ArrayIndex {
  /** The variable that it was taken from. */
  readonly variable: string;
  /** What the variable holds. */
  readonly value: number;
  /** The same, from 0. */
  readonly index: number;
}

interface Scheduler {
  readonly variable: string;
  /** The number of the first task. Grid Engine and LSF have none before 1. */
  readonly first: 0 | 1;
  /** What the variable holds in a job that is no array. */
  readonly none?: string;
  /** The variable with the largest number of the array. */
  readonly last?: string;
}

// sbatch(1), Kubernetes "Indexed Job", bsub(1), OpenPBS and Torque qsub(1B), Grid Engine qsub(1).
const SCHEDULERS: readonly Scheduler[] = [
  { variable: "SLURM_ARRAY_TASK_ID", first: 0, last: "SLURM_ARRAY_TASK_MAX" },
  { variable: "JOB_COMPLETION_INDEX", first: 0 },
  { variable: "LSB_JOBINDEX", first: 1, none: "0", last: "LSB_JOBINDEX_END" },
  { variable: "PBS_ARRAY_INDEX", first: 0 },
  { variable: "PBS_ARRAYID", first: 0 },
  { variable: "SGE_TASK_ID", first: 1, none: "undefined", last: "SGE_TASK_LAST" },
];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The place of this task among `count`.
 *
 * @param about.option the options that ask for it, for messages, e.g. `--fold auto`.
 * @throws {UsageFailure} where no scheduler gives a number, two give different ones, or the array is larger than the work.
 */
export function arrayIndex(
  environment: Environment,
  { count, first, option }: { count: number; option: string } & AutoIndex,
): ArrayIndex {
  const given = SCHEDULERS.filter(({ variable, none }) => ![undefined, "", none].includes(environment[variable]));
  const [scheduler, ...others] = given;
  if (scheduler === undefined) {
    throw new UsageFailure(
      `${option} takes its number from an array job, but none of ${
        SCHEDULERS.map(({ variable }) => variable).join(", ")
      } ` +
        `is set; submit the command as an array job, or give the number itself`,
    );
  }
  const { variable, last } = scheduler;
  const base = first ?? scheduler.first;
  const value = numberOf(environment, variable);
  const other = others.find((one) => numberOf(environment, one.variable) - (first ?? one.first) !== value - base);
  if (other !== undefined) {
    throw new UsageFailure(
      `${variable} is ${value} and ${other.variable} is ${
        environment[other.variable]
      }, so that ${option} is unclear; ` +
        `unset the one that is not of this job`,
    );
  }
  // The whole array is looked at, so that one that begins at 1 ends at once, and not with its last task alone.
  const largest = last === undefined || !/^\d+$/.test(environment[last] ?? "") ? value : numberOf(environment, last);
  const [wrong, found] = value < base || largest === value ? [variable, value] : [last, largest];
  if (value < base || largest >= base + count) {
    const expected = `${base}-${base + count - 1}`;
    const hint = largest === count && base === 0 ? ", or write auto:1 for an array that begins at 1" : "";
    throw new UsageFailure(
      `${wrong} is ${found}, expected numbers of ${expected} for ${option}; submit the array as ${expected}${hint}`,
    );
  }
  return { variable, value, index: value - base };
}

function numberOf(environment: Environment, variable: string): number {
  const text = environment[variable] ?? "";
  if (!/^\d{1,9}$/.test(text)) {
    throw new UsageFailure(`${variable} is ${JSON.stringify(text)}, expected the whole number of a task`);
  }
  return Number(text);
}
