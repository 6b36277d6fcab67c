import assert from "node:assert/strict";
import { test } from "node:test";
import { type ExportOptions } from "../../src/deployment/export_model.ts";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { floats, integers, tensorOf } from "../../src/graph/tensor_type.ts";
import { createSession } from "../../src/runtime/session.ts";
import { lint } from "../../src/tensorrt/lint.ts";
import { type FileContent, modelFile, noise } from "../graph/model_file.ts";
import { exportFile } from "./running.ts";

const IMAGE = floats(Float32Array.from({ length: 32 }, (_, i) => Math.sin(i)), [1, 2, 4, 4]);

/** Exports for TensorRT 8.2 and checks that what is left gives the file's own values and passes the lint without errors. */
async function repaired(content: Partial<FileContent>, options: Partial<ExportOptions> = {}) {
  const version = options.tensorRtVersion ?? 80201;
  const bytes = modelFile({ opset: 17, inputs: [["x", [1, 2, 4, 4]]], initializers: {}, ...content } as FileContent);
  const exported = exportFile({ bytes, tensorRtVersion: version, ...options });
  const model = decodeModel(exported.bytes);
  const errors = lint({ model, graph: exported.graph, version }).filter(({ severity }) => severity === "error");
  assert.deepEqual(errors, []);
  const run = async (file: Uint8Array) => {
    const session = await createSession(file, { threads: 1 });
    try {
      return await session.run({ x: IMAGE });
    } finally {
      await session.release();
    }
  };
  return { model, notes: exported.notes.join("\n"), before: await run(bytes), after: await run(exported.bytes) };
}

test("exportModel() ends in front of a final ArgMax, and says so", async () => {
  const { model, notes, after } = await repaired({
    initializers: { w: noise([3, 2, 1, 1], 1) },
    nodes: [
      ["Conv", ["x", "w"], ["scores"]],
      ["ArgMax", ["scores"], ["classes"], { axis: 1, keepdims: 0 }],
      ["Cast", ["classes"], ["mask"], { to: 6 }],
    ],
    outputs: [["mask", [1, 4, 4], "int32"]],
  });
  assert.deepEqual(model.nodes.map(({ opType }) => opType), ["Conv"]);
  assert.match(notes, /the ArgMax behind output mask is left to the CPU: the output is now its input node_0/);
  assert.deepEqual(after["node_0"]?.shape, [1, 3, 4, 4]);
});

test("exportModel() keeps an ArgMax that something else reads, and without a TensorRT", async () => {
  const content: Partial<FileContent> = {
    nodes: [
      ["ArgMax", ["x"], ["classes"], { axis: 1, keepdims: 1 }],
      ["Cast", ["classes"], ["mask"], { to: 1 }],
      ["Mul", ["mask", "x"], ["y"]],
    ],
    outputs: [["y", [1, 2, 4, 4]]],
  };
  const { model, before, after } = await repaired(content);
  assert.ok(model.nodes.some(({ opType }) => opType === "ArgMax"));
  assert.deepEqual(after["y"]?.values, before["y"]?.values);
  const final = modelFile({
    opset: 13,
    inputs: [["x", [1, 2, 4, 4]]],
    initializers: {},
    nodes: [["Relu", ["x"], ["r"]], ["ArgMax", ["r"], ["y"], { axis: 1, keepdims: 0 }]],
    outputs: [["y", [1, 4, 4], "int64"]],
  });
  assert.deepEqual(exportFile({ bytes: final }).graph.nodes.map(({ op }) => op.type), ["Relu", "ArgMax"]);
});

test("exportModel() computes the sizes of Resize and writes them as constant scales", async () => {
  const { model, notes, before, after } = await repaired({
    initializers: {
      from: integers([2]),
      to: integers([4]),
      two: integers([2]),
      front: integers([1, 2]),
      empty: floats([], [0]),
    },
    nodes: [
      ["Shape", ["x"], ["shape"]],
      ["Slice", ["shape", "from", "to"], ["sizes"]],
      ["Mul", ["sizes", "two"], ["doubled"]],
      ["Concat", ["front", "doubled"], ["all"], { axis: 0 }],
      ["Resize", ["x", "empty", "", "all"], ["y"], { mode: "linear", coordinate_transformation_mode: "half_pixel" }],
    ],
    outputs: [["y", [1, 2, 8, 8]]],
  });
  const [node] = model.nodes;
  assert.equal(node?.opType, "Resize");
  assert.deepEqual([...model.initializers.get(node?.inputs[2] ?? "")?.values as Float32Array], [1, 1, 2, 2]);
  assert.equal(node?.inputs[3] ?? "", "");
  assert.match(notes, /1 Resize now have constant scales in place of sizes/);
  assert.deepEqual(after["y"]?.values, before["y"]?.values);
});

test("exportModel() writes allowzero where the opset has it", async () => {
  const content: Partial<FileContent> = {
    initializers: { shape: integers([1, 32]) },
    nodes: [["Reshape", ["x", "shape"], ["y"]]],
    outputs: [["y", [1, 32]]],
  };
  const { model, notes } = await repaired(content, { opset: 17, tensorRtVersion: 80401 });
  assert.equal(model.nodes[0]?.attributes["allowzero"], 0);
  assert.match(notes, /1 Reshape now carry allowzero/);
  assert.equal((await repaired(content)).model.nodes[0]?.attributes["allowzero"], undefined);
});

test("exportModel() makes float32 of float64, cuts int64 to int32, and names the opset that it left", async () => {
  const { model, notes, before, after } = await repaired({
    initializers: {
      wide: tensorOf("float64", [1], [0.5]),
      far: integers([2 ** 40, -(2 ** 40)].map(Number), [2, 1, 1]),
    },
    nodes: [
      ["Cast", ["x"], ["d"], { to: 11 }],
      ["Mul", ["d", "wide"], ["half"]],
      ["Cast", ["half"], ["f"], { to: 1 }],
      ["Cast", ["x"], ["i"], { to: 7 }],
      ["Less", ["i", "far"], ["near"]],
      ["Where", ["near", "f", "x"], ["y"]],
    ],
    outputs: [["y", [1, 2, 4, 4]]],
  });
  assert.ok([...model.initializers.values()].every(({ elementType }) => elementType !== "float64"));
  assert.match(notes, /opset 17 of the file became 13/);
  assert.match(notes, /float16 and float64 numbers became float32/);
  assert.match(notes, /1 int64 weights were cut to the range of int32/);
  assert.deepEqual(after["y"]?.values, before["y"]?.values);
});

test("exportModel() writes HardSwish as HardSigmoid times x for TensorRT 8.2 and keeps it where it is known", async () => {
  const content: Partial<FileContent> = { nodes: [["HardSwish", ["x"], ["y"]]], outputs: [["y", [1, 2, 4, 4]]] };
  const { model, notes, before, after } = await repaired(content);
  assert.deepEqual(model.nodes.map(({ opType }) => opType), ["HardSigmoid", "Mul"]);
  assert.match(notes, /1 HardSwish written in simpler ops/);
  const difference = (after["y"]?.values as Float32Array).map((value, i) => value - Number(before["y"]?.values[i]));
  assert.ok(difference.every((value) => Math.abs(value) < 1e-6));
  const newer = await repaired(content, { opset: 17, tensorRtVersion: 80600 });
  assert.deepEqual(newer.model.nodes.map(({ opType }) => opType), ["HardSwish"]);
});
