/** The options of `seg train`, and the summary that it ends with. */
import type { DataReading } from "../../data/data_reading.ts";
import type { MirrorAxes } from "../augmentations.ts";
import type { LevelTargets } from "../step/training_graph.ts";
import type { ValidationScores } from "../validation.ts";

/** Settings that decide the result: equal settings give equal bytes. */
export interface TrainSettings extends DataReading {
  readonly dataset: string;
  readonly net: string;
  /** Absent: the head of the network's paper, or bilinear-loss. */
  readonly head?: string | undefined;
  readonly width: number;
  readonly inputSize: number;
  readonly outputSize: number;
  /** An ONNX file to start from. */
  readonly init?: string | undefined;
  /** Makes the outputs of `init` anew for the classes of the data set; the other weights are kept. */
  readonly newHead?: boolean | undefined;
  /** Globs on names of constants of `init` that are learned although they seem to be no weights. */
  readonly train?: readonly string[] | undefined;
  /** Globs on names of parameters that stay as they are. */
  readonly freeze: readonly string[];
  readonly freezeNormalization: boolean;
  /** Name of a loss; absent: bce for one class, ce for several. */
  readonly loss?: string | undefined;
  /** Weights of the classes in the loss, background first. */
  readonly classWeights?: readonly number[] | undefined;
  readonly levelWeights: "equal" | "halving";
  /** How levels smaller than the output see the mask; absent: by area averages. */
  readonly levelTargets?: LevelTargets | undefined;
  readonly optimizer: "adam" | "adamw" | "sgd";
  /** Of sgd; absent: 0.9. */
  readonly momentum?: number | undefined;
  readonly learningRate: number;
  readonly schedule: string;
  readonly warmUpSteps: number;
  readonly weightDecay: number;
  readonly clipNorm?: number | undefined;
  /** Share of the old weights that their moving average keeps at each step; 0: no average. */
  readonly averageDecay: number;
  readonly batch: number;
  /** Steps of an epoch at least: a small data set is gone through several times. */
  readonly stepsPerEpoch: number;
  /** Name of an augmentation; absent: mri-strong for one class, none for several, whose places a flip would exchange. */
  readonly augment?: string | undefined;
  /** Axes along which the augmentation mirrors; absent: both, but none for mri and mri-strong with several classes. */
  readonly mirror?: MirrorAxes | undefined;
  /** Slices without foreground per slice with foreground in an epoch, at most. */
  readonly backgroundRatio: number;
  /** Share of every batch that is drawn from slices with foreground alone; absent: 0. */
  readonly foregroundShare?: number | undefined;
  /** Epochs from one validation to the next; the last epoch always has one. */
  readonly validateEvery: number;
  readonly seed: number;
  readonly fold: number;
  readonly folds: number;
  /** A splits file in nnU-Net's format. */
  readonly splitFile?: string | undefined;
}

/** Settings that may change when a run is resumed. */
export interface TrainLimits {
  readonly epochs: number;
  /** Epochs without a better score after which training stops; 0: never. */
  readonly patience: number;
  readonly timeBudgetSeconds?: number | undefined;
  readonly threads?: number | undefined;
  readonly provider?: string | undefined;
  /** Whether an event file for TensorBoard is written. */
  readonly tensorboard?: boolean | undefined;
}

/** A training to start. */
export interface TrainOptions extends TrainSettings, TrainLimits {
  /** Folder of the run; must not exist. */
  readonly out: string;
  /** Version of the program, for the model's metadata. */
  readonly version: string;
}

/** A training to continue. */
export interface ResumeOptions extends Partial<TrainLimits> {
  /** Folder of the run. */
  readonly resume: string;
  readonly version: string;
}

/** Defaults of the command line's contract. */
export const TRAIN_DEFAULTS = {
  net: "j-net",
  width: 16,
  inputSize: 64,
  outputSize: 256,
  freeze: [],
  freezeNormalization: false,
  levelWeights: "equal",
  optimizer: "adam",
  learningRate: 3e-3,
  schedule: "poly",
  warmUpSteps: 0,
  weightDecay: 0,
  averageDecay: 0,
  batch: 16,
  stepsPerEpoch: 100,
  backgroundRatio: 0.5,
  validateEvery: 1,
  seed: 0,
  fold: 0,
  folds: 5,
  epochs: 50,
  patience: 0,
} as const satisfies Partial<TrainOptions>;

/** Why a training ended. */
export type StopReason = "epochs" | "patience" | "time-budget";

/** All reasons. */
export const STOP_REASONS = ["epochs", "patience", "time-budget"] as const satisfies readonly StopReason[];

/** The result of a training. */
export interface TrainSummary {
  readonly run: string;
  readonly model: string;
  /** Epochs made. */
  readonly epochs: number;
  readonly bestEpoch: number;
  readonly stopped: StopReason;
  readonly seconds: number;
  readonly parameters: number;
  readonly trainLoss: number;
  readonly validation: {
    readonly dice: number | null;
    readonly iou: number | null;
    readonly perClass: ValidationScores["dicePerClass"];
  };
}
