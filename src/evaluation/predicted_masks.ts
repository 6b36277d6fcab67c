/** Masks that were predicted before, found by the names of their cases and read as class indices. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DatasetIndex } from "../data/dataset.ts";
import { FindingFailure } from "../data/finding.ts";
import { stemOf } from "../data/folder.ts";
import { alignTo, type Grid } from "../data/geometry.ts";
import type { CaseFiles } from "../data/layout.ts";
import { labelValues, toClasses } from "../data/masks.ts";
import { Failure } from "../failure.ts";
import { readVolume } from "../imaging/read.ts";
import type { Volume } from "../imaging/volume.ts";

const ENDINGS = [".nii.gz", ".nii", ".png", ".tif", ".tiff"];

/** The mask files of a case in `folder`: one, or one per slice; undefined where they are not there. */
export function findPredictedMask(folder: string, files: CaseFiles): string[] | undefined {
  const existing = (name: string) =>
    ENDINGS.map((ending) => join(folder, `${name}${ending}`)).find((path) => existsSync(path));
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
