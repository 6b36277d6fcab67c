/** What a page shows: a volume and what lies on its grid, read and checked before anything is served. */
import { basename } from "node:path";
import { alignTo } from "../data/geometry.ts";
import { findingSentence } from "../data/finding.ts";
import { labelValues } from "../data/masks.ts";
import { Failure } from "../failure.ts";
import { createNiftiGeometry, niftiBytes, readNifti, readNiftiHeader } from "../imaging/nifti.ts";
import { spacingMm, type Volume, type VoxelArray } from "../imaging/volume.ts";

/** What a layer is to the reader. */
export type LayerKind = "volume" | "reference" | "prediction" | "probabilities";

/** One image of the page. */
export interface Layer {
  readonly kind: LayerKind;
  /** Name of the file without its folders. */
  readonly name: string;
  readonly shape: readonly [number, number, number];
  readonly spacingMm: readonly [number, number, number];
  readonly channels: number;
  /** Of masks: the value of the file for each value 1, 2, … of `bytes`. */
  readonly labels: readonly number[];
  /** An uncompressed NIfTI-1 file of uint8, int16, uint16 or float32. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The files of a page. */
export interface ViewedFiles {
  readonly volume: string;
  readonly reference?: string | undefined;
  readonly prediction?: string | undefined;
  readonly probabilities?: string | undefined;
}

/** Usual limit of 3-D textures (MAX_3D_TEXTURE_SIZE; WebGL 2 promises 256 alone). */
const LONGEST_AXIS = 2048;
/** A texture of them takes 1 GiB of the graphics processor. */
const MOST_VOXELS = 2 ** 28;
/** What rounding may add to a probability. */
const PROBABILITY_TOLERANCE = 1e-4;
/** Labels are colours of a table with 256 rows, the first of which is the background. */
const MOST_LABELS = 255;

/**
 * Reads the files in the order in which they are drawn: the volume first, the reference on top of all.
 *
 * @throws {Failure} where a file is no NIfTI, is too large, lies on another grid than the volume, or is not what it is given for.
 */
export function readLayers(files: ViewedFiles): Layer[] {
  checkHeader(files.volume);
  const { volume } = readNifti(files.volume);
  const layers = [plainLayer("volume", files.volume, volume)];
  for (const kind of ["probabilities", "prediction", "reference"] as const) {
    const file = files[kind];
    if (file === undefined) continue;
    checkHeader(file);
    const other = readNifti(file).volume;
    const aligned = alignTo({ grid: volume, file: files.volume }, { volume: other, file });
    // The page has no option to accept another origin.
    if ("finding" in aligned) {
      const { finding } = aligned;
      throw new Failure(findingSentence({ ...finding, remedy: finding.remedy.replace(/, or add --ignore.*/, "") }));
    }
    layers.push(
      kind === "probabilities" ? probabilityLayer(file, aligned.volume) : maskLayer(kind, file, aligned.volume),
    );
  }
  return layers;
}

/** What the header tells is refused before memory is taken. */
function checkHeader(file: string): void {
  if (!/\.(nii|hdr|img)(\.gz)?$/i.test(file)) {
    throw new Failure(`Cannot show ${file}: seg view shows NIfTI files; for PNG and TIFF see seg predict --overlay`);
  }
  const { shape, channels } = readNiftiHeader(file);
  const voxels = shape[0] * shape[1] * shape[2] * channels;
  if (Math.max(...shape) <= LONGEST_AXIS && voxels <= MOST_VOXELS) return;
  throw new Failure(
    `Cannot show ${file}: found ${
      [...shape, channels].join("×")
    } voxels, expected at most ${LONGEST_AXIS} along an axis ` +
      `and ${MOST_VOXELS} in all; crop or resample it`,
  );
}

function maskLayer(kind: "reference" | "prediction", file: string, mask: Volume): Layer {
  if (mask.channels !== 1) {
    throw new Failure(
      `Cannot show ${file} as --${kind}: found ${mask.channels} channels, expected a mask with one; maps of probability ` +
        "are for --probabilities",
    );
  }
  const labels = labelValues(mask, file).filter((value) => value !== 0);
  if (labels.length > MOST_LABELS) {
    throw new Failure(
      `Cannot show ${file}: found ${labels.length} labels, expected at most ${MOST_LABELS}; merge some`,
    );
  }
  const indexOf = new Map(labels.map((value, i) => [value, i + 1]));
  const data = new Uint8Array(mask.data.length);
  for (let i = 0; i < data.length; i++) {
    const value = mask.data[i] as number;
    if (value !== 0) data[i] = indexOf.get(Math.round(value)) ?? 0;
  }
  return { ...plainLayer(kind, file, { ...mask, data }), labels };
}

function probabilityLayer(file: string, map: Volume): Layer {
  let [lowest, highest] = [0, 1];
  for (let i = 0; i < map.data.length; i++) {
    const value = map.data[i] as number;
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  if (!(lowest >= -PROBABILITY_TOLERANCE && highest <= 1 + PROBABILITY_TOLERANCE)) {
    throw new Failure(
      `Cannot show ${file} as --probabilities: found values from ${lowest} to ${highest}, expected 0 to 1; name a file of ` +
        "seg predict --probabilities",
    );
  }
  return plainLayer("probabilities", file, { ...map, data: new Float32Array(map.data) });
}

/** A fresh header with the affine as this program understands it, so that the page places voxels as all other commands do. */
function plainLayer(kind: LayerKind, file: string, volume: Volume): Layer {
  const shown = { ...volume, data: drawableValues(volume.data) };
  const { shape, channels } = volume;
  const bytes = niftiBytes(shown, createNiftiGeometry(shown));
  return { kind, name: basename(file), shape, spacingMm: spacingMm(volume.affine), channels, labels: [], bytes };
}

/** The types that textures take; all others become float32, with 0 for NaN. */
function drawableValues(data: VoxelArray): VoxelArray {
  if (data instanceof Uint8Array || data instanceof Int16Array || data instanceof Uint16Array) return data;
  const values = new Float32Array(data);
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) values[i] = 0;
  return values;
}
