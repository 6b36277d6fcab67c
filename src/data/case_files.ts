/** Reads the files of a case as they are: channels side by side, single slices stacked. */
import { join } from "node:path";
import { Failure, messageOf } from "../failure.ts";
import type { NiftiGeometry } from "../imaging/nifti_geometry.ts";
import { readVolume } from "../imaging/read.ts";
import type { Volume, VoxelArray } from "../imaging/volume.ts";
import { countOf } from "../text.ts";
import { FindingFailure } from "./finding.ts";
import { alignTo } from "./geometry.ts";
import type { CaseFiles } from "./layout.ts";

/** A volume with the file it came from; `geometry` is what writing it back needs. */
export interface FileVolume {
  readonly volume: Volume;
  readonly geometry?: NiftiGeometry;
  /** Relative to the data set folder; of a stack the first slice. */
  readonly file: string;
}

/** What of a data set reading its files needs. */
export interface Source {
  readonly root: string;
  /** Positions of the chosen channels in the files, and how many every case must have. */
  readonly channelPositions: readonly number[];
  readonly channelCount: number;
  /** Of files without spacing: along columns, rows and, for stacks, slices. */
  readonly spacingMm?: readonly number[];
  /** Masks are read as one label of value 1: values from here on are its voxels. */
  readonly maskThreshold?: number;
}

/**
 * The image of a case with the chosen channels.
 *
 * @throws {FindingFailure} E03 unreadable, E04 to E07 geometry or number of channels.
 */
export function readCaseImage(
  source: Source,
  files: CaseFiles,
): FileVolume {
  const { channelPositions: channels, channelCount } = source;
  if (files.slices) {
    const stack = readStack(source, files.slices.map((slice) => slice.image), "image");
    return { ...stack, volume: pickChannels(stack, source) };
  }
  if (files.images.length > 1 && files.images.length !== channelCount) {
    throw new FindingFailure({
      code: "E07",
      file: files.images[0] as string,
      found: `${files.images.length} files of this case`,
      expected: `${channelCount}, one per channel`,
      remedy: "correct the list of its files",
    });
  }
  if (files.images.length === channelCount && channelCount > 1) {
    const volumes = channels.map((channel) => readFile(source, files.images[channel] as string, "image"));
    const [first, ...others] = volumes as [FileVolume, ...FileVolume[]];
    for (const one of volumes) if (one.volume.channels !== 1) throw wrongChannelCount(one, 1);
    const aligned = others.map((other) => {
      const result = alignTo({ grid: first.volume, file: first.file }, other);
      if ("volume" in result) return result;
      const remedy = result.finding.remedy.replace(/, or add --ignore-origin.*/, "");
      throw new FindingFailure({ ...result.finding, code: "E07", remedy });
    });
    return { ...first, volume: { ...first.volume, channels: volumes.length, data: joinData([first, ...aligned]) } };
  }
  const [path] = files.images as [string];
  const image = readFile(source, path, "image");
  return { ...image, volume: pickChannels(image, source) };
}

/**
 * The mask of a case with the values of its file.
 *
 * @throws {FindingFailure} E03 unreadable, E04 slices of different size.
 */
export function readCaseMask(
  source: Pick<Source, "root" | "spacingMm" | "maskThreshold">,
  files: CaseFiles,
): FileVolume | undefined {
  const mask = files.slices
    ? readStack(source, files.slices.map((slice) => slice.mask), "mask")
    : files.mask === undefined
    ? undefined
    : readFile(source, files.mask, "mask");
  if (mask === undefined) return undefined;
  if (mask.volume.channels !== 1) throw severalMasks(mask);
  if (source.maskThreshold === undefined) return mask;
  const { data } = mask.volume;
  const reached = new Uint8Array(data.length);
  for (let i = 0; i < reached.length; i++) if ((data[i] as number) >= source.maskThreshold) reached[i] = 1;
  return { ...mask, volume: { ...mask.volume, data: reached } };
}

/** E07 for a mask with a channel per class. */
function severalMasks({ volume, file }: FileVolume): FindingFailure {
  return new FindingFailure({
    code: "E07",
    file,
    found: `${volume.channels} channels in a mask`,
    expected: "one with a value per class",
    remedy: "if it has a channel per class (one-hot), write k where channel k is 1, and 0 elsewhere",
  });
}

