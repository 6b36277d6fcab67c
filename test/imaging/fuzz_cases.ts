/** Valid image files of every kind, and ways to spoil them. */
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import { Failure } from "../../src/failure.ts";
import { readVolume } from "../../src/imaging/read.ts";
import type { Random } from "../../src/random.ts";
import { gzip, joined, niftiFile, niftiHeader, pngChunk, pngFile, tiffFile } from "./made_files.ts";

/** A file to spoil: its bytes, and what else must lie beside it. */
export interface FuzzSeed {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** A second file of the same stem with this ending. */
  readonly beside?: readonly [ending: string, bytes: Uint8Array];
  /** Whether the bytes are compressed as a whole after they are spoilt. */
  readonly compress?: boolean;
}

const NOISE = Uint8Array.from({ length: 6000 }, (_, i) => (i * i * i) % 65537);
const ORIENTED = { qformCode: 1, sformCode: 1, sform: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] };
const TAGS = { 256: [40], 257: [30], 258: [8], 259: [1], 262: [1] };
const PIXELS = NOISE.subarray(0, 1200);
const ROWS = Array.from({ length: 30 }, (_, row) => [...NOISE.subarray(40 * row, 40 * row + 40)]);
/** Codes of 9 bits that clear the table before every pixel. */
const LZW = Uint8Array.from(
  ([...PIXELS].map((pixel) => (256).toString(2) + pixel.toString(2).padStart(9, "0")).join("") + "10000000100000000")
    .match(/.{8}/g) ?? [],
  (byte) => parseInt(byte, 2),
);

/** One file of every kind that is read. */
export const FUZZ_SEEDS: readonly FuzzSeed[] = [
  { name: "a.nii", bytes: niftiFile({ ...ORIENTED, dim: [4, 10, 10, 10, 3], datatype: 4 }, NOISE) },
  {
    name: "b.nii",
    bytes: niftiFile({ ...ORIENTED, version: 2, littleEndian: false, dim: [3, 10, 10, 15], datatype: 16 }, NOISE),
  },
  { name: "c.nii.gz", bytes: gzip(niftiFile({ dim: [3, 20, 30, 10] }, NOISE)) },
  {
    name: "d.nii.gz",
    bytes: niftiFile({ dim: [3, 10, 10, 10], datatype: 1024, slope: 2 }, joined([NOISE, NOISE])),
    compress: true,
  },
  {
    name: "e.hdr",
    bytes: niftiHeader({ dim: [3, 20, 30, 10], magic: "ni1", voxOffset: 0 }),
    beside: ["img", NOISE],
  },
  { name: "f.png", bytes: pngFile({ width: 40, height: 30, depth: 8, colourType: 0, rows: ROWS }) },
  { name: "g.png", bytes: pngFile({ width: 10, height: 30, depth: 8, colourType: 6, rows: ROWS }) },
  {
    name: "h.png",
    bytes: pngFile({ width: 80, height: 30, depth: 4, colourType: 3, rows: ROWS, palette: [...NOISE.subarray(0, 48)] }),
  },
  { name: "i.tif", bytes: tiffFile({ tags: TAGS, pieces: [PIXELS] }) },
  { name: "j.tif", bytes: tiffFile({ tags: { ...TAGS, 259: [8], 317: [2] }, pieces: [deflateSync(PIXELS)] }) },
  { name: "k.tif", bytes: tiffFile({ tags: { ...TAGS, 259: [5] }, pieces: [LZW], littleEndian: false }) },
  {
    name: "l.tif",
    bytes: tiffFile({
      tags: { ...TAGS, 322: [16], 323: [16] },
      pieces: Array.from({ length: 6 }, (_, i) => NOISE.subarray(i * 256, i * 256 + 256)),
      pieceTags: [324, 325],
    }),
  },
];

const EXTREMES = [0, 1, -1, 127, 128, 255, 32767, -32768, 65535, 2 ** 31 - 1, -(2 ** 31), 2 ** 32 - 1];

/** The bytes with one kind of damage: cut off, bits turned over, a field with an extreme value, a part repeated or left out. */
export function spoil(bytes: Uint8Array, random: Random): Uint8Array {
  const kind = random.integer(6);
  const at = random.integer(random.uniform() < 0.7 ? Math.min(600, bytes.length) : bytes.length);
  const result = bytes.slice();
  if (kind === 0) return result.subarray(0, at);
  if (kind === 1) {
    const length = random.integer(64);
    return joined([result.subarray(0, at), result.subarray(at + length)]);
  }
  if (kind === 2) {
    return joined([result.subarray(0, at), result.subarray(at, at + random.integer(64)), result.subarray(at)]);
  }
  if (kind === 3) {
    for (let i = 0; i <= random.integer(20); i++) {
      const place = random.integer(bytes.length);
      result[place] = (result[place] as number) ^ (1 << random.integer(8));
    }
    return result;
  }
  const view = new DataView(result.buffer);
  const value = EXTREMES[random.integer(EXTREMES.length)] as number;
  const size = [1, 2, 4, 8][random.integer(4)] as number;
  // Fields lie at even places.
  const place = Math.max(0, Math.min(at & ~1, result.length - size));
  const little = random.integer(2) === 0;
  if (size === 1) view.setInt8(place, value);
  else if (size === 2) view.setInt16(place, value, little);
  else if (size === 4) view.setInt32(place, value, little);
  else view.setBigInt64(place, BigInt(value), little);
  return result;
}

