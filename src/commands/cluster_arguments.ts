/** What `seg cluster` takes. */
import type { VolumeMount } from "../cluster/kubernetes_job.ts";
import {
  grouped,
  operand,
  option,
  repeatedOption,
  restOperands,
  type Values,
  type ValueType,
} from "../command_line/option.ts";
import { duration, found, memory, oneWordOf, plainText, wholeNumber } from "../command_line/types.ts";
import { forceFlag } from "./shared_options.ts";

/** Names of jobs and claims (RFC 1123); a pod's name adds to it. */
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,38}[a-z0-9])?$/;

const jobName: ValueType<string> = {
  placeholder: "NAME",
  example: "seg-train",
  read(text) {
    if (NAME.test(text)) return text;
    throw new Error(`${found(text)}, expected up to 40 letters of a to z, digits and hyphens`);
  },
};

const mount: ValueType<VolumeMount> = {
  placeholder: "CLAIM:PATH",
  example: "data:/data:ro",
  read(text) {
    const [, claim = "", path = "", readOnly] = /^([^:]*):(\/[^:]*?)\/?(:ro)?$/.exec(text) ?? [];
    if (!/^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/.test(claim) || path === "" || /(^|\/)\.\.?(\/|$)/.test(path)) {
      throw new Error(`${found(text)}, expected a volume claim and where it is to be seen, such as data:/data:ro`);
    }
    return { claim, path, readOnly: readOnly !== undefined };
  },
};

const program: ValueType<string> = {
  placeholder: "PROGRAM",
  example: "seg",
  read(text) {
    if (/^\s*$/.test(text)) throw new Error("the name of the program is empty");
    return text;
  },
};

const image: ValueType<string> = {
  placeholder: "IMAGE",
  example: "registry/seg:1",
  read(text) {
    if (/^[\w][\w.:/@-]*$/.test(text)) return text;
    throw new Error(`${found(text)}, expected the name of an image`);
  },
};

/** All that `seg cluster` takes. */
export const clusterArguments = {
  scheduler: operand({
    type: oneWordOf(["slurm", "kubernetes"]),
    name: "SCHEDULER",
    description: "slurm or kubernetes",
  }),
  command: restOperands({
    type: plainText("COMMAND", "seg"),
    name: "COMMAND",
    least: 0,
    description: "behind --: the command of a task, e.g. -- seg train DATASET --fold auto --out runs/cv",
  }),
  out: option({
    long: "out",
    type: { ...program, placeholder: "FILE", example: "job.sh" },
    description: "the file to write",
    otherwise: "printed",
  }),
  name: option({ long: "name", type: jobName, description: "name of the job", otherwise: "seg-<command>" }),
  atOnce: option({
    long: "at-once",
    type: wholeNumber(1, 10000),
    description: "tasks that may run at the same time",
    otherwise: "all",
  }),
  cores: option({
    long: "cores",
    type: wholeNumber(1, 1024),
    description: "processor cores of a task, and threads where the command names none",
    otherwise: "4",
  }),
  memory: option({ long: "memory", type: memory, description: "memory of a task, e.g. 8G", otherwise: "8G" }),
  gpus: option({
    long: "gpus",
    type: wholeNumber(0, 16),
    description: "graphics processors of a task",
    otherwise: "0",
  }),
  tasks: option({
    long: "tasks",
    type: wholeNumber(1, 10000),
    description: "tasks of a command that is no seg train or predict",
    otherwise: "by the command",
  }),
  program: option({
    long: "program",
    type: program,
    description: "how seg is called on the nodes or in the image",
    otherwise: "seg",
  }),
  ...grouped("Slurm", {
    time: option({ long: "time", type: duration, description: "time limit of a task, e.g. 4h" }),
    setup: option({
      long: "setup",
      type: program,
      description: 'a line of shell before the command, e.g. "module load nodejs"',
    }),
  }),
  ...grouped("Kubernetes", {
    image: option({ long: "image", type: image, description: "image with seg in it" }),
    mounts: repeatedOption({
      long: "mount",
      type: mount,
      description: "claim:path or claim:path:ro, a volume claim and where it is seen; may stand several times",
    }),
    userId: option({
      long: "user-id",
      type: wholeNumber(1, 2 ** 31 - 1),
      description: "user and group of the processes",
      otherwise: "1000",
    }),
  }),
  force: forceFlag,
};

/** The values of {@link clusterArguments}. */
export type ClusterArguments = Values<typeof clusterArguments>;
