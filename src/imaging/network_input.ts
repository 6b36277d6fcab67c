/** The first half of the path from a volume to a mask: what every network, in training or in use, is shown of a volume. */
import { type Normalization, normalize } from "./normalize.ts";
import { type CanonicalVolume, toCanonical } from "./orientation.ts";
import { imageSquares, type Plane, type SliceGeometry, sliceGeometry } from "./slices.ts";
import type { Volume, VoxelArray } from "./volume.ts";

/** A volume that is ready to be cut into network squares. */
export interface PreparedImage {
  /** Normalized intensities in canonical order. */
  readonly volume: Volume<Float32Array>;
  readonly geometry: SliceGeometry;
  /** What lies beyond the edges of a slice: the smallest intensity, as a rule the air around the head. */
  readonly padValue: number;
  /** Brings values on the canonical grid back to the order of the file. */
  readonly restore: CanonicalVolume<VoxelArray>["restore"];
}

/** Brings a volume into canonical order and normalizes it; slices are to be taken in `plane`. */
export function prepareImage(image: Volume, options: { normalization: Normalization; plane: Plane }): PreparedImage {
  // In this order the voxels that are moved are those of the file, which are often smaller than float32.
  const canonical = toCanonical(image);
  const volume = normalize(canonical.volume, options.normalization);
  let padValue = Infinity;
  for (let i = 0; i < volume.data.length; i++) padValue = Math.min(padValue, volume.data[i] as number);
  return { volume, geometry: sliceGeometry(volume, options.plane), padValue, restore: canonical.restore };
}

/** Slice `index` as network input `[channels, size, size]`. */
export function networkSquare(
  { volume, geometry, padValue }: PreparedImage,
  index: number,
  size: number,
): Float32Array {
  return imageSquares(volume, index, { geometry, size, padValue });
}
