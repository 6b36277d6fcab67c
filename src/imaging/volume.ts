/** An image on a grid of voxels with its place in space. */

/** The arrays that hold voxels. */
export type VoxelArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** A 4×4 matrix, row by row, from voxel indices to mm in RAS+ (right, anterior, superior), as nibabel's `affine`. */
export type Affine = readonly number[];

/** A 3-D image, or several channels of one, in plain arrays. */
export interface Volume<D extends VoxelArray = VoxelArray> {
  /** Values, first axis fastest: index = x + nx·(y + ny·(z + nz·channel)). */
  readonly data: D;
  /** Voxels along x, y, z; a 2-D image has nz = 1. */
  readonly shape: readonly [number, number, number];
  readonly channels: number;
  readonly affine: Affine;
  /** False where the file carries no spacing (PNG, TIFF without sidecar): the unit of distances is then px. */
  readonly spacingKnown: boolean;
}

/** Voxel sizes along x, y, z in mm: the column norms of the affine. */
export function spacingMm(affine: Affine): [number, number, number] {
  const norm = (column: number) =>
    Math.hypot(affine[column] as number, affine[4 + column] as number, affine[8 + column] as number);
  return [norm(0), norm(1), norm(2)];
}

/** The affine of an axis-aligned RAS+ grid that starts at the origin. */
export function scalingAffine(spacing: readonly [number, number, number]): Affine {
  return [spacing[0], 0, 0, 0, 0, spacing[1], 0, 0, 0, 0, spacing[2], 0, 0, 0, 0, 1];
}
