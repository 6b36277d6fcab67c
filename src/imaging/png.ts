/** PNG files, by fast-png; sizes are checked before anything is decoded. */
import { Buffer } from "node:buffer";
import { inflateSync } from "node:zlib";
import { decode, type DecodedPng, encode } from "fast-png";
import { messageOf } from "../failure.ts";
import { writeFileAtomic } from "../files.ts";
import { asImage, asMask, type DecodedPixels, LARGEST_PIXELS, type RasterImage } from "./raster_image.ts";
import { readFailure, readWholeFile } from "../files.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const SAMPLES_OF_COLOUR_TYPE: Readonly<Record<number, readonly [samples: number, colours: number]>> = {
  0: [1, 1],
  2: [3, 3],
  3: [1, 1],
  4: [2, 1],
  6: [4, 3],
};
/** Row and column of the first pixel, and the steps, of the seven passes of Adam7 (PNG specification §8.2). */
const ADAM7 = [[0, 0, 8, 8], [0, 4, 8, 8], [4, 0, 8, 4], [0, 2, 4, 4], [2, 0, 4, 2], [0, 1, 2, 2], [
  1,
  0,
  2,
  1,
]] as const;

/**
 * Reads grey (1 to 16 bits), grey with alpha, RGB, RGBA and palette images, alpha dropped, values as stored.
 *
 * @throws {Failure} where the file is damaged, too large, or interlaced with fewer than 8 bits.
 */
export function readPngImage(path: string): RasterImage {
  return asImage(decodePng(path));
}

/**
 * Reads a label mask: grey values or palette indices as stored.
 *
 * @throws {Failure} as {@link readPngImage}, and where a pixel has a colour.
 */
export function readPngMask(path: string): RasterImage {
  const mask = asMask(decodePng(path));
  if (mask === undefined) {
    throw readFailure(path, "the mask has coloured pixels", "save the labels as grey values or palette indices");
  }
  return mask;
}

/** Writes grey (1 channel), RGB (3) or RGBA (4) pixels of 8 bits, samples of one pixel side by side. */
export function writePng(path: string, image: PixelImage): void {
  writeFileAtomic(path, encodePng(image));
}

/** 8-bit pixels, row by row from the top, samples of one pixel side by side. */
export interface PixelImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  readonly channels: 1 | 3 | 4;
}

/** The bytes of a PNG file with these pixels: equal pixels give equal bytes. */
export function encodePng({ width, height, data, channels }: PixelImage): Uint8Array {
  if (data.length !== width * height * channels) {
    throw new RangeError(`Cannot encode ${data.length} bytes as ${width}×${height} pixels of ${channels} samples`);
  }
  return encode({ width, height, data, channels, depth: 8 });
}

function decodePng(path: string): DecodedPixels {
  const bytes = readWholeFile(path, 2 ** 30);
  const checked = checkPng(path, bytes);
  let png: DecodedPng;
  try {
    png = decode(checked.essential, { checkCrc: true });
  } catch (error) {
    throw readFailure(path, `the PNG data are damaged (${messageOf(error)})`, "copy the file again");
  }
  const { width, height, depth } = png;
  const samples = depth < 8
    ? unpackBits(png.data as Uint8Array, { width: width * png.channels, height, depth })
    : png.data instanceof Uint16Array
    ? png.data
    : new Uint8Array(png.data);
  return {
    width,
    height,
    samples,
    samplesPerPixel: png.channels,
    colourSamples: checked.colours,
    ...(png.palette === undefined ? {} : { palette: png.palette }),
  };
}

/**
 * Checks sizes, the order of chunks and the length of the decompressed data; returns the chunks that carry the pixels, without
 * texts and colour profiles (a profile may expand without bound).
 */
