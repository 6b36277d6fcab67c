/** Reading a model file: the ONNX graph and the metadata that say how to use it. */
import { Failure, messageOf } from "../failure.ts";
import { decodeModel } from "../graph/onnx/decode.ts";
import { decodeMetadata, type ModelMetadata } from "../graph/onnx/metadata.ts";
import type { OnnxModel } from "../graph/onnx/model.ts";
import { readWholeFile } from "../files.ts";
import { metadataFault } from "./metadata_fault.ts";

/** Protocol buffers end at 2 GiB. */
const LARGEST_MODEL_BYTES = 2 ** 31 - 1;

/** An ONNX file of any origin. */
export interface OnnxFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly model: OnnxModel;
}

/** An ONNX file that says of itself how it is used. */
export interface ModelFile extends OnnxFile {
  readonly metadata: ModelMetadata;
}

/** @throws {Failure} where the file cannot be read or is no ONNX model. */
export function readOnnxFile(path: string): OnnxFile {
  const bytes = readWholeFile(path, LARGEST_MODEL_BYTES);
  try {
    return { path, bytes, model: decodeModel(bytes) };
  } catch (error) {
    throw new Failure(`Cannot read ${path}: ${messageOf(error)}; give a file that ends in .onnx and is whole`, {
      cause: error,
    });
  }
}

/** @throws {Failure} as {@link readOnnxFile}, and where a metadata key is missing or does not fit the graph. */
export function readModelFile(path: string): ModelFile {
  const file = readOnnxFile(path);
  let metadata: ModelMetadata;
  try {
    metadata = decodeMetadata(file.model);
  } catch (error) {
    throw new Failure(
      `Cannot use ${path}: ${messageOf(error)}; seg train DATASET --init ${path} makes a model that has it`,
      { cause: error },
    );
  }
  const fault = metadataFault(metadata, file.model);
  if (fault !== undefined) {
    throw new Failure(`Cannot use ${path}: metadata key ${fault}; export or train the model again`);
  }
  return { ...file, metadata };
}
