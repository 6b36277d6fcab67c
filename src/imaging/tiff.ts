/** Baseline TIFF files of one page: grey, RGB or palette, in strips or tiles, uncompressed, PackBits, LZW or Deflate. */
import { messageOf } from "../failure.ts";
import { unpackBits } from "./png.ts";
import { asImage, asMask, type DecodedPixels, type RasterImage } from "./raster_image.ts";
import { readFailure, readWholeFile } from "../files.ts";
import { type Layout, readFields, readLayout, REMEDY, SAMPLE_ARRAYS } from "./tiff_layout.ts";
import { TIFF_DECOMPRESSORS } from "./tiff_segments.ts";
import type { VoxelArray } from "./volume.ts";

/**
 * Reads the image, alpha and further samples dropped, values as stored (a palette looked up).
 *
 * @throws {Failure} where the file is damaged, too large, or of a kind that is not read.
 */
export function readTiffImage(path: string): RasterImage {
  return asImage(decodeTiff(path));
}

/**
 * Reads a label mask: grey values or palette indices as stored.
 *
 * @throws {Failure} as {@link readTiffImage}, and where a pixel has a colour.
 */
export function readTiffMask(path: string): RasterImage {
  const mask = asMask(decodeTiff(path));
  if (mask === undefined) {
    throw readFailure(path, "the mask has coloured pixels", "save the labels as grey values or palette indices");
  }
  return mask;
}

function decodeTiff(path: string): DecodedPixels {
  const bytes = readWholeFile(path, 2 ** 30);
  const { fields, littleEndian } = readFields(path, bytes);
  const photometric = fields.photometric?.[0] ?? 1;
  const layout = readLayout(path, fields);
  if (photometric > 3) {
    throw readFailure(path, `the colour space (photometric ${photometric}) is not grey, RGB or palette`, REMEDY);
  }
  const samples = readSamples(path, { bytes, littleEndian, layout });
  if (photometric === 0 && layout.format === 1) {
    const white = 2 ** layout.bits - 1;
    for (let i = 0; i < samples.length; i++) samples[i] = white - (samples[i] as number);
  }
  const { width, height, samples: samplesPerPixel } = layout;
  const colourSamples = Math.min(samplesPerPixel, photometric === 2 ? 3 : 1);
  if (photometric !== 3) return { width, height, samples, samplesPerPixel, colourSamples };
  const map = fields.palette ?? [];
  const colours = Math.floor(map.length / 3);
  const palette = Array.from(
    { length: colours },
    (_, i) => [0, 1, 2].map((k) => (map[i + k * colours] as number) >> 8),
  );
  return { width, height, samples, samplesPerPixel, colourSamples, palette };
}

/** One 12-bit code of LZW, the scheme that shrinks most, stands for at most 4094 bytes. */
const LARGEST_RATIO = 2731;

