/** PNG and TIFF slices as volumes of one slice. */
import { readPngImage, readPngMask } from "./png.ts";
import { readFailure } from "../files.ts";
import { readTiffImage, readTiffMask } from "./tiff.ts";
import type { Affine, Volume } from "./volume.ts";

/**
 * The place of a raster image in space, for want of a better one: the radiological view of an axial slice, with the
 * patient's right at the left edge and anterior at the top, so that columns run to the left and rows to posterior. Slices
 * cut from it after `toCanonical` have the rows and columns of the file.
 */
const RASTER_AFFINE: Affine = [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/** Whether the name is that of a file which {@link readRaster} reads, or refuses with a reason. */
export function isRasterName(path: string): boolean {
  return /\.(png|tiff?|jpe?g)$/i.test(path);
}

/**
 * Reads a `.png`, `.tif` or `.tiff` file as a volume with nz = 1 and without spacing (1 px stands for 1 mm).
 *
 * @param options.as "mask": grey values or palette indices as stored, one channel; "image": colours, alpha dropped.
 * @throws {Failure} where the file is damaged, too large, of a kind that is not read, or a JPEG.
 */
export function readRaster(path: string, { as }: { as: "image" | "mask" }): Volume {
  if (/\.jpe?g$/i.test(path)) {
    throw as === "mask"
      ? readFailure(path, "JPEG compression changes the labels of a mask", "make the mask anew as PNG from its source")
      : readFailure(path, "JPEG images are not read", "convert the image to PNG");
  }
  const isMask = as === "mask";
  const read = /\.png$/i.test(path) ? (isMask ? readPngMask : readPngImage) : (isMask ? readTiffMask : readTiffImage);
  const { width, height, channels, data } = read(path);
  return { data, shape: [width, height, 1], channels, affine: RASTER_AFFINE, spacingKnown: false };
}
