/** Turns a network into one ordinary ONNX model that computes losses, gradients and batch statistics. */
import { type Graph, inputOf, type Node } from "../../graph/graph.ts";
import type { Attributes, Inputs, Value } from "../../graph/op.ts";
import { add, mul } from "../../graph/ops/arithmetic.ts";
import { averagePool } from "../../graph/ops/average_pool.ts";
import { identity } from "../../graph/ops/elementwise.ts";
import { formulas } from "../../graph/ops/formulas.ts";
import { reshape, slice } from "../../graph/ops/movement.ts";
import { composeUpsampling } from "../../graph/passes/compose_upsampling.ts";
import { differentiate } from "../../graph/passes/differentiate.ts";
import { parameters } from "../../graph/passes/parameters.ts";
import { rewrite } from "../../graph/passes/rewrite.ts";
import { elementCount, formatShape, sameShape } from "../../graph/tensor_type.ts";
import type { Loss } from "../losses.ts";

/** How a mask is brought to the size of a level: the share of each pixel that is covered, or the mask at each pixel's centre. */
export type LevelTargets = "area" | "nearest";

/** What {@link trainingGraph} builds into the model. */
export interface TrainingGraphOptions {
  readonly loss: Loss;
  /** Weight of each level's loss in the sum (default: 1 each). */
  readonly levelWeights?: readonly number[] | undefined;
  /** How the levels smaller than the target see it: by its area averages (the default) or by one of its pixels each. */
  readonly levelTargets?: LevelTargets | undefined;
  /** Side S of the target, a multiple of every level's (default: the last level's). */
  readonly targetSize?: number | undefined;
  /** Names of constants that stay as they are. */
  readonly frozen?: ((name: string) => boolean) | undefined;
  /** Keeps normalization layers at their running averages. */
  readonly freezeNormalization?: boolean | undefined;
  /** False leaves every node in the form that the network has (default: the form that trains fastest). */
  readonly lower?: boolean | undefined;
}

/** A normalization layer in training: the outputs with the batch's mean and biased variance, and the constants that average them. */
export interface BatchStatistics {
  readonly mean: Value;
  readonly variance: Value;
  readonly runningMean: Value;
  readonly runningVariance: Value;
  /** Elements per channel in a batch: the unbiased variance is the biased one times count / (count − 1). */
  readonly count: number;
  /** Share of the old average that an update keeps (ONNX's sense: 1 − PyTorch's momentum). */
  readonly keep: number;
}

/** A training model: its graph, and which of its values mean what. */
export interface TrainingGraph {
  readonly graph: Graph;
  readonly image: Value;
  /** `[N, classes, S, S]`; smaller levels see its area averages, or the pixels nearest to their centres. */
  readonly target: Value;
  /** One scalar per level. */
  readonly losses: readonly Value[];
  /** Logits per level, in training mode. */
  readonly logits: readonly Value[];
  /** A graph input per learned constant, the constant of the network it stands for, and its gradient: the same values, perhaps of another shape. */
  readonly parameters: readonly { readonly input: Value; readonly source: Value; readonly gradient: Value }[];
  readonly statistics: readonly BatchStatistics[];
}

/**
 * Builds the training model of `net`, a graph with one image input and the logits of each level as outputs, smallest first.
 *
 * @throws {RangeError} where the outputs are no pyramid of logits, an op on the way has no gradient, or normalization would see one value per channel.
 */
