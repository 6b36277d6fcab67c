/** The epochs of a training, and when they end. */
import { existsSync } from "node:fs";
import { Failure } from "../../failure.ts";
import { writeFileAtomic } from "../../files.ts";
import { parameterCount } from "../../graph/passes/parameters.ts";
import type { ScoredCase } from "../../metrics/aggregate.ts";
import { type DescribedModel, readDescribedModel } from "../../model/model.ts";
import { createPredictor } from "../../prediction/predictor.ts";
import { Random } from "../../random.ts";
import { sha256 } from "../../sha256.ts";
import type { Reporter } from "../../reporter.ts";
import { countOf, formatDuration, formatNumber } from "../../text.ts";
import { epochBatches, fillBatch } from "../batches.ts";
import { type Checkpoint, writeCheckpoint } from "./checkpoint.ts";
import { bestEpoch, type EpochRecord, epochsWithoutBetter, writeHistory } from "./history.ts";
import type { Preparation } from "./preparation.ts";
import type { RunFolder } from "./run_folder.ts";
import { runIdentity } from "./run_identity.ts";
import type { Sample } from "../samples.ts";
import { EventFile } from "../tensorboard/event_file.ts";
import type { RunSettings } from "./run_settings.ts";
import type { StopReason, TrainSummary } from "./train_options.ts";
import { brokenPart, encodeTrainedModel, scoredModel } from "../trained_model.ts";
import { validationLoss } from "../validation_loss.ts";
import { Validation, type ValidationResult } from "../validation.ts";
import { averageShare } from "../step/training_step.ts";

/** What a training may use of its surroundings. */
export interface TrainContext {
  readonly reporter: Reporter;
  /** Aborted by Ctrl-C and SIGTERM: the state is saved, and the training ends with a {@link Failure} whose cause is the signal's reason. */
  readonly signal: AbortSignal;
  /** Widest line of the text of a cross-validation; absent: as wide as it gets. */
  readonly columns?: number | undefined;
}

// A process that is killed loses at most so much of a long epoch.
const SAVE_MILLISECONDS = 5 * 60_000;

const PICTURES = 3;

/** A training under way: its state between two steps, which a checkpoint holds. */
export class Training {
  readonly #run: RunFolder;
  readonly #settings: RunSettings;
  readonly #preparation: Preparation;
  readonly #context: TrainContext;
  readonly #validation: Validation;
  #events: EventFile | undefined;
  #epoch = 1;
  #batches = 0;
  #lossSums: number[] = [];
  #history: EpochRecord[] = [];
  #best: Checkpoint["best"] = null;
  /** SHA-256 of its file. */
  #bestModel: string | undefined;
  #secondsBefore = 0;
  #epochSecondsBefore = 0;
  #started = performance.now();
  #epochStarted = performance.now();
  #saved = performance.now();

  constructor(
    run: RunFolder,
    settings: RunSettings,
    { preparation, context }: { preparation: Preparation; context: TrainContext },
  ) {
    this.#run = run;
    this.#settings = settings;
    this.#preparation = preparation;
    this.#context = context;
    this.#validation = new Validation(preparation.index, preparation.validationCases);
  }

