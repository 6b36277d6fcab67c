/** The directory of a TIFF file and the layout of its pixels, checked before anything is decoded. */
import { LARGEST_PIXELS } from "./raster_image.ts";
import { readFailure } from "../files.ts";
import { TIFF_DECOMPRESSORS } from "./tiff_segments.ts";
import type { VoxelArray } from "./volume.ts";

/** The numbers of the tags that are used (TIFF 6.0, appendix A). */
const TAGS = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  samples: 277,
  rowsPerStrip: 278,
  stripBytes: 279,
  planar: 284,
  predictor: 317,
  palette: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileBytes: 325,
  sampleFormat: 339,
} as const;

type TagName = keyof typeof TAGS;
/** The values of the tags that the file has. */
export type Fields = Partial<Record<TagName, number[]>>;

/** Everything that says how pixels lie in the file. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly samples: number;
  readonly planar: boolean;
  readonly format: number;
  readonly compression: number;
  readonly predictor: number;
  readonly tiled: boolean;
  readonly segmentWidth: number;
  readonly segmentHeight: number;
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
}

/** What to do about a file of a kind that is not read. */
export const REMEDY = "save it as uncompressed TIFF or as PNG";

/**
 * The values of the tags that are used, each within the file.
 *
 * @throws {Failure} where the file is cut off, no TIFF file, or has several pages.
 */
export function readFields(path: string, bytes: Uint8Array<ArrayBuffer>): { fields: Fields; littleEndian: boolean } {
  const view = new DataView(bytes.buffer);
  const early = () => readFailure(path, `the data end early at byte ${bytes.length}`, "copy the file again");
  if (bytes.length < 8) throw early();
  const littleEndian = bytes[0] === 0x49;
  const version = view.getUint16(2, littleEndian);
  if (bytes[0] !== bytes[1] || !(littleEndian || bytes[0] === 0x4d) || version !== 42) {
    throw readFailure(path, version === 43 ? "this is a BigTIFF file" : "this is not a TIFF file", REMEDY);
  }
  const directory = view.getUint32(4, littleEndian);
  if (directory + 2 > bytes.length) throw early();
  const entries = view.getUint16(directory, littleEndian);
  const end = directory + 2 + 12 * entries;
  if (end + 4 > bytes.length) throw early();
  if (view.getUint32(end, littleEndian) !== 0) {
    throw readFailure(path, "the file has several pages", "save one page per file");
  }
  const fields: Fields = {};
  const names = new Map(Object.entries(TAGS).map(([name, tag]) => [tag as number, name as TagName]));
  for (let at = directory + 2; at < end; at += 12) {
    const tag = view.getUint16(at, littleEndian);
    const name = names.get(tag);
    const size = ({ 1: 1, 3: 2, 4: 4 } as Record<number, number>)[view.getUint16(at + 2, littleEndian)];
    if (name === undefined || size === undefined || fields[name] !== undefined) continue;
    const count = view.getUint32(at + 4, littleEndian);
    const from = count * size <= 4 ? at + 8 : view.getUint32(at + 8, littleEndian);
    if (from + count * size > bytes.length) {
      throw readFailure(
        path,
        `tag ${tag} at byte ${at} points to byte ${from + count * size} and the file ends at byte ${bytes.length}`,
        "copy the file again",
      );
    }
    const read = size === 1 ? "getUint8" : size === 2 ? "getUint16" : "getUint32";
    fields[name] = Array.from({ length: count }, (_, i) => view[read](from + i * size, littleEndian));
  }
  return { fields, littleEndian };
}

/**
 * How the pixels lie in the file.
 *
 * @throws {Failure} where they are too many, or of a kind that is not read.
 */
export function readLayout(path: string, fields: Fields): Layout {
  const first = (name: TagName, otherwise: number) => fields[name]?.[0] ?? otherwise;
  const [width, height, samples] = [first("width", 0), first("height", 0), first("samples", 1)];
  if (width === 0 || height === 0 || samples === 0 || samples > 16 || width * height > LARGEST_PIXELS) {
    throw readFailure(
      path,
      `the header declares ${width}×${height} pixels of ${samples} samples`,
      `1 to ${LARGEST_PIXELS} pixels of 1 to 16 samples are read`,
    );
  }
  const [bits, format] = [first("bits", 1), first("sampleFormat", 1)];
  const [compression, predictor] = [first("compression", 1), first("predictor", 1)];
  if (TIFF_DECOMPRESSORS[compression] === undefined) {
    throw readFailure(path, `compression ${compression} is not uncompressed, PackBits, LZW or Deflate`, REMEDY);
  }
  if (
    !(format === 1 || format === 2 || format === 3) || SAMPLE_ARRAYS[`${format}/${bits}`] === undefined ||
    fields.bits?.some((other) => other !== bits) === true ||
    fields.sampleFormat?.some((other) => other !== format) === true
  ) {
    throw readFailure(
      path,
      `samples of ${listed(fields.bits)} bits (format ${listed(fields.sampleFormat)}) are not read`,
      REMEDY,
    );
  }
  if (predictor !== 1 && !(predictor === 2 && format !== 3 && bits >= 8)) {
    throw readFailure(path, `predictor ${predictor} is not read for samples of ${bits} bits`, REMEDY);
  }
  if (first("fillOrder", 1) !== 1) throw readFailure(path, "the bits of a byte are reversed", REMEDY);
  const tiled = fields.tileOffsets !== undefined;
  return {
    width,
    height,
    bits,
    samples,
    planar: first("planar", 1) === 2 && samples > 1,
    format,
    compression,
    predictor,
    tiled,
    segmentWidth: tiled ? first("tileWidth", 0) : width,
    segmentHeight: tiled ? first("tileHeight", 0) : Math.min(height, first("rowsPerStrip", height)),
    offsets: (tiled ? fields.tileOffsets : fields.stripOffsets) ?? [],
    lengths: (tiled ? fields.tileBytes : fields.stripBytes) ?? [],
  };
}

/** The values of a tag (1 where it is absent) for a message: a damaged file can have thousands. */
function listed(values: readonly number[] = [1]): string {
  return values.length <= 4 ? values.join(",") : `${values.slice(0, 4).join(",")},…`;
}

/** The array that holds samples, by sample format (1 unsigned, 2 signed, 3 float) and bits. */
export const SAMPLE_ARRAYS: Readonly<Record<string, new (length: number) => VoxelArray>> = {
  "1/1": Uint8Array,
  "1/2": Uint8Array,
  "1/4": Uint8Array,
  "1/8": Uint8Array,
  "2/8": Int8Array,
  "1/16": Uint16Array,
  "2/16": Int16Array,
  "1/32": Uint32Array,
  "2/32": Int32Array,
  "3/32": Float32Array,
  "3/64": Float64Array,
};
