/** The state of a training in one file, from which it continues to the same bits. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { readWholeFile, writeFileAtomic } from "../../files.ts";
import { parseJson } from "../../json.ts";
import { listOf, realNumber, wholeNumber } from "../../schemas.ts";
import { EpochRecord } from "./history.ts";

/** The head of a checkpoint: all of the state but the arrays, whose names and lengths are in `table`. */
const CheckpointHead = v.object({
  /** SHA-256 of the settings that decide the result, and of the data and the network that they led to. */
  settings: v.string(),
  data: v.string(),
  /** SHA-256 over the voxels of all images; version 0.1.0 has none, as of the next one. */
  images: v.exactOptional(v.string()),
  /** SHA-256 of best.onnx, where there is one. */
  bestModel: v.exactOptional(v.string()),
  /** The epoch that is under way, or the next one. */
  epoch: wholeNumber(1),
  /** Batches of it that are done, and the sum of their losses per level. */
  batches: wholeNumber(0),
  lossSums: listOf(realNumber()),
  /** Updates made. */
  steps: wholeNumber(0),
  seconds: realNumber(0),
  epochSeconds: realNumber(0),
  history: listOf(EpochRecord),
  best: v.nullable(v.object({ epoch: wholeNumber(1), dice: realNumber() })),
  table: listOf(v.object({ name: v.string(), length: wholeNumber(0) })),
});

/** All that a training needs to continue. */
export type Checkpoint = Readonly<Omit<v.InferOutput<typeof CheckpointHead>, "table">> & {
  readonly arrays: Readonly<Record<string, Float32Array>>;
};

const MAGIC = "SEGRUN02";
const DIGEST_BYTES = 32;

/** What one array of bytes can hold in every runtime. */
const LARGEST_BYTES = 2 ** 31 - 1;

/** Writes a checkpoint: magic, length of the JSON head, head, float32 arrays, SHA-256 of all before. */
export function writeCheckpoint(path: string, checkpoint: Checkpoint): void {
  const { arrays, ...state } = checkpoint;
  const table = Object.entries(arrays).map(([name, values]) => ({ name, length: values.length }));
  const head = new TextEncoder().encode(JSON.stringify({ ...state, table }));
  const start = MAGIC.length + 4 + head.length;
  const total = Object.values(arrays).reduce((sum, values) => sum + values.byteLength, start);
  const bytes = new Uint8Array(total + DIGEST_BYTES);
  bytes.set(new TextEncoder().encode(MAGIC));
  new DataView(bytes.buffer).setUint32(MAGIC.length, head.length, true);
  bytes.set(head, MAGIC.length + 4);
  let offset = start;
  for (const values of Object.values(arrays)) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  }
  bytes.set(createHash("sha256").update(bytes.subarray(0, total)).digest(), total);
  writeFileAtomic(path, bytes, { durable: true });
}

/** @throws {Failure} where the file is missing, damaged or of another version. */
export function readCheckpoint(path: string): Checkpoint {
  const bytes = readWholeFile(path, LARGEST_BYTES, "give the folder of a run to --resume");
  const total = bytes.length - DIGEST_BYTES;
  const magic = new TextDecoder().decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC || total < MAGIC.length + 4) {
    throw new Failure(
      `Cannot read ${path}: it is no checkpoint of this version of seg; start the training anew with another --out`,
    );
  }
  const digest = createHash("sha256").update(bytes.subarray(0, total)).digest();
  if (Buffer.compare(digest, bytes.subarray(total)) !== 0) {
    throw new Failure(`Cannot read ${path}: its checksum does not fit its content; copy the run folder again`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const headLength = view.getUint32(MAGIC.length, true);
  const start = MAGIC.length + 4 + headLength;
  const remedy = "copy the run folder again, or start the training anew with another --out";
  const text = new TextDecoder().decode(bytes.subarray(MAGIC.length + 4, start));
  const { table, ...state } = parseJson(text, CheckpointHead, { from: `the head of ${path}`, remedy });
  const found = table.reduce((sum, { length }) => sum + 4 * length, start);
  if (found !== total) {
    throw new Failure(`Cannot use ${path}: its head describes ${found} bytes, found ${total}; ${remedy}`);
  }
  const arrays: Record<string, Float32Array> = {};
  let offset = start;
  for (const { name, length } of table) {
    // A copy: the offset is no multiple of four bytes.
    arrays[name] = new Float32Array(bytes.slice(offset, offset + 4 * length).buffer);
    offset += 4 * length;
  }
  return { ...state, arrays };
}
