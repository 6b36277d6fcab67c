import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { lookAhead } from "../../src/deployment/for_target.ts";
import { messageOf } from "../../src/failure.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { importGraph } from "../../src/graph/onnx/import.ts";
import type { OnnxModel } from "../../src/graph/onnx/model.ts";
import { type Onnx, onnx } from "../../src/graph/onnx/proto.ts";
import { floats, integers, type TensorData } from "../../src/graph/tensor_type.ts";
import { modelOf } from "../../src/model/model.ts";
import { lint, type LintFinding } from "../../src/tensorrt/lint.ts";
import { findTarget } from "../../src/tensorrt/targets.ts";
import { type FileContent, type FileNode, modelFile } from "../graph/model_file.ts";
import { sharedPath } from "../shared.ts";

const NANO = findTarget("nano");

/** As `seg inspect` does: with a graph where the file can be imported, and with what the export mends. */
function inspected(bytes: Uint8Array, version = 80201): LintFinding[] {
  const model = decodeModel(bytes);
  let graph: Graph | undefined;
  let fault: string | undefined;
  try {
    graph = importGraph(model, { batch: 1 });
  } catch (error) {
    fault = messageOf(error);
  }
  const findings = lint({ model, version, ...(graph ? { graph } : { fault: fault ?? "" }) });
  return [...lookAhead(findings, modelOf("model.onnx", bytes), { target: { ...NANO, tensorRt: version } }).lint];
}

/** The code that says why 8.2 refuses or misreads the file; "mended" where the export writes another form of all that is found. */
const VERDICTS: Readonly<Record<string, string>> = {
  "08_resize_tf_crop": "resize-coordinates",
  "14_clip_bounds_computed": "clip-bounds",
  "22_slice_step2_int64max": "mended",
  "23_slice_axes_dynamic": "axes-input",
  "30_einsum_ellipsis": "einsum-equation",
  "33_scatternd_reduction_o16": "scatter-reduction",
  "43_topk_k_dynamic": "topk-k",
  "59_range_float_dyn": "range-inputs",
  "60_dropout_training": "dropout-training",
  "61_squeeze_dyn_axes": "axes-input",
  "64_lppool_p3": "lp-pool",
  "75_int32_conv": "operand-type",
  "79_split_num_outputs_uneven_o18": "split-num-outputs",
  "90_conv_argmax": "mended",
  "91_conv_argmax_cast_u8": "mended",
};

const folder = sharedPath("cases", "tensorrt-lint");

test("lint() finds what TensorRT 8.2 refuses or misreads in the shared files", {
  skip: folder ? false : "shared data absent",
}, () => {
  const files = readdirSync(folder ?? "").filter((file) => file.endsWith(".onnx"));
  assert.deepEqual(files.map((file) => file.replace(".onnx", "")).sort(), Object.keys(VERDICTS).sort());
  for (const file of files) {
    const findings = inspected(readFileSync(join(folder ?? "", file)));
    const verdict = VERDICTS[file.replace(".onnx", "")] ?? "";
    if (verdict === "mended") {
      assert.ok(findings.length > 0 && findings.every(({ repairable }) => repairable), file);
    } else {
      const found = findings.find(({ code }) => code === verdict);
      assert.equal(found?.severity, "error", `${file}: ${JSON.stringify(findings)}`);
    }
    assert.doesNotMatch(findings.map(({ reason }) => reason).join(), /dilations/, file);
  }
});

const X: FileContent["inputs"] = [["x", [1, 4, 8, 8]]];
const OPEN: FileContent["inputs"] = [["x", [1, 4, 8, 8]], ["z", ["n", 4]]];

interface Case {
  readonly name: string;
  readonly node: FileNode;
  readonly opset?: number;
  readonly inputs?: FileContent["inputs"];
  readonly initializers?: Readonly<Record<string, TensorData>>;
  readonly version?: number;
}

function file({ node, opset = 13, inputs = X, initializers = {} }: Case): Uint8Array {
  return modelFile({ opset, inputs, initializers, outputs: [["y", [1]]], nodes: [node] });
}

const W = floats(new Array(16).fill(0.5), [4, 4]);
const ZERO: TensorData = { elementType: "int8", shape: [], values: Int8Array.of(0) };
const K = (k: number) => ({ k: integers([k]) });

