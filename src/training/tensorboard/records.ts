/** The framing of TensorFlow's record files: length, its checksum, data, their checksum (tensorflow/core/lib/io/record_writer.h). */
import { Buffer } from "node:buffer";
import { fstatSync, readSync } from "node:fs";

const HEAD_BYTES = 12;
const FOOT_BYTES = 4;
/** More is taken for a damaged length: a record of this program has some hundred KiB. */
const LARGEST_RECORD_BYTES = 1 << 28;

/** `data` as a record. */
export function frame(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEAD_BYTES + data.length + FOOT_BYTES);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(data, HEAD_BYTES);
  view.setUint32(HEAD_BYTES + data.length, maskedCrc32c(data), true);
  return record;
}

/** The records of an open file up to the first that is cut off or damaged, each with the position behind it. */
export function* readRecords(file: number): Generator<{ readonly data: Uint8Array; readonly end: number }> {
  const { size } = fstatSync(file);
  for (let start = 0; start + HEAD_BYTES + FOOT_BYTES <= size;) {
    const head = readAt(file, start, HEAD_BYTES);
    const length = Number(head.readBigUInt64LE(0));
    const end = start + HEAD_BYTES + length + FOOT_BYTES;
    if (head.readUInt32LE(8) !== maskedCrc32c(head.subarray(0, 8)) || length > LARGEST_RECORD_BYTES || end > size) {
      return;
    }
    const body = readAt(file, start + HEAD_BYTES, length + FOOT_BYTES);
    const data = body.subarray(0, length);
    if (body.readUInt32LE(length) !== maskedCrc32c(data)) return;
    yield { data, end };
    start = end;
  }
}

function readAt(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let read = 0; read < length;) {
    const count = readSync(file, bytes, read, length - read, position + read);
    if (count === 0) break;
    read += count;
  }
  return bytes;
}

/** CRC32C (Castagnoli, RFC 3720 appendix B.4), rotated and shifted, so that data with checksums inside are safe. */
export function maskedCrc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  crc = ~crc;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});