export function trainingGraph(net: Graph, options: TrainingGraphOptions): TrainingGraph {
  const frozen = options.frozen ?? (() => false);
  const cancelled = options.freezeNormalization === true ? new Set() : cancelledShifts(net);
  const learned = new Set(parameters(net).filter((value) => !frozen(value.name) && !cancelled.has(value)));
  const opened = rewrite(net, {
    source: (value, target) => learned.has(value) ? target.input(value.name, value.type) : undefined,
  });
  const composed = options.lower === false ? undefined : composeUpsampling(opened.graph);
  const statistics: BatchStatistics[] = [];
  const { graph, valueOf } = rewrite(composed?.graph ?? opened.graph, {
    node: (node, inputs, target) => {
      if (options.freezeNormalization === true || !keepsStatistics(node)) {
        return options.lower === false ? undefined : node.op.lower?.(formulas(target), inputs, node.attributes);
      }
      return normalizeBatch(node, { inputs, target, statistics });
    },
  });
  const inputs = new Map([...learned].map((source) => {
    const input = opened.valueOf(source);
    return [source, valueOf(composed?.valueOf(input) ?? input)];
  }));
  const logits = [...graph.outputs];
  graph.setOutputs([]);
  const image = graph.inputs.find((input) => ![...inputs.values()].includes(input)) as Value;
  const target = graph.input("target", targetType(logits, options.targetSize));
  const toSize = options.levelTargets === "nearest" ? centrePixels : areaAverage;
  const losses: Value[] = [];
  const seeds = new Map<Value, Value>();
  logits.forEach((value, level) => {
    const term = options.loss(graph, value, toSize(graph, target, value.type.shape));
    const weight = options.levelWeights?.[level] ?? 1;
    losses.push(graph.output(term.value, `loss_${level}`));
    const seed = weight === 1 ? term.gradient : graph.apply(mul, [term.gradient, graph.scalar(weight)]);
    const known = seeds.get(value);
    seeds.set(value, known === undefined ? seed : graph.apply(add, [known, seed]));
  });
  const sources = [...inputs.keys()];
  const gradients = differentiate(graph, seeds, [...inputs.values()]);
  const learnedParameters = sources.flatMap((source, i) => {
    const gradient = gradients[i];
    if (gradient === undefined) return [];
    return [{
      input: inputs.get(source) as Value,
      source,
      gradient: graph.output(withoutReshape(graph, gradient), `gradient/${source.name}`),
    }];
  });
  for (const { mean, variance } of statistics) {
    graph.output(mean);
    graph.output(variance);
  }
  return { graph, image, target, losses, logits, parameters: learnedParameters, statistics };
}

// Averages that are computed from others (an instance normalization that PyTorch wrote as one over the batch) are not kept: they stay.
function keepsStatistics({ op, inputs }: Node): boolean {
  return op.runningStatistics?.every((position) => inputs[position]?.constant !== undefined) ?? false;
}

/** The losses of `net` as it is used, without gradients: `[N, channels, S, S]` and a target → one scalar per level. */
export function lossGraph(
  net: Graph,
  options: Pick<TrainingGraphOptions, "loss" | "levelTargets" | "targetSize">,
): Pick<TrainingGraph, "graph" | "image" | "target" | "losses"> {
  const { graph } = rewrite(net, {});
  const logits = [...graph.outputs];
  graph.setOutputs([]);
  const [image] = graph.inputs as [Value];
  const target = graph.input("target", targetType(logits, options.targetSize));
  const toSize = options.levelTargets === "nearest" ? centrePixels : areaAverage;
  const losses = logits.map((value, level) =>
    graph.output(options.loss(graph, value, toSize(graph, target, value.type.shape)).value, `loss_${level}`)
  );
  return { graph, image, target, losses };
}

// The layer in training mode; momentum 0 makes its other outputs the mean and variance of the batch.
function normalizeBatch(
  node: Node,
  { inputs, target, statistics }: { inputs: Inputs; target: Graph; statistics: BatchStatistics[] },
): readonly Value[] {
  const [x] = inputs as readonly [Value];
  const count = elementCount(x.type.shape) / (x.type.shape[1] as number);
  if (count < 2) {
    throw new RangeError(
      `Cannot train normalization ${node.name} on ${
        formatShape(x.type.shape)
      }: one value per channel has no variance; ` +
        `use a batch of 2 or more, or a larger input size`,
    );
  }
  const attributes = { ...node.attributes, training_mode: 1, momentum: 0 } as Attributes;
  const outputs = target.applyAll(node.op, inputs, attributes, node.name);
  const averages = (node.op.runningStatistics ?? []).map((position) => node.inputs[position] as Value);
  const [runningMean, runningVariance] = averages as [Value, Value];
  const [, mean, variance] = outputs as [Value, Value, Value];
  statistics.push({ mean, variance, runningMean, runningVariance, count, keep: keptShare(node.attributes) });
  return outputs;
}

