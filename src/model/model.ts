/** A model file, opened once: its bytes, what stands in them, and how the model is used. */
import { Failure, messageOf } from "../failure.ts";
import { readWholeFile } from "../files.ts";
import { decodeModel } from "../graph/onnx/decode.ts";
import { withInnerData } from "../graph/onnx/external_data.ts";
import { encodeMetadata, type ModelMetadata } from "../graph/onnx/metadata.ts";
import type { OnnxModel } from "../graph/onnx/model.ts";
import { replaceMetadata } from "../graph/onnx/encode.ts";
import { externalReader } from "./external_file.ts";
import { readMetadata } from "./metadata.ts";

/** Protocol buffers end at 2 GiB. */
const LARGEST_MODEL_BYTES = 2 ** 31 - 1;

/** An ONNX file of any origin. */
export interface Model {
  readonly path: string;
  /** Of the whole model: weights that lie beside the file are put in. */
  readonly bytes: Uint8Array;
  readonly onnx: OnnxModel;
  /** How it is used, where the file says so and it fits the graph. */
  readonly metadata?: ModelMetadata;
  /** Why there is no `metadata`: `metadata key seg.plane is missing`. */
  readonly metadataFault?: string;
}

/** An ONNX file that says of itself how it is used. */
export interface DescribedModel extends Model {
  readonly metadata: ModelMetadata;
}

/**
 * Reads an ONNX file of any origin: the one place where a model file is opened.
 *
 * @throws {Failure} where it cannot be read or is no ONNX model.
 */
export function readModel(path: string): Model {
  const bytes = readWholeFile(path, LARGEST_MODEL_BYTES);
  try {
    return modelOf(path, withInnerData(bytes, externalReader(path), LARGEST_MODEL_BYTES));
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`Cannot read ${path}: ${messageOf(error)}; give a file that ends in .onnx and is whole`, {
      cause: error,
    });
  }
}

/** Reads a model that seg has trained or exported. @throws {Failure} as {@link readModel} and {@link described}. */
export function readDescribedModel(path: string): DescribedModel {
  return described(readModel(path));
}

/**
 * The model of bytes in memory; `path` is the name that they have or will have.
 *
 * @throws {SyntaxError} where `bytes` are not an ONNX model, {RangeError} where a tensor is damaged or of an unknown type.
 */
export function modelOf(path: string, bytes: Uint8Array): Model {
  const onnx = decodeModel(bytes);
  return { path, bytes, onnx, ...readMetadata(onnx.metadata, onnx) };
}

/** Whether seg has written the file, so that it should say how the model is used. */
function isOfSeg({ onnx }: Model): boolean {
  return onnx.metadata["seg.version"] !== undefined;
}

/** The model where it says how it is used. @throws {Failure} where a metadata key is missing, malformed or does not fit the graph. */
export function described(model: Model): DescribedModel {
  const { path, metadata, metadataFault } = model;
  if (metadata !== undefined) return { ...model, metadata };
  const remedy = isOfSeg(model)
    ? "export or train the model again"
    : `seg train DATASET --init ${path} makes a model that has it`;
  throw new Failure(`Cannot use ${path}: ${metadataFault}; ${remedy}`);
}

/** The model with other metadata, which must fit its graph; keys of others stay. */
export function withMetadata(model: Model, metadata: ModelMetadata): DescribedModel {
  const properties = { ...model.onnx.metadata, ...encodeMetadata(metadata) };
  const { path, bytes, onnx } = model;
  return { path, bytes: replaceMetadata(bytes, properties), onnx: { ...onnx, metadata: properties }, metadata };
}
