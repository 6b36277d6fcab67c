/** Image files made byte by byte from the specifications of their formats, without the code under test. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32Of } from "./crc32.ts";
import { deflateSync, gzipSync } from "node:zlib";

/** Runs `use` with a new folder that is removed afterwards. */
export function inFolder<T>(use: (path: (name: string, bytes?: Uint8Array) => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "imaging-"));
  try {
    return use((name, bytes) => {
      if (bytes !== undefined) writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What stands in a made NIfTI file; everything has the value of an unscaled image without orientation unless given. */
export interface NiftiFields {
  version?: 1 | 2;
  littleEndian?: boolean;
  magic?: string;
  datatype?: number;
  /** dim[0] and on. */
  dim: readonly number[];
  pixdim?: readonly number[];
  qformCode?: number;
  sformCode?: number;
  quaternion?: readonly number[];
  offset?: readonly number[];
  sform?: readonly number[];
  slope?: number;
  intercept?: number;
  calMax?: number;
  units?: number;
  voxOffset?: number;
}

/** nifti1.h and nifti2.h: the header alone. */
export function niftiHeader(fields: NiftiFields): Uint8Array<ArrayBuffer> {
  const { version = 1, littleEndian = true, datatype = 2, pixdim = [1, 1, 1, 1] } = fields;
  const v1 = version === 1;
  const bytes = new Uint8Array(v1 ? 348 : 540);
  const view = new DataView(bytes.buffer);
  const short = (at: number, value: number) => view.setInt16(at, value, littleEndian);
  const int = (at: number, value: number) => view.setInt32(at, value, littleEndian);
  const real = (at1: number, at2: number, i: number, value: number) =>
    v1 ? view.setFloat32(at1 + 4 * i, value, littleEndian) : view.setFloat64(at2 + 8 * i, value, littleEndian);
  int(0, bytes.length);
  const magic = fields.magic ?? `n+${version}`;
  [...magic].forEach((letter, i) => bytes[(v1 ? 344 : 4) + i] = letter.charCodeAt(0));
  if (!v1) bytes.set([0, 0x0d, 0x0a, 0x1a, 0x0a], 7);
  for (let i = 0; i < 8; i++) {
    const length = fields.dim[i] ?? 1;
    if (v1) short(40 + 2 * i, length);
    else view.setBigInt64(16 + 8 * i, BigInt(length), littleEndian);
    real(76, 104, i, pixdim[i] ?? 1);
  }
  short(v1 ? 70 : 12, datatype);
  const voxOffset = fields.voxOffset ?? (v1 ? 352 : 544);
  if (v1) view.setFloat32(108, voxOffset, littleEndian);
  else view.setBigInt64(168, BigInt(voxOffset), littleEndian);
  real(112, 176, 0, fields.slope ?? 0);
  real(116, 184, 0, fields.intercept ?? 0);
  real(124, 192, 0, fields.calMax ?? 0);
  if (v1) {
    bytes[123] = fields.units ?? 0;
    short(252, fields.qformCode ?? 0);
    short(254, fields.sformCode ?? 0);
  } else {
    int(500, fields.units ?? 0);
    int(344, fields.qformCode ?? 0);
    int(348, fields.sformCode ?? 0);
  }
  (fields.quaternion ?? []).forEach((value, i) => real(256, 352, i, value));
  (fields.offset ?? []).forEach((value, i) => real(268, 376, i, value));
  (fields.sform ?? []).forEach((value, i) => real(280, 400, i, value));
  return bytes;
}

/** A single-file NIfTI image: header, four bytes of no extension, voxels. */
export function niftiFile(fields: NiftiFields, voxels: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = niftiHeader(fields);
  const offset = fields.voxOffset ?? header.length + 4;
  const bytes = new Uint8Array(offset + voxels.length);
  bytes.set(header);
  bytes.set(voxels, offset);
  return bytes;
}

/** The bytes of numbers as a setter of DataView writes them. */
export function packed(
  values: readonly (number | bigint)[],
  { setter, size, littleEndian }: { setter: keyof DataView; size: number; littleEndian: boolean },
): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * size));
  const set = view[setter] as (at: number, value: number | bigint, littleEndian: boolean) => void;
  values.forEach((value, i) => set.call(view, i * size, value, littleEndian));
  return new Uint8Array(view.buffer);
}

