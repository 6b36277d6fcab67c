import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { importGraph } from "../../src/graph/onnx/import.ts";
import type { OnnxModel } from "../../src/graph/onnx/model.ts";
import { type Onnx, onnx } from "../../src/graph/onnx/proto.ts";
import { integers, type TensorData } from "../../src/graph/tensor_type.ts";
import { lint, type LintFinding } from "../../src/tensorrt/lint.ts";
import { type FileContent, type FileNode, modelFile, noise } from "../graph/model_file.ts";
import { sharedPath } from "../shared.ts";

const NANO = 80201;

const CLEAN: FileContent = {
  opset: 13,
  inputs: [["x", [1, 2, 8, 8]]],
  initializers: { w: noise([2, 2, 3, 3], 1), axes: integers([2, 3]), pads: integers([0, 0, 1, 1, 0, 0, 1, 1]) },
  outputs: [["y", [1, 2, 8, 8]]],
  nodes: [["Conv", ["x", "w"], ["c"], { pads: [1, 1, 1, 1] }], ["Relu", ["c"], ["y"]]],
};

function decoded(content: Partial<FileContent>, change: (model: Onnx.ModelProto) => void = () => {}): OnnxModel {
  const proto = onnx.ModelProto.decode(modelFile({ ...CLEAN, ...content }));
  change(proto);
  return decodeModel(onnx.ModelProto.encode(proto).finish());
}

function codes(findings: readonly LintFinding[]): string[] {
  return findings.map(({ code }) => code);
}

/** Without what was not examined: these files are made up of single nodes that cannot all be imported. */
function faults(model: OnnxModel, version: number): LintFinding[] {
  return lint({ model, version }).filter(({ code }) => code !== "not-examined");
}

test("lint() finds nothing in a plain network", () => {
  const model = decoded({});
  assert.deepEqual(lint({ model, graph: importGraph(model), version: NANO, memoryBytes: 4 * 2 ** 30 }), []);
});

test("lint() finds the faults of the file itself", () => {
  const cases: [string, OnnxModel, number?][] = [
    ["opset", decoded({ opset: 17 })],
    ["opset", decoded({ opset: 7 }), 100300],
    ["producer", decoded({}, (model) => (model.producerName = "TensorRT"))],
    ["domains", decoded({}, (model) => model.opsetImport.push({ domain: "com.microsoft", version: 1 }))],
    ["node-names", decoded({}, (model) => ((model.graph?.node?.[0] as Onnx.INodeProto).name = ""))],
    ["node-names", decoded({}, (model) => ((model.graph?.node?.[0] as Onnx.INodeProto).name = "node_1"))],
    ["dynamic-shape", decoded({ inputs: [["x", ["batch", 2, 8, 8]]] })],
    ["interface-type", decoded({ inputs: [["x", [1, 2, 8, 8], "uint8"]] })],
    ["interface-type", decoded({ outputs: [["y", [1, 2, 8, 8], "int64"]] })],
    ["weight-type", decoded({ initializers: { ...CLEAN.initializers, h: half() } })],
    ["weight-type", decoded({ initializers: { ...CLEAN.initializers, big: integers([2 ** 40]) } })],
  ];
  for (const [code, model, version = NANO] of cases) {
    const findings = faults(model, version);
    assert.deepEqual(codes(findings), [code]);
    for (const { reason, remedy } of findings) assert.ok(reason.length > 10 && remedy.length > 3);
  }
});

function half(): TensorData {
  return { elementType: "float16", shape: [2], values: Uint16Array.of(0x3c00, 0x4000) };
}

test("lint() allows from a version on what older ones refuse", () => {
  const model = decoded({ inputs: [["x", [1, 2, 8, 8], "uint8"]], initializers: { ...CLEAN.initializers, h: half() } });
  assert.deepEqual(codes(faults(model, 80401)), ["interface-type"]);
  assert.deepEqual(faults(model, 80502), []);
});

test("lint() names the node of an op without an importer", () => {
  const model = decoded({
    opset: 20,
    nodes: [
      ["Gelu", ["x"], ["a"]],
      ["MaxUnpool", ["a", "i"], ["b"], { kernel_shape: [2, 2] }],
      ["HardSwish", ["b"], ["c"]],
      ["GridSample", ["c", "x"], ["y"]],
    ],
  });
  const found = faults(model, NANO).filter(({ code }) => code === "op");
  assert.deepEqual(found.map(({ node, op }) => [node, op]), [
    ["node_0", "Gelu"],
    ["node_1", "MaxUnpool"],
    ["node_2", "HardSwish"],
    ["node_3", "GridSample"],
  ]);
  assert.match(found[2]?.reason ?? "", /HardSwish has no importer before TensorRT 8\.4\.0/);
  const later = lint({ model, version: 100300 }).filter(({ node }) => node !== undefined);
  assert.deepEqual(later.map(({ code, op }) => [code, op]), [["op", "MaxUnpool"], ["not-examined", "GridSample"]]);
});

