/** What a NIfTI header says about the grid of an image, and how voxels come to lie in space. */
import type { Affine } from "./volume.ts";

/** The element types that are read; the names are those of numpy. */
export type NiftiDatatype =
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "uint32"
  | "int32"
  | "uint64"
  | "int64"
  | "float32"
  | "float64";

/** The header of a NIfTI file, with all that is needed to write another image on the same grid. */
export interface NiftiGeometry {
  readonly version: 1 | 2;
  readonly littleEndian: boolean;
  /** The header as it stands in the file: 348 bytes (NIfTI-1) or 540 (NIfTI-2), both affines and all codes within. */
  readonly header: Uint8Array;
  readonly shape: readonly [number, number, number];
  /** Length of the fourth axis (or of the one other axis beyond the third that is longer than 1). */
  readonly channels: number;
  /** From voxel indices to mm in RAS+, by nibabel's choice of sform, qform, pixdim; metres and microns of `xyzt_units` are brought to mm. */
  readonly affine: Affine;
  readonly affineSource: "sform" | "qform" | "pixdim";
  /** False where a voxel size of the header is 0 along an axis of several voxels, so that 1 mm was put in its place. */
  readonly spacingKnown: boolean;
  /** The unit that `xyzt_units` names, in which the lengths of the header are. */
  readonly spatialUnit: "unknown" | "m" | "mm" | "µm";
  readonly datatype: NiftiDatatype;
  /** Multiplier and addend for stored values; 1 and 0 where the header has no valid scaling. */
  readonly slope: number;
  readonly intercept: number;
  /** The byte of the (decompressed) file with the first voxel. */
  readonly dataOffset: number;
}

/** Bytes of one stored voxel. */
export const BYTES_PER_VOXEL: Readonly<Record<NiftiDatatype, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  uint64: 8,
  int64: 8,
  float32: 4,
  float64: 8,
};

/** Datatype codes of nifti1.h. */
export const DATATYPE_CODES: Readonly<Record<NiftiDatatype, number>> = {
  uint8: 2,
  int8: 256,
  uint16: 512,
  int16: 4,
  uint32: 768,
  int32: 8,
  uint64: 1280,
  int64: 1024,
  float32: 16,
  float64: 64,
};

/** The fields of a header from which the affine follows. */
export interface OrientationFields {
  readonly sformCode: number;
  readonly qformCode: number;
  /** srow_x, srow_y, srow_z: twelve numbers. */
  readonly sform: readonly number[];
  /** quatern_b, quatern_c, quatern_d. */
  readonly quaternion: readonly [number, number, number];
  readonly offset: readonly [number, number, number];
  /** pixdim[0]. */
  readonly qfac: number;
  /** pixdim[1..3]. */
  readonly pixdim: readonly [number, number, number];
  readonly shape: readonly [number, number, number];
  /** dim[0]. */
  readonly axes: number;
}

/** The affine of a header by nibabel's rule: sform where its code is valid and not 0, else qform, else pixdim. */
export function bestAffine(fields: OrientationFields): Pick<NiftiGeometry, "affine" | "affineSource"> {
  if (isCode(fields.sformCode)) return { affine: [...fields.sform, 0, 0, 0, 1], affineSource: "sform" };
  if (isCode(fields.qformCode)) return { affine: qformAffine(fields), affineSource: "qform" };
  return { affine: baseAffine(fields), affineSource: "pixdim" };
}

/** NIFTI_XFORM codes are 1 to 5; nibabel resets all others to 0. */
function isCode(code: number): boolean {
  return code >= 1 && code <= 5;
}

/** A voxel size as nibabel mends it: positive, and 1 in place of 0. */
function mended(size: number): number {
  return Math.abs(size) || 1;
}

