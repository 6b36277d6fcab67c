/** What options and commands are called in other tools, and here. */
import { shownText } from "../shown.ts";
import { didYouMean } from "./did_you_mean.ts";
import { type Arguments, isNamed } from "./option.ts";

/** Options by the names that they have in Ultralytics YOLO, MONAI, nnU-Net, PyTorch Lightning and trtexec. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  "input-size": ["imgsz", "img-size", "image-size", "size", "patch-size", "roi-size", "resolution"],
  "learning-rate": ["lr", "lr0", "base-lr", "initial-lr"],
  batch: ["batch-size", "bs"],
  epochs: ["max-epochs", "num-epochs", "iterations", "n-epochs"],
  provider: ["device", "gpu", "gpus", "cuda", "accelerator"],
  out: ["output", "output-dir", "out-dir", "outdir", "save-dir", "project", "name", "o", "save-path"],
  init: ["pretrained", "weights", "checkpoint", "pretrained-weights", "from", "ckpt"],
  threads: ["workers", "num-workers", "jobs", "num-threads", "cpus", "n-procs", "j"],
  fp16: ["half", "amp", "half-precision", "mixed-precision"],
  "no-fp16": ["fp32", "no-half"],
  int8: ["quantize"],
  dimensions: ["shapes", "opt-shapes", "min-shapes"],
  patience: ["early-stopping"],
  "weight-decay": ["wd"],
  "time-budget": ["time", "max-time"],
  probabilities: ["save-probabilities", "npz", "softmax"],
  mirror: ["tta", "mirroring", "test-time-augmentation"],
  overlay: ["save-images", "visualize", "show"],
  predictions: ["pred", "preds", "pred-dir"],
  "split-file": ["splits"],
  threshold: ["conf", "confidence"],
  force: ["overwrite", "exist-ok", "yes", "y", "f"],
  net: ["arch", "architecture", "network", "backbone"],
  optimizer: ["optim", "solver"],
  augment: ["augmentation", "augmentations"],
  resume: ["continue-training"],
  labels: ["classes"],
  "warm-up": ["warmup"],
  "warm-up-steps": ["warmup-steps", "warmup-epochs", "warmup"],
  workspace: ["mem-pool-size"],
};

/** Arguments without a name, by the options that they have elsewhere. */
const OPERANDS: Readonly<Record<string, readonly string[]>> = {
  MODEL: ["model", "weights", "checkpoint", "onnx", "network", "ckpt", "load-engine"],
  DATASET: ["data", "dataset", "dataset-dir", "data-dir", "raw"],
  INPUT: ["source", "input", "images", "i", "inputs"],
  FOLDER: ["folder", "run", "dir"],
  VOLUME: ["volume", "image", "input", "i"],
};

/** What is said of options that there is no need for. */
const ANSWERS: Readonly<Record<string, string>> = {
  verbose: "progress and notes go to stderr in any case, and --json prints everything",
  v: "progress and notes go to stderr in any case, and seg --version shows the version",
  quiet: "progress and notes go to stderr: 2> /dev/null leaves them away",
  amp: "half precision is for engines: seg export --trt --fp16",
  half: "half precision is for engines: seg export --trt --fp16",
  fp16: "half precision is for engines: seg export --trt --fp16",
};

/** The verbs of other tools. */
const COMMANDS: Readonly<Record<string, string>> = {
  val: "evaluate",
  validate: "evaluate",
  test: "evaluate",
  score: "evaluate",
  fit: "train",
  finetune: "train --init MODEL.onnx",
  resume: "train --resume",
  infer: "predict",
  inference: "predict",
  segment: "predict",
  benchmark: "bench",
  profile: "bench",
  plot: "report",
  convert: "export",
  summary: "inspect",
  info: "inspect",
  show: "view",
  array: "cluster",
  slurm: "cluster slurm",
  version: "--version",
};

/** The command that a name of another tool, or a misspelt one, stands for, with what belongs to it. */
export function meantCommand(typed: string, names: readonly string[]): string | undefined {
  return Object.hasOwn(COMMANDS, typed) ? COMMANDS[typed] : didYouMean(typed, names);
}

/** The option's name here for what was typed without dashes: its own, one of another tool, or a misspelt one. */
export function meantOption(typed: string, known: readonly string[]): string | undefined {
  const name = typed.replaceAll("_", "-");
  if (known.includes(name)) return name;
  const lower = name.toLowerCase();
  return known.find((one) => Object.hasOwn(OPTIONS, one) && OPTIONS[one]?.includes(lower)) ?? didYouMean(name, known);
}

/** What follows "unknown option --typed", beginning with a semicolon; empty where nothing helps. */
export function hintForOption(typed: string, args: Arguments): string {
  const descriptors = Object.values(args);
  const meant = meantOption(typed, [...descriptors.filter(isNamed).map(({ long }) => long), "help"]);
  const lower = typed.toLowerCase().replaceAll("_", "-");
  const operands = descriptors.flatMap((one) => isNamed(one) ? [] : [one.name]);
  const operand = operands.find((name) => OPERANDS[name]?.includes(lower));
  if (operand !== undefined) return `; ${operand} stands without a name`;
  if (meant !== undefined) return `; did you mean --${meant}?`;
  return Object.hasOwn(ANSWERS, lower) ? `; ${ANSWERS[lower]}` : "";
}

/** What follows a message about `text` where an option is written as `epochs=10`; else empty. */
export function hintForAssignment(text: string, args: Arguments): string {
  const [, name = "", value = ""] = /^(\w[\w-]{0,39})=(.{1,80})$/s.exec(text) ?? [];
  if (name === "") return "";
  const named = Object.values(args).filter(isNamed);
  const meant = meantOption(name, named.map(({ long }) => long));
  const descriptor = named.find(({ long }) => long === meant);
  if (descriptor === undefined) {
    const operand = Object.values(args).flatMap((one) => isNamed(one) ? [] : [one.name])
      .find((one) => OPERANDS[one]?.includes(name.toLowerCase()));
    return operand === undefined ? "" : `; ${operand} stands without a name: write ${shownText(value)}`;
  }
  return `; did you mean --${meant}${descriptor.kind === "flag" ? "" : ` ${shownText(value)}`}?`;
}
