/** Pixels as PNG and TIFF files store them, and what they mean as an image or as a mask. */
import type { VoxelArray } from "./volume.ts";

/** A 2-D image, channel after channel, row 0 at the top. */
export interface RasterImage<D extends VoxelArray = VoxelArray> {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** index = column + width·(row + height·channel). */
  readonly data: D;
}

/** Pixels as decoded, samples of one pixel side by side. */
export interface DecodedPixels {
  readonly width: number;
  readonly height: number;
  readonly samples: VoxelArray;
  readonly samplesPerPixel: number;
  /** How many of the samples, counted from the first, are grey or colour; the others are alpha or unspecified. */
  readonly colourSamples: number;
  /** Red, green, blue of every index, 0 to 255. */
  readonly palette?: readonly (readonly number[])[];
}

/** More pixels than this are refused before memory is taken: a square of 8192. */
export const LARGEST_PIXELS = 2 ** 26;

/** Grey or colour channels without alpha; a palette is looked up, and gives one channel where all its colours are grey. */
export function asImage(pixels: DecodedPixels): RasterImage {
  const { width, height, palette } = pixels;
  if (palette === undefined) {
    return { width, height, channels: pixels.colourSamples, data: planes(pixels, pixels.colourSamples) };
  }
  const channels = palette.every(([r, g, b]) => r === g && g === b) ? 1 : 3;
  const count = width * height;
  const data = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) {
    const colour = palette[pixels.samples[i * pixels.samplesPerPixel] as number] ?? [0, 0, 0];
    for (let channel = 0; channel < channels; channel++) data[i + channel * count] = colour[channel] as number;
  }
  return { width, height, channels, data };
}

/**
 * The labels of a mask: grey values or palette indices as stored, never scaled. Colour pixels count where all three agree.
 *
 * @returns undefined where a pixel has a colour, so that it is no label.
 */
export function asMask(pixels: DecodedPixels): RasterImage | undefined {
  const { width, height, palette, colourSamples, samplesPerPixel, samples } = pixels;
  if (palette === undefined && colourSamples > 1) {
    for (let at = 0; at < samples.length; at += samplesPerPixel) {
      for (let k = 1; k < colourSamples; k++) if (samples[at + k] !== samples[at]) return undefined;
    }
  }
  return { width, height, channels: 1, data: planes(pixels, 1) };
}

function planes({ width, height, samples, samplesPerPixel }: DecodedPixels, channels: number): VoxelArray {
  if (samplesPerPixel === 1) return samples;
  const count = width * height;
  const data = new (samples.constructor as new (length: number) => VoxelArray)(count * channels);
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0, from = channel; i < count; i++, from += samplesPerPixel) {
      data[channel * count + i] = samples[from] as number;
    }
  }
  return data;
}
