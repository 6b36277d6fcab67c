/** The commands, each loaded when it is asked for. */
import type { CommandEntry } from "../command_line/command.ts";

/** All commands by name, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  train: {
    summary: "train a network on a data set folder",
    load: async () => (await import("./train.ts")).train,
  },
  predict: {
    summary: "make masks for volumes, slices or whole folders",
    load: async () => (await import("./predict.ts")).predict,
  },
  evaluate: {
    summary: "score a model or a folder of masks on the original grid",
    load: async () => (await import("./evaluate.ts")).evaluate,
  },
  report: {
    summary: "write the report of a run or an evaluation anew, as one HTML file",
    load: async () => (await import("./report.ts")).report,
  },
  view: {
    summary: "show a volume with its masks in the browser, from this machine alone",
    load: async () => (await import("./view.ts")).view,
  },
  tune: {
    summary: "search the threshold with the best Dice and save it in the model",
    load: async () => (await import("./tune.ts")).tune,
  },
  cluster: {
    summary: "write an array job of folds, seeds or parts for Slurm or Kubernetes",
    load: async () => (await import("./cluster.ts")).cluster,
  },
  merge: {
    summary: "join the folds, seeds or parts that an array job made",
    load: async () => (await import("./merge.ts")).merge,
  },
  ensemble: {
    summary: "join models, such as those of all folds, into one",
    load: async () => (await import("./ensemble.ts")).ensemble,
  },
  export: {
    summary: "make a model for inference, and a TensorRT engine on a Jetson",
    load: async () => (await import("./export.ts")).exportModel,
  },
  bench: {
    summary: "measure latency, throughput and memory",
    load: async () => (await import("./bench.ts")).bench,
  },
  build: {
    summary: "write an untrained network as ONNX",
    load: async () => (await import("./build.ts")).build,
  },
  inspect: {
    summary: "show what an ONNX file holds and what can run it",
    load: async () => (await import("./inspect.ts")).inspect,
  },
  check: {
    summary: "find all faults of a data set in one run",
    load: async () => (await import("./check.ts")).check,
  },
  demo: {
    summary: "run the whole chain on built-in phantom data",
    load: async () => (await import("./demo.ts")).demo,
  },
  doctor: {
    summary: "show versions, providers, and what is missing",
    load: async () => (await import("./doctor.ts")).doctor,
  },
  completion: {
    summary: "write the script with which a shell completes command lines",
    load: async () => (await import("./completion.ts")).completionOf(COMMANDS),
  },
};
