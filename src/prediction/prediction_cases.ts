/** From the inputs of a command line to the cases that are to be segmented. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type FileVolume, readCaseImage, type Source } from "../data/case_files.ts";
import { findNotFinite, indexDataset } from "../data/dataset.ts";
import { FindingFailure, findingSentence } from "../data/finding.ts";
import { type Folder, foreignExtension, imageExtension, naturalOrder, readFolder, stemOf } from "../data/folder.ts";
import type { CaseFiles } from "../data/layout.ts";
import { untakenFiles } from "../data/untaken_files.ts";
import { imageEnding, USUAL_ENDINGS } from "../imaging/endings.ts";
import { recognizeLayout } from "../data/recognize.ts";
import { Failure, messageOf, UsageFailure } from "../failure.ts";
import type { ModelMetadata } from "../graph/onnx/metadata.ts";
import { readVolume } from "../imaging/read.ts";
import type { Reporter } from "../reporter.ts";
import { countOf } from "../text.ts";

/** An image to segment. */
export interface PredictionCase {
  /** The name of the mask without its ending. */
  readonly id: string;
  /** The files it is read from, as a path from where the program runs. */
  readonly inputs: readonly string[];
  /** For volumes that lie in a folder as single slices: the names of their masks. */
  readonly sliceIds?: readonly string[];
  /** The image with the channels of the model. @throws {Failure} where it cannot be read or does not fit the model. */
  readonly read: () => FileVolume;
}

/** What {@link findCases} needs to know. */
export interface FindCasesOptions {
  readonly metadata: ModelMetadata;
  readonly layout?: string | undefined;
  readonly reporter: Reporter;
}

/**
 * The cases of files and folders: data set folders by their layout, other folders by their image files. Files of one case in
 * several channels are named `<case>_0000`, `<case>_0001`, …
 *
 * @throws {Failure} where nothing is found, channels are missing, or two cases would have one name.
 */
export function findCases(paths: readonly string[], options: FindCasesOptions): PredictionCase[] {
  const cases: PredictionCase[] = [];
  const files: string[] = [];
  if (options.layout !== undefined && !paths.some((path) => statSync(path).isDirectory())) {
    throw new UsageFailure("--layout has no effect on files: it is for folders of a data set; leave it out");
  }
  for (const path of paths) {
    if (!statSync(path).isDirectory()) {
      if (imageEnding(path) === undefined) throw unknownEnding(path);
      files.push(path);
      continue;
    }
    const folder = readFolder(path);
    const ofDataset = datasetCases(path, folder, options);
    if (ofDataset !== undefined) cases.push(...ofDataset);
    else files.push(...filesOf(path, folder, options.reporter));
  }
  cases.push(...fileCases(files, options.metadata));
  if (cases.length === 0) throw nothingFound(paths);
  refuseSameNames(cases);
  return cases;
}

/** The image files of a folder that is no data set; what is like an image and is not read is named. */
function filesOf(path: string, folder: Folder, reporter: Reporter): string[] {
  const [untaken] = untakenFiles(folder, folder.files.filter((file) => imageExtension(file) !== undefined));
  if (untaken) reporter.warn(findingSentence({ ...untaken, file: join(path, untaken.file) }));
  return folder.files.filter((file) => imageExtension(file)).map((file) => join(path, file));
}

function datasetCases(
  path: string,
  folder: Folder,
  { metadata, layout, reporter }: FindCasesOptions,
): PredictionCase[] | undefined {
  try {
    recognizeLayout(folder, layout);
  } catch (error) {
    if (layout !== undefined || !(error instanceof Failure)) throw error;
    return undefined;
  }
  const names = metadata.input.channels;
  let index = indexDataset(path, { layout });
  if (names.every((name) => index.channels.some((other) => other.toLowerCase() === name.toLowerCase()))) {
    index = indexDataset(path, { layout, channels: names });
  } else if (index.channelCount !== names.length) {
    throw new Failure(
      `${path} has the channels ${index.channels.join(", ")}, but the model reads ${names.join(", ")}; ` +
        `give the files of a case with these channels`,
    );
  }
  const untaken = index.findings.find(({ code }) => code === "W11");
  if (untaken) reporter.warn(findingSentence(untaken));
  const incomplete = index.findings.filter(({ code }) => code === "E01").length;
  if (incomplete > 0) {
    reporter.warn(
      `${countOf(incomplete, "image")} of ${path} without a mask: left out; name these files to segment them`,
    );
  }
  return index.cases.map((files) => ({
    id: files.id.replaceAll(/[\\/]/g, "_"),
    inputs: inputsOf(files).map((file) => join(path, file)),
    ...(files.slices && { sliceIds: files.slices.map(({ image }) => stemOf(image)) }),
    read: () => readChecked(index, files),
  }));
}

