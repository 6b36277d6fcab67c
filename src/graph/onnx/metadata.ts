/** What a model file says of itself in ONNX `metadata_props`, so that it can be used with nothing else at hand. */
import * as v from "valibot";
import { jsonOf, matched } from "../../json.ts";
import { oneOf, realNumber, recordOf, wholeNumber } from "../../schemas.ts";
import type { OnnxModel } from "./model.ts";

/** How intensities are brought to a common scale, per channel; `imaging/normalize.ts` does it. */
export type Normalization =
  /** Values are taken as they are. */
  | { readonly mode: "none" }
  /** `low` becomes 0 and `high` becomes 1, without clipping. */
  | { readonly mode: "range"; readonly low: number; readonly high: number }
  /** Clipped to two percentiles of the volume, then mean 0 and standard deviation 1; with `nonZero`, of its non-zero voxels. */
  | {
    readonly mode: "zscore";
    readonly lowerPercentile: number;
    readonly upperPercentile: number;
    readonly nonZero: boolean;
  };

/** How an image becomes the network's input. */
export interface InputMetadata {
  /** Channel names in the order of the network's input. */
  readonly channels: readonly string[];
  /** Side of the square that the network reads, in pixels. */
  readonly size: number;
  readonly normalization: Normalization;
}

/** How the network's outputs become classes. */
export interface OutputMetadata {
  /** Output names with the logits of each level, smallest first. */
  readonly levels: readonly string[];
  /** The output that is the answer. */
  readonly answer: string;
  /**
   * `sigmoid`: one channel per class and a threshold, and of several classes that reach it the most probable, or the last one where
   * labels overlap; `softmax`: background first, the largest wins; `none`: the outputs are probabilities.
   */
  readonly activation: "sigmoid" | "softmax" | "none";
  readonly threshold: number;
  /** With a background channel: what the probability of each label is multiplied with before the largest wins; absent: 1. */
  readonly classWeights?: readonly number[];
}

/** A class of the answer: its name and its value in mask files. */
export interface LabelMetadata {
  readonly value: number;
  readonly name: string;
  /** Where labels overlap, the values in mask files that belong to this one. */
  readonly values?: readonly number[];
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

const normalizationSchema = v.variant("mode", [
  v.looseObject({ mode: v.literal("none") }),
  v.looseObject({ mode: v.literal("range"), low: realNumber(), high: realNumber() }),
  v.looseObject({
    mode: v.literal("zscore"),
    lowerPercentile: realNumber(),
    upperPercentile: realNumber(),
    nonZero: v.optional(v.boolean(), false),
  }),
], "a normalization of the mode none, range or zscore");

const texts = (expected: string) => v.pipe(v.array(v.string(), expected), v.nonEmpty(expected));

const anyObject = () => recordOf(v.unknown());

/** Keys that later versions add are kept. */
const metadataSchema: v.GenericSchema<unknown, ModelMetadata> = v.looseObject({
  version: v.string(),
  net: anyObject(),
  input: v.looseObject({
    channels: texts("a list of channel names"),
    size: wholeNumber(1),
    normalization: normalizationSchema,
  }),
  output: v.looseObject({
    levels: texts("a list of output names"),
    answer: v.string(),
    activation: oneOf(["sigmoid", "softmax", "none"]),
    threshold: realNumber(0, 1),
    classWeights: v.exactOptional(v.array(v.pipe(realNumber(), v.gtValue(0, "a number over 0")))),
  }),
  labels: v.pipe(
    v.array(v.looseObject({
      value: wholeNumber(1, 65535),
      name: v.string(),
      values: v.exactOptional(v.pipe(v.array(wholeNumber(1, 65535)), v.nonEmpty("a list of values"))),
    })),
    v.nonEmpty("a list of labels"),
  ),
  plane: oneOf(["axial", "coronal", "sagittal"]),
  spacing: v.exactOptional(v.array(realNumber())),
  training: anyObject(),
  export: v.exactOptional(anyObject()),
  hashes: v.exactOptional(recordOf(v.string())),
  card: v.exactOptional(v.string()),
});

const Metadata = v.object({ seg: metadataSchema });

const PREFIX = "seg.";

/** The `metadata_props` of a model: one JSON text per key, with the prefix `seg.`. */
export function encodeMetadata(metadata: ModelMetadata): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).filter(([, value]) => value !== undefined).map((
      [key, value],
    ) => [PREFIX + key, JSON.stringify(value)]),
  );
}

/** What {@link encodeMetadata} wrote. @throws {SyntaxError} naming the first field that is missing, is no JSON or holds something else. */
export function decodeMetadata({ metadata }: Pick<OnnxModel, "metadata">): ModelMetadata {
  const seg: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(metadata)) {
    if (!name.startsWith(PREFIX)) continue;
    const read = jsonOf(text);
    if ("fault" in read) throw new SyntaxError(`metadata key ${name} ${read.fault}`);
    seg[name.slice(PREFIX.length)] = read.value;
  }
  const result = matched({ seg }, Metadata);
  if ("fault" in result) throw new SyntaxError(`metadata key ${result.fault}`);
  return result.value.seg;
}
