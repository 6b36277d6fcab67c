/** A training step: run the training model, average the batch statistics, update the weights. */
import type { Graph } from "../../graph/graph.ts";
import { encodeModel } from "../../graph/onnx/encode.ts";
import type { Value } from "../../graph/op.ts";
import { replaceConstants, rewrite } from "../../graph/passes/rewrite.ts";
import { elementCount, floats, type TensorData } from "../../graph/tensor_type.ts";
import { createSession, type Session, type SessionOptions } from "../../runtime/session.ts";
import type { Optimizer } from "./optimizers.ts";
import { ParameterStore } from "./parameter_store.ts";
import type { BatchStatistics, TrainingGraph } from "./training_graph.ts";

/** Opset of training models: the newest whose reductions still have their axes as attributes. */
export const TRAINING_OPSET = 17;

/** How the gradients of a step are used. */
export interface StepOptions {
  readonly learningRate: number;
  /** Gradients are scaled down to this norm where theirs is larger. */
  readonly clipNorm?: number | undefined;
  /** Share of the new weights in their moving average; 0 keeps no average. */
  readonly averageShare?: number | undefined;
}

/** A session of a training model with its parameters, optimizer state and running statistics in place. */
export class TrainingStep {
  readonly store: ParameterStore;
  /** Network input of the next step, `[N, channels, S, S]`. */
  readonly image: TensorData<"float32">;
  /** Targets of the next step at the size of the last level. */
  readonly target: TensorData<"float32">;
  /** Running mean and variance of each normalization layer, by the name of the constant. */
  readonly statistics: ReadonlyMap<string, Float32Array>;
  /** Updates made so far. */
  steps = 0;
  readonly #training: TrainingGraph;
  readonly #optimizer: Optimizer;
  readonly #session: Session;
  readonly #run: () => Promise<void>;
  readonly #outputs: Readonly<Record<string, TensorData<"float32">>>;

  private constructor(training: TrainingGraph, optimizer: Optimizer, session: Session) {
    this.#training = training;
    this.#optimizer = optimizer;
    this.#session = session;
    this.store = new ParameterStore(training.parameters.map(({ source }) => source.constant as TensorData<"float32">));
    this.image = zeros(training.image);
    this.target = zeros(training.target);
    this.statistics = new Map(
      training.statistics.flatMap(({ runningMean, runningVariance }) =>
        [runningMean, runningVariance].map((
          value,
        ) => [value.name, (value.constant as TensorData<"float32">).values.slice()])
      ),
    );
    const feeds: Record<string, TensorData> = {
      [training.image.name]: this.image,
      [training.target.name]: this.target,
    };
    const outputs: Record<string, TensorData<"float32">> = {};
    training.parameters.forEach(({ input, gradient }, i) => {
      feeds[input.name] = this.store.view("weights", i);
      outputs[gradient.name] = floats(this.store.view("gradients", i).values, gradient.type.shape);
    });
    for (const value of training.graph.outputs) outputs[value.name] ??= zeros(value);
    this.#outputs = outputs;
    this.#run = session.bind(feeds, outputs);
  }

  /** Creates the session of a training model. */
  static async create(training: TrainingGraph, optimizer: Optimizer, options: SessionOptions): Promise<TrainingStep> {
    const session = await createSession(encodeModel(training.graph, { opset: TRAINING_OPSET }), options);
    return new TrainingStep(training, optimizer, session);
  }

  /** The parameters as constants of the network, in the order of the store. */
  get parameters(): readonly Value[] {
    return this.#training.parameters.map(({ source }) => source);
  }

  /** Trains on `image` and `target` and returns the loss of each level, as it was before the update. */
  async run({ learningRate, clipNorm, averageShare = 0 }: StepOptions): Promise<number[]> {
    const losses = await this.#losses();
    // A step that failed leaves weights and averages as they were.
    if (!losses.every(Number.isFinite)) return losses;
    for (const statistics of this.#training.statistics) this.#average(statistics);
    this.steps++;
    this.#optimizer.update(this.store, { learningRate, step: this.steps, gradientScale: this.#clipScale(clipNorm) });
    if (averageShare > 0) {
      const average = this.store.address("average");
      this.store.kernels.average(average, this.store.address("weights"), average + 4 * this.store.length, averageShare);
    }
    return losses;
  }

  /** Copies `net` with the present weights (or their average) and running statistics as constants. */
  snapshot(net: Graph, array: "weights" | "average" = "weights"): Graph {
    const present = new Map<string, TensorData>();
    this.parameters.forEach(({ name }, i) => present.set(name, this.store.view(array, i)));
    for (const [name, values] of this.statistics) present.set(name, floats(values));
    return rewrite(net, { source: replaceConstants(present) }).graph;
  }

  /** Ends profiling and writes its file, for a session created with `profilePrefix`. */
  endProfiling(): void {
    this.#session.endProfiling();
  }

  /** Frees the memory of the session. */
  release(): Promise<void> {
    return this.#session.release();
  }

  async #losses(): Promise<number[]> {
    const { losses } = this.#training;
    try {
      await this.#run();
    } catch (error) {
      // MaxUnpool refuses the indices that MaxPool gives for NaN; any other failure shows at the first step.
      if (this.steps === 0 && this.image.values.every(Number.isFinite)) throw error;
      return losses.map(() => NaN);
    }
    return losses.map((value) => (this.#outputs[value.name] as TensorData<"float32">).values[0] as number);
  }

  #clipScale(clipNorm: number | undefined): number {
    if (clipNorm === undefined) return 1;
    const gradients = this.store.address("gradients");
    const norm = Math.sqrt(this.store.kernels.sumOfSquares(gradients, gradients + 4 * this.store.length));
    // As PyTorch's clip_grad_norm_.
    return Math.min(1, clipNorm / (norm + 1e-6));
  }

  #average({ mean, variance, runningMean, runningVariance, count, keep }: BatchStatistics): void {
    const update = (running: Value, batch: Value, factor: number) => {
      const average = this.statistics.get(running.name) as Float32Array;
      const { values } = this.#outputs[batch.name] as TensorData<"float32">;
      for (let i = 0; i < average.length; i++) {
        average[i] = keep * (average[i] as number) + (1 - keep) * factor * (values[i] as number);
      }
    };
    update(runningMean, mean, 1);
    // ONNX's batch variance is biased, PyTorch's running average is of the unbiased one.
    update(runningVariance, variance, count / (count - 1));
  }
}

function zeros(value: Value): TensorData<"float32"> {
  return floats(new Float32Array(elementCount(value.type.shape)), value.type.shape);
}

/**
 * The share of the new weights in their moving average at the step after `steps` others. The average starts as the plain mean of the
 * weights so far (Polyak), so that it forgets the random start.
 *
 * @param averageDecay share of the old weights that the average keeps later; 0: no average.
 */
export function averageShare(averageDecay: number, steps: number): number {
  return averageDecay === 0 ? 0 : Math.max(1 - averageDecay, 1 / (steps + 1));
}
