/** The slices of the training cases as a network sees them, small enough to stay in memory. */
import type { CaseFiles, DatasetIndex } from "../data/dataset.ts";
import { loadCase } from "../data/dataset.ts";
import { networkSquare, prepareImage } from "../imaging/network_input.ts";
import type { Normalization } from "../imaging/normalize.ts";
import { toCanonical } from "../imaging/orientation.ts";
import { labelSquares, type Plane } from "../imaging/slices.ts";
import type { Volume } from "../imaging/volume.ts";
import { IDENTITY, inverseMap, isIdentity, type SquareMap } from "./augment/square_map.ts";

/** One slice. */
export interface Sample {
  /** `[channels, inputSize, inputSize]` */
  readonly image: Float32Array;
  readonly target: SparseTarget;
}

/**
 * The shares of the foreground classes in the pixels of a square, kept inside the smallest box that holds them all and a rim of
 * one pixel with shares of 0, which may lie beyond the square.
 */
export interface SparseTarget {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  /** `[classes, height, width]` without background, in 255ths. */
  readonly shares: Uint8Array;
  /** True where the last class means "unknown": it belongs to no channel of a target, whose shares then sum to less than 1. */
  readonly ignored?: boolean | undefined;
  /** True where classes overlap: each has its channel in a target, and the background none. */
  readonly overlapping?: boolean | undefined;
}

/** How slices are cut. */
export interface SampleOptions {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly plane: Plane;
  readonly normalization: Normalization;
  /** True where masks hold one class number more than there are labels, for voxels of unknown class. */
  readonly ignored?: boolean | undefined;
}

/** Cuts all slices of a case. @throws {Failure} where its files cannot be used. */
export function caseSamples(index: DatasetIndex, files: CaseFiles, options: SampleOptions): Sample[] {
  const { image, mask } = loadCase(index, files);
  const prepared = prepareImage(image, options);
  const labels = toCanonical(mask as Volume<Uint8Array>).volume.data;
  const { members, overlapping } = index.labelling;
  const indices = members.length + (options.ignored === true ? 2 : 1);
  const classes = overlapping ? 1 + index.labels.length : indices;
  const size = options.outputSize;
  return Array.from({ length: prepared.geometry.count }, (_, slice) => ({
    image: networkSquare(prepared, slice, options.inputSize),
    target: sparseTarget(
      sharesOfClasses(labelSquares(labels, slice, { geometry: prepared.geometry, size, classes: indices }), index),
      { classes, size, ignored: options.ignored, overlapping },
    ),
  }));
}

/** Shares of background and classes `[1 + classes, size, size]` from those of class indices: of overlapping classes, sums. */
function sharesOfClasses(shares: Float32Array, { labels, labelling }: DatasetIndex): Float32Array {
  if (!labelling.overlapping) return shares;
  const pixels = shares.length / (1 + labelling.members.length);
  const summed = new Float32Array((1 + labels.length) * pixels);
  summed.set(shares.subarray(0, pixels));
  labelling.members.forEach((classes, i) => {
    const from = (i + 1) * pixels;
    for (const k of classes) {
      for (let pixel = 0; pixel < pixels; pixel++) {
        const at = k * pixels + pixel;
        summed[at] = Math.min(1, (summed[at] as number) + (shares[from + pixel] as number));
      }
    }
  });
  return summed;
}

/** The box of what is not background in `shares` `[classes, size, size]`, whose first class is background. */
export function sparseTarget(
  shares: Float32Array,
  { classes, size, ignored, overlapping }: {
    classes: number;
    size: number;
    ignored?: boolean | undefined;
    overlapping?: boolean | undefined;
  },
): SparseTarget {
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
  if (bottom < top) return { top: 0, left: 0, height: 0, width: 0, shares: new Uint8Array(0), ignored, overlapping };
  const [height, width] = [bottom - top + 3, right - left + 3];
  const box = new Uint8Array((classes - 1) * height * width);
  for (let k = 1; k < classes; k++) {
    for (let row = top; row <= bottom; row++) {
      let at = ((k - 1) * height + row - top + 1) * width + 1;
      for (let column = left; column <= right; column++) {
        box[at++] = Math.round(255 * (shares[(k * size + row) * size + column] as number));
      }
    }
  }
  return { top: top - 1, left: left - 1, height, width, shares: box, ignored, overlapping };
}

/** Whether any foreground is in a slice. */
export function hasForeground({ target: { shares, height, width, ignored } }: Sample): boolean {
  return ignored === true ? shares.subarray(0, -height * width).some((share) => share > 0) : shares.length > 0;
}

/**
 * Writes a target into `into` `[channels, size, size]`, moved as `map` says: the one foreground class or those that overlap, or, in
 * several channels of other classes, background before them. By linear interpolation; beyond the edges is background.
 */
export function fillTarget(
  into: Float32Array,
  target: SparseTarget,
  { channels, size, map = IDENTITY }: { channels: number; size: number; map?: SquareMap },
): void {
  const [pixels, first] = [size * size, channels > 1 && target.overlapping !== true ? 1 : 0];
  into.fill(0);
  into.fill(1, 0, first * pixels);
  const { top, left, height, width, shares } = target;
  if (shares.length === 0) return;
  const planes = shares.length / (height * width);
  const centre = (size - 1) / 2;
  const region = seenRegion(target, size, map);
  for (let row = region.top; row < region.bottom; row++) {
    const y = row - centre;
    for (let column = region.left; column < region.right; column++) {
      const x = column - centre;
      const sourceX = map.a * x + map.b * y + centre - left;
      const sourceY = map.c * x + map.d * y + centre - top;
      const column0 = Math.floor(sourceX);
      const row0 = Math.floor(sourceY);
      // Beyond the rim of the box all shares are 0.
      if (column0 < 0 || column0 >= width - 1 || row0 < 0 || row0 >= height - 1) continue;
      const right = sourceX - column0;
      const below = sourceY - row0;
      const pixel = row * size + column;
      let others = 0;
      let at = row0 * width + column0;
      for (let plane = 0; plane < planes; plane++, at += height * width) {
        const upper = (1 - right) * (shares[at] as number) + right * (shares[at + 1] as number);
        const lower = (1 - right) * (shares[at + width] as number) + right * (shares[at + width + 1] as number);
        const share = ((1 - below) * upper + below * lower) / 255;
        others += share;
        if (first + plane < channels) into[(first + plane) * pixels + pixel] = share;
      }
      if (first === 1) into[pixel] = Math.max(0, 1 - others);
    }
  }
}

// The pixels in which anything of the box can be seen.
function seenRegion({ top, left, height, width }: SparseTarget, size: number, map: SquareMap) {
  if (isIdentity(map)) return { top: top + 1, bottom: top + height - 1, left: left + 1, right: left + width - 1 };
  const { a, b, c, d } = inverseMap(map);
  const centre = (size - 1) / 2;
  const corners = [top, top + height - 1].flatMap((row) =>
    [left, left + width - 1].map((column) => [column - centre, row - centre] as const)
  );
  const columns = corners.map(([x, y]) => a * x + b * y + centre);
  const rows = corners.map(([x, y]) => c * x + d * y + centre);
  return {
    top: Math.max(0, Math.floor(Math.min(...rows))),
    bottom: Math.min(size, Math.ceil(Math.max(...rows)) + 1),
    left: Math.max(0, Math.floor(Math.min(...columns))),
    right: Math.min(size, Math.ceil(Math.max(...columns)) + 1),
  };
}