/** Files that expand without end, or claim to. */
export function bombs(): FuzzSeed[] {
  const zeros = new Uint8Array(100_000_000);
  const compressed = deflateSync(zeros);
  const small = { width: 4, height: 4, depth: 8, colourType: 0, rows: [] };
  return [
    { name: "bomb.nii.gz", bytes: gzip(joined([niftiFile({ dim: [3, 10, 10, 10] }, new Uint8Array(1000)), zeros])) },
    {
      name: "liar.nii.gz",
      bytes: gzip(joined([niftiHeader({ dim: [3, 1000, 1000, 1000] }), zeros.subarray(0, 9_000_000)])),
    },
    {
      name: "members.nii.gz",
      bytes: joined([
        gzip(niftiFile({ dim: [3, 10, 10, 10] }, new Uint8Array(1000))),
        ...new Array<Uint8Array>(50).fill(gzip(zeros.subarray(0, 10_000_000))),
      ]),
    },
    { name: "size.nii.gz", bytes: forgedSize() },
    { name: "extensions.nii", bytes: extended() },
    { name: "pixels.png", bytes: pngFile({ ...small, compressed }) },
    { name: "large.png", bytes: pngFile({ ...small, width: 2 ** 31 - 1, height: 2 ** 31 - 1, compressed }) },
    {
      name: "profile.png",
      bytes: pngFile({
        ...small,
        rows: new Array(4).fill([1, 2, 3, 4]),
        extra: [pngChunk("iCCP", joined([Uint8Array.of(97, 0, 0), compressed]))],
      }),
    },
    { name: "strip.tif", bytes: tiffFile({ tags: { ...TAGS, 259: [8] }, pieces: [compressed] }) },
    { name: "wide.tif", bytes: tiffFile({ tags: { ...TAGS, 256: [2 ** 26], 257: [1], 259: [5] }, pieces: [LZW] }) },
    {
      name: "tiles.tif",
      bytes: tiffFile({ tags: { ...TAGS, 322: [65535], 323: [65535] }, pieces: [PIXELS], pieceTags: [324, 325] }),
    },
  ];
}

/** 5 MB of compressed data with a header of 4 GB and a trailer that agrees with it. */
function forgedSize(): Uint8Array {
  const file = gzip(joined([niftiHeader({ dim: [3, 2000, 2000, 1000] }), randomBytes(5_000_000)]));
  new DataView(file.buffer, file.byteOffset).setUint32(file.length - 4, 4_000_000_352, true);
  return file;
}

/** A header whose chain of extensions runs in a circle: sizes of 16 and −16 bytes. */
function extended(): Uint8Array {
  const file = niftiFile({ dim: [3, 1, 1, 1], voxOffset: 480 }, Uint8Array.of(5));
  file[348] = 1;
  const view = new DataView(file.buffer);
  view.setInt32(352, 16, true);
  view.setInt32(368, -16, true);
  return file;
}

/**
 * Writes a file, reads it as an image or a mask and removes it.
 *
 * @returns what is wrong with the reader: undefined where it refused the file with one sentence, or returned a whole volume.
 */
export function tryReading(folder: string, { name, bytes, beside, compress }: FuzzSeed, as: "image" | "mask"): {
  fault?: string;
  refused: boolean;
} {
  const path = join(folder, name);
  const other = beside && path.replace(/\.\w+$/, `.${beside[0]}`);
  writeFileSync(path, compress === true ? gzip(bytes) : bytes);
  if (beside !== undefined && other !== undefined) writeFileSync(other, beside[1]);
  try {
    const { volume: { data, shape, channels, affine } } = readVolume(path, { as });
    const count = shape[0] * shape[1] * shape[2] * channels;
    const whole = data.length === count && count > 0 && affine.length === 16 && affine.every(Number.isFinite);
    return whole ? { refused: false } : { refused: false, fault: `${data.length} voxels for ${shape} ${channels}` };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const sentence = error instanceof Failure && message.startsWith(`Cannot read ${dirname(path)}`) &&
      message.includes("; ") && !message.includes("\n") && message.length < path.length + 300;
    return sentence ? { refused: true } : { refused: true, fault: message };
  } finally {
    rmSync(path);
    if (other !== undefined) rmSync(other);
  }
}
