/** From logits to probabilities, and from probabilities to classes. */

/** How output channels become probabilities; `none` where they are probabilities already, as exported models may have it. */
export type Activation = "sigmoid" | "softmax" | "none";

/** How probabilities decide. */
export interface Decision {
  /** Output channels. */
  readonly classes: number;
  /** True: channel 0 is the background, and the most probable channel wins. False: a channel per class and a threshold. */
  readonly backgroundFirst: boolean;
  /** From which probability on a pixel belongs to a class. */
  readonly threshold: number;
  /** True: classes overlap, and of those that reach the threshold the last one is written. */
  readonly overlapping?: boolean | undefined;
  /** With a background channel: what the probability of each further channel is multiplied with; 1 where absent. */
  readonly classWeights?: readonly number[] | undefined;
}

/** Which of the squares of a batch to read, and how. */
export interface SquareOptions {
  /** Output channels. */
  readonly classes: number;
  /** Side in pixels. */
  readonly size: number;
  readonly activation: Activation;
  /** Columns are read backwards. */
  readonly mirrored: boolean;
  /** What the probabilities are multiplied with before they are added. */
  readonly weight: number;
}

/** Adds the weighted probabilities of logits `[classes, size, size]` to `target`, of the same shape. */
export function addProbabilities(
  target: Float32Array,
  logits: Float32Array,
  { classes, size, activation, mirrored, weight }: SquareOptions,
): void {
  const pixels = size * size;
  const exponentials = new Float64Array(classes);
  for (let row = 0, to = 0; row < size; row++) {
    for (let column = 0; column < size; column++, to++) {
      const from = mirrored ? row * size + size - 1 - column : to;
      if (activation !== "softmax") {
        for (let at = 0; at < classes * pixels; at += pixels) {
          const value = logits[from + at] as number;
          const probability = activation === "none" ? value : 1 / (1 + Math.exp(-value));
          target[to + at] = (target[to + at] as number) + weight * probability;
        }
        continue;
      }
      let largest = -Infinity;
      for (let at = from; at < classes * pixels; at += pixels) largest = Math.max(largest, logits[at] as number);
      let sum = 0;
      for (let k = 0; k < classes; k++) {
        sum += exponentials[k] = Math.exp((logits[from + k * pixels] as number) - largest);
      }
      for (let k = 0; k < classes; k++) {
        const at = to + k * pixels;
        target[at] = (target[at] as number) + weight * (exponentials[k] as number) / sum;
      }
    }
  }
}

/**
 * Whether any pixel of `probabilities` `[classes, pixels]` is not background.
 *
 * Where none is, linear interpolation between pixels finds none either, so that the square need not be resampled.
 */
export function hasForeground(
  probabilities: Float32Array,
  decision: Decision,
): boolean {
  const { classes, backgroundFirst, threshold } = decision;
  if (!backgroundFirst) {
    for (let at = 0; at < probabilities.length; at++) if ((probabilities[at] as number) >= threshold) return true;
    return false;
  }
  const factors = factorsOf(decision);
  const pixels = probabilities.length / classes;
  for (let k = 1; k < classes; k++) {
    const factor = factors[k] as number;
    for (let pixel = 0, at = k * pixels; pixel < pixels; pixel++, at++) {
      if ((probabilities[at] as number) * factor > (probabilities[pixel] as number)) return true;
    }
  }
  return false;
}

/**
 * The class of every pixel of `probabilities` `[classes, pixels]`, 0 for background.
 *
 * With a background channel the one with the largest weighted probability wins, the background on a tie; without, the most probable class where it reaches
 * the threshold, or, of classes that overlap, the last one that does.
 */
export function decideClasses(
  probabilities: Float32Array,
  decision: Decision,
): Uint8Array<ArrayBuffer> {
  const { classes, backgroundFirst, threshold, overlapping } = decision;
  const factors = factorsOf(decision);
  const pixels = probabilities.length / classes;
  const decided = new Uint8Array(pixels);
  if (overlapping) {
    for (let k = 0, at = 0; k < classes; k++) {
      for (let pixel = 0; pixel < pixels; pixel++, at++) {
        if ((probabilities[at] as number) >= threshold) decided[pixel] = k + 1;
      }
    }
    return decided;
  }
  const firstClass = backgroundFirst ? 0 : 1;
  for (let pixel = 0; pixel < pixels; pixel++) {
    let best = 0;
    let most = probabilities[pixel] as number;
    for (let k = 1; k < classes; k++) {
      const value = (probabilities[pixel + k * pixels] as number) * (factors[k] as number);
      if (value > most) [best, most] = [k, value];
    }
    const reached = backgroundFirst || most >= threshold;
    decided[pixel] = reached ? best + firstClass : 0;
  }
  return decided;
}

function factorsOf({ classes, backgroundFirst, classWeights }: Decision): Float64Array {
  const factors = new Float64Array(classes).fill(1);
  if (backgroundFirst && classWeights !== undefined) factors.set(classWeights, 1);
  return factors;
}
