/** `seg train`: a network from a data set folder. */
import { existsSync } from "node:fs";
import { command, flag, optional } from "cmd-ts";
import { UsageFailure } from "../failure.ts";
import { HEAD_NAMES, NET_NAMES } from "../graph/nets/catalog.ts";
import { AUGMENTATIONS } from "../training/augmentations.ts";
import { LOSSES } from "../training/losses.ts";
import { SCHEDULES } from "../training/schedules.ts";
import type { CrossValidation } from "../training/fold_pool.ts";
import { TRAIN_DEFAULTS } from "../training/train_options.ts";
import {
  datasetOptions,
  duration,
  existingFile,
  existingFolder,
  foldNumber,
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
import { defined } from "./defined.ts";
import type { Job, Outcome } from "./job.ts";
import { option, positional } from "./option.ts";
import { optionName } from "./option_name.ts";
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
  head: option({
    long: "head",
    type: optional(oneWordOf(HEAD_NAMES)),
    description: `what raises the size of its output: ${HEAD_NAMES.join(", ")} (j for j-net, else none)`,
  }),
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
    description: `${words(LOSSES).join(", ")} (by the number of classes)`,
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
  optimizer: option({
    long: "optimizer",
    type: optional(oneWordOf(["adam", "adamw", "sgd"])),
    description: `adam, adamw or sgd (${D.optimizer})`,
  }),
  momentum: option({ long: "momentum", type: optional(realNumber(0, 0.9999)), description: "momentum of sgd (0.9)" }),
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
    description: `steps in which the learning rate rises from 0 (${D.warmUpSteps})`,
  }),
  weightDecay: option({
    long: "weight-decay",
    type: optional(realNumber(0)),
    description: `weight decay (${D.weightDecay})`,
  }),
  clipNorm: option({
    long: "clip-norm",
    type: optional(realNumber(0, Infinity, { open: true })),
    description: "largest norm of the gradient (no limit)",
  }),
  averageDecay: option({
    long: "average-decay",
    type: optional(realNumber(0, 0.999999)),
    description: `share of the old weights in their moving average; 0: no average (${D.averageDecay})`,
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
    description: `${words(AUGMENTATIONS).join(", ")} (flips for one class, none for several)`,
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
    type: optional(wholeNumber(0, 2 ** 31 - 1)),
    description: `seed of everything random (${D.seed})`,
  }),
  fold: option({
    long: "fold",
    type: optional(foldNumber),
    description: `fold that is left out for validation, or all: every fold in turn, their scores pooled (${D.fold})`,
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
      const version = programVersion();
      const { json: _, resume, config, ...line } = given;
      const args = config === undefined || resume !== undefined ? line : await overConfiguration(line, config, version);
      const { dataset, out, epochs, patience, timeBudgetSeconds, threads, provider, fold, ...chosen } = args;
      const usage = (text: string) => new UsageFailure(`seg train: ${text}\nTry seg train --help`);
      if (resume === undefined && dataset === undefined) throw usage("DATASET is missing");
      const limited = defined({ epochs, patience, timeBudgetSeconds, threads, provider });
      if (resume !== undefined) {
        const given = Object.entries({ dataset, out, config, fold, ...chosen }).find(([, value]) =>
          value !== undefined && value !== false
        );
        if (given !== undefined) {
          throw usage(`${spelling(given[0])} does not go with --resume: a run keeps its settings`);
        }
      }
      const { crossValidate, isCrossValidation } = await import("../training/cross_validation.ts");
      const { ignoreOrigin, newHead, ...others } = chosen;
      if (newHead && chosen.init === undefined) {
        throw usage(
          "--new-head needs --init, whose other weights it keeps; a network from scratch has a new head anyway",
        );
      }
      const { fold: defaultFold, ...defaults } = TRAIN_DEFAULTS;
      const started = {
        ...defaults,
        ...defined(others),
        ...(ignoreOrigin && { ignoreOrigin }),
        ...(newHead && { newHead }),
        ...limited,
        dataset: dataset as string,
        out: out ?? dateFolder(),
        version,
      };
      if (fold === "all" || (resume !== undefined && isCrossValidation(resume))) {
        const options = resume !== undefined ? { resume, version, ...limited } : started;
        return crossValidationOutcome(await crossValidate(options, context), resume ?? started.out);
      }
      const { train: runTraining } = await import("../training/train.ts");
      const summary = resume !== undefined
        ? await runTraining({ resume, version, ...limited }, context)
        : await runTraining({ ...started, fold: fold ?? defaultFold }, context);
      const { dice, iou, perClass } = summary.validation;
      const classes = Object.entries(perClass).map(([name, value]) => `${name} ${value?.toFixed(3) ?? "-"}`);
      return {
        json: summary,
        text:
          `${summary.model}: Dice ${dice?.toFixed(3) ?? "-"} (${classes.join(", ")}), IoU ${
            iou?.toFixed(3) ?? "-"
          } on the ` +
          `validation cases, best of ${summary.epochs} epochs`,
        next: `seg evaluate ${summary.model} ${dataset ?? "DATASET"}`,
      };
    },
  }),
});

function crossValidationOutcome({ document, models, text }: CrossValidation, out: string): Outcome {
  return {
    json: { run: out, models, ...document },
    text,
    next: `seg ensemble ${models.join(" ")} --out ${out}/ensemble.onnx`,
  };
}

/** The options of the command line, and those of a file where the line has none. */
async function overConfiguration<T extends object>(line: T, config: string, version: string): Promise<T> {
  const { readConfiguration } = await import("./configuration.ts");
  const given = Object.entries(line).filter(([, value]) => value !== undefined && value !== false);
  return { ...line, ...await readConfiguration(config, configurable, version), ...Object.fromEntries(given) };
}

function spelling(name: string): string {
  return name === "dataset" ? "DATASET" : optionName(name);
}

/** `runs/<date>`, with a number where several trainings start in one minute. */
function dateFolder(): string {
  const date = new Date().toISOString().slice(0, 16).replace("T", "-").replace(":", "");
  for (let number = 1;; number++) {
    const folder = number === 1 ? `runs/${date}` : `runs/${date}-${number}`;
    if (!existsSync(folder)) return folder;
  }
}