/** Nodes that TensorRT builds rightly: no finding at all. */
const CLEAN: readonly Case[] = [
  {
    name: "Einsum of two operands",
    node: ["Einsum", ["x", "w"], ["y"], { equation: "bchw,wk->bchk" }],
    inputs: [["x", [1, 4, 8, 4]]],
    initializers: { w: W },
  },
  { name: "Einsum of one operand", node: ["Einsum", ["x"], ["y"], { equation: "abcd->acbd" }] },
  {
    name: "ScatterND without a reduction",
    node: ["ScatterND", ["x", "i", "u"], ["y"]],
    initializers: { i: integers([0, 0]), u: floats([1]) },
  },
  {
    name: "ScatterND with reduction none",
    node: ["ScatterND", ["x", "i", "u"], ["y"], { reduction: "none" }],
    initializers: { i: integers([0, 0]), u: floats([1]) },
  },
  { name: "TopK with constant K", node: ["TopK", ["x", "k"], ["y", "i"], { axis: 1 }], initializers: K(3) },
  { name: "TopK with K 3840", node: ["TopK", ["x", "k"], ["y", "i"], { axis: 1 }], initializers: K(3840) },
  {
    name: "QuantizeLinear with zero point 0",
    node: ["QuantizeLinear", ["x", "s", "zero"], ["y"]],
    initializers: { s: floats([0.1], []), zero: ZERO },
  },
  {
    name: "GridSample of four axes on 8.5",
    node: ["GridSample", ["x", "g"], ["y"]],
    opset: 16,
    inputs: [["x", [1, 4, 8, 8]], ["g", [1, 8, 8, 2]]],
    version: 80502,
  },
  { name: "LpPool with p 2", node: ["LpPool", ["x"], ["y"], { kernel_shape: [2, 2], p: 2 }] },
  { name: "CumSum with a constant axis", node: ["CumSum", ["x", "a"], ["y"]], initializers: { a: integers([1], []) } },
  {
    name: "Split into equal parts by num_outputs on 8.6",
    node: ["Split", ["x"], ["y", "z"], { axis: 1, num_outputs: 2 }],
    opset: 17,
    version: 80602,
  },
  { name: "GRU of one direction", node: ["GRU", ["x", "w", "w"], ["y"], { hidden_size: 4 }], initializers: { w: W } },
];

for (const one of CLEAN) {
  test(`lint() finds nothing in ${one.name}`, () => {
    assert.deepEqual(inspected(file(one), one.version), []);
  });
}

/** Nodes of the same ops whose conditions do not hold, with the code and the severity. */
const FAULTY: readonly (readonly [Case, string, "error" | "warning"])[] = [
  [
    {
      name: "Einsum with broadcasting",
      node: ["Einsum", ["x", "w"], ["y"], { equation: "bchw,wk->bchk" }],
      initializers: { w: W },
    },
    "einsum-equation",
    "error",
  ],
  [
    { name: "Einsum with a diagonal", node: ["Einsum", ["x"], ["y"], { equation: "abcc->abc" }] },
    "einsum-equation",
    "error",
  ],
  [
    {
      name: "Einsum of three operands",
      node: ["Einsum", ["x", "w", "w"], ["y"], { equation: "abcd,de,ef->abcf" }],
      initializers: { w: W },
    },
    "einsum-equation",
    "error",
  ],
  [
    {
      name: "Einsum of shapes that are not known",
      node: ["Einsum", ["z", "w"], ["y"], { equation: "nk,kl->nl" }],
      inputs: OPEN,
      initializers: { w: W },
    },
    "not-examined",
    "warning",
  ],
  [{ name: "TopK with K 4000", node: ["TopK", ["x", "k"], ["y", "i"]], initializers: K(4000) }, "topk-k", "error"],
  [
    {
      name: "QuantizeLinear with another zero point",
      node: ["QuantizeLinear", ["x", "s", "zero"], ["y"]],
      initializers: { s: floats([0.1], []), zero: { elementType: "int8", shape: [], values: Int8Array.of(3) } },
    },
    "quantization",
    "error",
  ],
  [
    {
      name: "QuantizeLinear with a computed scale",
      node: ["QuantizeLinear", ["x", "z", "zero"], ["y"]],
      inputs: OPEN,
      initializers: { zero: ZERO },
    },
    "not-examined",
    "warning",
  ],
  [
    {
      name: "QuantizeLinear without a zero point",
      node: ["QuantizeLinear", ["x", "s"], ["y"]],
      initializers: { s: floats([0.1], []) },
    },
    "quantization",
    "error",
  ],
  [
    {
      name: "GridSample of five axes",
      node: ["GridSample", ["x", "g"], ["y"]],
      opset: 16,
      inputs: [["x", [1, 4, 8, 8, 8]], ["g", [1, 8, 8, 8, 3]]],
      version: 80502,
    },
    "grid-sample",
    "error",
  ],
  [{ name: "CumSum with a computed axis", node: ["CumSum", ["x", "z"], ["y"]], inputs: OPEN }, "axes-input", "error"],
  [
    { name: "LpPool with dilations", node: ["LpPool", ["x"], ["y"], { kernel_shape: [2, 2], dilations: [2, 2] }] },
    "lp-pool",
    "error",
  ],
  [
    { name: "Softplus of int32", node: ["Softplus", ["x"], ["y"]], inputs: [["x", [1, 4], "int32"]] },
    "operand-type",
    "error",
  ],
  [
    {
      name: "a Cast and an op that is not known behind it",
      node: ["Celu", ["x"], ["y"]],
      inputs: [["x", [1, 4], "int64"]],
    },
    "operand-type",
    "error",
  ],
  [
    { name: "an op newer than the lists", node: ["Swish", ["x"], ["y"]], opset: 20, version: 101303 },
    "not-examined",
    "warning",
  ],
];

