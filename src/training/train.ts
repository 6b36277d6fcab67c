/** Trains a network on a data set folder and keeps everything that is needed to continue. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Failure } from "../failure.ts";
import { writeFileAtomic } from "../files.ts";
import { encodeModel } from "../graph/onnx/encode.ts";
import { encodeMetadata } from "../graph/onnx/metadata.ts";
import { parameterCount } from "../graph/passes/parameters.ts";
import { writeSplits } from "../data/splits.ts";
import { createPredictor } from "../prediction/predictor.ts";
import { Random } from "../random.ts";
import type { Reporter } from "../reporter.ts";
import { epochBatches, fillBatch } from "./batches.ts";
import { type Checkpoint, type EpochRecord, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { formatDuration, formatScore } from "./format.ts";
import { type Preparation, prepareTraining } from "./preparation.ts";
import {
  createRunFolder,
  readConfig,
  refuseExistingRun,
  removeLeftovers,
  type RunFolder,
  runFolder,
  writeConfig,
  writeHistory,
} from "./run_folder.ts";
import type { Sample } from "./samples.ts";
import type { ResumeOptions, StopReason, TrainOptions, TrainSummary } from "./train_options.ts";
import { Validation } from "./validation.ts";

/** What a training may use of its surroundings. */
export interface TrainContext {
  readonly reporter: Reporter;
  /** Aborted by Ctrl-C and SIGTERM: the state is saved, and the training ends with the signal's reason. */
  readonly signal: AbortSignal;
}

/**
 * Trains a new run in `options.out`, or continues the run in `options.resume`.
 *
 * @throws {Failure} with one sentence where data, settings or files do not fit, or numbers become NaN or infinite.
 * @throws the reason of `context.signal` after saving.
 */
export async function train(options: TrainOptions | ResumeOptions, context: TrainContext): Promise<TrainSummary> {
  if ("resume" in options) return await continueRun(options, context);
  refuseExistingRun(options.out);
  const settings = withAbsolutePaths(options);
  const preparation = await prepareTraining(settings, context.reporter);
  const run = createRunFolder(options.out, (made) => {
    writeConfig(made, settings);
    writeSplits(made.splits, [preparation.split]);
  });
  return await new Training(run, settings, { preparation, context }).run();
}

async function continueRun(given: ResumeOptions, context: TrainContext): Promise<TrainSummary> {
  const run = runFolder(given.resume);
  const { resume: _, ...changes } = given;
  const options: TrainOptions = { ...readConfig(run), ...changes, out: given.resume };
  removeLeftovers(run);
  const checkpoint = existsSync(run.checkpoint) ? readCheckpoint(run.checkpoint) : undefined;
  const preparation = await prepareTraining(options, context.reporter);
  const training = new Training(run, options, { preparation, context });
  if (checkpoint !== undefined) training.restore(checkpoint);
  writeConfig(run, options);
  return await training.run();
}

// A run can be continued from any working directory.
function withAbsolutePaths(options: TrainOptions): TrainOptions {
  return {
    ...options,
    dataset: resolve(options.dataset),
    ...(options.init === undefined ? {} : { init: resolve(options.init) }),
    ...(options.splitFile === undefined ? {} : { splitFile: resolve(options.splitFile) }),
  };
}

// A process that is killed loses at most so much of a long epoch.
const SAVE_MILLISECONDS = 5 * 60_000;

/** The state of a training between its steps. */
class Training {
  readonly #run: RunFolder;
  readonly #options: TrainOptions;
  readonly #preparation: Preparation;
  readonly #context: TrainContext;
  readonly #validation: Validation;
  #epoch = 1;
  #batches = 0;
  #lossSums: number[] = [];
  #history: EpochRecord[] = [];
  #best: Checkpoint["best"] = null;
  #secondsBefore = 0;
  #epochSecondsBefore = 0;
  #started = performance.now();
  #epochStarted = performance.now();
  #saved = performance.now();

  constructor(
    run: RunFolder,
    options: TrainOptions,
    { preparation, context }: { preparation: Preparation; context: TrainContext },
  ) {
    this.#run = run;
    this.#options = options;
    this.#preparation = preparation;
    this.#context = context;
    this.#validation = new Validation(preparation.index, preparation.validationCases);
  }