/** gzip as zlib writes it. */
export function gzip(bytes: Uint8Array): Uint8Array {
  return gzipSync(bytes);
}

/** What stands in a made PNG file. `rows` are bytes as stored; every row gets filter 0. */
export interface PngFields {
  width: number;
  height: number;
  depth: number;
  colourType: number;
  rows: readonly (readonly number[])[];
  palette?: readonly number[];
  interlace?: number;
  /** Chunks put before the pixels. */
  extra?: readonly Uint8Array[];
  /** In place of the compressed rows. */
  compressed?: Uint8Array;
}

/** A PNG file (PNG specification §5). */
export function pngFile(fields: PngFields): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, fields.width);
  view.setUint32(4, fields.height);
  header.set([fields.depth, fields.colourType, 0, 0, fields.interlace ?? 0], 8);
  const compressed = fields.compressed ?? deflateSync(Uint8Array.from(fields.rows.flatMap((row) => [0, ...row])));
  return joined([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    pngChunk("IHDR", header),
    ...(fields.extra ?? []),
    ...(fields.palette === undefined ? [] : [pngChunk("PLTE", Uint8Array.from(fields.palette))]),
    pngChunk("IDAT", compressed),
    pngChunk("IEND", new Uint8Array()),
  ]);
}

/** Length, type, data and check sum. */
export function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(12 + data.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  [...type].forEach((letter, i) => chunk[4 + i] = letter.charCodeAt(0));
  chunk.set(data, 8);
  view.setUint32(8 + data.length, crc32Of(chunk.subarray(4, 8 + data.length)));
  return chunk;
}

/** What stands in a made TIFF file: tags of type LONG (or SHORT where all values are small), and pieces of pixels. */
export interface TiffFields {
  littleEndian?: boolean;
  tags: Readonly<Record<number, readonly number[]>>;
  pieces: readonly Uint8Array[];
  /** Tags of offsets and byte counts: those of strips unless given. */
  pieceTags?: readonly [number, number];
}

/** A TIFF file of one page (TIFF 6.0 §2): pixels, then the values of tags, then the directory. */
export function tiffFile({ littleEndian = true, tags, pieces, pieceTags = [273, 279] }: TiffFields): Uint8Array {
  const body: number[] = [0, 0, 0, 0, 0, 0, 0, 0];
  const offsets = pieces.map((piece) => {
    const at = body.length;
    for (const byte of piece) body.push(byte);
    return at;
  });
  const all = { ...tags, [pieceTags[0]]: offsets, [pieceTags[1]]: pieces.map((piece) => piece.length) };
  const number = (value: number, size: 2 | 4) => {
    const bytes = Array.from({ length: size }, (_, i) => (value >>> (8 * i)) & 255);
    return littleEndian ? bytes : bytes.reverse();
  };
  const entries: number[] = [];
  const names = Object.keys(all).map(Number).sort((a, b) => a - b);
  for (const tag of names) {
    const values = (all as Record<number, readonly number[]>)[tag] as readonly number[];
    const size = values.every((value) => value < 65536) ? 2 : 4;
    const bytes = values.flatMap((value) => number(value, size));
    entries.push(...number(tag, 2), ...number(size === 2 ? 3 : 4, 2), ...number(values.length, 4));
    if (bytes.length <= 4) entries.push(...bytes, ...new Array<number>(4 - bytes.length).fill(0));
    else {
      entries.push(...number(body.length, 4));
      body.push(...bytes);
    }
  }
  const directory = number(body.length, 4);
  body.push(...number(names.length, 2), ...entries, 0, 0, 0, 0);
  const file = Uint8Array.from(body);
  file.set(littleEndian ? [0x49, 0x49] : [0x4d, 0x4d]);
  file.set(number(42, 2), 2);
  file.set(directory, 4);
  return file;
}

/** All of `parts`, one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
