/**
 * The settings of a run, by what they are about. `config.json` has all of them side by side, as a library's caller gives them;
 * inside, each part goes whole to where it is used.
 */
import { resolve } from "node:path";
import * as v from "valibot";
import { dataReadingSchema } from "../../data/data_reading.ts";
import { checked } from "../../json.ts";
import { listOf, oneOf, pick, realNumber, someText, wholeNumber } from "../../schemas.ts";
import type { TrainOptions } from "./train_options.ts";

/** The network and which of its weights are learned; a file to start from is a matter of {@link RunPlace}. */
const NetworkSettings = v.object({
  net: someText(),
  head: v.optional(someText()),
  width: wholeNumber(1),
  inputSize: wholeNumber(1),
  outputSize: wholeNumber(1),
  newHead: v.optional(v.boolean()),
  freeze: listOf(someText()),
  train: v.optional(listOf(someText())),
  freezeNormalization: v.boolean(),
});

const LossSettings = v.object({
  loss: v.optional(someText()),
  classWeights: v.optional(listOf(realNumber())),
  levelWeights: oneOf(["equal", "halving"]),
  levelTargets: v.optional(oneOf(["area", "nearest"])),
});

const OptimizerSettings = v.object({
  optimizer: oneOf(["adam", "adamw", "sgd"]),
  momentum: v.optional(realNumber(0, 1)),
  learningRate: realNumber(0),
  schedule: someText(),
  warmUpSteps: wholeNumber(0),
  weightDecay: realNumber(0),
  clipNorm: v.optional(realNumber(0)),
  averageDecay: realNumber(0, 1),
});

/** Which slices make an epoch, in which order, and which cases are left out for validation. */
const SamplingSettings = v.object({
  batch: wholeNumber(1),
  stepsPerEpoch: wholeNumber(1),
  augment: v.optional(someText()),
  mirror: v.optional(oneOf(["none", "horizontal", "vertical", "both"])),
  backgroundRatio: realNumber(0),
  foregroundShare: v.optional(realNumber(0, 1)),
  validateEvery: wholeNumber(1),
  seed: wholeNumber(0),
  fold: wholeNumber(0),
  folds: wholeNumber(1),
});

/** What may change when a run is resumed. */
const RunLimits = v.object({
  epochs: wholeNumber(1),
  patience: wholeNumber(0),
  timeBudgetSeconds: v.optional(realNumber(0)),
  threads: v.optional(wholeNumber(1)),
  provider: v.optional(someText()),
  tensorboard: v.optional(v.boolean()),
});

/** Files of the machine, and the program: of the files it is the content that decides a result. */
const RunPlace = v.object({
  dataset: someText(),
  init: v.optional(someText()),
  splitFile: v.optional(someText()),
  out: someText(),
  version: someText(),
});

const PARTS = {
  data: dataReadingSchema,
  network: NetworkSettings,
  loss: LossSettings,
  optimizer: OptimizerSettings,
  sampling: SamplingSettings,
  limits: RunLimits,
  place: RunPlace,
};

/** Settings of a run; equal `data`, `network`, `loss`, `optimizer` and `sampling` give equal bytes on equal files. */
export type RunSettings = { readonly [P in keyof typeof PARTS]: Readonly<v.InferOutput<typeof PARTS[P]>> };

/** All settings side by side: the content of `config.json`. */
export const RunConfiguration = v.object({
  ...dataReadingSchema.entries,
  ...NetworkSettings.entries,
  ...LossSettings.entries,
  ...OptimizerSettings.entries,
  ...SamplingSettings.entries,
  ...RunLimits.entries,
  ...RunPlace.entries,
});

/** The content of `config.json`, read. */
export type RunConfiguration = Readonly<v.InferOutput<typeof RunConfiguration>>;

/** Settings by part. @throws {Failure} naming the first setting that is unknown or has a wrong value. */
export function runSettings(options: TrainOptions): RunSettings {
  const source = { from: "the settings of a training", remedy: "correct it" };
  return partsOf(checked(options, RunConfiguration, source));
}

/** The settings of a configuration by part. */
export function partsOf(configuration: RunConfiguration): RunSettings {
  return {
    data: pick(configuration, PARTS.data),
    network: pick(configuration, PARTS.network),
    loss: pick(configuration, PARTS.loss),
    optimizer: pick(configuration, PARTS.optimizer),
    sampling: pick(configuration, PARTS.sampling),
    limits: pick(configuration, PARTS.limits),
    place: pick(configuration, PARTS.place),
  };
}

/** The settings side by side, as `config.json` has them. */
export function configurationOf(settings: RunSettings): RunConfiguration {
  return { ...lastingSettings(settings), ...settings.limits, ...settings.place };
}

/** What decides the result on equal files, side by side. */
export function lastingSettings({ data, network, loss, optimizer, sampling }: RunSettings) {
  return { ...data, ...network, ...loss, ...optimizer, ...sampling };
}

/** The place with paths that hold from any working directory; `out` is as it was given. */
export function absolutePlace(place: RunSettings["place"]): RunSettings["place"] {
  const { dataset, init, splitFile } = place;
  return {
    ...place,
    dataset: resolve(dataset),
    ...(init !== undefined && { init: resolve(init) }),
    ...(splitFile !== undefined && { splitFile: resolve(splitFile) }),
  };
}

/** Settings that may change in a run that is continued, as far as they are given. */
export function limitsOf(options: Partial<RunSettings["limits"]>): Partial<RunSettings["limits"]> {
  return pick(options, RunLimits);
}
