/** Everything that a training needs before its first step, made from its settings alone. */
import { basename } from "node:path";
import picomatch from "picomatch";
import { type CheckReport, inspectDataset } from "../../data/check.ts";
import { type CaseFiles, type DatasetIndex, loadCase } from "../../data/dataset.ts";
import { findingSentence, findingSummary } from "../../data/finding.ts";
import { ignoredClass } from "../../data/selection.ts";
import { chooseSplit, type Split } from "../../data/splits.ts";
import { Failure, messageOf, UsageFailure } from "../../failure.ts";
import type { Graph } from "../../graph/graph.ts";
import { encodeModel } from "../../graph/onnx/encode.ts";
import type { ModelMetadata } from "../../graph/onnx/metadata.ts";
import { parameterCount } from "../../graph/passes/parameters.ts";
import { floats, type TensorData } from "../../graph/tensor_type.ts";
import type { Normalization } from "../../imaging/normalize.ts";
import { toCanonical } from "../../imaging/orientation.ts";
import { choosePlane, type Plane } from "../../imaging/slices.ts";
import { spacingMm } from "../../imaging/volume.ts";
import { safeNetworkOptimization } from "../../prediction/network.ts";
import type { Reporter } from "../../reporter.ts";
import { fixedNoise, type Optimization, safeOptimization } from "../../runtime/safe_optimization.ts";
import { countOf } from "../../text.ts";
import { epochBatches } from "../batches.ts";
import { type Augmentation, createAugmentation, defaultAugmentation } from "../augmentations.ts";
import { createLoss } from "../losses.ts";
import { freshNetwork, networkFromFile, type NetworkSource, withConstants } from "../network_source.ts";
import { classFrequencies, outputPrior, priorLogits } from "../output_prior.ts";
import { createOptimizer } from "../step/optimizers.ts";
import type { ValidationLoss } from "../validation_loss.ts";
import { createSchedule, type Schedule } from "../step/schedules.ts";
import { caseSamples, type Sample } from "../samples.ts";
import type { RunSettings } from "./run_settings.ts";
import { lossGraph, type TrainingGraph, trainingGraph } from "../step/training_graph.ts";
import { createMemory } from "../step/wasm_module.ts";
import { TRAINING_OPSET, TrainingStep } from "../step/training_step.ts";

/** Intensities are clipped to the 0.5th and 99.5th percentile of the volume and brought to mean 0 and deviation 1, as nnU-Net does for MRI. */
const TRAINING_NORMALIZATION: Normalization = {
  mode: "zscore",
  lowerPercentile: 0.5,
  upperPercentile: 99.5,
  nonZero: false,
};

/** The data and the network of a training. */
export interface Preparation {
  readonly index: DatasetIndex;
  readonly split: Split;
  readonly samples: readonly Sample[];
  readonly validationCases: readonly CaseFiles[];
  /** The network for a single image, with the weights that the training starts from. */
  readonly net: Graph;
  /** Whether the same nodes serve every batch size, so that a file can leave it open. */
  readonly anyBatch: boolean;
  readonly step: TrainingStep;
  /** How far ONNX Runtime may optimize the network. */
  readonly optimization: Optimization;
  readonly validationLoss: ValidationLoss;
  readonly schedule: Schedule;
  readonly augmentation: Augmentation;
  readonly classes: number;
  readonly inputSize: number;
  readonly outputSize: number;
  /** SHA-256 over the voxels of all images. */
  readonly images: string;
  /** All of the model's metadata but the score. */
  readonly metadata: ModelMetadata;
}

/**
 * Checks a data set and opens it.
 *
 * @param begunSplits those of a run that goes on, to be taken as they are.
 * @throws {Failure} with its first fault.
 */
