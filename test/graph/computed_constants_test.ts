/** Files of a kilobyte that ask for gigabytes: refused by the shapes, before anything is computed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { importGraph } from "../../src/graph/onnx/import.ts";
import { floats, integers, type TensorData } from "../../src/graph/tensor_type.ts";
import { type FileNode, modelFile } from "./model_file.ts";

function fileOf(
  nodes: readonly FileNode[],
  initializers: Readonly<Record<string, TensorData>>,
  last: string,
): Uint8Array {
  return modelFile({
    opset: 13,
    inputs: [["x", [1]]],
    initializers,
    outputs: [["y", ["n"]]],
    nodes: [...nodes, ["Add", ["x", last], ["y"]]],
  });
}

/** 64 bytes doubled 32 times. */
function doubled(op: (from: string, to: string) => FileNode, initializers: Readonly<Record<string, TensorData>> = {}) {
  const nodes = Array.from({ length: 32 }, (_, i) => op(`c${i}`, `c${i + 1}`));
  return fileOf(nodes, { c0: floats(new Float32Array(16)), ...initializers }, "c32");
}

const BOMBS: readonly (readonly [string, Uint8Array])[] = [
  ["Concat", doubled((from, to) => ["Concat", [from, from], [to], { axis: 0 }])],
  ["Tile", doubled((from, to) => ["Tile", [from, "two"], [to]], { two: integers([2]) })],
  [
    "ConstantOfShape",
    fileOf([["ConstantOfShape", ["shape"], ["big"]]], { shape: integers([2 ** 31]) }, "big"),
  ],
  [
    "Range",
    fileOf(
      Array.from({ length: 40 }, (_, i) => ["Range", ["zero", "end", "one"], [`r${i}`]] as const),
      { zero: integers([0], []), end: integers([2 ** 28], []), one: integers([1], []) },
      "r0",
    ),
  ],
];

for (const [op, bytes] of BOMBS) {
  test(`importGraph() refuses ${op} that computes gigabytes from constants, without taking them`, () => {
    assert.ok(bytes.length < 4096, `${bytes.length} bytes`);
    const model = decodeModel(bytes);
    const before = process.memoryUsage().arrayBuffers;
    assert.throws(() => importGraph(model), new RegExp(`${op}.*bytes from constants alone`));
    const taken = process.memoryUsage().arrayBuffers - before;
    assert.ok(taken < 256 * 2 ** 20, `${taken} bytes`);
  });
}

test("importGraph() refuses lists of axes and sizes that are no lists", () => {
  const shape = integers(new Array<number>(70_000).fill(1));
  const bytes = fileOf([["Reshape", ["x", "shape"], ["big"]]], { shape }, "big");
  assert.throws(() => importGraph(decodeModel(bytes)), /its shape has 70000 numbers/);
});

test("importGraph() computes what a file of ordinary size needs", () => {
  const doublings = Array.from(
    { length: 16 },
    (_, i) => ["Concat", [`c${i}`, `c${i}`], [`c${i + 1}`], { axis: 0 }] as const,
  );
  const graph = importGraph(decodeModel(fileOf(doublings, { c0: floats(new Float32Array(16)) }, "c16")));
  assert.deepEqual(graph.outputs[0]?.type.shape, [2 ** 20]);
  assert.deepEqual(graph.nodes.map(({ op }) => op.type), ["Add"]);
});
