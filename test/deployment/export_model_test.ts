import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inferenceGraph } from "../../src/deployment/inference_graph.ts";
import { Failure } from "../../src/failure.ts";
import { Graph } from "../../src/graph/graph.ts";
import { add } from "../../src/graph/ops/arithmetic.ts";
import { conv } from "../../src/graph/ops/convolution.ts";
import { hardSwish } from "../../src/graph/ops/activation.ts";
import { identity, relu } from "../../src/graph/ops/elementwise.ts";
import { dropout } from "../../src/graph/ops/dropout.ts";
import { reshape } from "../../src/graph/ops/movement.ts";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { importGraph } from "../../src/graph/onnx/import.ts";
import { floats, tensorOf } from "../../src/graph/tensor_type.ts";
import { createSession } from "../../src/runtime/session.ts";
import { sharedPath } from "../shared.ts";
import { assertClose, exportFile, opCounts, outputsOf, randomFeeds, trainedLike } from "./running.ts";

const METADATA = {
  "seg.output": JSON.stringify({
    levels: ["level_0", "level_1", "level_2", "level_3", "level_4"],
    answer: "level_4",
    activation: "sigmoid",
    threshold: 0.5,
  }),
  "seg.plane": '"axial"',
  owner: "somebody",
};

for (const [width, classes, inputSize, outputSize] of [[4, 1, 16, 256], [8, 3, 16, 64], [4, 2, 32, 256]] as const) {
  test(`inferenceGraph() of J-Net width ${width}, ${classes} classes, ${inputSize} px equals the evaluation graph`, async () => {
    const net = trainedLike({ width, classes, inputSize, outputSize });
    const inference = inferenceGraph(net);
    assert.equal(opCounts(inference)["BatchNormalization"], undefined);
    const feeds = randomFeeds(net);
    assertClose(await outputsOf(inference, feeds), await outputsOf(net, feeds), 1e-5);
  });
}

test("inferenceGraph() keeps the chosen outputs and what they need", async () => {
  const net = trainedLike();
  const inference = inferenceGraph(net, { outputs: ["level_1"] });
  assert.deepEqual(inference.outputs.map(({ name }) => name), ["level_1"]);
  assert.ok(inference.nodes.length < inferenceGraph(net).nodes.length);
  assert.ok(!inference.constants().some(({ name }) => name.startsWith("h2")));
  const feeds = randomFeeds(net);
  assertClose(await outputsOf(inference, feeds), await outputsOf(net, feeds), 1e-5);
  assert.throws(
    () => inferenceGraph(net, { outputs: ["level_9"] }),
    /no output is called level_9: choose from level_0/,
  );
});

test("inferenceGraph() shares equal constants and removes Identity and Dropout", async () => {
  const graph = new Graph();
  const x = graph.input("x", { elementType: "float32", shape: [1, 2, 4, 4] });
  const kernel = () => graph.constant(floats([1, 2, 3, 4], [2, 2, 1, 1]));
  const a = graph.apply(conv, [graph.apply(identity, [x]), kernel()]);
  const b = graph.apply(conv, [graph.apply(dropout, [a]), kernel()]);
  const c = graph.apply(conv, [b, graph.constant(floats([1, 2, 3, 4], [2, 2, 1, 1]))]);
  graph.output(graph.apply(identity, [c]), "y");
  graph.output(graph.apply(identity, [x]), "same");
  const inference = inferenceGraph(graph);
  assert.deepEqual(opCounts(inference), { Conv: 3, Identity: 1 });
  assert.equal(inference.constants().length, 1);
  const feeds = randomFeeds(graph);
  assertClose(await outputsOf(inference, feeds), await outputsOf(graph, feeds), 0);
});

test("inferenceGraph() turns float64 into float32", async () => {
  const graph = new Graph();
  const x = graph.input("x", { elementType: "float64", shape: [2, 3] });
  graph.output(graph.apply(add, [x, graph.constant(tensorOf("float64", [3], [1, 2, 3]))]), "y");
  const notes: string[] = [];
  const inference = inferenceGraph(graph, { note: (text) => notes.push(text) });
  assert.deepEqual(notes, ["float16 and float64 numbers became float32"]);
  const { y } = await outputsOf(inference, { x: floats([1, 2, 3, 4, 5, 6], [2, 3]) });
  assert.deepEqual([...y?.values ?? []], [2, 4, 6, 5, 7, 9]);
});

test("inferenceGraph() computes probabilities where asked to", async () => {
  const net = trainedLike({ classes: 3, outputSize: 32 });
  const inference = inferenceGraph(net, { outputs: ["level_1"], activation: "softmax" });
  const { probabilities } = await outputsOf(inference, randomFeeds(net));
  const values = probabilities?.values ?? new Float32Array();
  for (let i = 0; i < 1024; i++) {
    const sum = (values[i] as number) + (values[1024 + i] as number) + (values[2048 + i] as number);
    assert.ok(Math.abs(sum - 1) < 1e-5);
  }
});

test("exportModel() writes opset 13 with the ops of TensorRT 8.2, the answer alone and its metadata", () => {
  const bytes = encodeModel(trainedLike(), { opset: 17, metadata: METADATA });
  const exported = exportFile({ bytes });
  const model = decodeModel(exported.bytes);
  assert.deepEqual([model.irVersion, model.opsets, model.outputs.map(({ name }) => name)], [8, { "": 13 }, [
    "level_4",
  ]]);
  assert.deepEqual(Object.keys(opCounts(exported.graph)).sort(), [
    "Concat",
    "Conv",
    "ConvTranspose",
    "MaxPool",
    "Relu",
  ]);
  const names = model.nodes.map(({ name }) => name);
  assert.ok(names.every((name) => name !== "") && new Set(names).size === names.length);
  assert.ok([...model.inputs, ...model.outputs].every(({ shape }) => shape?.every((size) => typeof size === "number")));
  assert.deepEqual(exported.removed.outputs, ["level_0", "level_1", "level_2", "level_3"]);
  assert.deepEqual(exported.removed.nodes, { BatchNormalization: 18 });
  assert.equal(model.metadata["owner"], "somebody");
  assert.deepEqual(JSON.parse(model.metadata["seg.output"] ?? "").levels, ["level_4"]);
});

