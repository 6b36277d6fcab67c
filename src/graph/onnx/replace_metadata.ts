/** Changes what a model file says of itself and nothing else. */
import { onnx } from "./proto.ts";

/** The bytes of the same model with other `metadata_props`. @throws {Error} where the bytes are no ONNX model. */
export function replaceMetadata(bytes: Uint8Array, metadata: Readonly<Record<string, string>>): Uint8Array {
  const model = onnx.ModelProto.decode(bytes);
  model.metadataProps = Object.entries(metadata).map(([key, value]) =>
    onnx.StringStringEntryProto.create({ key, value })
  );
  return onnx.ModelProto.encode(model).finish();
}
