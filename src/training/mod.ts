/**
 * Training: the training graph of a network and a loss, the step that runs it, losses, optimizers and schedules; and whole
 * runs on a data set folder, as `seg train` makes them.
 *
 * A network is a graph with one image input `[N, C, S, S]` and logits as its outputs, smallest first. Its training graph is an
 * ordinary ONNX model of losses, gradients and batch statistics; {@link TrainingStep} runs it and updates the weights.
 *
 * @module
 */
export {
  type BatchStatistics,
  type LevelTargets,
  type TrainingGraph,
  trainingGraph,
  type TrainingGraphOptions,
} from "./step/training_graph.ts";
export { type StepOptions, TRAINING_OPSET, TrainingStep } from "./step/training_step.ts";
export { ParameterStore, STORE_ARRAYS, type StoreArray } from "./step/parameter_store.ts";
export type { VectorKernels } from "./step/vector_kernels.ts";

export { binaryCrossEntropy, crossEntropy } from "./losses/cross_entropy.ts";
export { dice } from "./losses/dice.ts";
export { focal } from "./losses/focal.ts";
export type { Loss, LossOptions, LossTerm } from "./losses/loss.ts";
export { createLoss, type LossEntry, LOSSES } from "./losses.ts";

export {
  createOptimizer,
  type Optimizer,
  OPTIMIZER_NAMES,
  type OptimizerOptions,
  type Update,
} from "./step/optimizers.ts";
export { createSchedule, type Schedule, SCHEDULES, withWarmUp } from "./step/schedules.ts";

export { train } from "./runs/train.ts";
export {
  type ResumeOptions,
  type StopReason,
  TRAIN_DEFAULTS,
  type TrainLimits,
  type TrainOptions,
  type TrainSettings,
  type TrainSummary,
} from "./runs/train_options.ts";
export type { TrainContext } from "./runs/training.ts";
export type { DataReading } from "../data/data_reading.ts";
export type { MirrorAxes } from "./augmentations.ts";
export type { ValidationScores } from "./validation.ts";
export { Failure, UsageFailure } from "../failure.ts";
export { type Reporter, silentReporter } from "../reporter.ts";
