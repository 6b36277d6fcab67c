/** The slices of the training cases as a network sees them, small enough to stay in memory. */
import type { CaseFiles, DatasetIndex } from "../data/dataset.ts";
import { loadCase } from "../data/dataset.ts";
import { networkSquare, prepareImage } from "../imaging/network_input.ts";
import type { Normalization } from "../imaging/normalize.ts";
import { toCanonical } from "../imaging/orientation.ts";
import { labelSquares, type Plane } from "../imaging/slices.ts";
import type { Volume } from "../imaging/volume.ts";

/** One slice. */
export interface Sample {
  /** `[channels, inputSize, inputSize]` */
  readonly image: Float32Array;
  readonly target: SparseTarget;
}

/** The shares of the foreground classes in the pixels of a square, kept inside the smallest box that holds them all. */
export interface SparseTarget {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  /** `[classes, height, width]` without background, in 255ths. */
  readonly shares: Uint8Array;
}

/** How slices are cut. */
export interface SampleOptions {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly plane: Plane;
  readonly normalization: Normalization;
}

/** Cuts all slices of a case. @throws {Failure} where its files cannot be used. */
export function caseSamples(index: DatasetIndex, files: CaseFiles, options: SampleOptions): Sample[] {
  const { image, mask } = loadCase(index, files);
  const prepared = prepareImage(image, options);
  const labels = toCanonical(mask as Volume<Uint8Array>).volume.data;
  const classes = index.labels.length + 1;
  return Array.from({ length: prepared.geometry.count }, (_, slice) => ({
    image: networkSquare(prepared, slice, options.inputSize),
    target: sparseTarget(
      labelSquares(labels, slice, { geometry: prepared.geometry, size: options.outputSize, classes }),
      { classes, size: options.outputSize },
    ),
  }));
}

/** The box of foreground in `shares` `[classes, size, size]`, whose first class is background. */
export function sparseTarget(shares: Float32Array, { classes, size }: { classes: number; size: number }): SparseTarget {
  let [top, bottom, left, right] = [size, -1, size, -1];
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      if ((shares[row * size + column] as number) >= 1) continue;
      top = Math.min(top, row);
      bottom = row;
      left = Math.min(left, column);
      right = Math.max(right, column);
    }
  }
  const [height, width] = [Math.max(0, bottom - top + 1), Math.max(0, right - left + 1)];
  const box = new Uint8Array((classes - 1) * height * width);
  for (let k = 1, at = 0; k < classes; k++) {
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        box[at++] = Math.round(255 * (shares[(k * size + row) * size + column] as number));
      }
    }
  }
  return { top: height === 0 ? 0 : top, left: width === 0 ? 0 : left, height, width, shares: box };
}

/** Whether any foreground is in a slice. */
export function hasForeground({ target }: Sample): boolean {
  return target.shares.length > 0;
}

/**
 * Writes a target into `into` `[channels, size, size]`: the foreground classes, or, where there is a channel more, background
 * before them.
 */
export function fillTarget(
  into: Float32Array,
  target: SparseTarget,
  { channels, size }: { channels: number; size: number },
): void {
  const pixels = size * size;
  const { top, left, height, width, shares } = target;
  const classes = height * width === 0 ? 0 : shares.length / (height * width);
  const first = channels - Math.max(classes, 1);
  const background = first === 1 || (classes === 0 && channels > 1) ? into.subarray(0, pixels) : undefined;
  into.fill(0);
  background?.fill(1);
  for (let k = 0, at = 0; k < classes; k++) {
    for (let row = top; row < top + height; row++) {
      for (let column = left; column < left + width; column++) {
        const share = (shares[at++] as number) / 255;
        const pixel = row * size + column;
        into[(first + k) * pixels + pixel] = share;
        if (background !== undefined) background[pixel] = Math.max(0, (background[pixel] as number) - share);
      }
    }
  }
}
