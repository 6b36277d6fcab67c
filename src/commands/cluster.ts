/** `seg cluster`: array jobs for the schedulers that a lab has. */
import { command } from "../command_line/command.ts";
import { clusterArguments } from "./cluster_arguments.ts";

export const cluster = command({
  name: "cluster",
  description:
    "Write an array job that runs one command as many times as it has folds, seeds or parts: a batch script for Slurm, or a " +
    "manifest for Kubernetes. It is written or printed, never handed in. The command stands behind --, with --fold auto, " +
    "--seed auto/n or --part auto/n in it",
  usage: ["SCHEDULER [options] -- COMMAND..."],
  arguments: clusterArguments,
  rules: [
    {
      mode: "for slurm",
      when: ({ scheduler }) => scheduler === "slurm",
      refuses: ["image", "mounts", "userId"],
      because: "it is for kubernetes",
    },
    {
      mode: "for kubernetes",
      when: ({ scheduler }) => scheduler === "kubernetes",
      refuses: ["time", "setup"],
      because: "it is for slurm",
    },
    {
      mode: "without --out",
      when: ({ out }) => out === undefined,
      refuses: ["force"],
      because: "the job is printed",
    },
  ],
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
  run: async (args) => await (await import("./run_cluster.ts")).runCluster(args),
});
