/** Files that are no ONNX models, are damaged, or hold what seg cannot use: one clear error, and nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { importGraph } from "../../src/graph/onnx/import.ts";
import { encodeTensor, type Onnx, onnx } from "../../src/graph/onnx/proto.ts";
import { floats, integers, type TensorData } from "../../src/graph/tensor_type.ts";
import { Random } from "../../src/random.ts";
import { type FileContent, modelFile, noise } from "./model_file.ts";

const SMALL: FileContent = {
  opset: 13,
  inputs: [["x", ["batch", 1, 4, 4]]],
  initializers: { w: noise([2, 1, 3, 3], 1), b: noise([2], 2), shape: integers([0, -1]) },
  outputs: [["y", ["batch", 32]]],
  nodes: [
    ["Conv", ["x", "w", "b"], ["c"], { pads: [1, 1, 1, 1], auto_pad: "NOTSET" }],
    ["LeakyRelu", ["c"], ["r"], { alpha: { f: 0.1 } }],
    ["Reshape", ["r", "shape"], ["y"]],
  ],
};

function read(content: Partial<FileContent>): void {
  importGraph(decodeModel(modelFile({ ...SMALL, ...content })), { batch: 2 });
}

/** The small model with its protobuf message changed. */
function changed(change: (model: Onnx.ModelProto, graph: Onnx.IGraphProto) => void): Uint8Array {
  const model = onnx.ModelProto.decode(modelFile(SMALL));
  change(model, model.graph as Onnx.IGraphProto);
  return onnx.ModelProto.encode(model).finish();
}

test("decodeModel() refuses bytes that are no ONNX model", () => {
  const nifti = new Uint8Array(400);
  nifti.set(new TextEncoder().encode("n+1"), 344);
  for (const bytes of [new Uint8Array(), nifti, new TextEncoder().encode("<!doctype html><html></html>")]) {
    assert.throws(() => decodeModel(bytes), SyntaxError);
  }
});

test("decodeModel() refuses a file that ends early", () => {
  const bytes = modelFile(SMALL);
  assert.throws(() => decodeModel(bytes.subarray(0, bytes.length - 40)), /not an ONNX model/);
});

test("decodeModel() refuses weights whose size does not fit their shape", () => {
  const wrong = (change: (tensor: Onnx.ITensorProto) => void) =>
    changed((_model, graph) => change(graph.initializer?.[0] as Onnx.ITensorProto));
  const cases: [Uint8Array, RegExp][] = [
    [wrong((tensor) => (tensor.dims = [2, 1, 3, 4])), /tensor w needs 96 bytes: found 72/],
    [wrong((tensor) => (tensor.dims = [-2, -9])), /tensor w has the shape \[-2, -9\]/],
    [wrong((tensor) => (tensor.dims = [2 ** 40, 2 ** 40])), /tensor w has the shape/],
    [
      wrong((tensor) => {
        tensor.dims = [2 ** 45];
        tensor.rawData = new Uint8Array();
      }),
      /needs 35184372088832 values: found 0/,
    ],
    [wrong((tensor) => (tensor.dataType = 8)), /element type 8/],
    [wrong((tensor) => (tensor.dataLocation = 1)), /keeps its data in another file/],
  ];
  for (const [bytes, message] of cases) assert.throws(() => decodeModel(bytes), { name: "RangeError", message });
});

test("importGraph() names the node whose input nothing computes: unordered and cyclic graphs", () => {
  const [conv, relu, flat] = SMALL.nodes;
  assert.throws(() => read({ nodes: [relu, conv, flat] as FileContent["nodes"] }), {
    name: "RangeError",
    message: "node node_0 (LeakyRelu) reads c, which nothing before it computes",
  });
  assert.throws(
    () => read({ nodes: [["Add", ["x", "b2"], ["a"]], ["Add", ["a", "x"], ["b2"]], ["Relu", ["b2"], ["y"]]] }),
    /node_0 \(Add\) reads b2/,
  );
});

