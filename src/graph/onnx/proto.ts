/** The only place that touches onnx-proto and its quirks. */
// The package claims an ES export of `onnx` that is not there: only the default import works.
import onnxProto from "onnx-proto";
import type { onnx as Onnx } from "onnx-proto";
import { ELEMENT_ARRAYS, type ElementArrays, elementCount, type ElementType, type TensorData } from "../tensor_type.ts";
import { CAST_TYPES, onnxTypeNumber } from "../ops/elementwise.ts";

export const { onnx } = onnxProto;
export type { Onnx };

/** The `doc_string` of a tensor that is no weight: a file has no other place to say it. */
export const FIXED_TENSOR = "seg: not learned";

/** protobufjs gives 64-bit integers as numbers or as Long objects. */
export function toNumber(value: unknown): number {
  return Number(value as number | { toString(): string });
}

/** A tensor in raw little-endian bytes: the only form whose encoding is fast. */
export function encodeTensor(data: TensorData, name: string): Onnx.ITensorProto {
  const { buffer, byteOffset, byteLength } = data.values;
  return {
    name,
    dims: [...data.shape],
    dataType: onnxTypeNumber(data.elementType),
    rawData: new Uint8Array(buffer, byteOffset, byteLength),
  };
}

/**
 * A tensor of a file, copied: raw bytes lie at any offset of the file and cannot be viewed in place.
 *
 * @throws {RangeError} for element types that are not supported, external data and byte counts that do not fit the shape.
 */
export function decodeTensor(proto: Onnx.ITensorProto): TensorData {
  const elementType = CAST_TYPES[proto.dataType ?? 0];
  const shape = (proto.dims ?? []).map(toNumber);
  const name = proto.name ?? "";
  if (elementType === undefined) {
    throw new RangeError(`tensor ${name} has the element type ${proto.dataType}, which is not supported`);
  }
  if (proto.dataLocation === 1) {
    throw new RangeError(`tensor ${name} keeps its data in another file; save the model with the data inside`);
  }
  const count = elementCount(shape);
  if (shape.some((size) => size < 0) || !Number.isSafeInteger(count)) {
    throw new RangeError(`tensor ${name} has the shape [${shape.join(", ")}]; the file is damaged`);
  }
  const bytes = proto.rawData;
  if (bytes != null && bytes.length > 0) {
    const Elements = ELEMENT_ARRAYS[elementType];
    if (bytes.length !== count * Elements.BYTES_PER_ELEMENT) {
      throw new RangeError(
        `tensor ${name} needs ${count * Elements.BYTES_PER_ELEMENT} bytes: found ${bytes.length}; the file is damaged`,
      );
    }
    const copy = new Uint8Array(bytes.length);
    copy.set(bytes);
    return { elementType, shape, values: new Elements(copy.buffer) } as TensorData;
  }
  const listed = listedValues(proto, elementType);
  if (listed.length !== count) {
    throw new RangeError(`tensor ${name} needs ${count} values: found ${listed.length}; the file is damaged`);
  }
  const values = new ELEMENT_ARRAYS[elementType](count);
  const big = values instanceof BigInt64Array || values instanceof BigUint64Array;
  for (let i = 0; i < count; i++) {
    values[i] = (big ? BigInt(String(listed[i])) : Number(listed[i])) as ElementArrays[ElementType][number] & bigint;
  }
  return { elementType, shape, values } as TensorData;
}

// ONNX TensorProto: which typed field holds values that are not raw.
function listedValues(proto: Onnx.ITensorProto, elementType: ElementType): ArrayLike<unknown> {
  if (elementType === "float32") return proto.floatData ?? [];
  if (elementType === "float64") return proto.doubleData ?? [];
  if (elementType === "int64") return proto.int64Data ?? [];
  if (elementType === "uint64" || elementType === "uint32") return proto.uint64Data ?? [];
  return proto.int32Data ?? [];
}
