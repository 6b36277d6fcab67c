/** Everything that the check and the fingerprint need of one case, gathered while it is in memory once. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { axisCodes, toCanonical } from "../imaging/orientation.ts";
import { choosePlane, type Plane, type SliceGeometry, sliceGeometry } from "../imaging/slices.ts";
import { spacingMm, type Volume } from "../imaging/volume.ts";
import { type FileVolume, readCaseImage, readCaseMask } from "./case_files.ts";
import { type DatasetIndex, findNotFinite } from "./dataset.ts";
import { imageFiles, maskFiles } from "./duplicates.ts";
import { type Finding, FindingFailure } from "./finding.ts";
import { alignTo } from "./geometry.ts";
import type { CaseFiles } from "./layout.ts";
import { lesionAreas } from "./lesions.ts";
import { toClasses } from "./masks.ts";
import { ignoredClass, indicesOf } from "./selection.ts";

/** Of each channel this many foreground voxels, evenly spread over the case, stand for all in percentiles. */
const SAMPLES_PER_CASE = 1000;

/** Intensities of one channel where the mask is not background. */
export interface ChannelIntensities {
  readonly count: number;
  readonly mean: number;
  /** Sum of squared distances from the mean. */
  readonly squares: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly samples: Float64Array;
}

/** Measurements of a case. */
export interface CaseStatistics {
  readonly id: string;
  /** The image and the mask file that stand for the case in messages. */
  readonly file: string;
  readonly maskFile: string;
  readonly shape: readonly [number, number, number];
  readonly spacingMm: readonly [number, number, number];
  /** The unit of the header, where it is another than mm. */
  readonly foreignUnit?: "m" | "µm";
  /** The voxel sizes along the axes nearest to right, anterior and superior. */
  readonly canonicalSpacingMm: readonly [number, number, number];
  readonly spacingKnown: boolean;
  /** Such as "RAS"; undefined where the file has no orientation. */
  readonly orientation: string | undefined;
  /** Voxels of each class. */
  readonly classVoxels: readonly number[];
  /** Areas in mm² (px² where the spacing is unknown) of each class's regions in the slices. */
  readonly lesionAreasMm2: readonly (readonly number[])[];
  /** The longer side of the slices in mm (px): networks see slices padded to a square. */
  readonly sliceSideMm: number;
  readonly intensities: readonly ChannelIntensities[];
  /** Positions of channels whose voxels all have one value. */
  readonly constantChannels: readonly number[];
  /** SHA-256 of the voxels of the image. */
  readonly imageHash: string;
  /** SHA-256 over names, sizes, grid and mask: equal cases give equal hashes. */
  readonly caseHash: string;
}

/**
 * Reads a case and measures it.
 *
 * @returns all faults of the case; `statistics` where image and mask can be used together.
 */
export function inspectCase(
  index: DatasetIndex,
  files: CaseFiles,
  { plane }: { plane?: Plane | undefined },
): { findings: Finding[]; statistics?: CaseStatistics } {
  const findings: Finding[] = [];
  const attempt = <T>(action: () => T): T | undefined => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof FindingFailure)) throw error;
      findings.push(error.finding);
      return undefined;
    }
  };
  const image = attempt(() => readCaseImage(index, files));
  const mask = attempt(() => readCaseMask(index, files));
  const notFinite = image && findNotFinite(image.volume, image.file);
  if (notFinite) findings.push(notFinite);
  const aligned = image && mask && alignTo({ grid: image.volume, file: image.file }, mask, index);
  if (aligned && "finding" in aligned) findings.push(aligned.finding);
  const volume = aligned && "volume" in aligned ? aligned.volume : mask?.volume;
  const classes = mask && volume &&
    attempt(() => knownClasses(toClasses(volume, index.labelling, mask.file), index));
  if (!image || !mask || !classes || findings.length > 0) return { findings };
  return { findings, statistics: measure({ index, files, image, mask, classes, plane }) };
}

/** The classes with background in place of voxels whose class is unknown. */
function knownClasses(classes: Volume<Uint8Array>, index: DatasetIndex): Volume<Uint8Array> {
  const unknown = ignoredClass(index.labelling);
  if (unknown === undefined) return classes;
  const data = classes.data.slice();
  for (let i = 0; i < data.length; i++) if (data[i] === unknown) data[i] = 0;
  return { ...classes, data };
}

interface Measured {
  readonly index: DatasetIndex;
  readonly files: CaseFiles;
  readonly image: FileVolume;
  readonly mask: FileVolume;
  readonly classes: Volume<Uint8Array>;
  readonly plane: Plane | undefined;
}

