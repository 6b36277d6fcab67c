/** Files of other exporters become graphs that compute what the files do. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { importGraph, type ImportOptions } from "../../src/graph/onnx/import.ts";
import { floats, integers, type TensorData, tensorOf } from "../../src/graph/tensor_type.ts";
import { createSession } from "../../src/runtime/session.ts";
import { largestDifference } from "../golden.ts";
import { sharedPath } from "../shared.ts";
import { modelFile, noise } from "./model_file.ts";

// Of float32 networks whose nodes ONNX Runtime fuses in another way.
const TOLERANCE = 1e-5;

for (const name of ["jnet-n4-16-opset13", "jnet-n4-16-opset14-batchnorm", "jnet-n4-16-opset18"]) {
  const path = sharedPath("golden", "exported", `${name}.onnx`);
  test(
    `importGraph() keeps what ${name} computes`,
    { skip: path === undefined ? "shared data absent" : false },
    async () => {
      const bytes = new Uint8Array(readFileSync(path as string));
      const opset = decodeModel(bytes).opsets[""] as number;
      await checkSame(bytes, { batch: 2 }, [13, opset, 17]);
    },
  );
}

/** Imports `bytes`, writes the graph with each opset, and compares every output in ONNX Runtime. Returns the op types that are left. */
async function checkSame(
  bytes: Uint8Array,
  options: ImportOptions = {},
  opsets: readonly number[] = [13, 17],
): Promise<string[]> {
  const graph = importGraph(decodeModel(bytes), options);
  const feeds = Object.fromEntries(graph.inputs.map(({ name, type }, i) => [name, noise(type.shape, i)]));
  const expected = await run(bytes, feeds);
  for (const opset of opsets) {
    const found = await run(encodeModel(graph, { opset }), feeds);
    assert.deepEqual(Object.keys(found), Object.keys(expected), "the names of the outputs");
    for (const [name, data] of Object.entries(expected)) {
      assert.deepEqual(found[name]?.shape, data.shape, `shape of ${name}`);
      const difference = largestDifference(found[name]?.values as Float32Array, data.values as Float32Array);
      assert.ok(difference <= TOLERANCE, `opset ${opset}, output ${name}: difference ${difference}`);
    }
  }
  return graph.nodes.map(({ op }) => op.type);
}

