/** The augmentations by name: how training samples are changed, at random, before the network sees them. */
import { Failure } from "../failure.ts";
import type { Random } from "../random.ts";
import {
  addNoise,
  applyBiasField,
  BIAS_COEFFICIENTS,
  blur,
  brighten,
  changeContrast,
  changeGamma,
  lowerResolution,
} from "./augment/intensities.ts";
import { IDENTITY, type SquareMap, squareMap } from "./augment/square_map.ts";
import type { AugmentationName } from "./names.ts";

/** Axes of a square along which it may be mirrored: horizontally, left and right are exchanged. */
export type MirrorAxes = "none" | "horizontal" | "vertical" | "both";

/** How a sample is changed. */
export interface Augmentation {
  /** Draws where image and target go. */
  place(random: Random): SquareMap;
  /** Changes the intensities of an image `[channels, size, size]` in place. */
  recolour(image: Float32Array, size: number, random: Random): void;
}

/** The augmentations by name. */
export const AUGMENTATIONS: Readonly<Record<string, (mirror: MirrorAxes) => Augmentation>> = {
  none: () => ({ place: () => IDENTITY, recolour: () => {} }),
  flips: (mirror) => ({ place: (random) => squareMap(drawMirror(mirror, random)), recolour: () => {} }),
  mri: (mirror) => ({ place: (random) => drawPlacement(mirror, random), recolour: recolourMri }),
  "mri-strong": (mirror) => ({ place: (random) => drawPlacement(mirror, random), recolour: recolourStrongly }),
} satisfies Readonly<Record<AugmentationName, (mirror: MirrorAxes) => Augmentation>>;

/** The augmentation of a training that names none, by its classes without background: several may be told apart by their places alone. */
export function defaultAugmentation(labels: number): string {
  return labels === 1 ? "mri-strong" : "none";
}

/**
 * The augmentation called `name` (default: {@link defaultAugmentation}).
 *
 * Mirrored axes: as `mirror` says; else both, but none for `mri` and `mri-strong` with several classes, among which left and right may be told
 * apart.
 *
 * @throws {Failure} where there is no such augmentation.
 */
export function createAugmentation(
  { name, mirror, labels }: {
    readonly name?: string | undefined;
    readonly mirror?: MirrorAxes | undefined;
    /** Classes without background. */
    readonly labels: number;
  },
): Augmentation {
  const chosen = name ?? defaultAugmentation(labels);
  const create = AUGMENTATIONS[chosen];
  if (create === undefined) {
    throw new Failure(`No augmentation is called ${chosen}: choose one of ${Object.keys(AUGMENTATIONS).join(", ")}`);
  }
  return create(mirror ?? (chosen.startsWith("mri") && labels > 1 ? "none" : "both"));
}

function drawMirror(mirror: MirrorAxes, random: Random): { horizontal: boolean; vertical: boolean } {
  // Both are drawn whatever is allowed, so that the rest of the sequence does not depend on it.
  const [horizontal, vertical] = [random.bits() >>> 31 === 1, random.bits() >>> 31 === 1];
  return {
    horizontal: horizontal && (mirror === "horizontal" || mirror === "both"),
    vertical: vertical && (mirror === "vertical" || mirror === "both"),
  };
}

// The probabilities and ranges of nnU-Net v2 for 2D patches, in its order; its cubic interpolations are linear here.
function drawPlacement(mirror: MirrorAxes, random: Random): SquareMap {
  const angle = happens(0.2, random) ? random.uniform(-Math.PI, Math.PI) : 0;
  const scale = happens(0.2, random) ? aroundOne(0.7, 1.4, random) : 1;
  return squareMap({ angle, scale, ...drawMirror(mirror, random) });
}

function recolourMri(image: Float32Array, size: number, random: Random): void {
  const channels = Array.from(
    { length: image.length / size ** 2 },
    (_, i) => image.subarray(i * size ** 2, (i + 1) * size ** 2),
  );
  const each = (probability: number, change: (channel: Float32Array) => void) => {
    if (happens(probability, random)) channels.forEach(change);
  };
  // Not of nnU-Net: MRI's own artefact, with the coefficients of TorchIO.
  each(0.15, (channel) => {
    applyBiasField(channel, size, Array.from({ length: BIAS_COEFFICIENTS }, () => random.uniform(-0.5, 0.5)));
  });
  each(0.1, (channel) => addNoise(channel, Math.sqrt(random.uniform(0, 0.1)), random));
  each(0.2, (channel) => {
    if (happens(0.5, random)) blur(channel, size, random.uniform(0.5, 1));
  });
  each(0.15, (channel) => brighten(channel, random.uniform(0.75, 1.25)));
  each(0.15, (channel) => changeContrast(channel, random.uniform(0.75, 1.25)));
  each(0.25, (channel) => {
    if (happens(0.5, random)) lowerResolution(channel, size, random.uniform(0.5, 1));
  });
  each(0.1, (channel) => changeGamma(channel, { gamma: aroundOne(0.7, 1.5, random), inverted: true }));
  each(0.3, (channel) => changeGamma(channel, { gamma: aroundOne(0.7, 1.5, random) }));
}

// Patients of few scanners look more alike than those of the next: every channel gets a contrast and a brightness of its own, by up to
// e^±0.5 and half a standard deviation, before the changes that come now and then. On 15 patients nnU-Net's ranges alone change little.
function recolourStrongly(image: Float32Array, size: number, random: Random): void {
  for (let start = 0; start < image.length; start += size ** 2) {
    const [scale, shift] = [Math.exp(random.uniform(-0.5, 0.5)), random.uniform(-0.5, 0.5)];
    for (let i = start; i < start + size ** 2; i++) image[i] = (image[i] as number) * scale + shift;
  }
  recolourMri(image, size, random);
}

function happens(probability: number, random: Random): boolean {
  return random.uniform() < probability;
}

// Below and above 1 equally often.
function aroundOne(low: number, high: number, random: Random): number {
  return happens(0.5, random) ? random.uniform(low, 1) : random.uniform(1, high);
}
