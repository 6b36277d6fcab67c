/** Which samples make up an epoch, in which order, and how a batch is filled. */
import { Random } from "../random.ts";
import { mapImage } from "./augment/square_map.ts";
import type { Augmentation } from "./augmentations.ts";
import { fillTarget, hasForeground, type Sample } from "./samples.ts";

/** How an epoch is drawn. */
export interface EpochOptions {
  readonly seed: number;
  readonly epoch: number;
  readonly batch: number;
  /** Slices without foreground per slice with foreground, at most. */
  readonly backgroundRatio: number;
  /** An epoch goes through the slices again, each time in another order, until it has this many batches (default 1). */
  readonly minimumBatches?: number | undefined;
  /** Share of every batch that is drawn from the slices with foreground alone (default 0). */
  readonly foregroundShare?: number | undefined;
}

/**
 * The batches of an epoch as indices into `samples`: all slices with foreground and a fresh draw of the others, in random
 * order; what does not fill a batch is left out, and too few samples are gone through again.
 *
 * With `foregroundShare`, that part of each batch is dealt from a deck of the slices with foreground, shuffled anew whenever it
 * is used up, and the rest from all; the number of batches stays.
 */
export function epochBatches(
  samples: readonly Sample[],
  { seed, epoch, batch, backgroundRatio, minimumBatches = 1, foregroundShare = 0 }: EpochOptions,
): number[][] {
  if (samples.length === 0) return [];
  const random = new Random(seed).fork(epoch);
  const foreground: number[] = [];
  const background: number[] = [];
  samples.forEach((sample, i) => (hasForeground(sample) ? foreground : background).push(i));
  const wanted = foreground.length === 0 ? background.length : Math.round(backgroundRatio * foreground.length);
  const pass = () => random.shuffle([...foreground, ...random.shuffle(background).slice(0, wanted)]);
  const order = pass();
  const count = Math.max(minimumBatches, Math.floor(order.length / batch));
  while (order.length < batch * count) order.push(...pass());
  const dealt = foreground.length === 0 ? 0 : Math.round(foregroundShare * batch);
  const rest = batch - dealt;
  const deck: number[] = [];
  return Array.from({ length: count }, (_, b) => {
    while (deck.length < dealt) deck.push(...random.shuffle([...foreground]));
    return [...deck.splice(0, dealt), ...order.slice(b * rest, (b + 1) * rest)];
  });
}

/** Sizes of a batch's arrays. */
export interface BatchShape {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly channels: number;
  readonly classes: number;
}

/** Fills `image` and `target` of a batch with the augmented samples. */
export function fillBatch(
  arrays: { readonly image: Float32Array; readonly target: Float32Array },
  chosen: readonly Sample[],
  options: BatchShape & { readonly augmentation: Augmentation; readonly random: Random },
): void {
  const { inputSize, outputSize, channels, classes, augmentation, random } = options;
  const [imageLength, targetLength] = [channels * inputSize ** 2, classes * outputSize ** 2];
  chosen.forEach((sample, i) => {
    const image = arrays.image.subarray(i * imageLength, (i + 1) * imageLength);
    const target = arrays.target.subarray(i * targetLength, (i + 1) * targetLength);
    const map = augmentation.place(random);
    mapImage(sample.image, image, { size: inputSize, map });
    fillTarget(target, sample.target, { channels: classes, size: outputSize, map });
    augmentation.recolour(image, inputSize, random);
  });
}
