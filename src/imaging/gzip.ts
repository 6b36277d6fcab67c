/** Decompression of gzip files that cannot take more memory than their content is declared to need. */
import { constants, gunzipSync, gzipSync } from "node:zlib";
import { messageOf } from "../failure.ts";
import { type OpenFile, readFailure } from "../files.ts";

/** Deflate cannot shrink data by more than this (zlib technical notes: 1032:1). */
const LARGEST_RATIO = 1032;
/** Bytes that may follow the declared content. */
const SLACK_BYTES = 4096;

/** Whether `bytes` begin with the two magic bytes of gzip (RFC 1952 §2.3.1). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The first `wanted` bytes (or all, where there are fewer) of the content of a gzip file, decompressing only its beginning.
 *
 * @throws {Failure} where the data are damaged.
 */
export function gunzipStart(file: OpenFile, wanted: number): Uint8Array {
  for (let prefix = 2048;; prefix *= 8) {
    const compressed = new Uint8Array(Math.min(prefix, file.sizeBytes));
    file.read(compressed, 0);
    try {
      const start = gunzipSync(compressed, {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: LARGEST_RATIO * compressed.length + SLACK_BYTES,
      });
      // A gzip header may hold a name and extra fields of up to 64 KiB before the first byte of content.
      if (start.length >= wanted || prefix >= 1 << 17 || compressed.length === file.sizeBytes) {
        return new Uint8Array(start.subarray(0, wanted));
      }
    } catch (error) {
      throw gzipFailure(file, error, 0);
    }
  }
}

/**
 * The whole content of a gzip file that should have `expectedBytes`; what goes more than 4 KiB beyond is refused before it is expanded.
 *
 * The content lies at the start of an ArrayBuffer of its own. The check sum of the file is verified.
 *
 * @throws {Failure} where the data end early, are damaged, or hold less or more than expected.
 */
export function gunzipBounded(file: OpenFile, expectedBytes: number): Uint8Array<ArrayBuffer> {
  if (expectedBytes > file.sizeBytes * LARGEST_RATIO) {
    throw readFailure(
      file.path,
      `${file.sizeBytes} bytes of gzip data cannot hold the ${expectedBytes} bytes that the header declares`,
      "copy the file again",
    );
  }
  const compressed = new Uint8Array(file.sizeBytes);
  file.read(compressed, 0);
  // The last four bytes are the size of the content modulo 2³²: where they agree with the header, one block of that
  // size receives everything (no joining of pieces); where they do not, memory grows with what is really there.
  const declared = compressed.length < 18 ? -1 : new DataView(compressed.buffer).getUint32(compressed.length - 4, true);
  const agrees = declared === expectedBytes % 2 ** 32;
  let content: Uint8Array;
  try {
    content = gunzipSync(compressed, {
      chunkSize: agrees ? Math.max(64, expectedBytes + 1) : 1 << 18,
      maxOutputLength: expectedBytes + SLACK_BYTES,
    });
  } catch (error) {
    throw gzipFailure(file, error, expectedBytes);
  }
  if (content.length < expectedBytes) {
    throw readFailure(
      file.path,
      `the data end early at byte ${content.length} of ${expectedBytes}`,
      "copy the file again",
    );
  }
  // Plain arrays only: `slice` of a Buffer copies nothing, and small Buffers lie inside a pool of Node.
  return content.byteOffset === 0 && content.buffer instanceof ArrayBuffer
    ? new Uint8Array(content.buffer, 0, content.length)
    : new Uint8Array(content);
}

/** gzip data with no time and no system in the header: equal content gives equal bytes with the same zlib. */
export function gzipDeterministic(content: Uint8Array, level = 6): Uint8Array {
  const compressed = gzipSync(content, { level });
  compressed.fill(0, 4, 8);
  compressed[9] = 255;
  return compressed;
}

function gzipFailure(file: OpenFile, error: unknown, expectedBytes: number): Error {
  const code = (error as { code?: string }).code;
  if (code === "Z_BUF_ERROR") {
    return readFailure(file.path, `gzip data ends early at byte ${file.sizeBytes}`, "copy the file again");
  }
  if (code === "ERR_BUFFER_TOO_LARGE") {
    return readFailure(
      file.path,
      `gzip data expands beyond the ${expectedBytes} bytes that the header declares`,
      "copy the file again or mend its header",
    );
  }
  const place = messageOf(error) === "incorrect data check" && file.sizeBytes >= 8
    ? `before the check sum at byte ${file.sizeBytes - 8}`
    : `before byte ${file.sizeBytes}`;
  return readFailure(file.path, `gzip data is damaged ${place} (${messageOf(error)})`, "copy the file again");
}
