/** Models whose weights lie beside them (ONNX "external data"), as PyTorch's exporter writes them. */
import { ELEMENT_ARRAYS, elementCount } from "../tensor_type.ts";
import { CAST_TYPES } from "../ops/elementwise.ts";
import { type Onnx, onnx, toNumber } from "./proto.ts";

/** A part of a file beside the model. */
export interface ExternalPart {
  /** Path of the file relative to the model's folder, as the model gives it. */
  readonly location: string;
  readonly offset: number;
  readonly lengthBytes: number;
}

// TensorProto.DataLocation
const EXTERNAL = 1;

// Every reference to such a file has an entry of this name.
const ENTRY = new TextEncoder().encode("location");

/**
 * The bytes of the same model with all of its weights inside; the same bytes where they are.
 *
 * @param read gives the bytes of a part; it is asked only once all sizes are known to fit.
 * @throws {SyntaxError} where `bytes` are no ONNX model, {RangeError} where a part does not fit its tensor or all are larger than `limitBytes`.
 */
export function withInnerData(
  bytes: Uint8Array,
  read: (part: ExternalPart) => Uint8Array,
  limitBytes: number,
): Uint8Array {
  if (!contains(bytes, ENTRY)) return bytes;
  let model: Onnx.ModelProto;
  try {
    model = onnx.ModelProto.decode(bytes);
  } catch (error) {
    throw new SyntaxError(`the bytes are not an ONNX model (${error instanceof Error ? error.message : error})`);
  }
  const tensors = tensorsOf(model.graph).filter(({ dataLocation }) => dataLocation === EXTERNAL);
  if (tensors.length === 0) return bytes;
  const parts = tensors.map(partOf);
  const total = parts.reduce((sum, { lengthBytes }) => sum + lengthBytes, bytes.length);
  if (total > limitBytes) {
    throw new RangeError(`with its external data it has ${total} bytes: at most ${limitBytes} can be read`);
  }
  tensors.forEach((tensor, i) => {
    tensor.rawData = read(parts[i] as ExternalPart);
    tensor.dataLocation = 0;
    tensor.externalData = [];
  });
  return onnx.ModelProto.encode(model).finish();
}

function tensorsOf(graph: Onnx.IGraphProto | null | undefined): Onnx.ITensorProto[] {
  if (graph == null) return [];
  const inAttributes = (graph.node ?? []).flatMap((node) =>
    (node.attribute ?? []).flatMap(({ t, g }) => [...(t == null ? [] : [t]), ...tensorsOf(g)])
  );
  return [...graph.initializer ?? [], ...inAttributes];
}

function partOf(tensor: Onnx.ITensorProto): ExternalPart {
  const entries = new Map((tensor.externalData ?? []).map(({ key, value }) => [key ?? "", value ?? ""]));
  const name = tensor.name ?? "";
  const elementType = CAST_TYPES[tensor.dataType ?? 0];
  if (elementType === undefined) {
    throw new RangeError(`tensor ${name} has the element type ${tensor.dataType}, which is not supported`);
  }
  const needed = elementCount((tensor.dims ?? []).map(toNumber)) * ELEMENT_ARRAYS[elementType].BYTES_PER_ELEMENT;
  const offset = Number(entries.get("offset") ?? 0);
  const lengthBytes = Number(entries.get("length") ?? needed);
  if (!Number.isSafeInteger(offset) || offset < 0 || lengthBytes !== needed) {
    throw new RangeError(
      `tensor ${name} needs ${needed} bytes: its external data say ${entries.get("length")} from byte ${
        entries.get("offset") ?? 0
      } on; the file is damaged`,
    );
  }
  return { location: entries.get("location") ?? "", offset, lengthBytes };
}

function contains(bytes: Uint8Array, text: Uint8Array): boolean {
  const [first] = text;
  for (let i = bytes.indexOf(first as number); i >= 0; i = bytes.indexOf(first as number, i + 1)) {
    if (text.every((byte, k) => bytes[i + k] === byte)) return true;
  }
  return false;
}