function measure({ index, files, image, mask, classes, plane }: Measured): CaseStatistics {
  const { volume } = image;
  const spacing = spacingMm(volume.affine);
  const canonical = toCanonical(classes).volume;
  const chosenPlane = plane ?? choosePlane(spacingMm(canonical.affine), canonical.shape);
  const geometry = sliceGeometry(canonical, chosenPlane);
  const voxelMm2 = geometry.rowSpacingMm * geometry.columnSpacingMm;
  const areas = areasOfClasses(canonical.data, geometry, index);
  const counts = new Float64Array(index.labelling.members.length + 1);
  for (let i = 0; i < classes.data.length; i++) {
    const value = classes.data[i] as number;
    counts[value] = (counts[value] as number) + 1;
  }
  const voxelsOf = (k: number) =>
    indicesOf(index.labelling, k).reduce((sum, value) => sum + (counts[value] as number), 0);
  const intensities = index.channels.map((_, channel) =>
    foregroundIntensities(volume, { channel, classes: classes.data })
  );
  return {
    id: files.id,
    file: image.file,
    maskFile: mask.file,
    shape: volume.shape,
    spacingMm: spacing,
    ...foreignUnitOf(image),
    canonicalSpacingMm: spacingMm(canonical.affine),
    spacingKnown: volume.spacingKnown,
    orientation: volume.spacingKnown ? axisCodes(volume.affine) : undefined,
    classVoxels: index.labels.map((_, position) => voxelsOf(position + 1)),
    lesionAreasMm2: areas.map((ofClass) => ofClass.map((voxels) => voxels * voxelMm2)),
    sliceSideMm: geometry.sideMm,
    intensities,
    constantChannels: index.channels.flatMap((_, channel) => isConstant(volume, channel) ? [channel] : []),
    imageHash: sha256([volume.shape.join(" "), bytesOf(volume)]),
    caseHash: sha256([
      files.id,
      ...[...imageFiles(files), ...maskFiles(files)].map((path) => `${path} ${statSync(join(index.root, path)).size}`),
      JSON.stringify([volume.shape, volume.channels, volume.affine]),
      bytesOf(mask.volume),
    ]),
  };
}

function foreignUnitOf({ geometry }: FileVolume): Pick<CaseStatistics, "foreignUnit"> {
  const unit = geometry?.spatialUnit;
  return unit === "m" || unit === "µm" ? { foreignUnit: unit } : {};
}

/** Areas of the regions of each class in the slices; of classes that overlap, one after the other. */
function areasOfClasses(classes: Uint8Array, geometry: SliceGeometry, { labels, labelling }: DatasetIndex): number[][] {
  if (!labelling.overlapping) return lesionAreas(classes, { geometry, classCount: labels.length });
  return labels.flatMap((_, position) => {
    const isMember = new Uint8Array(256);
    for (const value of indicesOf(labelling, position + 1)) isMember[value] = 1;
    const mask = new Uint8Array(classes.length);
    for (let i = 0; i < mask.length; i++) mask[i] = isMember[classes[i] as number] as number;
    return lesionAreas(mask, { geometry, classCount: 1 });
  });
}

/** Mean and squared distances by Welford's recurrence, which stays exact for large intensities. */
function foregroundIntensities(
  volume: Volume,
  { channel, classes }: { channel: number; classes: Uint8Array },
): ChannelIntensities {
  const offset = channel * classes.length;
  let [count, mean, squares, minimum, maximum] = [0, 0, 0, Infinity, -Infinity];
  for (let i = 0; i < classes.length; i++) {
    if (classes[i] === 0) continue;
    const value = volume.data[offset + i] as number;
    const distance = value - mean;
    mean += distance / ++count;
    squares += distance * (value - mean);
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  const samples = new Float64Array(Math.min(count, SAMPLES_PER_CASE));
  const step = count / samples.length;
  for (let i = 0, seen = 0, taken = 0; taken < samples.length; i++) {
    if (classes[i] === 0) continue;
    if (seen++ >= taken * step) samples[taken++] = volume.data[offset + i] as number;
  }
  return { count, mean, squares, minimum, maximum, samples };
}

function isConstant({ data, channels }: Volume, channel: number): boolean {
  const size = data.length / channels;
  const first = data[channel * size];
  for (let i = channel * size + 1; i < (channel + 1) * size; i++) if (data[i] !== first) return false;
  return true;
}

function bytesOf({ data }: Volume): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function sha256(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\n");
  return hash.digest("hex");
}
