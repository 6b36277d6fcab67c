/** The file that the simulator calls an engine: a header line of JSON, then the ONNX bytes. */

const MAGIC = "seg simulated engine\n";

/** What the header says. */
export interface EngineHeader {
  readonly version: string;
  readonly computeCapability: string;
  readonly fp16: boolean;
  /** Input shapes fixed by `--optShapes`, for models with open dimensions. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/** Magic, length and text of the header, ONNX bytes. */
export function encodeEngine(header: EngineHeader, onnx: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${MAGIC}${JSON.stringify(header)}\n`), onnx]);
}

/** `undefined` where the bytes are no simulated engine. */
export function decodeEngine(bytes: Uint8Array): { header: EngineHeader; onnx: Uint8Array } | undefined {
  const buffer = Buffer.from(bytes);
  if (buffer.subarray(0, MAGIC.length).toString() !== MAGIC) return undefined;
  const end = buffer.indexOf("\n", MAGIC.length);
  return { header: JSON.parse(buffer.subarray(MAGIC.length, end).toString()), onnx: buffer.subarray(end + 1) };
}
