/** Trains a network on a data set folder and keeps everything that is needed to continue. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { Failure } from "../failure.ts";
import { writeFileAtomic } from "../files.ts";
import { encodeModel } from "../graph/onnx/encode.ts";
import { encodeMetadata } from "../graph/onnx/metadata.ts";
import { parameterCount } from "../graph/passes/parameters.ts";
import { writeSplits } from "../data/splits.ts";
import { createPredictor } from "../prediction/predictor.ts";
import { Random } from "../random.ts";
import type { Reporter } from "../reporter.ts";
import { createAugmentation } from "./augmentations.ts";
import { epochBatches, fillBatch } from "./batches.ts";
import { type Checkpoint, type EpochRecord, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { formatDuration, formatScore } from "./format.ts";
import { type Preparation, prepareTraining } from "./preparation.ts";
import { createRunFolder, readConfig, type RunFolder, runFolder, writeConfig, writeHistory } from "./run_folder.ts";
import type { Sample } from "./samples.ts";
import { SCHEDULES, withWarmUp } from "./schedules.ts";
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
  if ("resume" in options) return await resume(options, context);
  const preparation = await prepareTraining(options, context.reporter);
  const run = createRunFolder(options.out);
  writeConfig(run, options);
  writeSplits(run.splits, [preparation.split]);
  return await new Training(run, options, { preparation, context }).run();
}

async function resume(given: ResumeOptions, context: TrainContext): Promise<TrainSummary> {
  const run = runFolder(given.resume);
  const { resume: _, ...changes } = given;
  const options: TrainOptions = { ...readConfig(run), ...changes, out: given.resume };
  const checkpoint = existsSync(run.checkpoint) ? readCheckpoint(run.checkpoint) : undefined;
  const preparation = await prepareTraining(options, context.reporter);
  const training = new Training(run, options, { preparation, context });
  if (checkpoint !== undefined) training.restore(checkpoint);
  writeConfig(run, options);
  return await training.run();
}

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
    if (checkpoint.settings !== this.#settingsHash()) {
      throw new Failure(
        `Cannot continue ${this.#run.folder}: its checkpoint belongs to other settings or another state of the data set; start anew with another --out`,
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
    const { step, samples, inputSize, outputSize, classes, index } = this.#preparation;
    const { seed, batch, backgroundRatio, foregroundShare, augment, mirror } = this.#options;
    const batches = epochBatches(samples, { seed, epoch: this.#epoch, batch, backgroundRatio, foregroundShare });
    const augmentation = createAugmentation({ name: augment, mirror, labels: index.labels.length });
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
    }
  }

  async #finishEpoch(): Promise<void> {
    const { reporter, signal } = this.#context;
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
      seconds: Math.round(this.#epochSecondsBefore + (performance.now() - this.#epochStarted) / 10) / 100,
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
    const { learningRate, schedule, warmUpSteps, epochs } = this.#options;
    const shape = SCHEDULES[schedule];
    if (shape === undefined) {
      throw new Failure(`No schedule is called ${schedule}: choose one of ${Object.keys(SCHEDULES).join(", ")}`);
    }
    const steps = epochs * batchesPerEpoch;
    const step = (this.#epoch - 1) * batchesPerEpoch + this.#batches + offset;
    return learningRate * (warmUpSteps > 0 ? withWarmUp(shape, warmUpSteps) : shape)(step, steps);
  }

  // The average starts as the plain mean of the weights so far (Polyak), so that the random start does not linger.
  #averageShare(): number {
    const { averageDecay } = this.#options;
    return averageDecay === 0 ? 0 : Math.max(1 - averageDecay, 1 / (this.#preparation.step.steps + 1));
  }

  #refuseNotFinite(losses: readonly number[], learningRate: number): void {
    const level = losses.findIndex((loss) => !Number.isFinite(loss));
    if (level < 0) return;
    throw new Failure(
      `Training stopped: the loss of level ${level} became ${losses[level]} in epoch ${this.#epoch}, batch ${
        this.#batches + 1
      } at learning rate ${learningRate.toExponential(2)}; ${this.#run.checkpoint} holds the state after epoch ${
        this.#epoch - 1
      }, start anew with a smaller --learning-rate`,
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
    const { step } = this.#preparation;
    const arrays: Record<string, Float32Array> = Object.fromEntries(step.statistics);
    for (const name of ["weights", "first", "second", "average"] as const) arrays[name] = step.store.array(name);
    writeCheckpoint(this.#run.checkpoint, {
      settings: this.#settingsHash(),
      epoch: this.#epoch,
      batches: this.#batches,
      lossSums: this.#lossSums,
      steps: step.steps,
      seconds: this.#seconds(),
      epochSeconds: this.#epochSecondsBefore + (performance.now() - this.#epochStarted) / 1000,
      history: this.#history,
      best: this.#best,
      arrays,
    });
  }

  // What may change in a resumed run (limits, place, version) is left out.
  #settingsHash(): string {
    const {
      epochs: _e,
      patience: _p,
      timeBudgetSeconds: _t,
      threads: _th,
      provider: _pr,
      out: _o,
      version: _v,
      ...settings
    } = this.#options;
    const { dataset: _d, init: _i, ...portable } = settings;
    const identity = {
      ...portable,
      data: this.#preparation.metadata.training["fingerprint"],
      parameters: this.#preparation.step.parameters.map(({ name, type }) => [name, type.shape]),
    };
    return createHash("sha256").update(JSON.stringify(sorted(identity))).digest("hex");
  }

  #seconds(): number {
    return this.#secondsBefore + (performance.now() - this.#started) / 1000;
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

function sorted(value: object): object {
  return Object.fromEntries(
    Object.entries(value).filter(([, entry]) => entry !== undefined).sort(([a], [b]) => a < b ? -1 : 1),
  );
}