function readSamples(
  path: string,
  { bytes, littleEndian, layout }: { bytes: Uint8Array<ArrayBuffer>; littleEndian: boolean; layout: Layout },
): VoxelArray {
  const { width, height, bits, samples, planar, format, segmentWidth, segmentHeight } = layout;
  const perPixel = planar ? 1 : samples;
  const across = Math.ceil(width / segmentWidth);
  const down = Math.ceil(height / segmentHeight);
  const needed = across * down * (planar ? samples : 1);
  if (!(needed <= Math.min(layout.offsets.length, layout.lengths.length))) {
    throw readFailure(
      path,
      `${needed} pieces of ${segmentWidth}×${segmentHeight} pixels are needed and ${layout.offsets.length} are listed`,
      "copy the file again",
    );
  }
  const rowBytes = Math.ceil(segmentWidth * perPixel * bits / 8);
  const declared = rowBytes * segmentHeight * needed;
  if (declared > bytes.length * LARGEST_RATIO) {
    throw readFailure(
      path,
      `${bytes.length} bytes cannot hold the ${declared} that the header declares`,
      "copy the file again",
    );
  }
  const Samples = SAMPLE_ARRAYS[`${format}/${bits}`] as new (length: number) => VoxelArray;
  const result = new Samples(width * height * samples);
  for (let index = 0; index < needed; index++) {
    const plane = Math.floor(index / (across * down));
    const left = (index % across) * segmentWidth;
    const top = Math.floor((index % (across * down)) / across) * segmentHeight;
    // The last strip is cut at the lower edge; tiles are always whole.
    const rows = layout.tiled ? segmentHeight : Math.min(segmentHeight, height - top);
    const data = segmentBytes(path, { bytes, layout, index, size: rowBytes * rows, left, top });
    const values = toNumbers(data, { Samples, bits, littleEndian, width: segmentWidth * perPixel, rows });
    if (layout.predictor === 2) undoDifferences(values, { rowLength: segmentWidth * perPixel, perPixel });
    const columns = Math.min(segmentWidth, width - left);
    for (let row = 0; row < Math.min(rows, height - top); row++) {
      let from = row * segmentWidth * perPixel;
      let to = ((top + row) * width + left) * samples + plane;
      if (!planar) {
        result.set(values.subarray(from, from + columns * samples), to);
        continue;
      }
      for (let column = 0; column < columns; column++, to += samples) result[to] = values[from++] as number;
    }
  }
  return result;
}

function segmentBytes(
  path: string,
  { bytes, layout, index, size, left, top }: {
    bytes: Uint8Array;
    layout: Layout;
    index: number;
    size: number;
    left: number;
    top: number;
  },
): Uint8Array {
  const offset = layout.offsets[index] as number;
  const length = layout.lengths[index] as number;
  if (offset + length > bytes.length) {
    throw readFailure(
      path,
      `the pixels at row ${top} end at byte ${offset + length} and the file ends at byte ${bytes.length}`,
      "copy the file again",
    );
  }
  let data: Uint8Array;
  try {
    const decompress = TIFF_DECOMPRESSORS[layout.compression] as (data: Uint8Array, size: number) => Uint8Array;
    data = decompress(bytes.subarray(offset, offset + length), size);
  } catch (error) {
    throw readFailure(
      path,
      `the compressed pixels at byte ${offset} are damaged (${messageOf(error)})`,
      "copy the file again",
    );
  }
  if (data.length < size) {
    throw readFailure(
      path,
      `the pixels at row ${top}, column ${left} have ${data.length} of ${size} bytes (byte ${offset} of the file)`,
      "copy the file again",
    );
  }
  return data;
}

function toNumbers(
  data: Uint8Array,
  { Samples, bits, littleEndian, width, rows }: {
    Samples: new (length: number) => VoxelArray;
    bits: number;
    littleEndian: boolean;
    width: number;
    rows: number;
  },
): VoxelArray {
  if (bits < 8) return unpackBits(data, { width, height: rows, depth: bits });
  const values = new Samples(width * rows);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const size = bits / 8;
  const get = values instanceof Uint8Array
    ? "getUint8"
    : values instanceof Int8Array
    ? "getInt8"
    : values instanceof Uint16Array
    ? "getUint16"
    : values instanceof Int16Array
    ? "getInt16"
    : values instanceof Uint32Array
    ? "getUint32"
    : values instanceof Int32Array
    ? "getInt32"
    : values instanceof Float32Array
    ? "getFloat32"
    : "getFloat64";
  for (let i = 0; i < values.length; i++) values[i] = view[get](i * size, littleEndian);
  return values;
}

/** TIFF 6.0 §14: every sample is the difference to the sample of the pixel on its left; the array wraps as the format asks. */
function undoDifferences(values: VoxelArray, { rowLength, perPixel }: { rowLength: number; perPixel: number }): void {
  for (let start = 0; start < values.length; start += rowLength) {
    for (let i = start + perPixel; i < start + rowLength; i++) {
      values[i] = (values[i] as number) + (values[i - perPixel] as number);
    }
  }
}