  async run(): Promise<TrainSummary> {
    const { reporter } = this.#context;
    const { samples, step, validationCases } = this.#preparation;
    reporter.note(
      `${samples.length} training slices, ${validationCases.length} validation cases, ${
        parameterCount(this.#preparation.source.graph(1))
      } parameters`,
    );
    let stopped = this.#stopReason();
    while (stopped === undefined) {
      await this.#trainEpoch();
      await this.#finishEpoch();
      stopped = this.#stopReason();
    }
    await step.release();
    const last = this.#history.at(-1);
    const best = this.#history.find(({ epoch }) => epoch === this.#best?.epoch) ?? last;
    return {
      run: this.#run.folder,
      model: this.#run.best,
      epochs: this.#history.length,
      bestEpoch: best?.epoch ?? 0,
      stopped,
      seconds: this.#seconds(),
      parameters: parameterCount(this.#preparation.source.graph(1)),
      trainLoss: last?.trainLoss ?? 0,
      validation: { dice: best?.dice ?? null, iou: best?.iou ?? null, perClass: best?.dicePerClass ?? {} },
    };
  }

  /** Takes over the state of a checkpoint of the same settings. */
  restore(checkpoint: Checkpoint): void {
    const { settings, data } = this.#identity();
    if (checkpoint.settings !== settings) {
      throw new Failure(
        `Cannot continue ${this.#run.folder}: ${this.#run.config} has other settings than those it was trained with; undo the change, or start anew with another --out`,
      );
    }
    if (checkpoint.data !== data) {
      throw new Failure(
        `Cannot continue ${this.#run.folder}: ${this.#options.dataset} has changed since it was trained; restore the data set, or start anew with another --out`,
      );
    }
    const { step } = this.#preparation;
    const { weights, first, second, average, ...statistics } = checkpoint.arrays as Record<string, Float32Array>;
    for (const [name, values] of Object.entries({ weights, first, second, average })) {
      step.store.array(name as "weights").set(values as Float32Array);
    }
    for (const [name, values] of Object.entries(statistics)) step.statistics.get(name)?.set(values);
    step.steps = checkpoint.steps;
    this.#epoch = checkpoint.epoch;
    this.#batches = checkpoint.batches;
    this.#lossSums = [...checkpoint.lossSums];
    this.#history = [...checkpoint.history];
    this.#best = checkpoint.best;
    this.#secondsBefore = checkpoint.seconds;
    this.#epochSecondsBefore = checkpoint.epochSeconds;
  }

  async #trainEpoch(): Promise<void> {
    const { step, samples, inputSize, outputSize, classes, index, augmentation } = this.#preparation;
    const { seed, batch, backgroundRatio, foregroundShare, stepsPerEpoch } = this.#options;
    const batches = epochBatches(samples, {
      seed,
      epoch: this.#epoch,
      batch,
      backgroundRatio,
      foregroundShare,
      minimumBatches: stepsPerEpoch,
    });
    this.#epochStarted = performance.now();
    while (this.#batches < batches.length) {
      if (this.#context.signal.aborted) this.#stopSaved();
      const chosen = (batches[this.#batches] as number[]).map((i) => samples[i] as Sample);
      // A generator per batch: the state of a run needs none of its own.
      const random = new Random(seed).fork(this.#epoch).fork(this.#batches);
      fillBatch({ image: step.image.values, target: step.target.values }, chosen, {
        inputSize,
        outputSize,
        channels: index.channels.length,
        classes,
        augmentation,
        random,
      });
      const learningRate = this.#learningRate(batches.length);
      const losses = await step.run({
        learningRate,
        ...(this.#options.clipNorm === undefined ? {} : { clipNorm: this.#options.clipNorm }),
        averageShare: this.#averageShare(),
      });
      this.#refuseNotFinite(losses, learningRate);
      this.#lossSums = losses.map((loss, level) => (this.#lossSums[level] ?? 0) + loss);
      this.#batches++;
      this.#showProgress(batches.length);
      if (performance.now() - this.#saved > SAVE_MILLISECONDS && this.#batches < batches.length) this.#save();
    }
  }

  async #finishEpoch(): Promise<void> {
    const { reporter, signal } = this.#context;
    this.#refuseBrokenWeights();
    const bytes = this.#encodeModel();
    reporter.progress(`${this.#epochLabel()} scoring ${this.#preparation.validationCases.length} validation cases`);
    const predictor = await createPredictor(bytes, this.#preparation.metadata, {
      threads: this.#options.threads,
      provider: this.#options.provider,
    });
    let scores;
    try {
      scores = await this.#validation.score(predictor, signal);
    } catch (error) {
      if (signal.aborted) this.#stopSaved();
      throw error;
    } finally {
      await predictor.release();
    }
    const lossPerLevel = this.#lossSums.map((sum) => sum / this.#batches);
    const record: EpochRecord = {
      epoch: this.#epoch,
      learningRate: this.#learningRate(this.#batches, -1),
      lossPerLevel,
      trainLoss: lossPerLevel.reduce((sum, loss) => sum + loss, 0),
      ...scores,
      seconds: Math.round(100 * this.#epochSeconds()) / 100,
    };
    const better = this.#best === null || (record.dice ?? 0) > this.#best.dice;
    if (better) {
      writeFileAtomic(this.#run.best, bytes);
      this.#best = { epoch: this.#epoch, dice: record.dice ?? 0 };
    }
    this.#history.push(record);
    this.#epoch++;
    this.#batches = 0;
    this.#lossSums = [];
    this.#epochSecondsBefore = 0;
    this.#epochStarted = performance.now();
    writeHistory(this.#run, this.#history);
    this.#save();
    reporter.note(
      `epoch ${record.epoch}/${this.#options.epochs}  loss ${record.trainLoss.toFixed(4)}  Dice ${
        formatScore(record.dice)
      }${better ? " (best)" : ""}  ${formatDuration(record.seconds)}  ${this.#timeLeft()}`,
    );
  }

  #encodeModel(): Uint8Array {
    const { step, source, metadata } = this.#preparation;
    const averaged = this.#options.averageDecay > 0;
    const graph = step.snapshot(source.graph(1), averaged ? "average" : "weights");
    const opset = Math.max(13, ...graph.nodes.map(({ op }) => op.sinceOpset));
    return encodeModel(graph, {
      opset,
      graphName: "seg",
      producerVersion: metadata.version,
      metadata: encodeMetadata({ ...metadata, training: { ...metadata.training, epoch: this.#epoch } }),
      ...(source.anyBatch ? { batchName: "N" } : {}),
    });
  }

  #stopReason(): StopReason | undefined {
    const { epochs, patience, timeBudgetSeconds } = this.#options;
    if (this.#history.length >= epochs) return "epochs";
    if (patience > 0 && this.#history.length - (this.#best?.epoch ?? 0) >= patience) return "patience";
    if (timeBudgetSeconds !== undefined && this.#seconds() >= timeBudgetSeconds && this.#history.length > 0) {
      return "time-budget";
    }
    return undefined;
  }

  #learningRate(batchesPerEpoch: number, offset = 0): number {
    const { learningRate, epochs } = this.#options;
    const steps = epochs * batchesPerEpoch;
    const step = (this.#epoch - 1) * batchesPerEpoch + this.#batches + offset;
    return learningRate * this.#preparation.schedule(step, steps);
  }

  // The average starts as the plain mean of the weights so far (Polyak), so that the random start does not linger.
  #averageShare(): number {
    const { averageDecay } = this.#options;
    return averageDecay === 0 ? 0 : Math.max(1 - averageDecay, 1 / (this.#preparation.step.steps + 1));
  }

  #refuseNotFinite(losses: readonly number[], learningRate: number): void {
    const level = losses.findIndex((loss) => !Number.isFinite(loss));
    if (level >= 0) this.#stopDiverged(`the loss of level ${level} became ${losses[level]}`, learningRate);
  }

  // The last step of an epoch can break the weights without a loss that shows it: a checkpoint must not hold them.
  #refuseBrokenWeights(): void {
    const { store, statistics } = this.#preparation.step;
    const weights = store.address("weights");
    const sum = store.kernels.sumOfSquares(weights, weights + 4 * store.length);
    const broken = Number.isFinite(sum)
      ? [...statistics].find(([, values]) => !values.every(Number.isFinite))?.[0]
      : "the weights";
    if (broken !== undefined) {
      this.#stopDiverged(`${broken} became NaN or infinite`, this.#learningRate(this.#batches, -1));
    }
  }

  #stopDiverged(found: string, learningRate: number): never {
    const { checkpoint } = this.#run;
    const kept = existsSync(checkpoint) ? `${checkpoint} holds the last good state; ` : "";
    throw new Failure(
      `Training stopped: ${found} in epoch ${this.#epoch}, step ${this.#preparation.step.steps + 1}, at learning rate ${
        learningRate.toExponential(2)
      }; ${kept}start anew with a smaller --learning-rate or with --clip-norm`,
    );
  }

  #stopSaved(): never {
    this.#save();
    this.#context.reporter.note(
      `Stopped in epoch ${this.#epoch} after ${this.#batches} batches; continue with: seg train --resume ${this.#run.folder}`,
    );
    throw this.#context.signal.reason;
  }

  #save(): void {
    this.#refuseBrokenWeights();
    this.#saved = performance.now();
    const { step } = this.#preparation;
    const arrays: Record<string, Float32Array> = Object.fromEntries(step.statistics);
    for (const name of ["weights", "first", "second", "average"] as const) arrays[name] = step.store.array(name);
    writeCheckpoint(this.#run.checkpoint, {
      ...this.#identity(),
      epoch: this.#epoch,
      batches: this.#batches,
      lossSums: this.#lossSums,
      steps: step.steps,
      seconds: this.#seconds(),
      epochSeconds: this.#epochSeconds(),
      history: this.#history,
      best: this.#best,
      arrays,
    });
  }

  // What may change in a resumed run (limits, place, version) is left out, and files count by their content.
  #identity(): { settings: string; data: string } {
    const {
      epochs: _e,
      patience: _p,
      timeBudgetSeconds: _t,
      threads: _th,
      provider: _pr,
      out: _o,
      version: _v,
      dataset: _d,
      init: _i,
      splitFile: _s,
      ...settings
    } = this.#options;
    const { split, metadata, step } = this.#preparation;
    const parameters = step.parameters.map(({ name, type }) => [name, type.shape]);
    return {
      settings: hashOf(sorted(settings)),
      data: hashOf([metadata.training["fingerprint"], split, parameters]),
    };
  }

  #seconds(): number {
    return this.#secondsBefore + (performance.now() - this.#started) / 1000;
  }

  #epochSeconds(): number {
    return this.#epochSecondsBefore + (performance.now() - this.#epochStarted) / 1000;
  }

  #epochLabel(): string {
    return `epoch ${this.#epoch}/${this.#options.epochs}`;
  }

  #showProgress(batches: number): void {
    const loss = this.#lossSums.reduce((sum, level) => sum + level, 0) / this.#batches;
    const share = (this.#epoch - 1 + this.#batches / batches) / this.#options.epochs;
    const left = (this.#seconds() / Math.max(share, 1e-6)) * (1 - share);
    const best = this.#best === null ? "" : `  best Dice ${formatScore(this.#best.dice)}`;
    this.#context.reporter.progress(
      `${this.#epochLabel()}  batch ${this.#batches}/${batches}  loss ${loss.toFixed(4)}${best}  ${
        formatDuration(left)
      } left`,
    );
  }

  #timeLeft(): string {
    const done = this.#history.length;
    const mean = this.#history.reduce((sum, { seconds }) => sum + seconds, 0) / done;
    const left = mean * Math.max(0, this.#options.epochs - done);
    return left > 0 ? `${formatDuration(left)} left` : "done";
  }
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

function sorted(value: object): object {
  return Object.fromEntries(
    Object.entries(value).filter(([, entry]) => entry !== undefined).sort(([a], [b]) => a < b ? -1 : 1),
  );
}
