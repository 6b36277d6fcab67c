/** Writes the raw files of `--loadInputs`. */
import { Failure } from "../failure.ts";
import { writeFileAtomic } from "../files.ts";
import { elementCount, type ElementType, formatShape, type TensorData } from "../graph/tensor_type.ts";

/** An input or output of an engine: element type and fixed shape. */
export interface TensorContract {
  readonly name: string;
  readonly elementType: ElementType;
  readonly shape: readonly number[];
}

/**
 * Writes the bytes of the engine's binding: little-endian, dense, C order, without a header.
 *
 * TensorRT up to 8.4 does not check the size of the file: a short one leaves the rest of the input undefined, a long one is cut. So the
 * size is checked here, against the contract of the engine.
 *
 * @throws {Failure} where type or number of elements differ from the contract, or a value is not finite.
 */
export function writeRawInput(path: string, contract: TensorContract, data: TensorData): void {
  if (data.elementType !== contract.elementType) {
    throw new Failure(
      `Cannot write input ${contract.name}: it holds ${data.elementType} where the engine takes ${contract.elementType}; convert it first`,
    );
  }
  if (data.values.length !== elementCount(contract.shape)) {
    throw new Failure(
      `Cannot write input ${contract.name}: it has ${data.values.length} elements where the engine takes ${
        formatShape(contract.shape)
      }; resize it to the input size of the model`,
    );
  }
  if (data.values instanceof Float32Array) {
    const bad = data.values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new Failure(
        `Cannot write input ${contract.name}: element ${bad} is ${data.values[bad]}; every value must be finite`,
      );
    }
  }
  // All platforms of Node and Deno are little-endian, as CUDA is.
  const { buffer, byteOffset, byteLength } = data.values;
  writeFileAtomic(path, new Uint8Array(buffer, byteOffset, byteLength));
}
