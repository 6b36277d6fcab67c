/** `seg cluster`: array jobs for the schedulers that a lab has. */
import { command, multioption, optional, string } from "cmd-ts";
import type { VolumeMount } from "../cluster/kubernetes_job.ts";
import { duration, forceFlag, jsonFlag, memory, oneWordOf, wholeNumber } from "./arguments.ts";
import type { Job } from "./job.ts";
import { option, positional, restPositionals } from "./option.ts";

/** Names of jobs and claims (RFC 1123); a pod's name adds to it. */
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,38}[a-z0-9])?$/;

const name = {
  displayName: "name",
  from: (text: string): Promise<string> =>
    NAME.test(text) ? Promise.resolve(text) : Promise.reject(
      new Error(`found ${JSON.stringify(text)}, expected up to 40 letters of a to z, digits and hyphens`),
    ),
};

const mounts = {
  displayName: "claim:path",
  from: (texts: string[]): Promise<VolumeMount[]> =>
    new Promise((resolve) => {
      const found = texts.map((text) => {
        const [, claim = "", path = "", readOnly] = /^([^:]*):(\/[^:]*?)\/?(:ro)?$/.exec(text) ?? [];
        if (!/^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/.test(claim) || path === "" || /(^|\/)\.\.?(\/|$)/.test(path)) {
          throw new Error(
            `found ${JSON.stringify(text)}, expected a volume claim and where it is to be seen, such as data:/data:ro`,
          );
        }
        return { claim, path, readOnly: readOnly !== undefined };
      });
      const twice = found.find(({ path }, i) => found.findIndex((one) => one.path === path) !== i);
      if (twice !== undefined) throw new Error(`${twice.path} stands more than once`);
      resolve(found);
    }),
};

const program = {
  displayName: "program",
  from: (text: string): Promise<string> =>
    /^\s*$/.test(text) ? Promise.reject(new Error("the name of the program is empty")) : Promise.resolve(text),
};

const image = {
  displayName: "image",
  from: (text: string): Promise<string> =>
    /^[\w][\w.:/@-]*$/.test(text)
      ? Promise.resolve(text)
      : Promise.reject(new Error(`found ${JSON.stringify(text)}, expected the name of an image`)),
};

export const cluster = command({
  name: "seg cluster",
  description:
    "Write an array job that runs one command as many times as it has folds, seeds or parts: a batch script for Slurm, or a " +
    "manifest for Kubernetes. It is written or printed, never handed in. The command stands behind --, with --fold auto, " +
    "--seed auto/n or --part auto/n in it",
  args: {
    scheduler: positional({
      type: { ...oneWordOf(["slurm", "kubernetes"]), completion: { words: ["slurm", "kubernetes"] } },
      displayName: "scheduler",
      description: "slurm or kubernetes",
    }),
    command: restPositionals({
      type: { ...string, displayName: "command" },
      displayName: "command",
      description: "behind --: the command of a task, e.g. -- seg train DATASET --fold auto --out runs/cv",
    }),
    out: option({
      long: "out",
      type: optional({ ...program, displayName: "file" }),
      description: "the file to write (printed)",
    }),
    name: option({ long: "name", type: optional(name), description: "name of the job (seg-<command>)" }),
    atOnce: option({
      long: "at-once",
      type: optional(wholeNumber(1, 10000)),
      description: "tasks that may run at the same time (all)",
    }),
    cores: option({
      long: "cores",
      type: optional(wholeNumber(1, 1024)),
      description: "processor cores of a task, and threads where the command names none (4)",
    }),
    memory: option({ long: "memory", type: optional(memory), description: "memory of a task, e.g. 8G (8G)" }),
    gpus: option({
      long: "gpus",
      type: optional(wholeNumber(0, 16)),
      description: "graphics processors of a task (0)",
    }),
    tasks: option({
      long: "tasks",
      type: optional(wholeNumber(1, 10000)),
      description: "tasks of a command that is no seg train or predict (by the command)",
    }),
    program: option({
      long: "program",
      type: optional(program),
      description: "how seg is called on the nodes or in the image (seg)",
    }),
    time: option({ long: "time", type: optional(duration), description: "slurm: time limit of a task, e.g. 4h" }),
    setup: option({
      long: "setup",
      type: optional(program),
      description: 'slurm: a line of shell before the command, e.g. "module load nodejs"',
    }),
    image: option({ long: "image", type: optional(image), description: "kubernetes: image with seg in it" }),
    mounts: multioption({
      long: "mount",
      type: mounts,
      description:
        "kubernetes: claim:path or claim:path:ro, a volume claim and where it is seen; may stand several times",
    }),
    userId: option({
      long: "user-id",
      type: optional(wholeNumber(1, 2 ** 31 - 1)),
      description: "kubernetes: user and group of the processes (1000)",
    }),
    force: forceFlag,
    json: jsonFlag,
  },
  examples: [
    {
      description: "5 folds, 2 at once",
      command: "seg cluster slurm --at-once 2 --time 4h --out cv.sh -- seg train DATASET --fold auto --out runs/cv",
    },
    {
      description: "8 parts of a prediction",
      command: "seg cluster kubernetes --image seg:1 --mount scans:/scans:ro --mount masks:/masks " +
        "-- seg predict /masks/model.onnx /scans --part auto/8 --out /masks/all",
    },
  ],
  handler: (args): Job => ({
    json: args.json,
    run: async () => await (await import("./run_cluster.ts")).runCluster(args),
  }),
});
