/** `seg train`: a network from a data set folder. */
import { command, flag, optional } from "cmd-ts";
import { NET_NAMES } from "../graph/nets/names.ts";
import { AUGMENTATIONS } from "../training/augmentations.ts";
import { LOSSES } from "../training/losses.ts";
import { SCHEDULES } from "../training/step/schedules.ts";
import { TRAIN_DEFAULTS } from "../training/runs/train_options.ts";
import {
  duration,
  existingFile,
  existingFolder,
  jsonFlag,
  list,
  numbers,
  oneWordOf,
  outputFolder,
  providerOption,
  realNumber,
  threadsOption,
  wholeNumber,
} from "./arguments.ts";
import { foldNumber, seedNumber } from "./array_arguments.ts";
import { datasetOptions } from "./dataset_arguments.ts";
import type { Job } from "./job.ts";
import { netOptions } from "./net_arguments.ts";
import { option, positional } from "./option.ts";
import { programVersion } from "./version.ts";

const D = TRAIN_DEFAULTS;
const words = (table: object) => Object.keys(table);

/** What may change when a run is resumed. */
const limits = {
  epochs: option({ long: "epochs", type: optional(wholeNumber(1)), description: `epochs (${D.epochs})` }),
  validateEvery: option({
    long: "validate-every",
    type: optional(wholeNumber(1)),
    description: `epochs from one validation to the next; the last epoch always has one (${D.validateEvery})`,
  }),
  patience: option({
    long: "patience",
    type: optional(wholeNumber(0)),
    description: "stop after this many epochs without a better score; 0: never (0)",
  }),
  timeBudgetSeconds: option({
    long: "time-budget",
    type: optional(duration),
    description: "stop after the epoch in which this time is over, e.g. 2h; with --fold all it is shared out",
  }),
  threads: threadsOption,
  provider: providerOption,
  tensorboard: flag({
    long: "tensorboard",
    description:
      "write losses, scores, learning rate and pictures of validation cases for TensorBoard into the run's folder",
  }),
};

/** What decides the result, and stays as it is when a run is resumed. */
const settings = {
  layout: datasetOptions.layout,
  map: datasetOptions.map,
  ignore: datasetOptions.ignore,
  group: datasetOptions.group,
  spacingMm: datasetOptions.spacingMm,
  ignoreOrigin: datasetOptions.ignoreOrigin,
  channels: option({
    long: "channels",
    type: optional(list),
    description: "channels by number or name, e.g. 0,1 (all)",
  }),
  labels: option({ long: "labels", type: optional(list), description: 'labels by value or name, or "whole" (all)' }),
  plane: option({
    long: "plane",
    type: optional(oneWordOf(["axial", "coronal", "sagittal"])),
    description: "plane of the slices (across the largest spacing)",
  }),
  net: option({ long: "net", type: optional(oneWordOf(NET_NAMES)), description: `${NET_NAMES.join(", ")} (${D.net})` }),
  head: netOptions.head,
  width: option({
    long: "width",
    type: optional(wholeNumber(1, 1024)),
    description: `channels of the first level (${D.width})`,
  }),
  inputSize: option({
    long: "input-size",
    type: optional(wholeNumber(1, 4096)),
    description: `side of the square that the network reads (${D.inputSize})`,
  }),
  outputSize: option({
    long: "output-size",
    type: optional(wholeNumber(1, 4096)),
    description: `side of the square that it writes (${D.outputSize})`,
  }),
  init: option({ long: "init", type: optional(existingFile), description: "ONNX file to start from, of any origin" }),
  newHead: flag({
    long: "new-head",
    description: "with --init: fresh outputs for the classes of this data set; all weights before them are kept",
  }),
  freeze: option({
    long: "freeze",
    type: optional(list),
    description: 'patterns of parameters that stay, e.g. "enc.*"',
  }),
  freezeNormalization: flag({ long: "freeze-normalization", description: "keep running averages as they are" }),
  loss: option({
    long: "loss",
    type: optional(oneWordOf(words(LOSSES))),
    description: `${words(LOSSES).join(", ")}: dice-… are sums (bce for one class, ce for several)`,
  }),
  classWeights: option({
    long: "class-weights",
    type: optional(numbers),
    description: "weights of the classes in the loss, background first, e.g. 1,5 (1 each)",
  }),
  levelWeights: option({
    long: "level-weights",
    type: optional(oneWordOf(["equal", "halving"])),
    description: `weights of the losses of the levels: equal or halving (${D.levelWeights})`,
  }),
  levelTargets: option({
    long: "level-targets",
    type: optional(oneWordOf(["area", "nearest"])),
    description:
      "what levels smaller than the output learn: the share of a pixel that is covered, or the mask at its centre (area)",
  }),
  optimizer: option({
    long: "optimizer",
    type: optional(oneWordOf(["adam", "adamw", "sgd"])),
    description: `adam, adamw, or sgd with Nesterov momentum (${D.optimizer})`,
  }),
  momentum: option({
    long: "momentum",
    type: optional(realNumber(0, 0.9999)),
    description: "Nesterov momentum of sgd (0.9)",
  }),
  learningRate: option({
    long: "learning-rate",
    type: optional(realNumber(0, Infinity, { open: true })),
    description: `learning rate (${D.learningRate})`,
  }),
  schedule: option({
    long: "schedule",
    type: optional(oneWordOf(words(SCHEDULES))),
    description: `of the learning rate: ${words(SCHEDULES).join(", ")} (${D.schedule})`,
  }),
  warmUpSteps: option({
    long: "warm-up-steps",
    type: optional(wholeNumber(0)),
    description: `warm-up: steps in which the learning rate rises from 0 in a line (${D.warmUpSteps})`,
  }),
  weightDecay: option({
    long: "weight-decay",
    type: optional(realNumber(0)),
    description: `weight decay of adamw and sgd, not of biases and normalization (${D.weightDecay})`,
  }),
  clipNorm: option({
    long: "clip-norm",
    type: optional(realNumber(0, Infinity, { open: true })),
    description: "clip gradients to this norm of all of them together (no limit)",
  }),
  averageDecay: option({
    long: "average-decay",
    type: optional(realNumber(0, 0.999999)),
    description:
      `exponential moving average (EMA) of the weights: share of the old ones, e.g. 0.999; 0: none (${D.averageDecay})`,
  }),
  batch: option({ long: "batch", type: optional(wholeNumber(1, 4096)), description: `slices per step (${D.batch})` }),
  stepsPerEpoch: option({
    long: "steps-per-epoch",
    type: optional(wholeNumber(1)),
    description: `steps of an epoch at least: small data sets are gone through several times (${D.stepsPerEpoch})`,
  }),
  augment: option({
    long: "augment",
    type: optional(oneWordOf(words(AUGMENTATIONS))),
    description: `${words(AUGMENTATIONS).join(", ")} (mri-strong for one class, none for several)`,
  }),
  mirror: option({
    long: "mirror",
    type: optional(oneWordOf(["none", "horizontal", "vertical", "both"])),
    description: "axes along which the augmentation mirrors: none, horizontal, vertical or both (by the augmentation)",
  }),
  foregroundShare: option({
    long: "foreground-share",
    type: optional(realNumber(0, 1)),
    description: "share of every batch from slices with foreground alone (0)",
  }),
  backgroundRatio: option({
    long: "background-ratio",
    type: optional(realNumber(0)),
    description: `slices without foreground per slice with foreground, at most (${D.backgroundRatio})`,
  }),
  seed: option({
    long: "seed",
    type: optional(seedNumber),
    description: `seed of everything random, or auto/n: one of n by the number of the task (${D.seed})`,
  }),
  fold: option({
    long: "fold",
    type: optional(foldNumber),
    description:
      "fold that is left out for validation; all: every fold in turn, their scores pooled; auto: by the number " +
      `of the task in an array job, into fold_<i> of --out (${D.fold})`,
  }),
  folds: option({ long: "folds", type: optional(wholeNumber(2, 1000)), description: `folds (${D.folds})` }),
  splitFile: option({
    long: "split-file",
    type: optional(existingFile),
    description: "folds in nnU-Net's format, in place of made ones",
  }),
};