/** nifti1.h, method 2: rotation by a unit quaternion, scaled by pixdim, third axis turned by qfac. */
function qformAffine({ quaternion, offset, qfac, pixdim }: OrientationFields): Affine {
  const [b, c, d] = quaternion;
  // a² below zero is rounding of a turn by 180°: the division by the norm below then gives a rotation all the same.
  const squaredA = 1 - (b * b + c * c + d * d);
  const a = squaredA < 3 * 2 ** -23 ? 0 : Math.sqrt(squaredA);
  const norm = a * a + b * b + c * c + d * d;
  const s = 2 / norm;
  const size = [mended(pixdim[0]), mended(pixdim[1]), mended(pixdim[2]) * (qfac === -1 ? -1 : 1)] as const;
  return [
    (1 - s * (c * c + d * d)) * size[0],
    s * (b * c - a * d) * size[1],
    s * (b * d + a * c) * size[2],
    offset[0],
    s * (b * c + a * d) * size[0],
    (1 - s * (b * b + d * d)) * size[1],
    s * (c * d - a * b) * size[2],
    offset[1],
    s * (b * d - a * c) * size[0],
    s * (c * d + a * b) * size[1],
    (1 - s * (b * b + c * c)) * size[2],
    offset[2],
    0,
    0,
    0,
    1,
  ];
}

/**
 * nibabel's base affine: first axis to the left (the radiological custom of Analyze), origin in the centre of the image, 1 mm
 * along axes that the image does not have.
 */
function baseAffine({ pixdim, shape, axes }: OrientationFields): Affine {
  const length = (axis: 0 | 1 | 2) => axis < axes ? mended(pixdim[axis]) : 1;
  const size = [-length(0), length(1), length(2)] as const;
  const origin = (axis: 0 | 1 | 2) => -size[axis] * ((shape[axis] - 1) / 2);
  return [size[0], 0, 0, origin(0), 0, size[1], 0, origin(1), 0, 0, size[2], origin(2), 0, 0, 0, 1];
}

/** quatern_b, c, d and qfac of the rotation nearest to none: undefined where the axes of `affine` are not at right angles. */
export function quaternionOf(affine: Affine): { quaternion: [number, number, number]; qfac: 1 | -1 } | undefined {
  const at = (row: number, column: number) => affine[4 * row + column] as number;
  const norms = [0, 1, 2].map((j) => Math.hypot(at(0, j), at(1, j), at(2, j)));
  const r = [0, 1, 2].map((i) => [0, 1, 2].map((j) => at(i, j) / (norms[j] as number))) as [Row, Row, Row];
  for (const [j, k] of [[0, 1], [0, 2], [1, 2]] as const) {
    if (!(Math.abs(r[0][j] * r[0][k] + r[1][j] * r[1][k] + r[2][j] * r[2][k]) < 1e-5)) return undefined;
  }
  const determinant = r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) -
    r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0]) + r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
  const qfac = determinant < 0 ? -1 : 1;
  for (const row of r) row[2] *= qfac;
  // The largest component first keeps every division away from zero (nifti1_io.c, nifti_mat44_to_quatern).
  const trace = r[0][0] + r[1][1] + r[2][2];
  let a: number, b: number, c: number, d: number;
  if (trace > 0) {
    a = Math.sqrt(1 + trace) / 2;
    [b, c, d] = [(r[2][1] - r[1][2]) / (4 * a), (r[0][2] - r[2][0]) / (4 * a), (r[1][0] - r[0][1]) / (4 * a)];
  } else if (r[0][0] >= r[1][1] && r[0][0] >= r[2][2]) {
    b = Math.sqrt(Math.max(0, 1 + r[0][0] - r[1][1] - r[2][2])) / 2;
    [a, c, d] = [(r[2][1] - r[1][2]) / (4 * b), (r[0][1] + r[1][0]) / (4 * b), (r[0][2] + r[2][0]) / (4 * b)];
  } else if (r[1][1] >= r[2][2]) {
    c = Math.sqrt(Math.max(0, 1 + r[1][1] - r[0][0] - r[2][2])) / 2;
    [a, b, d] = [(r[0][2] - r[2][0]) / (4 * c), (r[0][1] + r[1][0]) / (4 * c), (r[1][2] + r[2][1]) / (4 * c)];
  } else {
    d = Math.sqrt(Math.max(0, 1 + r[2][2] - r[0][0] - r[1][1])) / 2;
    [a, b, c] = [(r[1][0] - r[0][1]) / (4 * d), (r[0][2] + r[2][0]) / (4 * d), (r[1][2] + r[2][1]) / (4 * d)];
  }
  const sign = a < 0 ? -1 : 1;
  return { quaternion: [sign * b, sign * c, sign * d], qfac };
}

type Row = [number, number, number];
