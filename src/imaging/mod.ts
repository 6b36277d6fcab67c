/**
 * Images and masks: NIfTI, PNG and TIFF files, orientation, normalization, the slices that a network sees, clean-up of masks.
 *
 * A {@link Volume} is a plain array with its affine. The way to a network and back: {@link readVolume}, {@link toCanonical},
 * {@link normalize}, {@link imageSquares}; {@link squareToSlice}, {@link insertSlice}, and {@link writeNiftiMask} with the
 * geometry of the file that was read.
 *
 * @module
 */
export { type Affine, scalingAffine, spacingMm, type Volume, type VoxelArray } from "./volume.ts";
export { IMAGE_ENDINGS } from "./endings.ts";
export { readVolume } from "./read.ts";
export { type NiftiImage, readNifti, readNiftiHeader } from "./nifti.ts";
export type { NiftiDatatype, NiftiGeometry } from "./nifti_geometry.ts";
export { createNiftiGeometry, writeNiftiMask, writeNiftiVolume } from "./nifti_write.ts";
export { encodePng, type PixelImage, writePng } from "./png.ts";

export { axisCodes, type CanonicalVolume, toCanonical } from "./orientation.ts";
export { type Normalization, normalize } from "./normalize.ts";
export {
  choosePlane,
  hardLabelSquare,
  imageSquares,
  insertSlice,
  labelSquares,
  type Plane,
  type SliceGeometry,
  sliceGeometry,
  squareToSlice,
} from "./slices.ts";
export { networkSquare, type PreparedImage, prepareImage } from "./network_input.ts";

export {
  type CleaningOptions,
  type Components,
  connectedComponents,
  type Connectivity,
  fillHoles,
  type LabelArray,
  largestComponent,
  removeSmall,
  type Shape,
} from "./components.ts";
export { postProcess, type PostProcessing } from "./post_processing.ts";
export { overlayMontage, type Picture } from "./overlay.ts";
export { Failure } from "../failure.ts";