export function checkForTraining(
  { data, network, sampling, place: { dataset, splitFile } }: RunSettings,
  reporter: Reporter,
  begunSplits?: readonly Split[],
): { readonly report: CheckReport; readonly index: DatasetIndex } {
  // What no step can do without is told before data are read.
  createMemory(1);
  const { report, index } = inspectDataset(dataset, {
    ...data,
    inputSize: network.inputSize,
    folds: sampling.folds,
    seed: sampling.seed,
    splitsFile: splitFile,
    begunSplits,
    reporter,
  });
  const [fault] = report.errors;
  if (fault !== undefined) {
    const others = report.errors.length - 1;
    const more = others > 0 ? ` (and ${countOf(others, "more fault")}: seg check ${dataset})` : "";
    throw new Failure(`Cannot train on ${findingSentence(fault)}${more}`);
  }
  for (const warning of report.warnings) reporter.warn(findingSummary(warning, dataset));
  reporter.note(
    `${countOf(index.cases.length, "case")} in ${dataset}, layout ${index.layout}: ${index.evidence}`,
  );
  if (index.patientEvidence !== undefined) reporter.note(index.patientEvidence);
  return { report, index };
}

/**
 * Checks the data set, cuts its training cases and builds the training model.
 *
 * @param begun the split of a run that goes on, to be taken as it is.
 * @throws {Failure} with the first fault of data, network or settings.
 */