for (const [one, code, severity] of FAULTY) {
  test(`lint() finds ${code} in ${one.name}`, () => {
    const found = inspected(file(one), one.version).find((finding) => finding.code === code);
    assert.equal(found?.severity, severity);
  });
}

function body(op: string, output: string): Onnx.IGraphProto {
  const rank4 = { tensorType: { elemType: 1, shape: { dim: [1, 4, 8, 8].map((dimValue) => ({ dimValue })) } } };
  return {
    name: output,
    node: [{ opType: op, name: `${op}_inside`, input: ["x"], output: [output] }],
    output: [{ name: output, type: rank4 }],
  };
}

/** A model of one If whose branches hold these ops. */
function conditional(then: string, other: string, names = ["a", "b"]): OnnxModel {
  const bytes = modelFile({
    opset: 13,
    inputs: [["x", [1, 4, 8, 8]], ["c", [], "bool"]],
    outputs: [["y", [1, 4, 8, 8]]],
    nodes: [["If", ["c"], ["y"]]],
  });
  const proto = onnx.ModelProto.decode(bytes);
  const [node] = proto.graph?.node ?? [];
  const type = onnx.AttributeProto.AttributeType.GRAPH;
  (node as Onnx.INodeProto).attribute = [
    { name: "then_branch", type, g: body(then, names[0] ?? "") },
    { name: "else_branch", type, g: body(other, names[1] ?? "") },
  ];
  return decodeModel(onnx.ModelProto.encode(proto).finish());
}

test("lint() looks into the branches of If", () => {
  assert.deepEqual(lint({ model: conditional("Relu", "Sigmoid"), version: 80201 }), []);
  const found = lint({ model: conditional("Relu", "HardSwish"), version: 80201 });
  assert.deepEqual(found.map(({ code, node }) => [code, node]), [["op", "HardSwish_inside"]]);
  assert.deepEqual(
    lint({ model: conditional("Relu", "Sigmoid", ["a", "a"]), version: 80201 }).map(({ code }) => code),
    ["if-branches"],
  );
});

test("lint() says which nodes it did not examine for want of shapes", () => {
  const model = decodeModel(modelFile({
    opset: 13,
    inputs: X,
    initializers: { w: floats(new Array(16).fill(1), [4, 4, 1, 1]) },
    outputs: [["y", [1]]],
    nodes: [["Celu", ["x"], ["a"]], ["Conv", ["a", "w"], ["y"]]],
  }));
  const found = lint({ model, version: 80201, fault: "Celu is not known" });
  assert.deepEqual(found.map(({ code }) => code), ["not-examined"]);
  assert.match(
    found[0]?.reason ?? "",
    /not known \(Celu is not known\), so that 1 node was not examined.*node_1 \(Conv\)/,
  );
});

test("lookAhead() tells what an export writes in another form from what stays", () => {
  const findings = (nodes: readonly FileNode[], opset: number) =>
    inspected(
      modelFile({
        opset,
        inputs: X,
        initializers: { axes: integers([2, 3]) },
        outputs: [["y", [1, 4, 8, 8]]],
        nodes: [...nodes],
      }),
    );
  const mended = findings([["HardSwish", ["x"], ["y"]]], 14);
  assert.deepEqual(mended.map(({ code, repairable }) => [code, repairable]), [["opset", true], ["op", true]]);
  const shrunk = findings([["ReduceMean", ["x", "axes"], ["y"]]], 18);
  assert.ok(shrunk.some(({ code }) => code === "reduce-axes-input") && shrunk.every(({ repairable }) => repairable));
  // The export refuses the whole file: nothing of it is mended.
  const stays = findings(
    [["HardSwish", ["x"], ["h"]], ["Det", ["h"], ["y"]]],
    14,
  );
  assert.ok(stays.length > 2 && stays.every(({ repairable }) => !repairable));
});
