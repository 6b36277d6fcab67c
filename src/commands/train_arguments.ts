/** What `seg train` takes. */
import { flag, grouped, operand, option, type Values, withoutDefaults } from "../command_line/option.ts";
import {
  duration,
  existingFile,
  existingFolder,
  list,
  numbers,
  oneWordOf,
  outputFolder,
  realNumber,
  wholeNumber,
} from "../command_line/types.ts";
import { AUGMENTATION_NAMES, LOSS_NAMES } from "../training/names.ts";
import { TRAIN_DEFAULTS } from "../training/runs/train_options.ts";
import { SCHEDULES } from "../training/step/schedules.ts";
import { foldNumber, seedNumber } from "./array_types.ts";
import { channelsOption, datasetOptions, labelsOption, planeOption } from "./dataset_options.ts";
import { netOptions } from "./net_options.ts";
import { providerOption, threadsOption } from "./shared_options.ts";

const D = TRAIN_DEFAULTS;

/** What may change when a run is resumed. */
const limits = grouped("Limits, which may change with --resume", {
  epochs: option({ long: "epochs", type: wholeNumber(1), description: "epochs", otherwise: String(D.epochs) }),
  patience: option({
    long: "patience",
    type: wholeNumber(0),
    description: "stop after this many epochs without a better score; 0: never",
    otherwise: "0",
  }),
  timeBudgetSeconds: option({
    long: "time-budget",
    type: duration,
    description: "stop after the epoch in which this time is over, e.g. 2h; with --fold all it is shared out",
  }),
  threads: threadsOption,
  provider: providerOption,
  tensorboard: flag({
    long: "tensorboard",
    description:
      "write losses, scores, learning rate and pictures of validation cases for TensorBoard into the run's folder",
  }),
});

const data = grouped("Data set", {
  ...datasetOptions,
  channels: channelsOption,
  labels: labelsOption,
  plane: planeOption,
});

const folds = grouped("Folds and seed", {
  fold: option({
    long: "fold",
    type: foldNumber,
    description:
      "fold that is left out for validation; all: every fold in turn, their scores pooled; auto: by the number " +
      "of the task in an array job, into fold_<i> of --out",
    otherwise: String(D.fold),
  }),
  folds: option({ long: "folds", type: wholeNumber(2, 1000), description: "folds", otherwise: String(D.folds) }),
  splitFile: option({
    long: "split-file",
    type: existingFile,
    description: "folds in nnU-Net's format, in place of made ones",
  }),
  seed: option({
    long: "seed",
    type: seedNumber,
    description: "seed of everything random, or auto/n: one of n by the number of the task",
    otherwise: String(D.seed),
  }),
});

const network = grouped("Network", {
  ...withoutDefaults(netOptions),
  init: option({ long: "init", type: existingFile, description: "ONNX file to start from, of any origin" }),
  newHead: flag({
    long: "new-head",
    description: "with --init: fresh outputs for the classes of this data set; all weights before them are kept",
  }),
  train: option({
    long: "train",
    type: list,
    description: "with --init: patterns of constants that are learned although they seem to be no weights",
  }),
  freeze: option({
    long: "freeze",
    type: list,
    description: 'patterns of parameters that stay, e.g. "enc.*"',
  }),
  freezeNormalization: flag({ long: "freeze-normalization", description: "keep running averages as they are" }),
});

const loss = grouped("Loss", {
  loss: option({
    long: "loss",
    type: oneWordOf(LOSS_NAMES),
    description: `${LOSS_NAMES.join(", ")}: dice-… are sums`,
    otherwise: "bce for one class, ce for several",
  }),
  classWeights: option({
    long: "class-weights",
    type: numbers,
    description: "weights of the classes in the loss, background first, e.g. 1,5",
    otherwise: "1 each",
  }),
  levelWeights: option({
    long: "level-weights",
    type: oneWordOf(["equal", "halving"]),
    description: "weights of the losses of the levels: equal or halving",
    otherwise: D.levelWeights,
  }),
  levelTargets: option({
    long: "level-targets",
    type: oneWordOf(["area", "nearest"]),
    description:
      "what levels smaller than the output learn: the share of a pixel that is covered, or the mask at its centre",
    otherwise: "area",
  }),
});