function checkPng(path: string, bytes: Uint8Array<ArrayBuffer>): { essential: Uint8Array; colours: number } {
  const view = new DataView(bytes.buffer);
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) {
    throw readFailure(path, "this is not a PNG file (its first 8 bytes differ)", "convert the image to PNG");
  }
  const kept: Uint8Array[] = [bytes.subarray(0, 8)];
  const data: Uint8Array[] = [];
  let at = 8;
  for (let type = ""; type !== "IEND";) {
    if (at + 12 > bytes.length) {
      throw readFailure(path, `the data end early at byte ${bytes.length}`, "copy the file again");
    }
    const length = view.getUint32(at);
    type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length) {
      throw readFailure(
        path,
        `chunk ${
          JSON.stringify(type)
        } at byte ${at} declares ${length} bytes and the file ends at byte ${bytes.length}`,
        "copy the file again",
      );
    }
    if ((at === 8) !== (type === "IHDR")) {
      throw readFailure(path, `chunk ${JSON.stringify(type)} stands at byte ${at}`, "copy the file again");
    }
    if (["IHDR", "PLTE", "IDAT", "IEND"].includes(type)) kept.push(bytes.subarray(at, at + 12 + length));
    if (type === "IDAT") data.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const { colours, rawBytes } = checkHeader(path, bytes);
  let inflated: Uint8Array;
  try {
    inflated = inflateSync(Buffer.concat(data), { maxOutputLength: rawBytes });
  } catch (error) {
    const tooLong = (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
    throw readFailure(
      path,
      tooLong
        ? `the pixels expand beyond the ${rawBytes} bytes that the header declares`
        : `the compressed pixels are damaged (${messageOf(error)})`,
      "copy the file again",
    );
  }
  if (inflated.length < rawBytes) {
    throw readFailure(path, `the pixels end at byte ${inflated.length} of ${rawBytes}`, "copy the file again");
  }
  return { essential: Buffer.concat(kept), colours };
}

/** PNG specification §11.2.2. */
function checkHeader(path: string, bytes: Uint8Array<ArrayBuffer>): { colours: number; rawBytes: number } {
  const view = new DataView(bytes.buffer);
  if (view.getUint32(8) !== 13) throw readFailure(path, "the header is not 13 bytes long", "copy the file again");
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  if (width === 0 || height === 0 || width * height > LARGEST_PIXELS) {
    throw readFailure(path, `the header declares ${width}×${height} pixels`, `1 to ${LARGEST_PIXELS} pixels are read`);
  }
  const [depth, colourType, interlace] = [bytes[24], bytes[25], bytes[28]] as [number, number, number];
  const [samples, colours] = SAMPLES_OF_COLOUR_TYPE[colourType] ?? [0, 0];
  const depths = colourType === 0 ? [1, 2, 4, 8, 16] : colourType === 3 ? [1, 2, 4, 8] : [8, 16];
  if (samples === 0 || !depths.includes(depth) || interlace > 1) {
    throw readFailure(
      path,
      `the header declares colour type ${colourType} with ${depth} bits and interlace method ${interlace}`,
      "copy the file again",
    );
  }
  if (interlace === 1 && depth < 8) {
    throw readFailure(path, `the image is interlaced with ${depth} bits per sample`, "save it without interlacing");
  }
  const pass = (columns: number, rows: number) =>
    columns === 0 ? 0 : rows * (1 + Math.ceil(columns * samples * depth / 8));
  const rawBytes = interlace === 0 ? pass(width, height) : ADAM7.reduce(
    (sum, [row, column, rowStep, columnStep]) =>
      sum + pass(Math.ceil((width - column) / columnStep), Math.ceil((height - row) / rowStep)),
    0,
  );
  return { colours, rawBytes };
}

/** Samples of 1, 2 or 4 bits, rows beginning at whole bytes, the first sample in the highest bits. */
export function unpackBits(
  packed: Uint8Array,
  { width, height, depth }: { width: number; height: number; depth: number },
): Uint8Array<ArrayBuffer> {
  const rowBytes = Math.ceil(width * depth / 8);
  const samples = new Uint8Array(width * height);
  const mask = (1 << depth) - 1;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const bit = column * depth;
      samples[row * width + column] = ((packed[row * rowBytes + (bit >> 3)] as number) >> (8 - depth - (bit & 7))) &
        mask;
    }
  }
  return samples;
}