  /** Trains to the end. @throws as `train()`. */
  async run(): Promise<TrainSummary> {
    const { reporter } = this.#context;
    const { samples, step, net, validationCases } = this.#preparation;
    const parameters = parameterCount(net);
    reporter.note(
      `${countOf(samples.length, "training slice")}, ${
        countOf(validationCases.length, "validation case")
      }, ${parameters} parameters`,
    );
    if (this.#settings.limits.tensorboard === true) {
      this.#events = new EventFile(this.#run.events, this.#history);
      reporter.note(`Follow it with: tensorboard --logdir ${this.#run.folder}`);
    }
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
      parameters,
      trainLoss: last?.trainLoss ?? 0,
      validation: { dice: best?.dice ?? null, iou: best?.iou ?? null, perClass: best?.dicePerClass ?? {} },
    };
  }

  /** Takes over the state of a checkpoint of the same settings. */
  restore(checkpoint: Checkpoint): void {
    const { settings, data, images } = runIdentity(this.#settings, this.#preparation);
    if (checkpoint.settings !== settings) {
      throw new Failure(
        `Cannot continue ${this.#run.folder}: ${this.#run.config} has other settings than those it was trained with; undo the change, or start anew with another --out`,
      );
    }
    if (checkpoint.data !== data || (checkpoint.images ?? images) !== images) {
      throw new Failure(
        `Cannot continue ${this.#run.folder}: ${this.#settings.place.dataset} has changed since it was trained; restore the data set, or start anew with another --out`,
      );
    }
    this.#refuseOtherBest(checkpoint);
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

  // Killed between the best model and the checkpoint, a run has a model of the very epoch that it makes again.
  #refuseOtherBest({ best, bestModel, epoch }: Checkpoint): void {
    const { best: path, folder } = this.#run;
    if (best === null || bestModel === undefined) return;
    const model = readDescribedModel(path);
    if (sha256(model.bytes) !== bestModel && model.metadata.training["epoch"] !== epoch) {
      throw new Failure(
        `Cannot continue ${folder}: ${path} is not the model that it was stopped with; restore the file, or start anew with ` +
          `another --out`,
      );
    }
    this.#bestModel = sha256(model.bytes);
  }

  async #trainEpoch(): Promise<void> {
    const { step, samples, inputSize, outputSize, classes, index, augmentation } = this.#preparation;
    const { seed, batch, backgroundRatio, foregroundShare, stepsPerEpoch } = this.#settings.sampling;
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
        clipNorm: this.#settings.optimizer.clipNorm,
        averageShare: averageShare(this.#settings.optimizer.averageDecay, this.#preparation.step.steps),
      });
      this.#refuseNotFinite(losses, learningRate);
      this.#lossSums = losses.map((loss, level) => (this.#lossSums[level] ?? 0) + loss);
      this.#batches++;
      this.#showProgress(batches.length);
      if (performance.now() - this.#saved > SAVE_MILLISECONDS && this.#batches < batches.length) this.#save();
    }
  }

  async #finishEpoch(): Promise<void> {
    const { reporter } = this.#context;
    this.#refuseBrokenState();
    const model = encodeTrainedModel(this.#preparation, {
      epoch: this.#epoch,
      averaged: this.#settings.optimizer.averageDecay > 0,
    });
    const { scores, cases = [], pictures = [] } = this.#validates() ? await this.#score(model) : {};
    const loss = scores === undefined ? NaN : await this.#validationLoss();
    const lossPerLevel = this.#lossSums.map((sum) => sum / this.#batches);
    const record: EpochRecord = {
      epoch: this.#epoch,
      learningRate: this.#learningRate(this.#batches, -1),
      lossPerLevel,
      trainLoss: lossPerLevel.reduce((sum, loss) => sum + loss, 0),
      ...(scores ?? { dice: null, iou: null, dicePerClass: {} }),
      ...(Number.isFinite(loss) && { validationLoss: loss }),
      seconds: Math.round(100 * this.#epochSeconds()) / 100,
    };
    const better = bestEpoch([...this.#history, record]) === record;
    if (better) {
      this.#writeBest(model, cases);
      this.#best = { epoch: this.#epoch, dice: record.dice ?? 0 };
    }
    this.#history.push(record);
    this.#epoch++;
    this.#batches = 0;
    this.#lossSums = [];
    this.#epochSecondsBefore = 0;
    this.#epochStarted = performance.now();
    writeHistory(this.#run.history, this.#history);
    this.#save();
    // After the checkpoint: a run that is continued from an earlier one never finds an epoch that it has yet to make.
    this.#events?.append(record, pictures);
    reporter.note(
      `epoch ${record.epoch}/${this.#settings.limits.epochs}  loss ${record.trainLoss.toFixed(4)}${
        Number.isFinite(loss) ? `  validation ${loss.toFixed(4)}` : ""
      }${scores === undefined ? "" : `  Dice ${formatNumber(record.dice, 3)}`}${
        better && (record.dice ?? 0) > 0 ? " (best)" : ""
      }  ${formatDuration(record.seconds)}  ${this.#timeLeft()}`,
    );
  }

  #writeBest(model: DescribedModel, cases: readonly ScoredCase[]): void {
    const { settings } = runIdentity(this.#settings, this.#preparation);
    const { model: whole, card = "" } = scoredModel(model, this.#preparation, { epoch: this.#epoch, cases, settings });
    writeFileAtomic(this.#run.best, whole.bytes, { durable: true });
    this.#bestModel = sha256(whole.bytes);
    writeFileAtomic(this.#run.card, card);
  }

  // The epoch that ends the training has a score, or there might be no model.
  #validates(): boolean {
    const { sampling: { validateEvery }, limits: { epochs, timeBudgetSeconds } } = this.#settings;
    return this.#epoch % validateEvery === 0 || this.#epoch >= epochs ||
      (timeBudgetSeconds !== undefined && this.#seconds() >= timeBudgetSeconds);
  }

  async #score(model: DescribedModel): Promise<ValidationResult> {
    const { reporter, signal } = this.#context;
    const { validationCases } = this.#preparation;
    const show = (done: number) =>
      reporter.progress(`${this.#epochLabel()}  scoring case ${done + 1} of ${validationCases.length}`);
    show(0);
    const { threads, provider } = this.#settings.limits;
    const predictor = await createPredictor(model, {
      threads,
      provider,
      optimization: this.#preparation.optimization,
    });
    try {
      return await this.#validation.score(predictor, signal, {
        pictures: this.#events === undefined ? 0 : PICTURES,
        begin: show,
      });
    } catch (error) {
      if (signal.aborted) this.#stopSaved();
      throw error;
    } finally {
      await predictor.release();
    }
  }

  async #validationLoss(): Promise<number> {
    const { step, validationLoss: model, optimization, inputSize, outputSize, classes, index } = this.#preparation;
    const { optimizer: { averageDecay }, limits: { threads, provider } } = this.#settings;
    const graph = step.snapshot(model.graph, averageDecay > 0 ? "average" : "weights");
    const channels = index.channels.length;
    const shape = { inputSize, outputSize, channels, classes };
    return await validationLoss(model, graph, { ...shape, threads, provider, optimization });
  }

  #stopReason(): StopReason | undefined {
    const { epochs, patience, timeBudgetSeconds } = this.#settings.limits;
    if (this.#history.length >= epochs) return "epochs";
    if (patience > 0 && epochsWithoutBetter(this.#history) >= patience) return "patience";
    if (timeBudgetSeconds !== undefined && this.#seconds() >= timeBudgetSeconds && this.#best !== null) {
      return "time-budget";
    }
    return undefined;
  }

  #learningRate(batchesPerEpoch: number, offset = 0): number {
    const { optimizer: { learningRate }, limits: { epochs } } = this.#settings;
    const steps = epochs * batchesPerEpoch;
    const step = (this.#epoch - 1) * batchesPerEpoch + this.#batches + offset;
    return learningRate * this.#preparation.schedule(step, steps);
  }

  #refuseNotFinite(losses: readonly number[], learningRate: number): void {
    const level = losses.findIndex((loss) => !Number.isFinite(loss));
    if (level >= 0) this.#stopDiverged(`the loss of level ${level} became ${losses[level]}`, learningRate);
  }

  // The last step of an epoch can break the weights without a loss that shows it: a checkpoint must not hold them.
  #refuseBrokenState(): void {
    const broken = brokenPart(this.#preparation.step);
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
    throw new Failure(
      `Stopped in epoch ${this.#epoch} after ${
        countOf(this.#batches, "batch", "batches")
      }; continue with: seg train --resume ${this.#run.folder}`,
      { cause: this.#context.signal.reason },
    );
  }

  #save(): void {
    this.#refuseBrokenState();
    this.#saved = performance.now();
    const { step } = this.#preparation;
    const arrays: Record<string, Float32Array> = Object.fromEntries(step.statistics);
    for (const name of ["weights", "first", "second", "average"] as const) arrays[name] = step.store.array(name);
    writeCheckpoint(this.#run.checkpoint, {
      ...runIdentity(this.#settings, this.#preparation),
      epoch: this.#epoch,
      batches: this.#batches,
      lossSums: this.#lossSums,
      steps: step.steps,
      seconds: this.#seconds(),
      epochSeconds: this.#epochSeconds(),
      history: this.#history,
      best: this.#best,
      ...(this.#bestModel !== undefined && { bestModel: this.#bestModel }),
      arrays,
    });
  }

  #seconds(): number {
    return this.#secondsBefore + (performance.now() - this.#started) / 1000;
  }

  #epochSeconds(): number {
    return this.#epochSecondsBefore + (performance.now() - this.#epochStarted) / 1000;
  }

  #epochLabel(): string {
    return `epoch ${this.#epoch}/${this.#settings.limits.epochs}`;
  }

  #showProgress(batches: number): void {
    const loss = this.#lossSums.reduce((sum, level) => sum + level, 0) / this.#batches;
    const share = (this.#epoch - 1 + this.#batches / batches) / this.#settings.limits.epochs;
    const left = (this.#seconds() / Math.max(share, 1e-6)) * (1 - share);
    const best = this.#best === null ? "" : `  best Dice ${formatNumber(this.#best.dice, 3)}`;
    this.#context.reporter.progress(
      `${this.#epochLabel()}  batch ${this.#batches}/${batches}  loss ${loss.toFixed(4)}${best}  ${
        formatDuration(left)
      } left`,
    );
  }

  #timeLeft(): string {
    const done = this.#history.length;
    const mean = this.#history.reduce((sum, { seconds }) => sum + seconds, 0) / done;
    const left = mean * Math.max(0, this.#settings.limits.epochs - done);
    return left > 0 ? `${formatDuration(left)} left` : "done";
  }
}