export async function prepareTraining(
  settings: RunSettings,
  reporter: Reporter,
  begun?: Split,
): Promise<Preparation> {
  const { sampling: { fold, folds, seed }, limits, place } = settings;
  const { report, index } = checkForTraining(settings, reporter, begun && [begun]);
  const chosen = chooseSplit(index, {
    fold: begun ? 0 : fold,
    folds,
    seed,
    splits: report.splits,
    begun: begun !== undefined,
  });
  const ignored = ignoredClass(index.labelling) !== undefined;
  // One channel cannot tell "unknown" from background.
  const { overlapping } = index.labelling;
  const several = !overlapping && (index.labels.length > 1 || ignored);
  const classes = index.labels.length + (several ? 1 : 0);
  const network = { ...settings.network, channels: index.channels.length, classes, seed };
  const newHead = settings.network.newHead === true;
  const start = place.init === undefined ? freshNetwork(network) : networkFromFile(place.init, { ...network, newHead });
  for (const note of start.notes ?? []) reporter.note(note);
  if (several && start.taken?.some(({ activation }) => activation === "sigmoid")) {
    reporter.warn(
      `${place.init} ends in Sigmoid, a decision for each class alone; here the classes exclude each other, and the most probable wins`,
    );
  }
  if (start.newHead !== undefined) {
    reporter.note(
      `New head: ${countOf(start.newHead.length, "weight tensor")} of ${settings.place.init} start anew for ${
        countOf(classes, "channel")
      }`,
    );
  }
  const schedule = createSchedule(settings.optimizer.schedule, settings.optimizer.warmUpSteps);
  const augmentation = createAugmentation({
    name: settings.sampling.augment,
    mirror: settings.sampling.mirror,
    labels: index.labels.length,
  });
  // A run that goes on has what it was given, whatever that does.
  if (begun === undefined && settings.loss.levelWeights === "halving" && start.graph(1).outputs.length === 1) {
    throw new UsageFailure("--level-weights has no effect on a network with one level; leave it out");
  }
  // Settings that do not fit are told before the slices are cut.
  const first = buildTraining(start, { settings, classes, ignored, overlapping });
  // The networks of this program are held to it by their tests.
  const optimization = place.init === undefined ? "all" : await safeFor(place.init, start, first);
  if (optimization !== "all") {
    reporter.warn(
      `ONNX Runtime computes ${place.init} wrongly with its optimizer: it runs ${
        optimization === "disabled" ? "without" : `at the level "${optimization}"`
      }, as it will in predictions, and takes longer`,
    );
  }
  const plane = settings.data.plane ?? commonPlane(index, chosen.train);
  const { inputSize } = start;
  const outputSize = targetSize(start, settings);
  const sampling = { inputSize, outputSize, plane, normalization: TRAINING_NORMALIZATION, ignored };
  const samples = chosen.train.flatMap((files, done) => {
    reporter.progress(`Cutting case ${done + 1} of ${chosen.train.length}: ${files.id}`);
    return caseSamples(index, files, sampling);
  });
  const source = place.init === undefined || newHead
    ? await startAtPrior(start, { samples, index, size: outputSize })
    : start;
  const training = buildTraining(source, { settings, classes, ignored, overlapping });
  const parameters = training.parameters.map(({ source }) => source);
  const optimizer = createOptimizer({
    name: settings.optimizer.optimizer,
    weightDecay: settings.optimizer.weightDecay,
    momentum: settings.optimizer.momentum,
    // Vectors are biases and the scales of normalization: they do not decay (He et al. 2019, "Bag of tricks").
    undecayed: (i) => (parameters[i]?.type.shape.length ?? 0) <= 1,
    count: parameters.length,
  });
  const validationSamples = chosen.val.flatMap((files) => caseSamples(index, files, sampling));
  const { batch, backgroundRatio } = settings.sampling;
  const step = await TrainingStep.create(training, optimizer, {
    threads: limits.threads,
    provider: limits.provider,
    optimization,
  });
  const ids = (cases: readonly CaseFiles[]) => cases.map(({ id }) => id);
  const levels = training.logits.map((_, level) => `level_${level}`);
  return {
    index,
    split: { train: ids(chosen.train), val: ids(chosen.val) },
    samples,
    validationCases: chosen.val,
    net: source.graph(1),
    // As many slices without foreground as in training, so that the two losses can be compared; the same in every epoch.
    validationLoss: {
      ...lossGraph(source.graph(batch), lossOptions(source, { settings, classes, ignored, overlapping })),
      samples: validationSamples,
      batches: validationSamples.length === 0
        ? []
        : epochBatches(validationSamples, { seed, epoch: 0, batch, backgroundRatio, minimumBatches: 1 }),
    },
    anyBatch: source.anyBatch,
    step,
    optimization,
    schedule,
    augmentation,
    classes,
    inputSize,
    outputSize,
    images: report.fingerprint.images,
    metadata: {
      version: place.version,
      net: source.description,
      input: { channels: index.channels, size: inputSize, normalization: { ...TRAINING_NORMALIZATION } },
      output: {
        levels,
        answer: levels.at(-1) as string,
        activation: several ? "softmax" : "sigmoid",
        threshold: 0.5,
      },
      labels: index.labels.map(({ value, name, values }) => ({ value, name, ...(overlapping && { values }) })),
      plane,
      ...(report.fingerprint.medianSpacingMm === undefined ? {} : { spacing: report.fingerprint.medianSpacingMm }),
      training: {
        fingerprint: report.fingerprint.fingerprint,
        dataset: {
          name: index.name,
          layout: index.layout,
          cases: index.cases.length,
          trainingCases: chosen.train.length,
        },
        parameters: parameterCount(source.graph(1)),
        settings: cardSettings(settings, { several, labels: index.labels.length }),
        seed,
        ...(ignored && { ignored: index.labelling.ignored }),
        fold,
        folds,
        validationCases: ids(chosen.val),
      },
    },
  };
}

/** The optimization that keeps what the network and its training step compute. */
async function safeFor(init: string, source: NetworkSource, training: TrainingGraph): Promise<Optimization> {
  try {
    return await safeForBoth(source, training);
  } catch (error) {
    throw new Failure(`Cannot train ${init}: ONNX Runtime refuses its training model (${messageOf(error)})`, {
      cause: error,
    });
  }
}

async function safeForBoth(source: NetworkSource, training: TrainingGraph): Promise<Optimization> {
  const net = source.graph(1);
  const inputs = net.inputs.map(({ name, type }) => ({ name, shape: type.shape }));
  const network = await safeNetworkOptimization(encodeModel(net, { opset: TRAINING_OPSET }), { inputs });
  if (network === "disabled") return network;
  const learned = new Map(training.parameters.map(({ input, source: { constant } }) => [input.name, constant]));
  const feeds = Object.fromEntries(training.graph.inputs.map(({ name, type }) => {
    const noise = fixedNoise(type.shape);
    return [name, learned.get(name) ?? (name === training.target.name ? shareOf(noise) : noise)];
  }));
  const step = await safeOptimization(encodeModel(training.graph, { opset: TRAINING_OPSET }), feeds);
  return step === "all" ? network : step;
}

