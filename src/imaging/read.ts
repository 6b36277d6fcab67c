/** Reading any image that the toolkit knows, by the ending of its name. */
import { IMAGE_ENDINGS, isNiftiName } from "./endings.ts";
import { type NiftiGeometry, readNifti } from "./nifti.ts";
import { isRasterName, readRaster } from "./raster.ts";
import { readFailure } from "../files.ts";
import type { Volume } from "./volume.ts";

/**
 * Reads a NIfTI, PNG or TIFF file.
 *
 * @param options.as matters for PNG and TIFF alone: see {@link readRaster}.
 * @returns the volume in the voxel order of the file; `geometry` is there for NIfTI, to write masks on the same grid.
 * @throws {Failure} where the file cannot be read, its ending is unknown, or its axes are not at right angles.
 */
export function readVolume(
  path: string,
  { as }: { as: "image" | "mask" },
): { volume: Volume; geometry?: NiftiGeometry } {
  if (isNiftiName(path)) {
    const image = readNifti(path);
    refuseShear(path, image.geometry);
    return image;
  }
  if (isRasterName(path)) return { volume: readRaster(path, { as }) };
  throw readFailure(path, "the ending of its name is unknown", `convert it to one of ${IMAGE_ENDINGS.join(", ")}`);
}

/** How far axes may be from a right angle: half a degree makes lengths wrong by less than one in a hundred. */
const LARGEST_COSINE = Math.sin(0.5 * Math.PI / 180);

/** Voxel sizes, distances and the order of voxels rest on axes at right angles. */
function refuseShear(path: string, { affine, affineSource }: Pick<NiftiGeometry, "affine" | "affineSource">): void {
  const columns = [0, 1, 2].map((axis) => [0, 4, 8].map((row) => affine[row + axis] as number));
  for (const [i, j] of [[0, 1], [0, 2], [1, 2]] as const) {
    const [a, b] = [columns[i] as number[], columns[j] as number[]];
    const dot = a.reduce((sum, value, k) => sum + value * (b[k] as number), 0);
    const cosine = dot / (Math.hypot(...a) * Math.hypot(...b));
    if (Math.abs(cosine) <= LARGEST_COSINE) continue;
    const degrees = Math.acos(cosine) * 180 / Math.PI;
    throw readFailure(
      path,
      `the ${affineSource} of the header has axes ${i + 1} and ${j + 1} at ${degrees.toFixed(1)}° (a sheared grid)`,
      "resample it onto a grid with right angles",
    );
  }
}
