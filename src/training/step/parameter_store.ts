/** All learned values in one block of memory: weights, gradients, optimizer state, averages. */
import type { TensorData } from "../../graph/tensor_type.ts";
import { elementCount, floats } from "../../graph/tensor_type.ts";
import { createMemory, type WasmMemory } from "./wasm_module.ts";
import { createKernels, type VectorKernels } from "./vector_kernels.ts";

/** The arrays that a store can hold; each has one value per weight. */
export const STORE_ARRAYS = ["weights", "gradients", "first", "second", "average"] as const;

/** Name of an array of a store. */
export type StoreArray = (typeof STORE_ARRAYS)[number];

// Cache lines: no parameter shares one with another.
const ALIGNMENT = 16;

/** Parameters that lie behind one another, in the same order in every array. */
export class ParameterStore {
  readonly kernels: VectorKernels;
  readonly #memory: WasmMemory;
  readonly #starts: number[] = [];
  readonly #shapes: readonly (readonly number[])[];
  /** Values per array, padding included. */
  readonly length: number;

  /** Takes copies of `parameters`. @throws {RangeError} where WebAssembly's 4 GiB do not suffice. */
  constructor(parameters: readonly TensorData<"float32">[]) {
    this.#shapes = parameters.map(({ shape }) => shape);
    let length = 0;
    for (const shape of this.#shapes) {
      this.#starts.push(length);
      length += Math.ceil(elementCount(shape) / ALIGNMENT) * ALIGNMENT;
    }
    this.length = length;
    this.#memory = createMemory(STORE_ARRAYS.length * length * 4);
    this.kernels = createKernels(this.#memory);
    parameters.forEach(({ values }, i) => this.view("weights", i).values.set(values));
  }

  /** Byte address of an array. */
  address(array: StoreArray): number {
    return STORE_ARRAYS.indexOf(array) * this.length * 4;
  }

  /** All values of an array, padding included. */
  array(array: StoreArray): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#memory.buffer, this.address(array), this.length);
  }

  /** The part of an array that belongs to parameter `index`. */
  view(array: StoreArray, index: number): TensorData<"float32"> {
    const shape = this.#shapes[index] as readonly number[];
    const start = this.address(array) + 4 * (this.#starts[index] as number);
    return floats(new Float32Array(this.#memory.buffer, start, elementCount(shape)), shape);
  }

  /** First and last byte address of parameter `index` in an array, for the kernels. */
  range(array: StoreArray, index: number): { start: number; end: number } {
    const start = this.address(array) + 4 * (this.#starts[index] as number);
    return { start, end: this.address(array) + 4 * (this.#starts[index + 1] ?? this.length) };
  }
}