async function run(model: Uint8Array, feeds: Record<string, TensorData>): Promise<Record<string, TensorData>> {
  const session = await createSession(model, { threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

test("importGraph() computes PyTorch's shape arithmetic before Reshape and Resize", async () => {
  const ops = await checkSame(
    modelFile({
      opset: 11,
      inputs: [["x", ["batch", 4, "height", "width"]], ["skip", ["batch", 2, "tall", "wide"]]],
      initializers: { zero: integers([0], []), two: integers([2], []), axis0: integers([0]) },
      outputs: [["y", ["batch", 4, "tall", "wide"]], ["z", ["batch", "features"]]],
      nodes: [
        // F.interpolate(x, size=skip.shape[2:])
        ["Shape", ["skip"], ["s0"]],
        ["Constant", [], ["c2"], { value: integers([2]) }],
        ["Constant", [], ["c4"], { value: integers([4]) }],
        ["Slice", ["s0", "c2", "c4", "axis0"], ["wanted"]],
        ["Shape", ["x"], ["s1"]],
        ["Constant", [], ["c0"], { value: integers([0]) }],
        ["Slice", ["s1", "c0", "c2", "axis0"], ["kept"]],
        ["Cast", ["wanted"], ["wanted64"], { to: 7 }],
        ["Concat", ["kept", "wanted64"], ["sizes"], { axis: 0 }],
        ["Constant", [], ["empty"], { value: floats([]) }],
        ["Resize", ["x", "empty", "empty", "sizes"], ["y"], {
          mode: "linear",
          coordinate_transformation_mode: "pytorch_half_pixel",
          nearest_mode: "floor",
          cubic_coeff_a: { f: -0.75 },
        }],
        // x.view(x.shape[0], -1)
        ["Shape", ["x"], ["s2"]],
        ["Gather", ["s2", "zero"], ["n"], { axis: 0 }],
        ["Unsqueeze", ["n"], ["n1"], { axes: [0] }],
        ["Constant", [], ["rest"], { value: integers([-1]) }],
        ["Concat", ["n1", "rest"], ["flat"], { axis: 0 }],
        ["Reshape", ["x", "flat"], ["z"]],
      ],
    }),
    { batch: 2, dimensions: { height: 3, width: 5, tall: 6, wide: 7 } },
  );
  assert.deepEqual(ops, ["Resize", "Reshape"]);
});

test("importGraph() computes scaled sizes, padding lists and expanded shapes", async () => {
  const ops = await checkSame(
    modelFile({
      opset: 13,
      inputs: [["x", ["N", 2, 5, 6]]],
      initializers: { axis: integers([0]), one: integers([1]), minus: integers([-1]) },
      outputs: [["y", ["N", 2, "h", "w"]], ["p", ["N", 2, "h", "w"]], ["e", ["N", 2, 5, 6]], ["g", [5]]],
      nodes: [
        // sizes = floor(shape · 1.5)
        ["Shape", ["x"], ["s"]],
        ["Constant", [], ["i2"], { value: integers([2], []) }],
        ["Gather", ["s", "i2"], ["h"]],
        ["Constant", [], ["i3"], { value: integers([3], []) }],
        ["Gather", ["s", "i3"], ["w"]],
        ["Cast", ["h"], ["hf"], { to: 1 }],
        ["Cast", ["w"], ["wf"], { to: 1 }],
        ["Constant", [], ["factor"], { value: floats([1.5], []) }],
        ["Mul", ["hf", "factor"], ["hs"]],
        ["Mul", ["wf", "factor"], ["ws"]],
        ["Floor", ["hs"], ["hi"]],
        ["Floor", ["ws"], ["wi"]],
        ["Cast", ["hi"], ["h64"], { to: 7 }],
        ["Cast", ["wi"], ["w64"], { to: 7 }],
        ["Unsqueeze", ["h64", "axis"], ["h1"]],
        ["Unsqueeze", ["w64", "axis"], ["w1"]],
        ["Constant", [], ["front0"], { value: integers([0]) }],
        ["Constant", [], ["front2"], { value: integers([2]) }],
        ["Slice", ["s", "front0", "front2", "axis"], ["nc"]],
        ["Concat", ["nc", "h1", "w1"], ["sizes"], { axis: 0 }],
        ["Resize", ["x", "", "", "sizes"], ["y"], {
          mode: "nearest",
          nearest_mode: "floor",
          coordinate_transformation_mode: "asymmetric",
        }],
        // F.pad(x, [1, 2, 0, 1]): zeros are appended, the pairs reversed and transposed
        ["Constant", [], ["pads"], { value: integers([1, 2, 0, 1]) }],
        ["Constant", [], ["four"], { value: integers([4]) }],
        ["ConstantOfShape", ["four"], ["more"], { value: integers([0]) }],
        ["Concat", ["pads", "more"], ["all"], { axis: 0 }],
        ["Constant", [], ["pairs"], { value: integers([-1, 2]) }],
        ["Reshape", ["all", "pairs"], ["matrix"]],
        ["Constant", [], ["last"], { value: integers([-1]) }],
        ["Constant", [], ["far"], { value: integers([-9223372036854775000]) }],
        ["Slice", ["matrix", "last", "far", "axis", "minus"], ["reversed"]],
        ["Transpose", ["reversed"], ["turned"], { perm: [1, 0] }],
        ["Reshape", ["turned", "last"], ["list"]],
        ["Cast", ["list"], ["list64"], { to: 7 }],
        ["Pad", ["x", "list64"], ["p"], { mode: "constant" }],
        // b.expand(-1, …) with Where(Equal(shape, −1), ones, shape)
        ["Constant", [], ["asked"], { value: integers([-1, 2, 5, 6]) }],
        ["Shape", ["asked"], ["rank"]],
        ["ConstantOfShape", ["rank"], ["ones"], { value: integers([1]) }],
        ["Mul", ["ones", "minus"], ["minuses"]],
        ["Equal", ["asked", "minuses"], ["open"]],
        ["Where", ["open", "ones", "asked"], ["target"]],
        ["ReduceMean", ["x"], ["m"], { axes: [2, 3], keepdims: 1 }],
        ["Expand", ["m", "target"], ["e"]],
        // torch.arange(h)
        ["Constant", [], ["start"], { value: integers([0], []) }],
        ["Constant", [], ["step"], { value: integers([1], []) }],
        ["Range", ["start", "h", "step"], ["r"]],
        ["Cast", ["r"], ["g"], { to: 1 }],
      ],
    }),
    { batch: 3 },
  );
  assert.deepEqual(ops, ["Resize", "Pad", "ReduceMean", "Expand"]);
});

test("importGraph() reads tf2onnx's NHWC graphs with Constant weights", async () => {
  const ops = await checkSame(
    modelFile({
      opset: 12,
      inputs: [["image:0", ["unk__1", 8, 6, 3]]],
      outputs: [["Identity:0", ["unk__1", 8, 6, 2]], ["pooled:0", ["unk__1", 4]]],
      nodes: [
        ["Constant", [], ["kernel:0"], { value: noise([3, 3, 3, 4], 1) }],
        ["Transpose", ["kernel:0"], ["kernel_oihw:0"], { perm: [3, 2, 0, 1] }],
        ["Transpose", ["image:0"], ["nchw:0"], { perm: [0, 3, 1, 2] }],
        ["Conv", ["nchw:0", "kernel_oihw:0"], ["conv:0"], {
          auto_pad: "SAME_UPPER",
          strides: [2, 2],
          kernel_shape: [3, 3],
        }],
        ["Constant", [], ["bias:0"], { value: noise([4], 2) }],
        ["Constant", [], ["bias_shape:0"], { value: integers([1, -1, 1, 1]) }],
        ["Reshape", ["bias:0", "bias_shape:0"], ["bias4:0"]],
        ["Add", ["conv:0", "bias4:0"], ["sum:0"]],
        ["Constant", [], ["six:0"], { value: floats([6], []) }],
        ["Constant", [], ["zero:0"], { value: floats([0], []) }],
        ["Clip", ["sum:0", "zero:0", "six:0"], ["relu6:0"]],
        ["GlobalAveragePool", ["relu6:0"], ["mean:0"]],
        ["Squeeze", ["mean:0"], ["pooled:0"], { axes: [2, 3] }],
        ["Unsqueeze", ["pooled:0"], ["again:0"], { axes: [2, 3] }],
        ["Mul", ["relu6:0", "again:0"], ["gated:0"]],
        ["Constant", [], ["up:0"], { value: noise([2, 2, 2, 4], 3) }],
        ["Transpose", ["up:0"], ["up_iohw:0"], { perm: [3, 2, 0, 1] }],
        ["ConvTranspose", ["gated:0", "up_iohw:0"], ["wide:0"], { strides: [2, 2], kernel_shape: [2, 2] }],
        ["Transpose", ["wide:0"], ["nhwc:0"], { perm: [0, 2, 3, 1] }],
        ["Softmax", ["nhwc:0"], ["Identity:0"], { axis: 3 }],
      ],
    }),
    { dimensions: { unk__1: 2 } },
  );
  assert.equal(ops.filter((op) => op === "Transpose").length, 2, "the weights are transposed once, on import");
});

test("importGraph() reads Paddle's and older files: −1 dimensions, Upsample, attributes in place of inputs", async () => {
  const bytes = modelFile({
    opset: 9,
    inputs: [["x", [-1, 4, 6, 8]], ["w", [4, 4, 3, 3]]],
    initializers: {
      w: noise([4, 4, 3, 3], 1),
      scale: noise([4], 2),
      bias: noise([4], 3),
      mean: noise([4], 4),
      variance: floats([0.5, 1, 1.5, 2]),
      scales: floats([1, 1, 2, 2]),
    },
    outputs: [["y", ["batch", 2, 12, 16]], ["classes", ["batch", 4]]],
    nodes: [
      ["Conv", ["x", "w"], ["c"], { pads: [1, 1, 1, 1], kernel_shape: [3, 3], dilations: [1, 1], group: 1 }],
      ["BatchNormalization", ["c", "scale", "bias", "mean", "variance"], ["b"], {
        epsilon: { f: 1e-3 },
        momentum: { f: 0.9 },
      }],
      ["Clip", ["b"], ["r"], { min: { f: 0 }, max: { f: 6 } }],
      ["Dropout", ["r"], ["d", "mask"], { ratio: { f: 0.5 } }],
      ["AveragePool", ["d"], ["a"], { kernel_shape: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] }],
      ["Upsample", ["a", "scales"], ["u"], { mode: "nearest" }],
      ["Slice", ["u"], ["half"], { starts: [0], ends: [2], axes: [1] }],
      ["Pad", ["half"], ["padded"], { pads: [0, 0, 3, 4, 0, 0, 3, 4], mode: "constant", value: { f: 0.5 } }],
      ["Split", ["padded"], ["left", "right"], { axis: 1 }],
      ["Concat", ["right", "left"], ["y"], { axis: 1 }],
      ["ReduceMean", ["d"], ["m"], { axes: [2, 3], keepdims: 0 }],
      ["Softmax", ["m"], ["classes"]],
    ],
  });
  const ops = await checkSame(bytes, { batch: 2 });
  assert.ok(ops.includes("Resize") && !ops.includes("Upsample"));
});

test("importGraph() reads opset 21: axes as inputs, Split num_outputs, GroupNormalization, Gelu", async () => {
  const ops = await checkSame(
    modelFile({
      opset: 21,
      inputs: [["x", ["batch", 4, 5, 6]]],
      initializers: { axes: integers([2, 3]), gamma: noise([4], 1), beta: noise([4], 2), pads: integers([1, 0, 0, 2]) },
      outputs: [["y", ["batch", 4, 1, 1]], ["q", ["batch", 2, 6, 8]]],
      nodes: [
        ["GroupNormalization", ["x", "gamma", "beta"], ["g"], { num_groups: 2, epsilon: { f: 1e-3 } }],
        ["Gelu", ["g"], ["a"], { approximate: "tanh" }],
        ["ReduceMean", ["a", "axes"], ["y"], { keepdims: 1 }],
        ["Split", ["a"], ["left", "right"], { axis: 1, num_outputs: 2 }],
        ["Add", ["left", "right"], ["sum"]],
        ["Pad", ["sum", "pads", "", "axes"], ["q"], { mode: "edge" }],
      ],
    }),
    { batch: 2 },
  );
  assert.ok(!ops.includes("GroupNormalization") && !ops.includes("Gelu"), "written out for opset 17");
});

test("importGraph() reads slices to the end, which exporters write as the largest int64", async () => {
  const end: TensorData = { elementType: "int64", shape: [1], values: BigInt64Array.of(2n ** 63n - 1n) };
  await checkSame(modelFile({
    opset: 13,
    inputs: [["x", [1, 2, 5, 6]]],
    initializers: { start: integers([1]), end, axis: integers([3]), step: integers([2]) },
    outputs: [["y", [1, 2, 5, 3]]],
    nodes: [["Slice", ["x", "start", "end", "axis", "step"], ["y"]]],
  }));
});

test("importGraph() reads float16 weights and writes bounds and fillings in the type of the data", async () => {
  const half = (values: readonly number[], shape: readonly number[]) => tensorOf("float16", shape, values);
  const ops = await checkSame(modelFile({
    opset: 13,
    inputs: [["x", [1, 2, 3, 3]]],
    initializers: { pads: integers([0, 0, 1, 1, 0, 0, 1, 1]), scale: half([0.5, -1.25], [1, 2, 1, 1]) },
    outputs: [["y", [1, 2, 5, 5]]],
    nodes: [
      ["Cast", ["x"], ["h"], { to: 10 }],
      ["Mul", ["h", "scale"], ["m"]],
      ["Constant", [], ["low"], { value: half([-0.5], []) }],
      ["Constant", [], ["high"], { value: half([0.75], []) }],
      ["Clip", ["m", "low", "high"], ["c"]],
      ["Constant", [], ["filling"], { value: half([0.25], []) }],
      ["Pad", ["c", "pads", "filling"], ["p"]],
      ["Cast", ["p"], ["y"], { to: 1 }],
    ],
  }));
  assert.deepEqual(ops, ["Cast", "Mul", "Clip", "Pad", "Cast"]);
});

test("importGraph() keeps the names of inputs, outputs and weights behind Identity", () => {
  const graph = importGraph(decodeModel(modelFile({
    opset: 13,
    inputs: [["x", [1, 2]]],
    initializers: { shared: noise([2, 2], 1) },
    outputs: [["node_1", [1, 2]], ["x", [1, 2]], ["again", [1, 2]]],
    nodes: [
      ["Identity", ["shared"], ["head.weight"]],
      ["MatMul", ["x", "head.weight"], ["hidden"]],
      ["Relu", ["hidden"], ["node_1"]],
      ["Identity", ["x"], ["again"]],
    ],
  })));
  assert.deepEqual(graph.constants().map(({ name }) => name), ["head.weight"]);
  assert.deepEqual(graph.outputs.map(({ name }) => name), ["node_1", "x", "again"]);
});