/**
 * Reads one file of a data set.
 *
 * @throws {FindingFailure} E03 where it cannot be read.
 */
function readFile(
  { root, spacingMm }: Pick<Source, "root" | "spacingMm">,
  file: string,
  as: "image" | "mask",
): FileVolume {
  const path = join(root, file);
  try {
    const content = readVolume(path, { as });
    return { ...content, volume: withSpacing(content.volume, spacingMm), file };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const message = messageOf(error).replace(`Cannot read ${path}: `, "").replaceAll(path, file);
    const [found, remedy] = message.split(/; (?=[^;]*$)/) as [string, string?];
    throw new FindingFailure({
      code: "E03",
      file,
      found: `that ${found}`,
      expected: "a readable file",
      remedy: remedy ?? "copy the file again",
    }, { cause: error });
  }
}

/** Stretches the axes of a volume whose file carries no spacing. */
function withSpacing(volume: Volume, spacing?: readonly number[]): Volume {
  if (!spacing || volume.spacingKnown) return volume;
  const affine = volume.affine.map((value, i) => i < 12 && i % 4 < 3 ? value * (spacing[i % 4] ?? 1) : value);
  return { ...volume, affine, spacingKnown: true };
}

/** Single slices along z. */
function readStack(
  source: Pick<Source, "root" | "spacingMm">,
  paths: readonly string[],
  as: "image" | "mask",
): FileVolume {
  const slices = paths.map((path) => readFile(source, path, as));
  const [first] = slices as [FileVolume, ...FileVolume[]];
  const { shape: [nx, ny], channels } = first.volume;
  for (const slice of slices) {
    const { shape, channels: count } = slice.volume;
    if (shape[0] !== nx || shape[1] !== ny || shape[2] !== 1 || (as === "image" && count !== channels)) {
      throw new FindingFailure({
        code: as === "image" && count !== channels ? "E07" : "E04",
        file: slice.file,
        found: `a slice of ${shape.join("×")} with ${count} channels`,
        expected: `${nx}×${ny}×1 with ${channels} as in ${first.file}`,
        remedy: "bring the slices of a case to one size, or give cases of different size different names",
      });
    }
    if (as === "mask" && count !== 1) throw wrongChannelCount(slice, 1);
  }
  const spacingKnown = first.volume.spacingKnown && (source.spacingMm?.length === 3 || slices.length === 1);
  const area = nx * ny;
  const data = emptyLike(slices, area * slices.length * channels);
  slices.forEach(({ volume }, z) => {
    for (let channel = 0; channel < channels; channel++) {
      data.set(volume.data.subarray(channel * area, (channel + 1) * area), area * (z + slices.length * channel));
    }
  });
  const volume = { ...first.volume, data, shape: [nx, ny, slices.length] as const, spacingKnown };
  return { volume, file: first.file };
}

function pickChannels(
  { volume, file }: FileVolume,
  { channelPositions: channels, channelCount }: Pick<Source, "channelPositions" | "channelCount">,
): Volume {
  if (volume.channels !== channelCount) throw wrongChannelCount({ volume, file }, channelCount);
  if (channels.length === channelCount && channels.every((channel, index) => channel === index)) return volume;
  const size = volume.data.length / volume.channels;
  const data = emptyLike([{ volume }], size * channels.length);
  channels.forEach((channel, index) => {
    data.set(volume.data.subarray(channel * size, (channel + 1) * size), index * size);
  });
  return { ...volume, data, channels: channels.length };
}

function joinData(volumes: readonly { readonly volume: Volume }[]): VoxelArray {
  const size = volumes[0]?.volume.data.length ?? 0;
  const data = emptyLike(volumes, size * volumes.length);
  volumes.forEach(({ volume }, index) => data.set(volume.data, index * size));
  return data;
}

/** An array of the common type, or of float32 where the types differ. */
function emptyLike(volumes: readonly { readonly volume: Volume }[], length: number): VoxelArray {
  const [first, ...others] = volumes.map(({ volume }) => volume.data.constructor as new (length: number) => VoxelArray);
  return first && others.every((other) => other === first) ? new first(length) : new Float32Array(length);
}

function wrongChannelCount({ volume, file }: FileVolume, expected: number): FindingFailure {
  return new FindingFailure({
    code: "E07",
    file,
    found: countOf(volume.channels, "channel"),
    expected: String(expected),
    remedy: "bring all files to the same channels",
  });
}
