/** Which samples make up an epoch, in which order, and how a batch is filled. */
import { Random } from "../random.ts";
import { fillTarget, hasForeground, type Sample } from "./samples.ts";

/** Changes a sample in place while it is put into a batch; see {@link AUGMENTATIONS}. */
export type Augmentation = (arrays: AugmentedArrays, random: Random) => void;

/** The arrays of one sample in a batch. */
export interface AugmentedArrays {
  /** `[channels, inputSize, inputSize]` */
  readonly image: Float32Array;
  readonly inputSize: number;
  /** `[classes, outputSize, outputSize]` */
  readonly target: Float32Array;
  readonly outputSize: number;
}

/** The augmentations by name. */
export const AUGMENTATIONS: Readonly<Record<string, Augmentation>> = { none: () => {}, flips };

/** Mirrors left–right and up–down, each with probability ½ (the authors' training). */
export function flips({ image, inputSize, target, outputSize }: AugmentedArrays, random: Random): void {
  const [horizontal, vertical] = [random.bits() >>> 31 === 1, random.bits() >>> 31 === 1];
  for (const [array, size] of [[image, inputSize], [target, outputSize]] as const) {
    if (horizontal) { for (let row = 0; row < array.length; row += size) array.subarray(row, row + size).reverse(); }
    if (vertical) flipRows(array, size);
  }
}

function flipRows(array: Float32Array, size: number): void {
  const row = new Float32Array(size);
  for (let square = 0; square < array.length; square += size * size) {
    for (let top = 0, bottom = size - 1; top < bottom; top++, bottom--) {
      const [a, b] = [square + top * size, square + bottom * size];
      row.set(array.subarray(a, a + size));
      array.copyWithin(a, b, b + size);
      array.set(row, b);
    }
  }
}

/** How an epoch is drawn. */
export interface EpochOptions {
  readonly seed: number;
  readonly epoch: number;
  readonly batch: number;
  /** Slices without foreground per slice with foreground, at most. */
  readonly backgroundRatio: number;
}

/**
 * The batches of an epoch as indices into `samples`: all slices with foreground and a fresh draw of the others, in random
 * order; what does not fill a batch is left out, and fewer samples than one batch are repeated.
 */
export function epochBatches(
  samples: readonly Sample[],
  { seed, epoch, batch, backgroundRatio }: EpochOptions,
): number[][] {
  const random = new Random(seed).fork(epoch);
  const foreground: number[] = [];
  const background: number[] = [];
  samples.forEach((sample, i) => (hasForeground(sample) ? foreground : background).push(i));
  const wanted = foreground.length === 0 ? background.length : Math.round(backgroundRatio * foreground.length);
  const order = random.shuffle([...foreground, ...random.shuffle(background).slice(0, wanted)]);
  for (let i = 0; order.length < batch; i++) order.push(order[i] as number);
  return Array.from({ length: Math.floor(order.length / batch) }, (_, b) => order.slice(b * batch, (b + 1) * batch));
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
  options: BatchShape & { readonly augment: Augmentation; readonly random: Random },
): void {
  const { inputSize, outputSize, channels, classes, augment, random } = options;
  const [imageLength, targetLength] = [channels * inputSize ** 2, classes * outputSize ** 2];
  chosen.forEach((sample, i) => {
    const image = arrays.image.subarray(i * imageLength, (i + 1) * imageLength);
    const target = arrays.target.subarray(i * targetLength, (i + 1) * targetLength);
    image.set(sample.image);
    fillTarget(target, sample.target, { channels: classes, size: outputSize });
    augment({ image, inputSize, target, outputSize }, random);
  });
}
