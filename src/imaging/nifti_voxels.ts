/** From the bytes of voxels as a NIfTI file stores them to arrays, and back. */
import { Buffer } from "node:buffer";
import { endianness } from "node:os";
import { BYTES_PER_VOXEL, type NiftiDatatype, type NiftiGeometry } from "./nifti_geometry.ts";
import type { VoxelArray } from "./volume.ts";

const MACHINE_IS_LITTLE_ENDIAN = endianness() === "LE";

/**
 * The values of stored voxels. `bytes` is taken over: it may become the memory of the result, and its order may be changed.
 */
export function decodeVoxels(
  bytes: Uint8Array<ArrayBuffer>,
  { datatype, littleEndian, slope, intercept }: Pick<
    NiftiGeometry,
    "datatype" | "littleEndian" | "slope" | "intercept"
  >,
): VoxelArray {
  const size = BYTES_PER_VOXEL[datatype];
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  if (littleEndian !== MACHINE_IS_LITTLE_ENDIAN) swapBytes(aligned, size);
  const values = viewAs(datatype, aligned);
  if (slope === 1 && intercept === 0) return values;
  const scaled = size <= 2 || datatype === "float32"
    ? new Float32Array(values.length)
    : new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) scaled[i] = (values[i] as number) * slope + intercept;
  return scaled;
}

/** The bytes of `values` in the byte order of a file. */
export function encodeVoxels(values: VoxelArray, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (littleEndian === MACHINE_IS_LITTLE_ENDIAN || values.BYTES_PER_ELEMENT === 1) return bytes;
  const copy = bytes.slice();
  swapBytes(copy, values.BYTES_PER_ELEMENT);
  return copy;
}

/** The NIfTI type that stores an array without loss. */
export function datatypeOfArray(values: VoxelArray): NiftiDatatype {
  if (values instanceof Uint8Array) return "uint8";
  if (values instanceof Int8Array) return "int8";
  if (values instanceof Uint16Array) return "uint16";
  if (values instanceof Int16Array) return "int16";
  if (values instanceof Uint32Array) return "uint32";
  if (values instanceof Int32Array) return "int32";
  return values instanceof Float32Array ? "float32" : "float64";
}

function viewAs(datatype: NiftiDatatype, { buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): VoxelArray {
  const count = byteLength / BYTES_PER_VOXEL[datatype];
  switch (datatype) {
    case "uint8":
      return new Uint8Array(buffer, byteOffset, count);
    case "int8":
      return new Int8Array(buffer, byteOffset, count);
    case "uint16":
      return new Uint16Array(buffer, byteOffset, count);
    case "int16":
      return new Int16Array(buffer, byteOffset, count);
    case "uint32":
      return new Uint32Array(buffer, byteOffset, count);
    case "int32":
      return new Int32Array(buffer, byteOffset, count);
    case "float32":
      return new Float32Array(buffer, byteOffset, count);
    case "float64":
      return new Float64Array(buffer, byteOffset, count);
    case "uint64":
    case "int64":
      return narrow(new Int32Array(buffer, byteOffset, 2 * count), datatype === "int64");
  }
}

/** 64-bit integers as Int32Array where all fit, else as Float64Array (exact up to 2⁵³). */
function narrow(words: Int32Array, signed: boolean): Int32Array | Float64Array {
  const count = words.length / 2;
  const [lowWord, highWord] = MACHINE_IS_LITTLE_ENDIAN ? [0, 1] : [1, 0];
  let fits = true;
  for (let i = 0; i < count && fits; i++) {
    const low = words[2 * i + lowWord] as number;
    fits = words[2 * i + highWord] === (signed ? low >> 31 : 0) && (signed || low >= 0);
  }
  if (fits) {
    const result = new Int32Array(count);
    for (let i = 0; i < count; i++) result[i] = words[2 * i + lowWord] as number;
    return result;
  }
  const result = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const high = words[2 * i + highWord] as number;
    result[i] = (signed ? high : high >>> 0) * 2 ** 32 + ((words[2 * i + lowWord] as number) >>> 0);
  }
  return result;
}

function swapBytes({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>, size: number): void {
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  if (size === 2) bytes.swap16();
  else if (size === 4) bytes.swap32();
  else if (size === 8) bytes.swap64();
}
