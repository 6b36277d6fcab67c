/** The state of a training in one file, from which it continues to the same bits. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Failure, messageOf } from "../../failure.ts";
import { writeFileAtomic } from "../../files.ts";

/** A line of the history: one epoch. */
export interface EpochRecord {
  readonly epoch: number;
  readonly learningRate: number;
  /** Mean loss of each level over the epoch. */
  readonly lossPerLevel: readonly number[];
  readonly trainLoss: number;
  /** Mean foreground Dice of the validation cases on their own grids, and per class; null where no case has a value. */
  readonly dice: number | null;
  readonly iou: number | null;
  readonly dicePerClass: Readonly<Record<string, number | null>>;
  readonly seconds: number;
}

/** All that a training needs to continue. */
export interface Checkpoint {
  /** SHA-256 of the settings that decide the result, and of the data and the network that they led to. */
  readonly settings: string;
  readonly data: string;
  /** The epoch that is under way, or the next one. */
  readonly epoch: number;
  /** Batches of it that are done, and the sum of their losses per level. */
  readonly batches: number;
  readonly lossSums: readonly number[];
  /** Updates made. */
  readonly steps: number;
  readonly seconds: number;
  readonly epochSeconds: number;
  readonly history: readonly EpochRecord[];
  readonly best: { readonly epoch: number; readonly dice: number } | null;
  readonly arrays: Readonly<Record<string, Float32Array>>;
}

const MAGIC = "SEGRUN02";
const DIGEST_BYTES = 32;

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
  writeFileAtomic(path, bytes);
}

/** @throws {Failure} where the file is missing, damaged or of another version. */
export function readCheckpoint(path: string): Checkpoint {
  let bytes: Uint8Array;
  try {
    // A plain array: slice() of Node's Buffer does not copy.
    bytes = new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new Failure(`Cannot read ${path}: ${messageOf(error)}; give the folder of a run to --resume`, {
      cause: error,
    });
  }
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
  let offset = MAGIC.length + 4;
  const { table, ...state } = JSON.parse(new TextDecoder().decode(bytes.subarray(offset, offset + headLength)));
  offset += headLength;
  const arrays: Record<string, Float32Array> = {};
  for (const { name, length } of table as { name: string; length: number }[]) {
    arrays[name] = new Float32Array(bytes.slice(offset, offset + 4 * length).buffer);
    offset += 4 * length;
  }
  return { ...state, arrays } as Checkpoint;
}
