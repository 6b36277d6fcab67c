/** Decompression of the strips and tiles of a TIFF file, never beyond the bytes that the header declares. */
import { inflateSync } from "node:zlib";

/** The compression schemes that are read, by the code of tag 259 (TIFF 6.0, and 8 of Technical Note 2). */
export const TIFF_DECOMPRESSORS: Readonly<Record<number, (data: Uint8Array, size: number) => Uint8Array>> = {
  1: (data, size) => data.subarray(0, size),
  5: unpackLzw,
  8: inflate,
  32773: unpackPackBits,
  32946: inflate,
};

function inflate(data: Uint8Array, size: number): Uint8Array {
  return inflateSync(data, { maxOutputLength: size + 64 }).subarray(0, size);
}

/** TIFF 6.0 §9: a count n of 0 to 127 copies n + 1 bytes, −127 to −1 repeats the next byte 1 − n times, −128 does nothing. */
function unpackPackBits(data: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(size);
  let to = 0;
  for (let at = 0; at < data.length && to < size;) {
    const count = ((data[at++] as number) << 24) >> 24;
    if (count >= 0) {
      const run = data.subarray(at, at + Math.min(count + 1, size - to));
      result.set(run, to);
      to += run.length;
      at += count + 1;
    } else if (count !== -128 && at < data.length) {
      const end = Math.min(to + 1 - count, size);
      result.fill(data[at++] as number, to, end);
      to = end;
    }
  }
  return result.subarray(0, to);
}

const CLEAR = 256;
const END = 257;

/**
 * TIFF 6.0 §13: codes of 9 to 12 bits, highest bit first, growing one code early. Every entry of the table is a piece of the
 * output already written, so the table holds positions only.
 */
function unpackLzw(data: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(size);
  const start = new Uint32Array(4097);
  const length = new Uint32Array(4097);
  let [to, next, bits, buffer, held] = [0, 258, 9, 0, 0];
  let previous = -1;
  for (let at = 0; to < size;) {
    while (held < bits) {
      if (at >= data.length) return result.subarray(0, to);
      buffer = ((buffer << 8) | (data[at++] as number)) & 0xffffff;
      held += 8;
    }
    const code = (buffer >> (held - bits)) & ((1 << bits) - 1);
    held -= bits;
    if (code === END) break;
    if (code === CLEAR) {
      [next, bits, previous] = [258, 9, -1];
      continue;
    }
    if (code > next || (code === next && previous < 0)) {
      throw new RangeError(`LZW code ${code} has no meaning after ${to} bytes`);
    }
    const from = to;
    if (code < CLEAR) result[to++] = code;
    else {
      // The newest code stands for the previous piece and the first byte of itself: both lie at the previous position.
      const [piece, count] = code === next
        ? [previous, from - previous + 1]
        : [start[code] as number, length[code] as number];
      for (let i = 0; i < count && to < size; i++) result[to++] = result[piece + i] as number;
    }
    if (previous >= 0 && next < 4096) {
      start[next] = previous;
      length[next] = from - previous + 1;
      next++;
    }
    previous = from;
    bits = next >= 2047 ? 12 : next >= 1023 ? 11 : next >= 511 ? 10 : 9;
  }
  return result.subarray(0, to);
}