/**
 * Biases that normalization over the batch takes away again: their gradient is exactly zero, so that they stay as they are.
 *
 * (Where it is computed it is rounding errors, from which Adam makes steps of the full learning rate.)
 */
export function cancelledShifts(net: Graph): Set<Value> {
  const consumers = net.consumers();
  const cancelled = new Set<Value>();
  const kept = new Set<Value>();
  for (const node of net.nodes) {
    node.inputs.forEach((value, position) => {
      if (value?.constant === undefined) return;
      const [output] = node.outputs as [Value];
      const readers = consumers.get(output) ?? [];
      const taken = node.op.channelShift === position && !net.outputs.includes(output) && readers.length > 0 &&
        readers.every((reader) => reader.op.removesChannelShift === true && reader.inputs[0] === output);
      (taken ? cancelled : kept).add(value);
    });
  }
  for (const value of kept) cancelled.delete(value);
  return cancelled;
}

// The values of a gradient before their last change of shape, which would copy them: only their order matters to the update.
function withoutReshape(graph: Graph, gradient: Value): Value {
  const node = graph.producer(gradient);
  const flat = node?.op.type === reshape.type ? inputOf(node) : gradient;
  // Two parameters may have one gradient, but an output has one name.
  return graph.outputs.includes(flat) ? graph.apply(identity, [flat]) : flat;
}

// ONNX BatchNormalization: momentum 0.9 where the file does not say.
function keptShare(attributes: Attributes): number {
  const { momentum } = attributes as { readonly momentum?: number | undefined };
  return momentum ?? 0.9;
}

function targetType(logits: readonly Value[], size: number | undefined): Value["type"] {
  const last = logits.at(-1) as Value;
  const shape = size === undefined ? last.type.shape : [...last.type.shape.slice(0, 2), size, size];
  for (const { name, type } of logits) {
    const divides = type.shape.length === 4 && type.shape[1] === shape[1] &&
      [2, 3].every((axis) => (shape[axis] as number) % (type.shape[axis] as number) === 0);
    if (!divides) {
      throw new RangeError(
        `Output ${name} of shape ${formatShape(type.shape)} is no smaller level of ${
          size === undefined ? `output ${last.name}` : "a target"
        } ${formatShape(shape)}`,
      );
    }
  }
  return { ...last.type, shape };
}

/** The mean of `x` `[N, C, H, W]` over the squares that make up each pixel of `shape` `[N, C, h, w]`. */
function areaAverage(graph: Graph, x: Value, shape: readonly number[]): Value {
  if (sameShape(x.type.shape, shape)) return x;
  const [, , height, width] = shape as [number, number, number, number];
  const kernel = [(x.type.shape[2] as number) / height, (x.type.shape[3] as number) / width];
  return graph.apply(averagePool, [x], { kernel_shape: kernel, strides: kernel });
}

/** The values of `x` `[N, C, H, W]` nearest to the centres of the pixels of `shape` `[N, C, h, w]`; where two are equally near, the latter. */
function centrePixels(graph: Graph, x: Value, shape: readonly number[]): Value {
  if (sameShape(x.type.shape, shape)) return x;
  const ends = x.type.shape.slice(2);
  const steps = ends.map((length, axis) => length / (shape[2 + axis] as number));
  return graph.apply(slice, [x], { starts: steps.map((step) => Math.floor(step / 2)), ends, axes: [2, 3], steps });
}
