/** A data set as training and scoring see it: cases with chosen channels and classes. */
import { basename, join } from "node:path";
import { readNiftiHeader } from "../imaging/nifti.ts";
import type { NiftiGeometry } from "../imaging/nifti_geometry.ts";
import { isRasterName } from "../imaging/raster.ts";
import { readVolume } from "../imaging/read.ts";
import type { Volume } from "../imaging/volume.ts";
import { Failure, UsageFailure } from "../failure.ts";
import { readCaseImage, readCaseMask } from "./case_files.ts";
import type { DataReading } from "./data_reading.ts";
import { imageFiles, maskFiles } from "./duplicates.ts";
import { type Finding, FindingFailure, findingSentence, isError } from "./finding.ts";
import { type Folder, readFolder } from "./folder.ts";
import { alignTo } from "./geometry.ts";
import type { CaseFiles, GivenSplits, LabelDeclaration, LayoutIndex } from "./layout.ts";
import type { LayoutName } from "./layouts/names.ts";
import { labelValues, toClasses } from "./masks.ts";
import { assignPatients, parseGroup } from "./patients.ts";
import { untakenFiles } from "./untaken_files.ts";
import { recognizeLayout } from "./recognize.ts";
import { parseLabelMap, parseLabelNames } from "./label_texts.ts";
import { labelsFromValues } from "./label_values.ts";
import { type Labelling, nameLabels, selectChannels, selectLabels } from "./selection.ts";

export type { CaseFiles } from "./layout.ts";
export type { LabelClass } from "./selection.ts";

/** The cases of a data set folder. */
export interface DatasetIndex {
  /** The folder as a real, absolute path; the paths of the cases are relative to it. */
  readonly root: string;
  /** The name in `dataset.json`, or else that of the folder. */
  readonly name: string;
  readonly layout: LayoutName;
  /** Why this layout. */
  readonly evidence: string;
  /** Names of the chosen channels. */
  readonly channels: readonly string[];
  /** Their positions in the files, and how many the files have. */
  readonly channelPositions: readonly number[];
  readonly channelCount: number;
  /** The classes without background: class index k is `labels[k - 1]`. */
  readonly labels: Labelling["classes"];
  readonly labelling: Labelling;
  readonly cases: readonly CaseFiles[];
  /** Which patients have several cases, and how that is known; absent where none has. */
  readonly patientEvidence?: string;
  readonly givenSplits?: GivenSplits;
  readonly ignoreOrigin: boolean;
  /** From the options: of files without spacing. */
  readonly spacingMm?: readonly number[];
  /** From the options: see {@link Source}. */
  readonly maskThreshold?: number;
  /** Faults that the names of the files show; `openDataset` throws on errors among them. */
  readonly findings: readonly Finding[];
}

/** A case in memory. */
export interface LoadedCase {
  /** The chosen channels. */
  readonly image: Volume;
  /** Class indices, 0 for background, {@link ignoredClass} for voxels of unknown class. */
  readonly mask?: Volume<Uint8Array>;
  /** What writing a mask on the image's grid needs; absent for PNG and TIFF. */
  readonly geometry?: NiftiGeometry;
}

/**
 * Recognizes the layout of a folder and lists its cases.
 *
 * @throws {Failure} where no layout or several fit, or the files do not pair up.
 * @throws {UsageFailure} where a chosen layout, channel, label or map does not exist.
 */
export function openDataset(path: string, options: DataReading = {}): DatasetIndex {
  const index = indexDataset(path, options);
  refuseWithoutEffect(index, options);
  const errors = index.findings.filter(isError);
  const [first] = errors;
  if (first) {
    const more = errors.length > 1 ? `and ${errors.length - 1} more; ` : "";
    throw new Failure(`${findingSentence(first)} (${more}${allFaults(index)})`);
  }
  if (index.cases.length === 0) {
    throw new Failure(`${index.root} holds no case with image and mask (layout ${index.layout}); add files`);
  }
  return index;
}

/** @throws {UsageFailure} where an option was given that has no effect on files of this kind. */
export function refuseWithoutEffect({ cases, root }: DatasetIndex, { spacingMm, ignoreOrigin }: DataReading): void {
  const images = cases.flatMap(imageFiles);
  if (images.length === 0) return;
  if (spacingMm && !images.some(isRasterName)) {
    throw new UsageFailure(`--spacing has no effect on ${root}: its NIfTI files have their sizes; leave it out`);
  }
  if (ignoreOrigin && images.every(isRasterName)) {
    throw new UsageFailure(`--ignore-origin has no effect on ${root}: PNG and TIFF files have no origin; leave it out`);
  }
}

