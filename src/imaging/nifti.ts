/** Reading NIfTI-1 and NIfTI-2 files: `.nii`, `.nii.gz` (known by its magic bytes) and `.hdr` + `.img` pairs. */
import { existsSync } from "node:fs";
import { type NIFTI1, type NIFTI2, readHeader } from "nifti-reader-js";
import { gunzipBounded, gunzipStart, isGzip } from "./gzip.ts";
import {
  bestAffine,
  BYTES_PER_VOXEL,
  DATATYPE_CODES,
  type NiftiDatatype,
  type NiftiGeometry,
} from "./nifti_geometry.ts";
import { decodeVoxels } from "./nifti_voxels.ts";
import { type OpenFile, readFailure, withFile } from "../files.ts";
import type { Volume } from "./volume.ts";

export type { NiftiDatatype, NiftiGeometry } from "./nifti_geometry.ts";
export { createNiftiGeometry, niftiBytes, writeNiftiMask, writeNiftiVolume } from "./nifti_write.ts";

/** An image and the header that it came with. */
export interface NiftiImage {
  readonly volume: Volume;
  readonly geometry: NiftiGeometry;
}

/** Images of more bytes than this are refused: one typed array cannot hold them everywhere. */
const LARGEST_IMAGE_BYTES = 2 ** 32 - 1;

/**
 * Reads an image with its values scaled by scl_slope and scl_inter, in its own voxel order.
 *
 * Voxels keep their type where there is no scaling; 64-bit integers become Int32Array, or Float64Array where they do not fit;
 * scaled values are Float32Array (types of up to 16 bits and float32) or Float64Array.
 *
 * @throws {Failure} where the file is missing, damaged, ends early, or holds a type without a single number per voxel.
 */
export function readNifti(path: string): NiftiImage {
  const geometry = readNiftiHeader(path);
  const [nx, ny, nz] = geometry.shape;
  const count = nx * ny * nz * geometry.channels;
  const voxelBytes = count * BYTES_PER_VOXEL[geometry.datatype];
  const bytes = withFile(isPairName(path) ? companion(path, "img") : path, (file) => {
    if (!isGzip(firstBytes(file, 2))) return readPlain(file, geometry.dataOffset, voxelBytes);
    const end = geometry.dataOffset + voxelBytes;
    return gunzipBounded(file, end).subarray(geometry.dataOffset, end);
  });
  const { shape, channels, affine, spacingKnown } = geometry;
  return { volume: { data: decodeVoxels(bytes, geometry), shape, channels, affine, spacingKnown }, geometry };
}

/**
 * Reads the header alone: of a compressed file only the beginning is decompressed.
 *
 * @throws {Failure} where the file is missing or its header is damaged or describes what cannot be read.
 */
export function readNiftiHeader(path: string): NiftiGeometry {
  const pair = isPairName(path);
  return withFile(pair ? companion(path, "hdr") : path, (file) => {
    const start = firstBytes(file, 540);
    const header = isGzip(start) ? gunzipStart(file, 540) : start;
    return parseHeader(header, { path: file.path, pair });
  });
}