const datasetType = optional(existingFolder);
const out = option({ long: "out", type: optional(outputFolder), description: "folder of the run (runs/<date>)" });

/** What a configuration file may hold. */
const configurable = { dataset: option({ long: "dataset", type: datasetType }), out, ...limits, ...settings };

export const train = command({
  name: "seg train",
  description:
    "Train a network on a data set folder, from scratch or from any ONNX file. Ctrl-C saves, --resume continues to the same bits; " +
    "--fold all trains every fold and scores each case by the model that has not seen it",
  args: {
    dataset: positional({
      type: datasetType,
      displayName: "dataset",
      description: "data set folder; not with --resume",
    }),
    out,
    config: option({
      long: "config",
      type: optional(existingFile),
      description: "JSON or YAML file with options by name, such as the config.json of a run; the command line wins",
    }),
    continue: flag({
      long: "continue",
      description:
        "start the run in --out, continue it where it is begun, leave it where it is done, and score it in the end: " +
        "for jobs that may be started again",
    }),
    resume: option({ long: "resume", type: optional(existingFolder), description: "folder of a run to continue" }),
    ...limits,
    ...settings,
    json: jsonFlag,
  },
  examples: [
    { description: "with the defaults", command: "seg train Task04_Hippocampus --out runs/hippocampus" },
    {
      description: "within two hours, two channels, the whole tumour",
      command: "seg train BraTS --channels flair,t1ce --labels whole --time-budget 2h",
    },
    {
      description: "5-fold cross-validation",
      command: "seg train Task04_Hippocampus --folds 5 --fold all --out runs/cv",
    },
    {
      description: "another task from the weights of a model",
      command: "seg train Task04_Hippocampus --init tumours.onnx --new-head",
    },
    {
      description: "a fold per task of an array job, which may be started again",
      command: "seg train Task04_Hippocampus --folds 5 --fold auto --out runs/cv",
    },
    { description: "continue", command: "seg train --resume runs/hippocampus --epochs 100" },
    {
      description: "repeat a run with another seed",
      command: "seg train --config runs/hippocampus/config.json --seed 1 --out runs/seed-1",
    },
  ],
  handler: (given): Job => ({
    json: given.json,
    stoppable: true,
    run: async (context) => {
      const { runTrain } = await import("./run_train.ts");
      const { json: _, resume, config, continue: continuing, ...line } = given;
      const args = config === undefined || resume !== undefined
        ? line
        : await overConfiguration(line, config, programVersion());
      return await runTrain({ ...args, resume, config, continue: continuing }, context);
    },
  }),
});

/** The options of the command line, and those of a file where the line has none. */
async function overConfiguration<T extends object>(line: T, config: string, version: string): Promise<T> {
  const { readConfiguration } = await import("./configuration.ts");
  const given = Object.entries(line).filter(([, value]) => value !== undefined && value !== false);
  return { ...line, ...await readConfiguration(config, configurable, version), ...Object.fromEntries(given) };
}