test("exportModel() gives equal bytes for equal input, and exports its own export unchanged", () => {
  const bytes = encodeModel(trainedLike(), { opset: 17, metadata: METADATA });
  const once = exportFile({ bytes }).bytes;
  assert.deepEqual(exportFile({ bytes }).bytes, once);
  assert.deepEqual(exportFile({ bytes: once }).bytes, once);
});

test("exportModel() stays under 90 nodes with fused upsampling, with equal answers", async () => {
  const net = trainedLike();
  const bytes = encodeModel(net, { opset: 13, metadata: METADATA });
  const exported = exportFile({ bytes, fuseUpsampling: true });
  assert.ok(exported.graph.nodes.length <= 90, `${exported.graph.nodes.length} nodes`);
  assert.match(exported.notes.join("\n"), /19 chains of upsampling convolutions became one ConvTranspose each/);
  const feeds = randomFeeds(net);
  assertClose(await outputsOf(exported.bytes, feeds), await outputsOf(net, feeds), 1e-5);
});

test("exportModel() marks probabilities so that nothing is applied to them again", () => {
  const bytes = encodeModel(trainedLike(), { opset: 13, metadata: METADATA });
  const { metadata, outputs } = decodeModel(exportFile({ bytes, activation: "sigmoid" }).bytes);
  assert.deepEqual(outputs.map(({ name }) => name), ["probabilities"]);
  const { answer, activation } = JSON.parse(metadata["seg.output"] ?? "");
  assert.deepEqual([answer, activation], ["probabilities", "none"]);
});

test("exportModel() changes the batch size, or says which one the file holds for", async () => {
  const net = trainedLike({ batch: 3 });
  const one = exportFile({ bytes: encodeModel(net, { opset: 13 }) });
  assert.deepEqual(one.graph.inputs[0]?.type.shape, [1, 1, 16, 16]);
  assert.ok(one.notes.includes("batch size 3 of the file became 1"));
  const feeds = randomFeeds(one.graph);
  assertClose(await outputsOf(one.bytes, feeds), await outputsOf(trainedLike({ batch: 1 }), feeds), 1e-5);
  const graph = new Graph();
  const x = graph.input("x", { elementType: "float32", shape: [2, 3, 4] });
  graph.output(graph.apply(relu, [graph.apply(reshape, [x], { shape: [2, 12] })]), "y");
  const fixed = encodeModel(graph, { opset: 13 });
  assert.throws(
    () => exportFile({ bytes: fixed, file: "m.onnx" }),
    (error: unknown) =>
      error instanceof Failure && /^Cannot export m\.onnx: it holds for batch size 2 only/.test(error.message),
  );
  assert.equal(exportFile({ bytes: fixed, batch: 2 }).graph.nodes.length, 2);
});

test("exportModel() writes ops that opset 13 and TensorRT 8.2 lack in simpler ones", async () => {
  const graph = new Graph();
  const x = graph.input("x", { elementType: "float32", shape: [2, 5] });
  graph.output(graph.apply(hardSwish, [x]), "y");
  const bytes = encodeModel(graph, { opset: 17 });
  const exported = exportFile({ bytes, batch: 2, tensorRtVersion: 80201 });
  assert.equal(opCounts(exported.graph)["HardSwish"], undefined);
  assert.match(exported.notes.join(), /1 HardSwish written in simpler ops/);
  const feeds = randomFeeds(graph);
  const session = await createSession(bytes);
  assertClose(await outputsOf(exported.bytes, feeds), await session.run(feeds) as never, 1e-6);
});

test("exportModel() renames inputs and outputs that trtexec cannot name", async () => {
  const graph = new Graph();
  const x = graph.input("x:0", { elementType: "float32", shape: [1, 3] });
  graph.output(graph.apply(relu, [x]), "y:0");
  const exported = exportFile({ bytes: encodeModel(graph, { opset: 13 }) });
  assert.deepEqual(exported.notes.length, 2);
  const { y_0 } = await outputsOf(exported.bytes, { x_0: floats([-1, 2, 3], [1, 3]) });
  assert.deepEqual([...y_0?.values ?? []], [0, 2, 3]);
});

const GOLDEN = ["jnet-n4-16-opset13.onnx", "jnet-n4-16-opset14-batchnorm.onnx", "jnet-n4-16-opset18.onnx"];

for (const name of GOLDEN) {
  const path = sharedPath("golden", "exported", name);
  test(`exportModel() of PyTorch's ${name} equals the file`, {
    skip: path === undefined && "shared golden files absent",
  }, async () => {
    const bytes = readFileSync(path as string);
    const exported = exportFile({ bytes, file: name });
    assert.deepEqual(Object.keys(opCounts(exported.graph)).sort(), [
      "Concat",
      "Conv",
      "ConvTranspose",
      "MaxPool",
      "Relu",
    ]);
    const source = importGraph(decodeModel(bytes), { batch: 1 });
    const feeds = randomFeeds(source);
    const expected = await outputsOf(bytes, feeds);
    assertClose(await outputsOf(exported.bytes, feeds), expected, 1e-5);
    assertClose(await outputsOf(exportFile({ bytes, fuseUpsampling: true }).bytes, feeds), expected, 1e-5);
  });
}
