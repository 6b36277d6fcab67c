/** What a model file says of itself in ONNX `metadata_props`, so that it can be used with nothing else at hand. */
import type { OnnxModel } from "./model.ts";

/** How an image becomes the network's input. */
export interface InputMetadata {
  /** Channel names in the order of the network's input. */
  readonly channels: readonly string[];
  /** Side of the square that the network reads, in pixels. */
  readonly size: number;
  /** Intensity normalization with its numbers, as `imaging/normalize.ts` defines it. */
  readonly normalization: Readonly<Record<string, unknown>>;
}

/** How the network's outputs become classes. */
export interface OutputMetadata {
  /** Output names with the logits of each level, smallest first. */
  readonly levels: readonly string[];
  /** The output that is the answer. */
  readonly answer: string;
  /** `sigmoid`: one channel per class and a threshold; `softmax`: background first, the largest wins. */
  readonly activation: "sigmoid" | "softmax";
  readonly threshold: number;
  /** With a background channel: what the probability of each label is multiplied with before the largest wins; absent: 1. */
  readonly classWeights?: readonly number[];
}

/** A class of the answer: its name and its value in mask files. */
export interface LabelMetadata {
  readonly value: number;
  readonly name: string;
}

/** All that `seg` writes into a model file. */
export interface ModelMetadata {
  readonly version: string;
  readonly net: Readonly<Record<string, unknown>>;
  readonly input: InputMetadata;
  readonly output: OutputMetadata;
  readonly labels: readonly LabelMetadata[];
  readonly plane: "axial" | "coronal" | "sagittal";
  /** Median spacing of the training data in mm; absent where the files carry none. */
  readonly spacing?: readonly number[];
  /** Data fingerprint, seed, epochs and score of the training. */
  readonly training: Readonly<Record<string, unknown>>;
  /** What an export did to the model. */
  readonly export?: Readonly<Record<string, unknown>>;
  /** SHA-256 of what the file was made of, and of the file without its metadata, by name. */
  readonly hashes?: Readonly<Record<string, string>>;
  /** All of this for people, in Markdown. */
  readonly card?: string;
}

const REQUIRED = ["version", "net", "input", "output", "labels", "plane", "training"] as const;
const PREFIX = "seg.";

/** The `metadata_props` of a model: one JSON text per key, with the prefix `seg.`. */
export function encodeMetadata(metadata: ModelMetadata): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).filter(([, value]) => value !== undefined).map((
      [key, value],
    ) => [PREFIX + key, JSON.stringify(value)]),
  );
}

/** What {@link encodeMetadata} wrote. @throws {SyntaxError} naming the first key that is missing or is no JSON. */
export function decodeMetadata(model: Pick<OnnxModel, "metadata">): ModelMetadata {
  const entries: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(model.metadata)) {
    if (!name.startsWith(PREFIX)) continue;
    try {
      entries[name.slice(PREFIX.length)] = JSON.parse(text);
    } catch {
      throw new SyntaxError(`metadata key ${name} is no JSON`);
    }
  }
  for (const key of REQUIRED) {
    if (entries[key] === undefined) throw new SyntaxError(`metadata key ${PREFIX}${key} is missing`);
  }
  return entries as unknown as ModelMetadata;
}
