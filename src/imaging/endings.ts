/** The endings of image files: the one list of the program. */

/** Of NIfTI files; a pair of `.hdr` and `.img` is read by either name. */
const NIFTI_ENDINGS = [".nii.gz", ".nii", ".hdr.gz", ".hdr", ".img.gz", ".img"] as const;

/** Of the files that are read. */
export const IMAGE_ENDINGS = [...NIFTI_ENDINGS, ".png", ".tiff", ".tif"] as const;

/** Of image files that are not read: they are named, so that nothing is left out in silence. */
const FOREIGN_ENDINGS = [
  ".jpeg",
  ".jpg",
  ".jp2",
  ".bmp",
  ".gif",
  ".webp",
  ".nrrd",
  ".nhdr",
  ".mha",
  ".mhd",
  ".mgz",
  ".mgh",
  ".gipl",
  ".dcm",
  ".npy",
  ".npz",
] as const;

/** The usual ones of those that are read, for messages. */
export const USUAL_ENDINGS = ".nii.gz, .nii, .png, .tif";

/** The ending of an image file that is read, in lower case, or undefined. */
export function imageEnding(path: string): string | undefined {
  return endingAmong(path, IMAGE_ENDINGS);
}

/** The ending of an image file that is not read, in lower case, or undefined. */
export function foreignEnding(path: string): string | undefined {
  return endingAmong(path, FOREIGN_ENDINGS);
}

/** Whether the name is that of a NIfTI file. */
export function isNiftiName(path: string): boolean {
  return endingAmong(path, NIFTI_ENDINGS) !== undefined;
}

/** Whether the name is that of the voxels of a pair, whose header stands for both. */
export function isSecondOfPair(path: string): boolean {
  return /\.img(\.gz)?$/i.test(path);
}

function endingAmong(path: string, endings: readonly string[]): string | undefined {
  const lower = path.toLowerCase();
  return endings.find((ending) => lower.endsWith(ending));
}