test("importGraph() says what it cannot use, and where", () => {
  const nodes = (...list: FileContent["nodes"]) => ({ nodes: [...list], outputs: [["y", ["batch"]]] as const });
  const cases: [Partial<FileContent>, RegExp][] = [
    [{ opset: 6 }, /opset 6, but 7 to 26/],
    [{ opset: 99 }, /opset 99/],
    [nodes(["Frobnicate", ["x"], ["y"]]), /node node_0 \(Frobnicate\) has an op that seg does not know/],
    [nodes(["SequenceConstruct", ["x"], ["y"]]), /sequences/],
    [nodes(["Relu", ["x"], ["x"]]), /the name x stands for two tensors/],
    [nodes(["Relu", [], ["y"]]), /node_0 \(Relu\): its inputs and attributes do not fit Relu/],
    [nodes(["Conv", ["x", "w"], ["y"], { flavour: 3 }]), /attribute flavour is not supported/],
    [nodes(["Conv", ["x", "w"], ["y"], { pads: "none" }]), /attribute pads is not of the kind ints/],
    [nodes(["Conv", ["x", "w"], ["y"], { group: 2 }]), /node_0 \(Conv\): Conv input x/],
    [nodes(["Reshape", ["x", "x"], ["y"]]), /its shape must be constant, but x is computed from data/],
    [nodes(["Reshape", ["x", "big"], ["y"]]), /Cannot reshape/],
    [nodes(["Tile", ["x", "big"], ["y"]]), /shape \[2000000000, 1000000000, 4, 4\], which no tensor can have/],
    [nodes(["Softmax", ["x"], ["y"], { axis: 1 }]), /export the model with opset 13/],
    [nodes(["Dropout", ["x", "half", "true"], ["y"]]), /training mode/],
    [{ inputs: [["x", ["batch", 1, "h", 4]]] }, /dimension h of input x is not fixed/],
    [{ outputs: [["nothing", [1]]] }, /output nothing is computed by no node/],
  ];
  const initializers: Record<string, TensorData> = {
    ...SMALL.initializers,
    big: integers([1e9, 1e9, 1, 1]),
    half: floats([0.5], []),
    true: { elementType: "bool", shape: [], values: Uint8Array.of(1) },
  };
  for (const [content, message] of cases) {
    const opset = message.source.includes("opset 13") ? 11 : SMALL.opset;
    assert.throws(() => read({ opset, initializers, ...content }), { name: "RangeError", message });
  }
});

test("importGraph() refuses control flow and custom ops with the way out", () => {
  const withNode = (node: Onnx.INodeProto) =>
    changed((_model, graph) => (graph.node as Onnx.INodeProto[]).push({ output: ["z"], ...node }));
  const graphAttribute = { name: "body", type: onnx.AttributeProto.AttributeType.GRAPH, g: { name: "body" } };
  const cases: [Uint8Array, RegExp][] = [
    [
      withNode({ name: "loop", opType: "Loop", input: ["x"], attribute: [graphAttribute] }),
      /node loop \(Loop\) holds a sub-graph \(body\); export/,
    ],
    [
      withNode({ name: "nms", opType: "NMS", domain: "com.example", input: ["x"] }),
      /node nms \(com.example::NMS\) is not an op of ONNX itself/,
    ],
    [
      changed((_model, graph) => (graph.sparseInitializer = [{ values: encodeTensor(floats([1]), "s") }])),
      /sparse weights/,
    ],
    [
      changed((_model, graph) => (graph.input = [{ name: "x", type: { sequenceType: {} } }])),
      /input x has no tensor type/,
    ],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(() => importGraph(decodeModel(bytes), { batch: 1 }), { name: "RangeError", message });
  }
});

test("decodeModel() and importGraph() throw nothing but RangeError and SyntaxError on mutated files", () => {
  const random = new Random(11);
  const bytes = modelFile(SMALL);
  let refused = 0;
  for (let i = 0; i < 2000; i++) {
    const copy = bytes.slice(0, i % 4 === 0 ? random.integer(bytes.length) : bytes.length);
    for (let k = 0; k <= random.integer(3) && copy.length > 0; k++) {
      copy[random.integer(copy.length)] = random.bits() & 0xff;
    }
    try {
      importGraph(decodeModel(copy), { batch: 2, dimensions: { batch: 2 } });
    } catch (error) {
      refused++;
      assert.ok(
        error instanceof RangeError || error instanceof SyntaxError,
        `mutation ${i}: ${error instanceof Error ? error.stack : error}`,
      );
    }
  }
  assert.ok(refused > 500, `${refused} of 2000 files were refused`);
});