test("lint() finds the forms that a parser misreads", () => {
  const cases: [string, number, FileNode, number][] = [
    ["reshape-allowzero", 14, ["Reshape", ["x", "axes"], ["y"]], 80501],
    ["reduce-axes-input", 18, ["ReduceMean", ["x", "axes"], ["y"]], 100000],
    ["pad-axes-input", 18, ["Pad", ["x", "axes", "", "axes"], ["y"]], 100000],
    ["split-num-outputs", 18, ["Split", ["x"], ["y", "z"], { axis: 1, num_outputs: 3 }], 100000],
    ["resize-newer-attributes", 18, ["Resize", ["x", "", "axes"], ["y"], { axes: [2, 3] }], 100000],
    ["resize-scales", 13, ["Resize", ["x", "", "computed"], ["y"]], 100000],
    ["constant-form", 13, ["Constant", [], ["y"], { value_int: 3 }], 80501],
  ];
  for (const [code, opset, node, later] of cases) {
    const model = decoded({ opset, nodes: [node] });
    assert.deepEqual(codes(faults(model, NANO).filter(({ node }) => node !== undefined)), [code]);
    assert.ok(!codes(faults(model, later)).includes(code), `${code} is no fault of ${later}`);
  }
  const always: [string, FileNode][] = [
    ["maxpool-indices", ["MaxPool", ["x"], ["y", "indices"], { kernel_shape: [2, 2] }]],
    ["resize-newer-attributes", ["Resize", ["x", "", "axes"], ["y"], { antialias: 1 }]],
    ["workspace", ["ArgMax", ["x"], ["y"], { axis: 1 }]],
    ["scatter-reduction", ["ScatterND", ["x", "axes", "pads"], ["y"], { reduction: "add" }]],
  ];
  for (const [code, node] of always) {
    const model = decoded({ nodes: [node] });
    assert.deepEqual(codes(faults(model, 100300)), [code]);
  }
});

test("lint() examines the nodes of a graph with their shapes", () => {
  const model = decoded({
    nodes: [["Conv", ["x", "x2"], ["c"]], ["Pad", ["c", "crop"], ["y"]]],
    inputs: [["x", [1, 2, 8, 8]], ["x2", [2, 2, 1, 1]]],
    initializers: { crop: integers([0, 0, -1, 0, 0, 0, 0, 0]) },
  });
  const findings = lint({ model, graph: importGraph(model), version: NANO });
  assert.deepEqual(findings.map(({ code, node, op }) => [code, node, op]), [
    ["op-form", "node_0", "Conv"],
    ["op-form", "node_1", "Pad"],
  ]);
  assert.deepEqual(findings.map(({ reason, remedy }) => [reason, remedy]), [
    ["Conv needs its weight as an initializer before TensorRT 10", "make it a constant"],
    ["Pad with negative pads is refused", "use Slice"],
  ]);
});

test("lint() says when a model is too large for the device", () => {
  const side = 4096;
  const model = decoded({ inputs: [["x", [1, 2, side, side]]], outputs: [["y", [1, 2, side, side]]] });
  const graph = importGraph(model);
  const memory = (memoryBytes: number) =>
    lint({ model, graph, version: NANO, memoryBytes }).map(({ code, severity }) => [code, severity]);
  assert.deepEqual(memory(16 * 2 ** 30), []);
  assert.deepEqual(memory(1.9 * 2 ** 30), [["memory", "warning"]]);
  assert.deepEqual(memory(1.6 * 2 ** 30), [["memory", "error"]]);
});

for (const name of ["jnet-n4-16-opset13", "jnet-n4-16-opset14-batchnorm", "jnet-n4-16-opset18"]) {
  const path = sharedPath("golden", "exported", `${name}.onnx`);
  test(`lint() of ${name} has no errors`, { skip: path === undefined ? "shared data absent" : false }, () => {
    const model = decodeModel(new Uint8Array(readFileSync(path as string)));
    const findings = lint({ model, graph: importGraph(model, { batch: 1 }), version: NANO, memoryBytes: 4 * 2 ** 30 });
    assert.deepEqual(findings.filter(({ severity }) => severity === "error"), []);
    const expected = name.endsWith("13") ? ["dynamic-shape"] : ["dynamic-shape", "opset"];
    assert.deepEqual([...new Set(codes(findings))].sort(), expected);
  });
}
