/** How much a file may ask to be computed from its constants alone. */
import type { Value } from "../op.ts";
import { byteCount, type TensorType } from "../tensor_type.ts";
import type { OnnxModel } from "./model.ts";

// What constants may take besides the file's own: shape arithmetic, coordinates, rearranged weights.
const COMPUTED_BYTES = { least: 64 * 2 ** 20, perStored: 8 };

/**
 * The values that follow from constants alone, and their bytes, known from their shapes before any are computed, here or by ONNX
 * Runtime: a file of a kilobyte can ask for gigabytes.
 */
export class ComputedConstants {
  readonly #values = new Set<Value>();
  #bytesLeft: number;

  constructor({ initializers }: OnnxModel) {
    const stored = [...initializers.values()].reduce((sum, { values }) => sum + values.byteLength, 0);
    this.#bytesLeft = COMPUTED_BYTES.least + COMPUTED_BYTES.perStored * stored;
  }

  /** Whether what is computed from `inputs` follows from constants alone. */
  follows(inputs: readonly (Value | undefined)[]): boolean {
    return inputs.every((input) => input === undefined || input.constant !== undefined || this.#values.has(input));
  }

  /** Counts the outputs of a node that {@link follows}. @throws {RangeError} where all take more than they may. */
  take(types: readonly TensorType[]): void {
    const bytes = types.reduce((sum, type) => sum + byteCount(type), 0);
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft < 0) {
      throw new RangeError(
        `it computes ${bytes} bytes from constants alone, too many for a file of this size; export the model with constants folded`,
      );
    }
  }

  /** Remembers values that follow from constants and were not computed. */
  add(values: readonly Value[]): void {
    for (const value of values) this.#values.add(value);
  }
}