function inputsOf(files: CaseFiles): string[] {
  return files.slices ? files.slices.map(({ image }) => image) : [...files.images];
}

function readChecked(source: Source, files: CaseFiles): FileVolume {
  const image = readCaseImage(source, files);
  const fault = findNotFinite(image.volume, image.file);
  if (fault) throw new FindingFailure(fault);
  return image;
}

/** Single files, and groups of files whose names end in `_0000`, `_0001`, … */
function fileCases(paths: readonly string[], { input }: ModelMetadata): PredictionCase[] {
  const groups = new Map<string, { id: string; files: Map<number, string> }>();
  for (const path of [...new Set(paths)].sort(naturalOrder)) {
    const name = stemOf(path);
    const [, id, channel] = /^(.+)_(\d{4})$/.exec(name) ?? [];
    // A number of four digits is a channel where it can be one; else it belongs to the name.
    const isChannel = id !== undefined && Number(channel) < Math.max(input.channels.length, 1) &&
      (input.channels.length > 1 || channel === "0000");
    const key = isChannel ? join(dirname(path), id) : path;
    const group = groups.get(key) ?? { id: isChannel ? id : name, files: new Map<number, string>() };
    group.files.set(isChannel ? Number(channel) : 0, path);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ id, files }) => fileCase(id, files, input.channels));
}

function fileCase(id: string, files: ReadonlyMap<number, string>, channels: readonly string[]): PredictionCase {
  const inputs = [...files.values()];
  if (files.size === 1) {
    return { id, inputs, read: () => readSingle(inputs[0] as string, channels) };
  }
  const images = channels.map((name, channel) => {
    const path = files.get(channel);
    if (path === undefined) {
      throw new Failure(
        `${inputs[0]}: found no file for channel ${channel} (${name}), expected ${
          expectedName(id, channel, inputs[0] as string)
        } ` +
          `beside it; add the file`,
      );
    }
    return path;
  });
  const source = { root: "", channelPositions: images.map((_, channel) => channel), channelCount: images.length };
  return { id, inputs: images, read: () => readChecked(source, { id, patient: id, images }) };
}

function expectedName(id: string, channel: number, path: string): string {
  return `${id}_${String(channel).padStart(4, "0")}${imageExtension(path) ?? ".nii.gz"}`;
}

function readSingle(path: string, channels: readonly string[]): FileVolume {
  const image = { ...readVolume(path, { as: "image" }), file: path };
  if (image.volume.channels !== channels.length) {
    const found = countOf(image.volume.channels, "channel");
    throw new Failure(
      `${path}: found ${found}, expected ${channels.length} (${channels.join(", ")}) as the model was trained on; ` +
        `give one file with all channels or files named <case>_0000, <case>_0001, …`,
    );
  }
  const fault = findNotFinite(image.volume, path);
  if (fault) throw new FindingFailure(fault);
  return image;
}

function unknownEnding(path: string): Error {
  const foreign = foreignExtension(path);
  return foreign === undefined
    ? new UsageFailure(`${path} is no image: its name ends in none of ${USUAL_ENDINGS}; name image files`)
    : new Failure(`Cannot read ${path}: ${foreign} files are not read; convert it to .nii.gz, or a slice to .png`);
}

function nothingFound(paths: readonly string[]): Failure {
  return new Failure(`${paths.join(", ")}: found no image files (${USUAL_ENDINGS}); check the folder`);
}

function refuseSameNames(cases: readonly PredictionCase[]): void {
  const first = new Map<string, string>();
  for (const { id, inputs } of cases) {
    const other = first.get(id);
    if (other !== undefined) {
      throw new Failure(
        `${other} and ${inputs[0]} would both become ${id}; segment them into different folders with --out`,
      );
    }
    first.set(id, inputs[0] as string);
  }
}

/** Whether a folder to write to is one of the inputs: masks must not lie among images. */
export function refuseOutputAmongInputs(folder: string, paths: readonly string[]): void {
  if (!existsSync(folder)) return;
  const target = statSync(folder);
  for (const path of paths) {
    const input = statSync(statSync(path).isDirectory() ? path : dirname(path));
    if (input.ino === target.ino && input.dev === target.dev) {
      throw new UsageFailure(`--out ${folder} is the folder of ${path}; choose another folder for the masks`);
    }
  }
}

/** What reading failed with, with the case named where the message does not. */
export function caseFailure(one: PredictionCase, error: unknown): string {
  const message = messageOf(error);
  return one.inputs.some((path) => message.includes(path) || message.includes(basename(path)))
    ? message
    : `${one.inputs[0]}: ${message}`;
}
