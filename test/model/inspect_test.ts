import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { lookAhead } from "../../src/deployment/for_target.ts";
import { inspectModel, type InspectOptions, type ModelInspection } from "../../src/model/inspect.ts";
import { modelOf } from "../../src/model/model.ts";
import { inspectionText } from "../../src/model/inspection_text.ts";
import { buildModel } from "../../src/model/build.ts";
import { findTarget } from "../../src/tensorrt/targets.ts";
import { modelFile, noise } from "../graph/model_file.ts";
import { sharedPath } from "../shared.ts";
import { exportFile } from "../deployment/running.ts";

const NANO = findTarget("nano");

function jNet(): Uint8Array {
  const sizes = { net: "j-net", width: 4, channels: 1, classes: 1, inputSize: 16, outputSize: 256 };
  return buildModel({ ...sizes, seed: 0, version: "0" }).bytes;
}

/** The file with every "Concat" op under another name of the same length. */
function withUnknownOp(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  // NodeProto.op_type: field 4, 6 bytes.
  const wanted = [0x22, 6, ...new TextEncoder().encode("Concat")];
  for (let i = 0; i < changed.length; i++) {
    if (wanted.every((byte, k) => changed[i + k] === byte)) changed[i + 2] = "K".charCodeAt(0);
  }
  return changed;
}

function inspectFile(bytes: Uint8Array, options?: InspectOptions): ModelInspection {
  return inspectModel(modelOf("model.onnx", bytes), options);
}

test("inspectModel() counts what J-Net holds, reads its metadata and finds it trainable", () => {
  const inspection = inspectFile(jNet(), { target: NANO, layers: true });
  assert.equal(inspection.parameters, 200_937);
  assert.deepEqual([inspection.nodes, inspection.ops["Conv"], inspection.layers?.length], [111, 42, 111]);
  assert.equal(inspection.layers?.reduce((sum, { flops }) => sum + flops, 0), inspection.flops);
  assert.deepEqual([inspection.trainable, inspection.obstacles, inspection.unknownOps], [true, [], []]);
  assert.equal(inspection.metadata?.output.answer, "level_4");
  assert.deepEqual(inspection.inputs, [{ name: "image", elementType: "float32", shape: ["N", 1, 16, 16] }]);
});

test("inspectModel() tells what the head of a network adds, also once it is exported, and nothing where it is not there", () => {
  // The paper's head of four levels: 112 parameters; 9 transposed convolutions, 9 convolutions and a copy for each input of 2 Concats.
  const inspection = inspectFile(jNet());
  assert.deepEqual([inspection.head?.parameters, inspection.head?.kernels, inspection.kernels], [112, 18, 69]);
  assert.match(inspectionText(inspection), /^parameters: +200,937 \(.* of weights\), of which head 112$/m);
  assert.match(inspectionText(inspection), /^kernels: +69 of an engine, of which head 18$/m);
  assert.deepEqual(inspectFile(exportFile({ bytes: jNet() }).bytes).head, inspection.head);
  const lowest = exportFile({ bytes: jNet(), outputs: ["level_0"] });
  assert.equal(inspectFile(lowest.bytes).head, undefined);
});

test("inspectModel() has nothing to say against an exported model on a Nano", () => {
  const { bytes } = exportFile({ bytes: jNet() });
  assert.deepEqual(inspectFile(bytes, { target: NANO }).lint, []);
  const fused = exportFile({ bytes: jNet(), fuseUpsampling: true });
  assert.deepEqual(inspectFile(fused.bytes, { target: NANO }).lint, []);
});

test("inspectModel() says of a file with an unknown op what can be said", () => {
  const inspection = inspectFile(withUnknownOp(jNet()), { target: NANO, layers: true });
  assert.deepEqual(inspection.unknownOps, ["Koncat"]);
  assert.equal(inspection.parameters, 200_937);
  assert.deepEqual([inspection.nodes, inspection.ops["Koncat"]], [111, 6]);
  assert.deepEqual([inspection.flops, inspection.layers, inspection.trainable], [undefined, undefined, false]);
  assert.match(inspection.fault ?? "", /Koncat/);
  assert.ok(inspection.lint.some(({ severity, op }) => severity === "error" && op === "Koncat"));
  assert.match(inspectionText(inspection), /No shapes and FLOPs: .*Koncat[^]*It cannot be trained:/);
});

test("inspectionText() shows figures, layers, complaints and obstacles", () => {
  const bytes = jNet();
  const inspection = inspectFile(bytes, { target: NANO, layers: true });
  const { lint } = lookAhead(inspection.lint, modelOf("j-net.onnx", bytes), { target: NANO });
  const text = inspectionText({ ...inspection, lint });
  assert.match(text, /^written by: +seg 0, opset \d+, IR 8\n/);
  assert.match(text, /\nparameters: +200,937 \(788 KiB of weights\), of which head 112\n/);
  assert.match(text, /\nenc\.0\.0 +Conv +1×4×16×16 +40 +0\.019 /);
  assert.match(text, /warning: input image has open dimensions.*\(seg export does it\)/);
  assert.match(text, /\nIt can be trained$/);
});

test("inspectModel() keeps metadata that cannot be believed apart", () => {
  const bytes = jNet();
  const text = new TextDecoder("latin1").decode(bytes);
  bytes.set(new TextEncoder().encode("oxial"), text.indexOf('"axial"') + 1);
  const { metadata, metadataFault } = inspectFile(bytes);
  assert.equal(metadata, undefined);
  assert.match(metadataFault ?? "", /metadata key seg\.plane is "oxial"/);
});

const exported = sharedPath("golden", "exported", "jnet-n4-16-opset18.onnx");

test("inspectModel() reads PyTorch's file", { skip: exported === undefined && "shared golden files absent" }, () => {
  const inspection = inspectFile(readFileSync(exported as string), { target: NANO });
  assert.deepEqual([inspection.opset, inspection.irVersion, inspection.nodes, inspection.trainable], [
    18,
    10,
    93,
    true,
  ]);
  const bytes = readFileSync(exported as string);
  const { lint } = lookAhead(inspection.lint, modelOf(exported as string, bytes), { target: NANO });
  assert.ok(lint.length > 0 && lint.every(({ repairable }) => repairable));
});

test("inspectModel() does not call a file clean that no parser was asked about", () => {
  const { lint } = inspectFile(jNet(), { target: findTarget("host") });
  assert.deepEqual(lint.map(({ code }) => code), ["not-examined"]);
});

test("inspectionText() lists what is learned and what is fixed, and what is taken off the end", () => {
  const bytes = modelFile({
    opset: 13,
    inputs: [["image", ["batch", 1, 16, 16]]],
    initializers: { std: noise([1, 1, 1, 1], 3), w: noise([1, 1, 3, 3], 1) },
    outputs: [["mask", ["batch", 1, 16, 16]]],
    nodes: [
      ["Div", ["image", "std"], ["scaled"]],
      ["Conv", ["scaled", "w"], ["logits"], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }],
      ["Sigmoid", ["logits"], ["mask"]],
    ],
  });
  const text = inspectionText(inspectFile(bytes, { layers: true }));
  assert.match(text, /\nlearned:\n +w +1×1×3×3\n/);
  assert.match(text, /\nfixed:\n +std +1×1×1×1 +Div does not learn what it reads there\n/);
  assert.match(text, /\nIt can be trained, without Sigmoid at its end$/);
  assert.doesNotMatch(inspectionText(inspectFile(bytes)), /learned:|fixed:/);
});