function parseHeader(bytes: Uint8Array, { path, pair }: { path: string; pair: boolean }): NiftiGeometry {
  const fault = (found: string, remedy: string) => readFailure(path, found, remedy);
  if (bytes.length < 348) {
    throw fault(`the data end early at byte ${bytes.length} of the 348-byte header`, "copy the file again");
  }
  const own = new Uint8Array(bytes);
  const view = new DataView(own.buffer);
  const version = view.getInt32(0, true) === 348 || view.getInt32(0, false) === 348 ? 1 : 2;
  const size = version === 1 ? 348 : 540;
  const littleEndian = view.getInt32(0, true) === size;
  if (!littleEndian && view.getInt32(0, false) !== size) {
    throw fault("this is not a NIfTI file (byte 0 holds neither 348 nor 540)", "convert the image to .nii.gz");
  }
  if (own.length < size) {
    throw fault(`the data end early at byte ${own.length} of the ${size}-byte header`, "copy the file again");
  }
  const magicAt = version === 1 ? 344 : 4;
  const magic = String.fromCharCode(...own.subarray(magicAt, magicAt + 3));
  if (magic !== `n+${version}` && magic !== `ni${version}`) {
    throw fault(
      `the magic at byte ${magicAt} is neither "n+${version}" nor "ni${version}" (an Analyze 7.5 file?)`,
      "convert the image to .nii.gz",
    );
  }
  if (!pair && magic === `ni${version}`) {
    throw fault("the header is that of a .hdr/.img pair", "name the file .hdr and put its .img beside it");
  }
  // Only the header is handed over: the library would follow the chain of extensions, which a hostile file can make endless.
  const fields = readHeader(own.buffer.slice(0, size), true);
  const { shape, channels } = extents(fields, {
    fault,
    dimAt: version === 1 ? 40 : 16,
    dimSize: version === 1 ? 2 : 8,
  });
  const datatype = datatypeOf(fields.datatypeCode, { fault, at: version === 1 ? 70 : 12 });
  const imageBytes = shape[0] * shape[1] * shape[2] * channels * BYTES_PER_VOXEL[datatype];
  if (imageBytes > LARGEST_IMAGE_BYTES) {
    throw fault(
      `the header declares an image of ${imageBytes} bytes (${[...shape, channels].join("×")} ${datatype})`,
      "images of up to 4 GiB are read",
    );
  }
  const row = (i: number) =>
    version === 1 ? view.getFloat32(280 + 4 * i, littleEndian) : view.getFloat64(400 + 8 * i, littleEndian);
  const pixdim = fields.pixDims as [number, number, number, number];
  const { affine, affineSource } = bestAffine({
    sformCode: fields.sform_code,
    qformCode: fields.qform_code,
    sform: Array.from({ length: 12 }, (_, i) => row(i)),
    quaternion: [fields.quatern_b, fields.quatern_c, fields.quatern_d],
    offset: [fields.qoffset_x, fields.qoffset_y, fields.qoffset_z],
    qfac: pixdim[0],
    pixdim: [pixdim[1], pixdim[2], pixdim[3]],
    shape,
    axes: fields.dims[0] as number,
  });
  checkAffine(affine, { fault, affineSource });
  const spatialUnit = (["unknown", "m", "mm", "µm"] as const)[fields.xyzt_units & 7] ?? "unknown";
  return {
    version,
    littleEndian,
    header: own.slice(0, size),
    shape,
    channels,
    affine: inMm(affine, spatialUnit),
    affineSource,
    spacingKnown: affineSource === "sform" || shape.every((n, axis) => n === 1 || pixdim[axis + 1] !== 0),
    spatialUnit,
    datatype,
    ...scaling(fields, { fault, at: version === 1 ? 116 : 184 }),
    dataOffset: dataOffset(fields, { fault, pair, version }),
  };
}

type Fault = (found: string, remedy: string) => Error;
type Header = NIFTI1 | NIFTI2;

function extents(
  { dims }: Header,
  { fault, dimAt, dimSize }: { fault: Fault; dimAt: number; dimSize: number },
): { shape: [number, number, number]; channels: number } {
  const axes = dims[0] as number;
  if (!(axes >= 1 && axes <= 7)) {
    throw fault(
      `dim[0] at byte ${dimAt} is ${axes}, and 1 to 7 axes are possible`,
      "copy the file again or mend its header",
    );
  }
  const lengths = dims.slice(1, axes + 1);
  lengths.forEach((length, i) => {
    if (!(length >= 1)) {
      throw fault(
        `dim[${i + 1}] at byte ${dimAt + (i + 1) * dimSize} is ${length}, and every axis must have a voxel`,
        "copy the file again or mend its header",
      );
    }
  });
  const further = lengths.slice(3).filter((length) => length !== 1);
  if (further.length > 1) {
    throw fault(`the image has ${axes} axes (${lengths.join("×")})`, "split it into images of up to 4 axes");
  }
  return { shape: [lengths[0] ?? 1, lengths[1] ?? 1, lengths[2] ?? 1], channels: further[0] ?? 1 };
}

function datatypeOf(code: number, { fault, at }: { fault: Fault; at: number }): NiftiDatatype {
  for (const [name, known] of Object.entries(DATATYPE_CODES)) {
    if (known === code) return name as NiftiDatatype;
  }
  const name = REFUSED_DATATYPES[code];
  throw fault(
    name === undefined
      ? `datatype ${code} at byte ${at} is unknown`
      : `the voxels are ${name} (datatype ${code} at byte ${at})`,
    "convert the image to one integer or float per voxel",
  );
}