/** Where to see the faults of the files that were not read yet. */
export function allFaults({ root }: DatasetIndex): string {
  return `seg check ${root} shows all faults`;
}

/** As {@link openDataset}, but with the faults in `findings` instead of thrown. */
export function indexDataset(path: string, options: DataReading = {}): DatasetIndex {
  const folder = readFolder(path);
  const { name: layoutName, layout, evidence } = recognizeLayout(folder, options.layout);
  const group = options.group === undefined ? undefined : parseGroup(options.group);
  const content = layout.read(folder, { group });
  const { cases, evidence: patientEvidence, findings: repeats } = assignPatients(content.cases, group);
  const channels = content.channels ?? channelsOf(folder, cases);
  const channelPositions = selectChannels(channels, options.channels);
  const { labelling, findings } = chooseLabels(folder, { content, cases }, options);
  return {
    root: folder.root,
    name: nameOf(folder),
    layout: layoutName,
    evidence,
    channels: channelPositions.map((position) => channels[position] as string),
    channelPositions,
    channelCount: channels.length,
    labels: labelling.classes,
    labelling,
    cases,
    ...(patientEvidence !== undefined && { patientEvidence }),
    ...(content.givenSplits && { givenSplits: content.givenSplits }),
    ignoreOrigin: options.ignoreOrigin ?? false,
    ...(options.spacingMm && { spacingMm: parseSpacing(options.spacingMm) }),
    ...(options.maskThreshold !== undefined && { maskThreshold: options.maskThreshold }),
    findings: [...content.findings, ...repeats, ...findings, ...untakenFiles(folder, takenFiles(cases, content))],
  };
}

/** All files of the cases, and those that findings name already. */
function takenFiles(cases: readonly CaseFiles[], { findings }: LayoutIndex): string[] {
  return [
    ...cases.flatMap((files) => [...imageFiles(files), ...maskFiles(files)]),
    ...findings.map(({ file }) => file),
  ];
}

/** Names for the channels of the first image; an unreadable one counts as one channel and is reported when it is read. */
function channelsOf({ root }: Folder, [first]: readonly CaseFiles[]): string[] {
  const image = first && imageFiles(first)[0];
  if (image === undefined) return ["image"];
  let count = 1;
  try {
    count = channelCountOf(join(root, image));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
  if (count === 1) return ["image"];
  if (count === 3 && isRasterName(image)) return ["red", "green", "blue"];
  return Array.from({ length: count }, (_, index) => `channel ${index}`);
}

function channelCountOf(path: string): number {
  return isRasterName(path) ? readVolume(path, { as: "image" }).volume.channels : readNiftiHeader(path).channels;
}

/** The name in `dataset.json`, or else that of the folder. */
function nameOf({ root, description }: Folder): string {
  const name = description?.["name"];
  return typeof name === "string" && name.trim() !== "" ? name.trim().slice(0, 100) : basename(root);
}

/**
 * Reads image and mask of a case and makes sure that they belong together.
 *
 * @throws {FindingFailure} with the sentence of the first fault: unreadable file, other geometry, NaN or infinite
 * intensity, unknown label, fractions in the mask.
 */
export function loadCase(index: DatasetIndex, files: CaseFiles): LoadedCase {
  const { volume: image, geometry, file } = readCaseImage(index, files);
  const notFinite = findNotFinite(image, file);
  if (notFinite) throw new FindingFailure(notFinite);
  const mask = readCaseMask(index, files);
  const aligned = mask && alignTo({ grid: image, file }, mask, index);
  if (aligned && "finding" in aligned) throw new FindingFailure(aligned.finding);
  return {
    image,
    ...(mask && aligned && { mask: toClasses(aligned.volume, index.labelling, mask.file) }),
    ...(geometry && { geometry }),
  };
}

function parseSpacing(sizes: readonly number[]): readonly number[] {
  if (sizes.length < 2 || sizes.length > 3 || !sizes.every((size) => size > 0 && size < 1e3)) {
    throw new UsageFailure(
      `--spacing ${sizes.join(",")} is no spacing, expected two or three sizes in mm such as 0.5,0.5,3`,
    );
  }
  return sizes;
}

/** E09 for the first voxel that is NaN or infinite. */
export function findNotFinite({ data, shape, channels }: Volume, file: string): Finding | undefined {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return undefined;
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    const [nx, ny, nz] = shape;
    const voxel = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny)) % nz].join(", ");
    const channel = channels > 1 ? ` of channel ${Math.floor(i / (nx * ny * nz))}` : "";
    return {
      code: "E09",
      file,
      found: `intensity ${data[i]} at voxel (${voxel})${channel}`,
      expected: "finite numbers",
      remedy: "export the image again or replace the value",
    };
  }
  return undefined;
}

