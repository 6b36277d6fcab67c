/** Models whose weights lie beside them. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { importGraph } from "../../src/graph/onnx/import.ts";
import { type Onnx, onnx } from "../../src/graph/onnx/proto.ts";
import { parameterCount } from "../../src/graph/passes/parameters.ts";
import { readModel } from "../../src/model/model.ts";
import { createSession } from "../../src/runtime/session.ts";
import { modelFile, noise } from "../graph/model_file.ts";
import { sharedPath } from "../shared.ts";

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "seg-external-"));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

/** y = x + w with w at the end of another file. */
function externalModel(entries: Readonly<Record<string, string>>): Uint8Array {
  const whole = modelFile({
    opset: 13,
    inputs: [["x", [2, 3]]],
    initializers: { w: noise([3], 1) },
    outputs: [["y", [2, 3]]],
    nodes: [["Add", ["x", "w"], ["y"]]],
  });
  const model = onnx.ModelProto.decode(whole);
  const [weight] = model.graph?.initializer ?? [];
  Object.assign(weight as Onnx.ITensorProto, {
    rawData: new Uint8Array(),
    dataLocation: 1,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  });
  return onnx.ModelProto.encode(model).finish();
}

test("readModel() reads weights from the file beside the model, and its bytes run alone", async (t) => {
  const at = folder(t);
  const path = join(at, "model.onnx");
  writeFileSync(path, externalModel({ location: "weights/model.data", offset: "8", length: "12" }));
  const { values } = noise([3], 1);
  const weights = new Uint8Array(24);
  weights.set(new Uint8Array(values.buffer, values.byteOffset, 12), 8);
  mkdirSync(join(at, "weights"));
  writeFileSync(join(at, "weights", "model.data"), weights);
  const model = readModel(path);
  assert.deepEqual(model.onnx.initializers.get("w")?.values, values);
  const session = await createSession(model.bytes, { threads: 1 });
  const x = noise([2, 3], 2);
  const { y } = await session.run({ x });
  assert.deepEqual(y?.values, x.values.map((value, i) => value + (values[i % 3] as number)));
  await session.release();
});

test("readModel() refuses external data outside of the model's folder, links included", (t) => {
  const at = folder(t);
  const inner = join(at, "inner");
  mkdirSync(inner);
  writeFileSync(join(at, "secret"), new Uint8Array(12));
  symlinkSync(join(at, "secret"), join(inner, "link"));
  const path = join(inner, "model.onnx");
  for (const location of ["../secret", join(at, "secret"), "a/../../secret", "..\\secret", "link", "", "."]) {
    writeFileSync(path, externalModel({ location }));
    assert.throws(() => readModel(path), /external data .* lies outside of its folder/, location);
  }
});

test("readModel() names external data that is missing, cut off, or of another size than its tensor", (t) => {
  const at = folder(t);
  const path = join(at, "model.onnx");
  writeFileSync(path, externalModel({ location: "model.data" }));
  assert.throws(() => readModel(path), /model\.data: there is no such file; keep model\.data beside/);
  writeFileSync(join(at, "model.data"), new Uint8Array(12));
  assert.equal(readModel(path).onnx.initializers.get("w")?.values.length, 3);
  truncateSync(join(at, "model.data"), 8);
  assert.throws(() => readModel(path), /external data model\.data has 8 bytes, but 12 are needed/);
  writeFileSync(path, externalModel({ location: "model.data", length: "1000000000000" }));
  assert.throws(() => readModel(path), /tensor w needs 12 bytes: its external data say 1000000000000/);
  writeFileSync(path, externalModel({ location: "model.data", offset: "-4" }));
  assert.throws(() => readModel(path), /from byte -4 on; the file is damaged/);
});

const shared = sharedPath("cases", "onnx", "external.onnx");
test("readModel() reads what PyTorch's default exporter writes", { skip: shared === undefined }, (t) => {
  const model = readModel(shared as string);
  assert.ok(parameterCount(importGraph(model.onnx, { batch: 1, dimensions: { h: 64, w: 64 } })) > 1000);
  const at = folder(t);
  copyFileSync(shared as string, join(at, "external.onnx"));
  assert.throws(() => readModel(join(at, "external.onnx")), /keep external\.data beside/);
});
