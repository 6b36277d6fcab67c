/** Reading any image that the toolkit knows, by the ending of its name. */
import { type NiftiGeometry, readNifti } from "./nifti.ts";
import { isRasterName, readRaster } from "./raster.ts";
import { readFailure } from "../files.ts";
import type { Volume } from "./volume.ts";

/** The endings of the files that {@link readVolume} reads. */
export const IMAGE_ENDINGS = [".nii", ".nii.gz", ".hdr", ".img", ".png", ".tif", ".tiff"] as const;

/**
 * Reads a NIfTI, PNG or TIFF file.
 *
 * @param options.as matters for PNG and TIFF alone: see {@link readRaster}.
 * @returns the volume in the voxel order of the file; `geometry` is there for NIfTI, to write masks on the same grid.
 * @throws {Failure} where the file cannot be read or its ending is unknown.
 */
export function readVolume(
  path: string,
  { as }: { as: "image" | "mask" },
): { volume: Volume; geometry?: NiftiGeometry } {
  if (/\.(nii|hdr|img)(\.gz)?$/i.test(path)) return readNifti(path);
  if (isRasterName(path)) return { volume: readRaster(path, { as }) };
  throw readFailure(path, "the ending of its name is unknown", `convert it to one of ${IMAGE_ENDINGS.join(", ")}`);
}
