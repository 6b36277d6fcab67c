/** What `seg cluster` does: looks at the command of a task, and writes the array job around it. */
import { existsSync } from "node:fs";
import { posix } from "node:path";
import type { ArrayJob } from "../cluster/array_job.ts";
import { kubernetesJob, type VolumeMount } from "../cluster/kubernetes_job.ts";
import { slurmScript } from "../cluster/slurm_script.ts";
import { readSplits } from "../data/splits.ts";
import { type Outcome, usageFailure } from "../command_line/command.ts";
import { nextLine } from "../command_line/next_line.ts";
import { parseArguments } from "../command_line/parse.ts";
import type { UsageFailure } from "../failure.ts";
import { refuseExisting, writeFileAtomic } from "../files.ts";
import { countOf } from "../text.ts";
import { TRAIN_DEFAULTS } from "../training/runs/train_options.ts";
import type { ClusterArguments } from "./cluster_arguments.ts";
import { predict } from "./predict.ts";
import type { PredictArguments } from "./predict_arguments.ts";
import { train } from "./train.ts";
import type { TrainArguments } from "./train_arguments.ts";

const SHORTEST_SECONDS = 600;

/** @throws {UsageFailure} where the command of a task is wrong, has one task only, or writes to a place that is lost. */
export async function runCluster(args: ClusterArguments): Promise<Outcome> {
  const { scheduler, cores = 4, memory: memoryMib = 8192, gpus = 0, atOnce } = args;
  refuseShortTime(args);
  const work = await workOf(args, cores);
  const job: ArrayJob = { ...work, name: args.name ?? work.name, atOnce, cores, memoryMib, gpus };
  const text = scheduler === "slurm"
    ? slurmScript(job, { timeSeconds: args.time, setup: args.setup })
    : kubernetesJob(job, kubernetesOptions(args, work.out));
  const { out } = args;
  if (out !== undefined) {
    refuseExisting(out, args.force);
    writeFileAtomic(out, text);
  }
  const submit = scheduler === "slurm" ? ["sbatch"] : ["kubectl", "apply", "-f"];
  return {
    json: {
      scheduler,
      name: job.name,
      tasks: job.tasks,
      command: job.command,
      ...(out === undefined ? { text } : { out }),
    },
    text: out === undefined ? text.trimEnd() : `${out}: ${countOf(job.tasks, "task")}`,
    ...(out !== undefined && { next: nextLine([...submit, out]) }),
  };
}

type Work = Pick<ArrayJob, "name" | "command" | "tasks" | "afterwards"> & { readonly out?: string };

/** What a task is: the command with the threads it may use, and how often it is to be run. */
async function workOf(args: ClusterArguments, cores: number): Promise<Work> {
  const { command, tasks, program = "seg" } = args;
  const words = command[0] === "seg" ? command.slice(1) : command;
  const [name, ...others] = words;
  if (name === undefined) throw usage("COMMAND is missing: give the command of a task behind --");
  if (name !== "train" && name !== "predict") {
    if (tasks === undefined) throw usage(`${name} has no parts of its own: give the number of tasks with --tasks`);
    return { name: "seg-array", command: command[0] === "seg" ? [program, ...words] : command, tasks };
  }
  if (tasks !== undefined) throw usage(`--tasks does not go with ${name}: its own options say how many there are`);
  const place = { pathsElsewhere: args.scheduler === "kubernetes" };
  const found = name === "train"
    ? trainTasks((await parseArguments(train, others, place)).values)
    : predictTasks((await parseArguments(predict, others, place)).values);
  const threads = found.threads === undefined ? ["--threads", String(cores)] : [];
  return {
    name: `seg-${name}`,
    command: [program, ...words, ...threads],
    tasks: found.tasks,
    afterwards: [program, "merge", found.out],
    out: found.out,
  };
}

interface Tasks {
  readonly tasks: number;
  readonly out: string;
  readonly threads: number | undefined;
}

function trainTasks({ fold, folds, seed, splitFile, out, threads }: TrainArguments): Tasks {
  if (typeof fold !== "object" && typeof seed !== "object") {
    throw usage("the command has one task only: give it --fold auto, --seed auto/n or both");
  }
  if (fold === "all") throw usage("--fold all does not go with --seed auto: give --fold auto, a fold per task");
  refuseLaterBeginning([fold, seed]);
  if (out === undefined) throw usage("the command needs --out, the folder of all tasks");
  // A splits file of another machine cannot be counted: --folds has to say it.
  const inFile = splitFile !== undefined && existsSync(splitFile) ? readSplits(splitFile).length : undefined;
  const foldCount = typeof fold === "object" ? inFile ?? folds ?? TRAIN_DEFAULTS.folds : 1;
  return { tasks: foldCount * (typeof seed === "object" ? seed.of : 1), out, threads };
}

function predictTasks({ part, out, threads }: PredictArguments): Tasks {
  if (part === undefined || "number" in part) {
    throw usage("the command has one task only: give it --part auto/n");
  }
  refuseLaterBeginning([part]);
  return { tasks: part.of, out, threads };
}

function refuseLaterBeginning(given: readonly unknown[]): void {
  if (given.some((one) => typeof one === "object" && one !== null && (one as { first?: unknown }).first === 1)) {
    throw usage("auto:1 is for arrays that begin at 1, and this one begins at 0: write auto");
  }
}

/** Two minutes of it are for saving: a shorter time would be queued again and again. */
function refuseShortTime({ time }: ClusterArguments): void {
  if (time !== undefined && time < SHORTEST_SECONDS) {
    throw usage(`--time: found ${time} s, expected ${SHORTEST_SECONDS / 60} minutes or more`);
  }
}

function kubernetesOptions({ image, mounts, userId = 1000 }: ClusterArguments, out: string | undefined) {
  const twice = mounts.find(({ path }, i) => mounts.findIndex((one) => one.path === path) !== i);
  if (twice !== undefined) throw usage(`--mount: ${twice.path} stands more than once`);
  if (image === undefined) throw usage("kubernetes needs --image, an image with seg in it");
  if (out !== undefined && !mounts.some((mount) => !mount.readOnly && holds(mount, out))) {
    throw usage(
      `--out ${out} of the command is in no volume that can be written to and outlives the pod; give one with --mount claim:path`,
    );
  }
  return { image, mounts, userId };
}

function holds({ path }: VolumeMount, file: string): boolean {
  const normal = posix.normalize(file);
  return normal === path || normal.startsWith(`${path}/`);
}

function usage(text: string): UsageFailure {
  return usageFailure("cluster", text);
}
