import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Graph } from "../../src/graph/graph.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { encodeMetadata, type ModelMetadata } from "../../src/graph/onnx/metadata.ts";
import { sigmoid } from "../../src/graph/ops/elementwise.ts";
import { readDescribedModel, readModel } from "../../src/model/model.ts";
import { identityModel } from "../prediction/identity_model.ts";

function withFile(bytes: Uint8Array | string, use: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "seg-model-"));
  try {
    const path = join(folder, "model.onnx");
    writeFileSync(path, bytes);
    use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A model of one op with any metadata. */
function modelWith(metadata: Record<string, string>): Uint8Array {
  const graph = new Graph();
  const image = graph.input("image", { elementType: "float32", shape: [1, 1, 16, 16] });
  graph.output(graph.apply(sigmoid, [image]), "level_0");
  return encodeModel(graph, { opset: 13, metadata });
}

function refusal(bytes: Uint8Array | string): string {
  let message = "";
  withFile(bytes, (path) => {
    try {
      readDescribedModel(path);
    } catch (error) {
      assert.equal((error as Error).name, "Failure");
      message = (error as Error).message.replaceAll(path, "model.onnx");
    }
  });
  return message;
}

test("readDescribedModel() reads bytes, graph and metadata", () => {
  const { bytes, metadata } = identityModel({ size: 8 });
  withFile(bytes, (path) => {
    const file = readDescribedModel(path);
    assert.deepEqual(file.metadata, metadata);
    assert.deepEqual(file.onnx.inputs[0]?.shape, ["N", 1, 8, 8]);
    assert.deepEqual([...file.bytes], [...bytes]);
  });
});

test("readDescribedModel() refuses what is no ONNX model", () => {
  assert.match(
    refusal("this is a text, not a model"),
    /^Cannot read model\.onnx: the bytes are not an ONNX model.*; give a file that ends in \.onnx and is whole$/,
  );
  assert.match(refusal(""), /^Cannot read model\.onnx: the bytes are not an ONNX model/);
  const { bytes } = identityModel();
  assert.match(refusal(bytes.subarray(0, bytes.length / 2)), /^Cannot read model\.onnx: /);
});

test("readDescribedModel() names the missing key and how to make a model that has it", () => {
  assert.equal(
    refusal(modelWith({})),
    "Cannot use model.onnx: metadata key seg.version is missing, expected a text; seg train DATASET --init model.onnx makes a model that has it",
  );
  const { "seg.plane": _, ...others } = encodeMetadata(identityModel().metadata);
  assert.equal(
    refusal(modelWith(others)),
    "Cannot use model.onnx: metadata key seg.plane is missing, expected one of axial, coronal, sagittal; export or train the model again",
  );
});

test("readModel() reads models of any origin", () => {
  withFile(modelWith({}), (path) => assert.equal(readModel(path).onnx.nodes[0]?.opType, "Sigmoid"));
});

test("readDescribedModel() refuses metadata that do not fit the graph", () => {
  const { metadata } = identityModel({ size: 16 });
  const { input, output } = metadata;
  const cases: [change: Record<string, unknown>, found: string][] = [
    [{ input: {} }, "seg.input.channels is missing, expected a list of channel names"],
    [{ input: { ...input, size: -3 } }, "seg.input.size is -3, expected a whole number from 1"],
    [
      { input: { ...input, normalization: { mode: "magic" } } },
      'seg.input.normalization.mode is "magic", expected a normalization of the mode none, range or zscore',
    ],
    [
      { input: { ...input, normalization: { mode: "range", low: 0 } } },
      "seg.input.normalization.high is missing",
    ],
    [
      { output: { ...output, answer: "level_9" } },
      'seg.output.answer is "level_9", but the outputs are level_0',
    ],
    [
      { output: { ...output, activation: "tanh" } },
      'seg.output.activation is "tanh", expected one of sigmoid, softmax, none',
    ],
    [{ output: { ...output, threshold: 7 } }, "seg.output.threshold is 7, expected a number from 0 to 1"],
    [
      { output: { ...output, classWeights: [1, 0] } },
      "seg.output.classWeights[1] is 0, expected a number over 0",
    ],
    [{ labels: [] }, "seg.labels is [], expected a list of labels"],
    [
      { output: { ...output, classWeights: [1, 2] } },
      "seg.output.classWeights has 2 numbers, expected one for each of 1 labels",
    ],
    [
      { labels: [{ value: 0, name: "nothing" }] },
      "seg.labels[0].value is 0, expected a whole number from 1 to 65535",
    ],
    [{ plane: "oblique" }, 'seg.plane is "oblique", expected one of axial, coronal, sagittal'],
    [
      { labels: [{ value: 2, name: "edema" }, { value: 2, name: "core" }] },
      "seg.labels gives edema and core the same value 2",
    ],
    [
      { labels: [{ value: 1, name: "whole", values: [1, 2] }, { value: 2, name: "core" }] },
      "seg.labels has labels that overlap beside others that do not",
    ],
    [
      { labels: [{ value: 2, name: "core", values: [2] }, { value: 1, name: "whole", values: [1, 2] }] },
      "seg.labels has regions that cannot be told apart: core is written as 2, which belongs to whole too, a region after it",
    ],
    [
      { input: { ...input, size: 32 } },
      "seg.input describes one input [N, 1, 32, 32], but the graph has image [1, 1, 16, 16]",
    ],
    [
      { labels: [{ value: 1, name: "a" }, { value: 2, name: "b" }] },
      "seg.labels describes 2 output channels of a square, but output level_0 has the shape [1, 1, 16, 16]",
    ],
  ];
  for (const [change, found] of cases) {
    const bytes = modelWith(encodeMetadata({ ...metadata, ...change } as ModelMetadata));
    assert.equal(refusal(bytes), `Cannot use model.onnx: metadata key ${found}; export or train the model again`);
  }
});