/** Declared labels, or those in the mask files where the layout declares none; in either case with the user's names. */
function chooseLabels(
  folder: Folder,
  { content, cases }: { content: LayoutIndex; cases: readonly CaseFiles[] },
  options: DataReading,
): { labelling: Labelling; findings: Finding[] } {
  const map = options.map === undefined ? new Map<number, number>() : parseLabelMap(options.map);
  const names = options.names === undefined ? [] : parseLabelNames(options.names);
  const chosen = { labels: options.labels, ignore: options.ignore, map };
  if (options.maskThreshold !== undefined) {
    const labels = nameLabels([{ value: 1, name: nameOfOne(content) }], names);
    return { labelling: selectLabels({ labels, regions: [] }, chosen), findings: [] };
  }
  if (content.labels) {
    const { labels, regions } = declaredFor(folder, { content, cases });
    const { labelsByConvention = false, regionsAreClasses = false } = content;
    const source = { labels: nameLabels(labels, names), regions, labelsByConvention, regionsAreClasses };
    return { labelling: selectLabels(source, chosen), findings: [] };
  }
  const found = valuesIn(folder, cases);
  const derived = labelsFromValues(found, map, [
    ...(options.ignore ?? []).map(Number),
    ...names.map(({ value }) => value),
  ]);
  if ("labels" in derived) {
    // A single label that is not there stands for masks that are all empty, unless names say which labels there are.
    const labels = names.length > 0 && [...found.values()].flat().every((value) =>
        value === 0 || names.some((name) =>
          name.value === (map.get(value) ?? value)
        )
      )
      ? names
      : nameLabels(derived.labels, names);
    return { labelling: selectLabels({ labels, regions: content.regions }, chosen), findings: [] };
  }
  const values = [...new Set([...found.values()].flat())].filter((value) => value > 0).sort((a, b) => a - b);
  const labels = nameLabels(values.map((value) => ({ value, name: `label ${value}` })), names);
  const labelling = selectLabels({ labels, regions: content.regions }, chosen);
  return { labelling, findings: options.labels ? [] : [derived.finding] };
}

/** The name of the one label that a threshold makes. @throws {UsageFailure} where the data set declares several. */
function nameOfOne({ labels = [] }: LayoutIndex): string {
  if (labels.length > 1) {
    throw new UsageFailure(
      `--mask-threshold makes one label of a mask, but the data set declares ${
        labels.map(({ name }) => name).join(", ")
      }; leave it out`,
    );
  }
  return labels[0]?.name ?? "foreground";
}

/** The first of the layout's conventions that holds the values of the masks; it is looked for in a part of them. */
function declaredFor(
  folder: Folder,
  { content, cases }: { content: LayoutIndex; cases: readonly CaseFiles[] },
): Pick<LayoutIndex, "regions"> & { readonly labels: readonly LabelDeclaration[] } {
  const first = { labels: content.labels ?? [], regions: content.regions };
  const conventions = [first, ...content.otherConventions ?? []];
  if (conventions.length === 1) return first;
  const step = Math.max(1, Math.floor(cases.length / CONVENTION_CASES));
  const found = valuesIn(folder, cases.filter((_, i) => i % step === 0));
  const values = new Set([...found.values()].flat());
  return conventions.find(({ labels }) =>
    [...values].every((value) => value === 0 || labels.some((label) => label.value === value))
  ) ?? first;
}

/** Masks that tell which convention of a challenge a data set follows. */
const CONVENTION_CASES = 16;

/** Label values by mask file; masks that cannot be read are reported where their case is loaded. */
function valuesIn(folder: Folder, cases: readonly CaseFiles[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const files of cases) {
    try {
      const mask = readCaseMask(folder, files);
      if (mask) found.set(mask.file, labelValues(mask.volume, mask.file));
    } catch (error) {
      if (!(error instanceof FindingFailure)) throw error;
    }
  }
  return found;
}
