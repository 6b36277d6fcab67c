/** Writing masks and maps on the grid of an image that was read, or on a new grid. */
import { writeFileAtomic } from "../files.ts";
import { gzipDeterministic } from "./gzip.ts";
import {
  BYTES_PER_VOXEL,
  DATATYPE_CODES,
  type NiftiDatatype,
  type NiftiGeometry,
  quaternionOf,
} from "./nifti_geometry.ts";
import { datatypeOfArray, encodeVoxels } from "./nifti_voxels.ts";
import { spacingMm, type Volume } from "./volume.ts";

/**
 * Writes a label map with the header of the image it belongs to: both affines and their codes, units, version and byte order
 * stay as they are; the type becomes uint8 (uint16 where a label is above 255), the scaling 1 and 0, the display range is
 * cleared, axes beyond the third and header extensions are dropped. Compressed where the name ends in `.gz`.
 *
 * @param mask labels `[nz][ny][nx]`, first axis of the image fastest.
 * @throws {RangeError} where `mask` has another number of voxels than the grid, or the name is not that of a NIfTI file.
 * @throws {Failure} where the file cannot be written.
 */
export function writeNiftiMask(path: string, mask: Uint8Array | Uint16Array, geometry: NiftiGeometry): void {
  let largest = 0;
  for (let i = 0; i < mask.length; i++) largest = Math.max(largest, mask[i] as number);
  const data = mask instanceof Uint16Array && largest < 256 ? new Uint8Array(mask) : mask;
  write(path, { data, channels: 1 }, geometry);
}

/**
 * Writes the values of `volume` in their own type, channels along a fourth axis, e.g. float32 maps of probability.
 *
 * @param geometry the header to follow; without it a NIfTI-1 header is made from the affine of `volume`.
 * @throws {RangeError} where `volume` and `geometry` differ in shape, or the name is not that of a NIfTI file.
 * @throws {Failure} where the file cannot be written.
 */
export function writeNiftiVolume(
  path: string,
  volume: Volume,
  geometry: NiftiGeometry = createNiftiGeometry(volume),
): void {
  write(path, volume, geometry);
}

/** A little-endian NIfTI-1 header for a grid in mm: sform and, where the axes are at right angles, qform, both coded "scanner". */
export function createNiftiGeometry(
  { shape, channels, affine, spacingKnown }: Pick<Volume, "shape" | "channels" | "affine" | "spacingKnown">,
): NiftiGeometry {
  const header = new Uint8Array(348);
  const view = new DataView(header.buffer);
  view.setInt32(0, 348, true);
  header[38] = 0x72; // "r": regular, asked for by Analyze
  const sizes = [1, ...spacingMm(affine), 1, 1, 1, 1];
  const turn = quaternionOf(affine);
  if (turn !== undefined) {
    sizes[0] = turn.qfac;
    view.setInt16(252, 1, true);
    turn.quaternion.forEach((value, i) => view.setFloat32(256 + 4 * i, value, true));
    [3, 7, 11].forEach((at, i) => view.setFloat32(268 + 4 * i, affine[at] as number, true));
  }
  sizes.forEach((size, i) => view.setFloat32(76 + 4 * i, size, true));
  view.setInt16(254, 1, true);
  for (let i = 0; i < 12; i++) view.setFloat32(280 + 4 * i, affine[i] as number, true);
  header[123] = spacingKnown ? 2 : 0;
  return {
    version: 1,
    littleEndian: true,
    header,
    shape,
    channels,
    affine,
    affineSource: "sform",
    spacingKnown,
    spatialUnit: spacingKnown ? "mm" : "unknown",
    datatype: "float32",
    slope: 1,
    intercept: 0,
    dataOffset: 352,
  };
}

/**
 * The content of an uncompressed `.nii` file with the values of `volume` in their own type, channels along a fourth axis.
 *
 * @throws {RangeError} where `volume` and `geometry` differ in shape.
 */
export function niftiBytes(
  { data, channels }: Pick<Volume, "data" | "channels">,
  geometry: NiftiGeometry,
): Uint8Array<ArrayBuffer> {
  const [nx, ny, nz] = geometry.shape;
  if (data.length !== nx * ny * nz * channels) {
    throw new RangeError(`${data.length} values for a grid of ${[nx, ny, nz, channels].join("×")} voxels`);
  }
  const voxels = encodeVoxels(data, geometry.littleEndian);
  const offset = geometry.version === 1 ? 352 : 544;
  const content = new Uint8Array(offset + voxels.length);
  content.set(headerFor(geometry, { datatype: datatypeOfArray(data), channels }));
  content.set(voxels, offset);
  return content;
}

function write(path: string, volume: Pick<Volume, "data" | "channels">, geometry: NiftiGeometry): void {
  if (!/\.nii(\.gz)?$/i.test(path)) {
    throw new RangeError(`Cannot write ${path}: the name of a NIfTI file ends in .nii or .nii.gz`);
  }
  const content = niftiBytes(volume, geometry);
  writeFileAtomic(path, /\.gz$/i.test(path) ? gzipDeterministic(content) : content);
}

/** Field offsets of nifti1.h and nifti2.h. */
function headerFor(
  { header, version, littleEndian, shape }: NiftiGeometry,
  { datatype, channels }: { datatype: NiftiDatatype; channels: number },
): Uint8Array {
  const bytes = header.slice();
  const view = new DataView(bytes.buffer);
  const wasFlat = shape[2] === 1 && axesOf(view, version, littleEndian) === 2;
  const axes = channels > 1 ? 4 : wasFlat ? 2 : 3;
  const dims = [axes, ...shape, channels, 1, 1, 1];
  if (version === 1 && dims.some((length) => length > 32767)) {
    throw new RangeError(`Cannot write ${dims.slice(1, 5).join("×")} voxels: an axis of NIfTI-1 has up to 32767`);
  }
  const bits = 8 * BYTES_PER_VOXEL[datatype];
  if (version === 1) {
    bytes.set([0x6e, 0x2b, 0x31, 0], 344); // n+1
    dims.forEach((length, i) => view.setInt16(40 + 2 * i, length, littleEndian));
    view.setInt16(70, DATATYPE_CODES[datatype], littleEndian);
    view.setInt16(72, bits, littleEndian);
    view.setFloat32(108, 352, littleEndian);
    view.setFloat32(112, 1, littleEndian);
    view.setFloat32(116, 0, littleEndian);
    view.setFloat32(124, 0, littleEndian); // cal_max
    view.setFloat32(128, 0, littleEndian); // cal_min
  } else {
    bytes.set([0x6e, 0x2b, 0x32, 0, 0x0d, 0x0a, 0x1a, 0x0a], 4); // n+2
    dims.forEach((length, i) => view.setBigInt64(16 + 8 * i, BigInt(length), littleEndian));
    view.setInt16(12, DATATYPE_CODES[datatype], littleEndian);
    view.setInt16(14, bits, littleEndian);
    view.setBigInt64(168, 544n, littleEndian);
    view.setFloat64(176, 1, littleEndian);
    view.setFloat64(184, 0, littleEndian);
    view.setFloat64(192, 0, littleEndian); // cal_max
    view.setFloat64(200, 0, littleEndian); // cal_min
  }
  return bytes;
}

function axesOf(view: DataView, version: 1 | 2, littleEndian: boolean): number {
  return version === 1 ? view.getInt16(40, littleEndian) : Number(view.getBigInt64(16, littleEndian));
}
