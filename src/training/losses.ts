/** The losses by name. */
import { UsageFailure } from "../failure.ts";
import { add } from "../graph/ops/arithmetic.ts";
import { binaryCrossEntropy, crossEntropy } from "./losses/cross_entropy.ts";
import { dice } from "./losses/dice.ts";
import { focal } from "./losses/focal.ts";
import type { Loss, LossOptions } from "./losses/loss.ts";
import type { LossName } from "./names.ts";

export type { Loss } from "./losses/loss.ts";

/** A loss by name. */
export interface LossEntry {
  /** Channels of the logits that it is made for: one, or independent ones (sigmoid), several (softmax), or both. */
  readonly channels: "one" | "several" | "any";
  readonly create: (options: LossOptions) => Loss;
}

/** The losses by name; the combined ones are plain sums, as in nnU-Net. */
export const LOSSES: Readonly<Record<string, LossEntry>> = {
  bce: { channels: "one", create: binaryCrossEntropy },
  ce: { channels: "several", create: crossEntropy },
  dice: { channels: "any", create: dice },
  "dice-bce": { channels: "one", create: (options) => sumOf(dice(options), binaryCrossEntropy(options)) },
  "dice-ce": { channels: "several", create: (options) => sumOf(dice(options), crossEntropy(options)) },
  focal: { channels: "any", create: focal },
} satisfies Readonly<Record<LossName, LossEntry>>;

/**
 * The loss called `name` for logits of `channels` channels.
 *
 * @throws {UsageFailure} where there is no such loss, it is not made for that many channels, or the class weights do not fit.
 */
export function createLoss(name: string, { channels, ...options }: LossOptions & { readonly channels: number }): Loss {
  const { independent = false } = options;
  const fitting = channels === 1 || independent ? "one" : "several";
  const names = Object.keys(LOSSES).filter((other) => ["any", fitting].includes((LOSSES[other] as LossEntry).channels));
  const entry = LOSSES[name];
  if (entry === undefined || !names.includes(name)) {
    throw new UsageFailure(
      entry === undefined
        ? `No loss is called ${name}: choose one of ${names.join(", ")}`
        : options.ignore === true && channels === 2
        ? `The loss ${name} cannot leave out the voxels to ignore: choose one of ${names.join(", ")}`
        : `The loss ${name} is for ${entry.channels === "one" ? "one class" : "several classes"}, the data set has ${
          independent ? "regions that overlap" : channels === 1 ? "one" : channels - 1
        }: choose one of ${names.join(", ")}`,
    );
  }
  const { classWeights } = options;
  if (independent && (classWeights !== undefined || options.ignore === true)) {
    throw new UsageFailure(
      classWeights !== undefined
        ? "Class weights do not suit regions that overlap, each of which is decided by itself; leave --class-weights out"
        : "Voxels to ignore do not suit regions that overlap; choose labels or regions without common voxels with --labels",
    );
  }
  const count = Math.max(2, channels);
  if (classWeights !== undefined && (classWeights.length !== count || !validWeights(classWeights))) {
    throw new UsageFailure(
      `Class weights ${classWeights.join(", ")} do not fit: expected ${count} numbers from 0, background first, ` +
        "not all of them 0 in the foreground",
    );
  }
  if (options.ignore === true && channels === 1) {
    throw new UsageFailure(
      `The loss ${name} cannot leave pixels out with one channel: use two, background and foreground`,
    );
  }
  return entry.create(options);
}

function validWeights(weights: readonly number[]): boolean {
  return weights.every((weight) => Number.isFinite(weight) && weight >= 0) &&
    weights.slice(1).some((weight) => weight > 0);
}

function sumOf(a: Loss, b: Loss): Loss {
  return (graph, logits, target) => {
    const [first, second] = [a(graph, logits, target), b(graph, logits, target)];
    return {
      value: graph.apply(add, [first.value, second.value]),
      gradient: graph.apply(add, [first.gradient, second.gradient]),
    };
  };
}
