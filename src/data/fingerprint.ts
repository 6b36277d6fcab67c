/** What a data set looks like in numbers: stored with a model, compared with what the model is given later. */
import { createHash } from "node:crypto";
import type { CaseStatistics } from "./case_statistics.ts";
import type { DatasetIndex } from "./dataset.ts";
import { median, orientationHistogram } from "./warnings.ts";

/** Intensities of a channel inside the masks over all cases, as nnU-Net's fingerprint. */
export interface IntensityFingerprint {
  readonly channel: string;
  readonly mean: number;
  readonly deviation: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly percentile05: number;
  readonly median: number;
  readonly percentile995: number;
}

/** The numbers of a data set; lengths in mm, volumes in mm³ (in voxels where the spacing is unknown). */
export interface Fingerprint {
  readonly layout: string;
  readonly cases: number;
  readonly channels: readonly string[];
  readonly labels: readonly { readonly value: number; readonly name: string }[];
  readonly medianShape: readonly number[];
  readonly smallestShape: readonly number[];
  readonly largestShape: readonly number[];
  /** Absent where no case has a spacing. */
  readonly medianSpacingMm?: readonly number[];
  /** Cases by axis codes. */
  readonly orientations: Readonly<Record<string, number>>;
  readonly intensities: readonly IntensityFingerprint[];
  readonly classes: readonly {
    readonly name: string;
    /** Cases in which it occurs. */
    readonly cases: number;
    /** Of those cases. */
    readonly medianVolume: number;
    readonly unit: "mm³" | "voxels";
  }[];
  /** SHA-256 over names, sizes, grids and masks of all cases. */
  readonly fingerprint: string;
  /** SHA-256 over the voxels of all images. */
  readonly images: string;
}

/** Sums up the measured cases. */
export function fingerprintOf(index: DatasetIndex, statistics: readonly CaseStatistics[]): Fingerprint {
  const along = (axis: number) => statistics.map((one) => one.shape[axis] as number);
  const spaced = statistics.filter((one) => one.spacingKnown);
  const unit = spaced.length > 0 && spaced.length === statistics.length ? "mm³" : "voxels";
  const hash = createHash("sha256");
  const images = createHash("sha256");
  for (const { caseHash, imageHash } of statistics) {
    hash.update(caseHash);
    images.update(imageHash);
  }
  return {
    layout: index.layout,
    cases: statistics.length,
    channels: index.channels,
    labels: index.labels.map(({ value, name }) => ({ value, name })),
    medianShape: [0, 1, 2].map((axis) => median(along(axis))),
    smallestShape: [0, 1, 2].map((axis) => Math.min(...along(axis))),
    largestShape: [0, 1, 2].map((axis) => Math.max(...along(axis))),
    ...(spaced.length > 0 && {
      medianSpacingMm: [0, 1, 2].map((axis) => median(spaced.map((one) => one.spacingMm[axis] as number))),
    }),
    orientations: orientationHistogram(statistics),
    intensities: index.channels.map((channel, position) => intensityOf(channel, position, statistics)),
    classes: index.labels.map(({ name }, position) => {
      const volumes = statistics.map((one) =>
        (one.classVoxels[position] as number) * (unit === "mm³" ? one.spacingMm.reduce((a, b) => a * b) : 1)
      ).filter((volume) => volume > 0);
      return { name, cases: volumes.length, medianVolume: median(volumes), unit };
    }),
    fingerprint: hash.digest("hex"),
    images: images.digest("hex"),
  };
}

/** Means and deviations are of all voxels (Chan's rule for joining groups), percentiles of the samples. */
function intensityOf(channel: string, position: number, statistics: readonly CaseStatistics[]): IntensityFingerprint {
  let [count, mean, squares, minimum, maximum] = [0, 0, 0, Infinity, -Infinity];
  const samples: number[] = [];
  for (const { intensities } of statistics) {
    const one = intensities[position];
    if (!one || one.count === 0) continue;
    const distance = one.mean - mean;
    const total = count + one.count;
    squares += one.squares + distance * distance * count * one.count / total;
    mean += distance * one.count / total;
    count = total;
    minimum = Math.min(minimum, one.minimum);
    maximum = Math.max(maximum, one.maximum);
    for (const sample of one.samples) samples.push(sample);
  }
  const sorted = Float64Array.from(samples).sort();
  const percentile = (percent: number) => sorted[Math.round((sorted.length - 1) * percent / 100)] ?? NaN;
  return {
    channel,
    mean: count > 0 ? mean : NaN,
    deviation: Math.sqrt(squares / count),
    minimum: count > 0 ? minimum : NaN,
    maximum: count > 0 ? maximum : NaN,
    percentile05: percentile(0.5),
    median: percentile(50),
    percentile995: percentile(99.5),
  };
}