const optimizer = grouped("Optimizer", {
  optimizer: option({
    long: "optimizer",
    type: oneWordOf(["adam", "adamw", "sgd"]),
    description: "adam, adamw, or sgd with Nesterov momentum",
    otherwise: D.optimizer,
  }),
  momentum: option({
    long: "momentum",
    type: realNumber(0, 0.9999),
    description: "Nesterov momentum of sgd",
    otherwise: "0.9",
  }),
  learningRate: option({
    long: "learning-rate",
    type: realNumber(0, Infinity, { open: true }),
    description: "learning rate",
    otherwise: String(D.learningRate),
  }),
  schedule: option({
    long: "schedule",
    type: oneWordOf(Object.keys(SCHEDULES)),
    description: `of the learning rate: ${Object.keys(SCHEDULES).join(", ")}`,
    otherwise: D.schedule,
  }),
  warmUpSteps: option({
    long: "warm-up-steps",
    type: wholeNumber(0),
    description: "warm-up: steps in which the learning rate rises from 0 in a line",
    otherwise: String(D.warmUpSteps),
  }),
  weightDecay: option({
    long: "weight-decay",
    type: realNumber(0),
    description: "weight decay of adamw and sgd, not of biases and normalization",
    otherwise: String(D.weightDecay),
  }),
  clipNorm: option({
    long: "clip-norm",
    type: realNumber(0, Infinity, { open: true }),
    description: "clip gradients to this norm of all of them together",
    otherwise: "no limit",
  }),
  averageDecay: option({
    long: "average-decay",
    type: realNumber(0, 0.999999),
    description: "exponential moving average (EMA) of the weights: share of the old ones, e.g. 0.999; 0: none",
    otherwise: String(D.averageDecay),
  }),
});

const sampling = grouped("Slices", {
  batch: option({
    long: "batch",
    type: wholeNumber(1, 4096),
    description: "slices per step",
    otherwise: String(D.batch),
  }),
  stepsPerEpoch: option({
    long: "steps-per-epoch",
    type: wholeNumber(1),
    description: "steps of an epoch at least: small data sets are gone through several times",
    otherwise: String(D.stepsPerEpoch),
  }),
  augment: option({
    long: "augment",
    type: oneWordOf(AUGMENTATION_NAMES),
    description: AUGMENTATION_NAMES.join(", "),
    otherwise: "mri-strong for one class, none for several",
  }),
  mirror: option({
    long: "mirror",
    type: oneWordOf(["none", "horizontal", "vertical", "both"]),
    description: "axes along which the augmentation mirrors: none, horizontal, vertical or both",
    otherwise: "by the augmentation",
  }),
  foregroundShare: option({
    long: "foreground-share",
    type: realNumber(0, 1),
    description: "share of every batch from slices with foreground alone",
    otherwise: "0",
  }),
  backgroundRatio: option({
    long: "background-ratio",
    type: realNumber(0),
    description: "slices without foreground per slice with foreground, at most",
    otherwise: String(D.backgroundRatio),
  }),
  validateEvery: option({
    long: "validate-every",
    type: wholeNumber(1),
    description: "epochs from one validation to the next; the last epoch always has one",
    otherwise: String(D.validateEvery),
  }),
});

const out = option({
  long: "out",
  type: outputFolder,
  description: "folder of the run",
  otherwise: "runs/<date>",
  group: "Run",
});

/** What decides the result, and stays as it is when a run is resumed. */
const settings = { ...data, ...folds, ...network, ...loss, ...optimizer, ...sampling };

/** What a configuration file may hold. */
export const configurable = {
  dataset: option({ long: "dataset", type: existingFolder, description: "data set folder" }),
  out,
  ...limits,
  ...settings,
};

/** The properties of {@link limits}, which `--resume` takes. */
export const LIMITS = Object.keys(limits) as readonly (keyof typeof limits)[];

/** All that `seg train` takes. */
export const trainArguments = {
  dataset: operand({ name: "DATASET", type: existingFolder, optional: true, description: "data set folder" }),
  out,
  ...grouped("Run", {
    config: option({
      long: "config",
      type: existingFile,
      description: "JSON or YAML file with options by name, such as the config.json of a run; the command line wins",
    }),
    continue: flag({
      long: "continue",
      description:
        "start the run in --out, continue it where it is begun, leave it where it is done, and score it in the end: " +
        "for jobs that may be started again",
    }),
    resume: option({ long: "resume", type: existingFolder, description: "folder of a run to continue" }),
  }),
  ...limits,
  ...settings,
};

/** The values of {@link trainArguments}. */
export type TrainArguments = Values<typeof trainArguments>;