const REFUSED_DATATYPES: Readonly<Record<number, string>> = {
  1: "single bits",
  32: "complex numbers",
  128: "RGB colours",
  1536: "128-bit floats",
  1792: "complex numbers",
  2048: "complex numbers",
  2304: "RGBA colours",
};

function scaling(fields: Header, { fault, at }: { fault: Fault; at: number }): { slope: number; intercept: number } {
  const { scl_slope: slope, scl_inter: intercept } = fields;
  if (slope === 0 || !Number.isFinite(slope)) return { slope: 1, intercept: 0 };
  if (!Number.isFinite(intercept)) {
    throw fault(`scl_inter at byte ${at} is ${intercept} beside a valid scl_slope`, "write 0 into the header");
  }
  return { slope, intercept };
}

function dataOffset(fields: Header, { fault, pair, version }: { fault: Fault; pair: boolean; version: 1 | 2 }): number {
  const offset = fields.vox_offset;
  if (!Number.isFinite(offset) || offset < 0 || offset > LARGEST_IMAGE_BYTES) {
    throw fault(
      `vox_offset at byte ${version === 1 ? 108 : 168} is ${offset}`,
      "copy the file again or mend its header",
    );
  }
  // Voxels never lie within the header or the four bytes after it, whatever vox_offset says.
  return Math.max(Math.floor(offset), pair ? 0 : version === 1 ? 352 : 544);
}

/** Lengths of headers in metres and microns as mm; numbers without a unit are mm by custom. */
function inMm(affine: readonly number[], unit: NiftiGeometry["spatialUnit"]): readonly number[] {
  const factor = unit === "m" ? 1e3 : unit === "µm" ? 1e-3 : 1;
  return factor === 1 ? affine : affine.map((value, i) => i < 12 ? value * factor : value);
}

function checkAffine(affine: readonly number[], { fault, affineSource }: { fault: Fault; affineSource: string }): void {
  const [a, b, c, , d, e, f, , g, h, i] = affine as [...number[]] as Twelve;
  const norms = Math.hypot(a, d, g) * Math.hypot(b, e, h) * Math.hypot(c, f, i);
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  // Written so that NaN and infinities are caught too.
  if (!(affine.every(Number.isFinite) && Number.isFinite(norms) && Math.abs(determinant) > 1e-6 * norms)) {
    throw fault(
      `the ${affineSource} of the header does not span space (${
        affine.slice(0, 12).map((x) => Number(x.toPrecision(4))).join(" ")
      })`,
      "write a valid affine into the header",
    );
  }
}

type Twelve = [number, number, number, number, number, number, number, number, number, number, number, number];

function readPlain(file: OpenFile, offset: number, length: number): Uint8Array<ArrayBuffer> {
  if (file.sizeBytes < offset + length) {
    throw readFailure(
      file.path,
      `the data end early at byte ${file.sizeBytes} of ${offset + length}`,
      "copy the file again",
    );
  }
  const bytes = new Uint8Array(length);
  const count = file.read(bytes, offset);
  if (count < length) {
    throw readFailure(file.path, `the data end early at byte ${offset + count}`, "copy the file again");
  }
  return bytes;
}

function firstBytes(file: OpenFile, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  return bytes.subarray(0, file.read(bytes, 0));
}

function isPairName(path: string): boolean {
  return /\.(hdr|img)(\.gz)?$/i.test(path);
}

/** The `.hdr` or `.img` that belongs to either of them; compressed or not, as there is one. */
function companion(path: string, wanted: "hdr" | "img"): string {
  const [, stem, kind, gz] = /^(.*)\.(hdr|img)(\.gz)?$/is.exec(path) as unknown as [string, string, string, string?];
  if (kind.toLowerCase() === wanted) return path;
  const name = `${stem}.${kind === kind.toUpperCase() ? wanted.toUpperCase() : wanted}`;
  const [same, other] = gz === undefined ? [name, `${name}.gz`] : [`${name}${gz}`, name];
  return !existsSync(same) && existsSync(other) ? other : same;
}
