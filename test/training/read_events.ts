/** A reader of TensorBoard's event files after the published formats, which shares nothing with the writer. */

export interface ReadValue {
  readonly tag: string;
  readonly number?: number;
  readonly image?: {
    readonly height: number;
    readonly width: number;
    readonly channels: number;
    readonly png: Uint8Array;
  };
}

export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly version: string;
  readonly values: readonly ReadValue[];
}

/**
 * The events of a file.
 *
 * A record is `uint64 length, uint32 masked_crc(length), bytes data, uint32 masked_crc(data)`, little-endian, with
 * `masked_crc(x) = rotr(crc32c(x), 15) + 0xa282ead8` (tensorflow.org, "TFRecord and tf.train.Example").
 *
 * @throws {Error} at the first record that is not whole.
 */
export function readEvents(bytes: Uint8Array): ReadEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: ReadEvent[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    if (view.getUint32(at + 8, true) !== masked(bytes.subarray(at, at + 8))) throw new Error(`length at ${at}`);
    const data = bytes.subarray(at + 12, at + 12 + length);
    if (view.getUint32(at + 12 + length, true) !== masked(data)) throw new Error(`data at ${at}`);
    events.push(eventOf(data));
    at += length + 16;
  }
  return events;
}

/** The masked checksum of data. */
export function masked(data: Uint8Array): number {
  const crc = BigInt(crc32c(data));
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn);
}

/** Castagnoli's, bit by bit: reflected polynomial 0x1EDC6F41. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    for (let bit = 0; bit < 8; bit++) {
      const feedback = ((crc ^ (byte >>> bit)) & 1) === 1;
      crc = feedback ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
  }
  return ~crc >>> 0;
}

type Field = { readonly number: number; readonly value: bigint | Uint8Array };

/** The fields of a message in protocol buffers' wire format (protobuf.dev, "Encoding"). */
function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("a message ends early");
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number) => {
    if (at + length > bytes.length) throw new Error("a message ends early");
    return bytes.subarray(at, at += length);
  };
  while (at < bytes.length) {
    const key = varint();
    const type = Number(key & 7n);
    const value = type === 0 ? varint() : take(type === 1 ? 8 : type === 5 ? 4 : Number(varint()));
    fields.push({ number: Number(key >> 3n), value });
  }
  return fields;
}

function eventOf(bytes: Uint8Array): ReadEvent {
  const fields = fieldsOf(bytes);
  const one = (number: number) => fields.find((field) => field.number === number)?.value;
  const summary = one(5) as Uint8Array | undefined;
  return {
    wallTime: viewOf(one(1) as Uint8Array).getFloat64(0, true),
    step: Number((one(2) as bigint | undefined) ?? 0n),
    version: new TextDecoder().decode((one(3) as Uint8Array | undefined) ?? new Uint8Array()),
    values: summary === undefined ? [] : fieldsOf(summary).map(({ value }) => valueOf(value as Uint8Array)),
  };
}

function valueOf(bytes: Uint8Array): ReadValue {
  const fields = new Map(fieldsOf(bytes).map(({ number, value }) => [number, value]));
  const tag = new TextDecoder().decode(fields.get(1) as Uint8Array);
  const [number, image] = [fields.get(2), fields.get(4)];
  if (number !== undefined) return { tag, number: viewOf(number as Uint8Array).getFloat32(0, true) };
  const parts = new Map(fieldsOf(image as Uint8Array).map((field) => [field.number, field.value]));
  const [height, width, channels] = [1, 2, 3].map((part) => Number(parts.get(part))) as [number, number, number];
  return { tag, image: { height, width, channels, png: parts.get(4) as Uint8Array } };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