// Targets are 0 or 1.
function shareOf(noise: TensorData<"float32">): TensorData<"float32"> {
  return floats(noise.values.map((value) => (value > 0 ? 1 : 0)), noise.shape);
}

/** The settings that a model card names, with the values of those that follow from the data. */
function cardSettings(
  { loss: { loss }, optimizer, sampling: { batch, augment }, network: { freeze }, place: { init } }: RunSettings,
  { several, labels }: { several: boolean; labels: number },
): Record<string, unknown> {
  return {
    loss: loss ?? (several ? "ce" : "bce"),
    optimizer: optimizer.optimizer,
    learningRate: optimizer.learningRate,
    schedule: optimizer.schedule,
    batch,
    augmentation: augment ?? defaultAugmentation(labels),
    ...(init !== undefined && { startedFrom: basename(init) }),
    ...(freeze.length > 0 && { frozen: freeze }),
  };
}

async function startAtPrior(
  source: NetworkSource,
  { samples, index, size }: { samples: readonly Sample[]; index: DatasetIndex; size: number },
): Promise<NetworkSource> {
  const frequencies = classFrequencies(samples, { classes: index.labels.length, size });
  const several = (source.graph(1).outputs[0]?.type.shape[1] as number) > 1 && !index.labelling.overlapping;
  return withConstants(source, await outputPrior(source.graph(1), priorLogits(frequencies, { several })));
}

/** Side of the squares of targets: with nearest pixels the mask is read at the output size, even where the network's own output is smaller. */
function targetSize({ outputSize }: NetworkSource, { loss, network }: RunSettings): number {
  return loss.levelTargets === "nearest" ? Math.max(outputSize, network.outputSize) : outputSize;
}

/** What decides the form of the loss. */
interface LossSource {
  readonly settings: RunSettings;
  readonly classes: number;
  readonly ignored: boolean;
  readonly overlapping: boolean;
}

function lossOptions(source: NetworkSource, { settings, classes, ignored, overlapping }: LossSource) {
  const { classWeights, levelTargets, loss } = settings.loss;
  const name = loss ?? (classes > 1 && !overlapping ? "ce" : "bce");
  return {
    loss: createLoss(name, { channels: classes, classWeights, ignore: ignored, independent: overlapping }),
    levelTargets,
    targetSize: targetSize(source, settings),
  };
}

function buildTraining(source: NetworkSource, form: LossSource): TrainingGraph {
  const { settings } = form;
  const { loss: { levelWeights }, network } = settings;
  const frozen = network.freeze.map((pattern) => picomatch(pattern));
  const options = lossOptions(source, form);
  const graph = source.graph(settings.sampling.batch);
  const levels = graph.outputs.length;
  try {
    return trainingGraph(graph, {
      ...options,
      frozen: (parameter) => frozen.some((matches) => matches(parameter)),
      freezeNormalization: network.freezeNormalization,
      // Halving from the last level, the answer, down to the first.
      levelWeights: graph.outputs.map((_, level) => levelWeights === "halving" ? 0.5 ** (levels - 1 - level) : 1),
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const where = settings.place.init ?? network.net;
    throw new Failure(`Cannot train ${where}: ${error.message}`, { cause: error });
  }
}

// Enough cases to outvote a single odd one.
const PLANE_VOTES = 9;

function commonPlane(index: DatasetIndex, cases: readonly CaseFiles[]): Plane {
  const votes = new Map<Plane, number>();
  for (const files of cases.slice(0, PLANE_VOTES)) {
    const { volume } = toCanonical(loadCase(index, files).image);
    const plane = choosePlane(spacingMm(volume.affine), volume.shape);
    votes.set(plane, (votes.get(plane) ?? 0) + 1);
  }
  return ([...votes].sort((a, b) => b[1] - a[1])[0] as [Plane, number])[0];
}
