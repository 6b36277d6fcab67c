/** A batch script for Slurm's `sbatch`. */
import type { ArrayJob } from "./array_job.ts";
import { commentText, shellLine } from "../shell_words.ts";

/** What Slurm is told beside the job. */
export interface SlurmOptions {
  /** Time limit of a task; undefined: that of the partition. */
  readonly timeSeconds?: number | undefined;
  /** A shell command that is run before, such as `module load nodejs`. */
  readonly setup?: string | undefined;
}

/** How long before its time is over a task is told to save. */
const WARNING_SECONDS = 120;

/**
 * The script of an array job (sbatch(1)). Shortly before its time is over Slurm sends SIGUSR1 to the script alone (`B:`), which
 * passes it on; the program saves and ends with 130, and the task is queued again. Numbers begin at 0.
 */
export function slurmScript(job: ArrayJob, { timeSeconds, setup }: SlurmOptions = {}): string {
  const last = job.tasks - 1;
  const directives = [
    `--job-name=${job.name}`,
    `--array=0-${last}${job.atOnce === undefined ? "" : `%${job.atOnce}`}`,
    "--nodes=1",
    "--ntasks=1",
    `--cpus-per-task=${job.cores}`,
    `--mem=${job.memoryMib}M`,
    ...(job.gpus > 0 ? [`--gres=gpu:${job.gpus}`] : []),
    ...(timeSeconds === undefined ? [] : [`--time=${slurmTime(timeSeconds)}`]),
    `--output=${job.name}-%A_%a.log`,
    "--open-mode=append",
    "--requeue",
    `--signal=B:USR1@${WARNING_SECONDS}`,
  ];
  const afterwards = job.afterwards === undefined
    ? []
    : ["# When all tasks are done:", `#   ${commentText(shellLine(job.afterwards))}`];
  return `#!/bin/bash
# ${job.tasks} tasks of:
#   ${commentText(shellLine(job.command))}
# Hand it in with sbatch, in the folder that its paths start from.
${[...afterwards, ...directives.map((directive) => `#SBATCH ${directive}`)].join("\n")}

set -u
${setup === undefined ? "" : `\n${setup}\n`}
program=
queue_again=no
interrupted=no

# Slurm's warning that the time is nearly over: the program saves, and the task is queued again.
trap 'interrupted=yes; queue_again=yes; [ -z "$program" ] || kill -USR1 "$program" 2>/dev/null' USR1
# The end that someone asked for: the program saves.
trap 'interrupted=yes; [ -z "$program" ] || kill -TERM "$program" 2>/dev/null' TERM

${shellLine(job.command)} &
program=$!

# A signal ends "wait" before the program has ended.
wait "$program"
status=$?
while [ "$interrupted" = yes ]; do
  interrupted=no
  wait "$program"
  status=$?
done

# 130: stopped by a signal, and saved.
if [ "$queue_again" = yes ] && [ "$status" -eq 130 ]; then
  exec scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
`;
}

/** Days, hours, minutes and seconds, rounded up. */
function slurmTime(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  return `${Math.floor(whole / 86400)}-${two((whole % 86400) / 3600)}:${two((whole % 3600) / 60)}:${two(whole % 60)}`;
}
