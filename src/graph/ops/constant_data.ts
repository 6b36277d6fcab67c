/** Shape arithmetic and rearranged weights: the rules that compute constants while a graph is built. */
import type { Inputs, Value } from "../op.ts";
import { ELEMENT_ARRAYS, elementCount, numbersOf, type TensorData, tensorOf, type TensorType } from "../tensor_type.ts";

// Shape arithmetic is on short vectors; anything larger is left to ONNX Runtime.
const FOLDED_ELEMENTS = 64;

/** Whether a constant of `shape` is small enough to be computed where it is larger than its inputs. */
export function isShort(shape: readonly number[]): boolean {
  return elementCount(shape) <= FOLDED_ELEMENTS;
}

/** The result of `compute` on every element of constant `inputs`, broadcast to `type`; `undefined` where one is not constant, or the result is large or not finite. */
export function foldNumbers(
  inputs: Inputs,
  type: TensorType,
  compute: (...operands: number[]) => number,
): TensorData[] | undefined {
  if (!isShort(type.shape)) return undefined;
  const operands: number[][] = [];
  for (const input of inputs) {
    if (input?.constant === undefined) return undefined;
    operands.push(numbersOf(broadcastData(input.constant, type.shape)));
  }
  const results = Array.from(
    { length: elementCount(type.shape) },
    (_, i) => compute(...operands.map((o) => o[i] as number)),
  );
  if (!type.elementType.startsWith("float") && !results.every(Number.isFinite)) return undefined;
  return [tensorOf(type.elementType, type.shape, results)];
}

/** The `fold` rule of an element-wise op with one input. */
export function foldUnary(compute: (x: number) => number): (inputs: readonly [Value]) => TensorData[] | undefined {
  return ([x]) => foldNumbers([x], x.type, compute);
}

/** The strides of a tensor of `shape` in C order. */
export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

/** The tensor of `shape` whose element at an index is `source`'s at `offset` + Σ index · stride. */
export function stridedCopy(
  source: TensorData,
  shape: readonly number[],
  { strides, offset = 0 }: { readonly strides: readonly number[]; readonly offset?: number },
): TensorData {
  const count = elementCount(shape);
  const values = new ELEMENT_ARRAYS[source.elementType](count);
  const index = shape.map(() => 0);
  let place = offset;
  for (let i = 0; i < count; i++) {
    values[i] = source.values[place] as number & bigint;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [size, stride] = [shape[axis] as number, strides[axis] as number];
      place += stride;
      if (++(index[axis] as number) < size) break;
      index[axis] = 0;
      place -= size * stride;
    }
  }
  return { elementType: source.elementType, shape, values } as TensorData;
}

/** `source` repeated to `shape`, to which it broadcasts. */
export function broadcastData(source: TensorData, shape: readonly number[]): TensorData {
  const own = stridesOf(source.shape);
  const extra = shape.length - source.shape.length;
  const strides = shape.map((
    _,
    axis,
  ) => (axis < extra || source.shape[axis - extra] === 1 ? 0 : own[axis - extra] as number));
  return stridedCopy(source, shape, { strides });
}
