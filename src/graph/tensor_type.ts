/** Element types, shapes and constant data of tensors. */

/** The typed array that holds each element type; float16 as raw bits, bool as 0 and 1. */
export interface ElementArrays {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  bool: Uint8Array;
}

/** An element type, named as ONNX Runtime's JavaScript API names it. */
export type ElementType = keyof ElementArrays;

/** Constructors of the arrays of {@link ElementArrays}. */
export const ELEMENT_ARRAYS: {
  readonly [E in ElementType]: {
    new (length: number): ElementArrays[E];
    new (buffer: ArrayBuffer, byteOffset?: number, length?: number): ElementArrays[E];
    readonly BYTES_PER_ELEMENT: number;
  };
} = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** Element type and static shape. */
export interface TensorType {
  readonly elementType: ElementType;
  readonly shape: readonly number[];
}

/** A constant: values in C order. */
export interface TensorData<E extends ElementType = ElementType> extends TensorType {
  readonly elementType: E;
  readonly values: ElementArrays[E];
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** Bytes of the elements of a tensor. */
export function byteCount({ elementType, shape }: TensorType): number {
  return elementCount(shape) * ELEMENT_ARRAYS[elementType].BYTES_PER_ELEMENT;
}

/** The shape that numpy's broadcasting gives (ONNX "Multidirectional Broadcasting"). @throws {RangeError} where two dimensions differ and none is 1. */
export function broadcastShapes(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let size = 1;
    for (const shape of shapes) {
      const dimension = shape[axis - rank + shape.length] ?? 1;
      if (dimension !== 1 && size !== 1 && dimension !== size) {
        throw new RangeError(`Cannot broadcast shapes ${shapes.map(formatShape).join(" and ")}`);
      }
      if (dimension !== 1) size = dimension;
    }
    return size;
  });
}

/** `[2, 1, 16, 16]`, as error messages show a shape. */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

/** Whether two shapes are equal. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}

/** An axis counted from the front. @throws {RangeError} where it lies outside of `rank` dimensions. */
export function normalizeAxis(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank) throw new RangeError(`Axis ${axis} lies outside of a tensor of rank ${rank}`);
  return positive;
}

/** A float32 constant from plain numbers. @throws {RangeError} where the count does not fit the shape. */
export function floats(values: ArrayLike<number>, shape: readonly number[] = [values.length]): TensorData<"float32"> {
  if (values.length !== elementCount(shape)) {
    throw new RangeError(`Shape ${formatShape(shape)} needs ${elementCount(shape)} values: found ${values.length}`);
  }
  return { elementType: "float32", shape, values: values instanceof Float32Array ? values : new Float32Array(values) };
}

/** An int64 constant from plain integers. */
export function integers(values: readonly number[], shape: readonly number[] = [values.length]): TensorData<"int64"> {
  return { elementType: "int64", shape, values: BigInt64Array.from(values, BigInt) };
}

/** The values of a constant as plain numbers. */
export function numbersOf(data: TensorData): number[] {
  const { elementType, values } = data;
  const numbers = new Array<number>(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number | bigint;
    numbers[i] = elementType === "float16" ? numberOfFloat16(value as number) : Number(value);
  }
  return numbers;
}

/** A constant from plain numbers, rounded to the element type: towards zero for integers, to 0 and 1 for bool. @throws {RangeError} where an integer type cannot hold a value that is not finite. */
export function tensorOf(elementType: ElementType, shape: readonly number[], numbers: ArrayLike<number>): TensorData {
  const values = new ELEMENT_ARRAYS[elementType](numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i] as number;
    values[i] = elementValue(elementType, value) as number & bigint;
  }
  return { elementType, shape, values } as TensorData;
}

function elementValue(elementType: ElementType, value: number): number | bigint {
  if (elementType === "int64" || elementType === "uint64") return BigInt(Math.trunc(value));
  if (elementType === "float16") return float16Bits(value);
  if (elementType === "bool") return Number(value !== 0);
  return elementType.startsWith("float") ? value : Math.trunc(value);
}

/** The number that 16 bits of IEEE 754 binary16 stand for. */
function numberOfFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The bits of the nearest IEEE 754 binary16 number, ties to even. */
function float16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  // The step between neighbours: 2^-24 for subnormal numbers, 2^(exponent − 10) for the others.
  const exponent = Math.max(Math.floor(Math.log2(Math.max(size, 2 ** -24))), -14);
  const steps = size / 2 ** (exponent - 10);
  let rounded = Math.floor(steps);
  const rest = steps - rounded;
  if (rest > 0.5 || (rest === 0.5 && rounded % 2 === 1)) rounded++;
  // `rounded` counts from 0 for subnormal and from 1024 for normal numbers; a carry moves into the exponent by itself.
  return sign | (((exponent + 14) << 10) + rounded);
}
