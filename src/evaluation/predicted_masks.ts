/** Masks that were predicted before, found by the names of their cases and read as class indices. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { DatasetIndex } from "../data/dataset.ts";
import { FindingFailure } from "../data/finding.ts";
import { stemOf } from "../data/folder.ts";
import { alignTo, type Grid } from "../data/geometry.ts";
import type { CaseFiles } from "../data/layout.ts";
import { labelValues, toClasses } from "../data/masks.ts";
import { Failure } from "../failure.ts";
import { foreignEnding, IMAGE_ENDINGS, imageEnding, isSecondOfPair } from "../imaging/endings.ts";
import { readVolume } from "../imaging/read.ts";
import type { Volume } from "../imaging/volume.ts";

/** Masks in a folder, by the names of their cases. */
export interface PredictedMasks {
  /** The mask files of a case: one, or one per slice; undefined where they are not there. */
  find(files: CaseFiles): string[] | undefined;
  /** Mask files that {@link PredictedMasks.find} has given for no case. */
  unused(): string[];
}

/** What `seg predict` writes beside masks. */
const BESIDE_MASKS = /_(overlay\.png|probabilities\.nii\.gz)$/i;

/** Lists the masks of a folder; of several files of one name the first by its ending counts. */
export function listPredictedMasks(folder: string): PredictedMasks {
  const byStem = new Map<string, string>();
  const files = readdirSync(folder).filter((name) => !name.startsWith(".") && !isSecondOfPair(name));
  for (const ending of IMAGE_ENDINGS) {
    for (const name of files.filter((one) => imageEnding(one) === ending)) {
      if (!byStem.has(stemOf(name))) byStem.set(stemOf(name), join(folder, name));
    }
  }
  const used = new Set<string>();
  return {
    find: (one) => {
      const found = masksOf(one, (name) => byStem.get(name));
      for (const path of found ?? []) used.add(path);
      return found;
    },
    unused: () =>
      files.filter((name) =>
        (imageEnding(name) ?? foreignEnding(name)) !== undefined && !BESIDE_MASKS.test(name) &&
        !used.has(join(folder, name))
      ),
  };
}

function masksOf(files: CaseFiles, existing: (name: string) => string | undefined): string[] | undefined {
  const whole = existing(files.id.replaceAll(/[\\/]/g, "_"));
  if (whole !== undefined) return [whole];
  const slices = files.slices?.map(({ image }) => existing(stemOf(image))) ?? [];
  const found = slices.filter((path) => path !== undefined);
  return found.length > 0 && found.length === slices.length ? found : undefined;
}

/**
 * Reads predicted masks as class indices of the data set.
 *
 * Their values are those that `seg predict` writes, one per class; masks with other values are taken for masks like those of the data set.
 *
 * @param reference the grid of the image, with its file.
 * @throws {Failure} where a mask cannot be read, lies on another grid or has unknown values.
 */
export function readPredictedMask(
  paths: readonly string[],
  index: DatasetIndex,
  reference: { readonly grid: Grid; readonly file: string },
): Uint8Array {
  const [nx, ny] = reference.grid.shape;
  const parts = paths.map((path) => {
    const { volume } = readVolume(path, { as: "mask" });
    if (volume.channels !== 1) {
      throw new Failure(`${path}: found ${volume.channels} channels, expected a mask with one`);
    }
    const shape = paths.length > 1 ? [nx, ny, 1] as const : reference.grid.shape;
    const aligned = alignTo({ ...reference, grid: { ...reference.grid, shape } }, { volume, file: path }, index);
    if ("finding" in aligned) {
      throw new FindingFailure({ ...aligned.finding, remedy: "predict the case again from this image" });
    }
    return classesOf(aligned.volume, index, path);
  });
  if (parts.length === 1) return parts[0] as Uint8Array;
  const classes = new Uint8Array(nx * ny * parts.length);
  parts.forEach((part, slice) => classes.set(part, slice * nx * ny));
  return classes;
}

function classesOf(volume: Volume, index: DatasetIndex, path: string): Uint8Array {
  const written = new Map([[0, 0], ...index.labels.map(({ value }, i): [number, number] => [value, i + 1])]);
  const values = labelValues(volume, path);
  if (!values.every((value) => written.has(value))) return toClasses(volume, index.labelling, path).data;
  // A loop: `Uint8Array.from` with a function gathers its values in a list, which ends beyond 2²⁷ of them.
  const table = new Uint8Array(1 + Math.max(...values));
  for (const value of values) table[value] = written.get(value) as number;
  const classes = new Uint8Array(volume.data.length);
  for (let i = 0; i < classes.length; i++) classes[i] = table[Math.round(volume.data[i] as number)] as number;
  return classes;
}
