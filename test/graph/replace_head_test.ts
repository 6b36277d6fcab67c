import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Graph } from "../../src/graph/graph.ts";
import { buildNet, type NetOptions } from "../../src/graph/nets/catalog.ts";
import { HEAD_NAMES } from "../../src/graph/nets/names.ts";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { importGraph } from "../../src/graph/onnx/import.ts";
import type { Value } from "../../src/graph/op.ts";
import { add } from "../../src/graph/ops/arithmetic.ts";
import { conv } from "../../src/graph/ops/convolution.ts";
import { relu, sigmoid } from "../../src/graph/ops/elementwise.ts";
import { reshape } from "../../src/graph/ops/movement.ts";
import { batchNormalization } from "../../src/graph/ops/normalization.ts";
import { resize } from "../../src/graph/ops/resize.ts";
import { replaceHead } from "../../src/graph/passes/replace_head.ts";
import { floats } from "../../src/graph/tensor_type.ts";
import { sharedPath } from "../shared.ts";

const SMALL: NetOptions = {
  net: "j-net",
  width: 2,
  channels: 1,
  classes: 1,
  inputSize: 16,
  outputSize: 256,
  seed: 3,
};

/** Names and shapes of the constants. */
function shapesOf(graph: Graph): string[] {
  return graph.constants().map(({ name, type }) => `${name} ${type.shape.join("×")}`).sort();
}

/** Asserts that all constants but `fresh` are the same to the bit, and none of `fresh` is; of equal shapes alone. */
function assertKept(before: Graph, after: Graph, fresh: readonly string[]): void {
  const old = new Map(before.constants().map((value) => [value.name, value.constant?.values]));
  let kept = 0;
  for (const { name, constant } of after.constants()) {
    if (fresh.includes(name)) continue;
    assert.deepEqual(constant?.values, old.get(name), name);
    kept++;
  }
  assert.equal(kept + fresh.length, old.size);
  assert.ok(kept > 0);
}

for (
  const [head, width, classes, channels] of [
    ["j", 2, 1, 4] as const,
    ["j", 2, 4, 1] as const,
    // Features and classes with the same number of channels.
    ["j", 1, 1, 2] as const,
    ...HEAD_NAMES.map((head) => [head, 4, 4, 3] as const),
  ]
) {
  test(`replaceHead() makes of head ${head} on width ${width} with ${classes} channels the network with ${channels}`, () => {
    const options = { ...SMALL, net: "elu-net", head, width, classes, outputSize: head === "none" ? 16 : 256 };
    const graph = buildNet(options).graph;
    // All levels, or the answer alone, as an exported model has it.
    for (const outputs of [graph.outputs, graph.outputs.slice(-1)]) {
      graph.setOutputs(outputs);
      const made = replaceHead(graph, { channels, seed: 0 });
      const expected = buildNet({ ...options, classes: channels }).graph;
      assert.deepEqual(shapesOf(made.graph), shapesOf(expected));
      assert.deepEqual(
        made.fresh.filter((name) => !/^(out|h1|h2|s4|s8|merge|head)\./.test(name)),
        [],
      );
      assertKept(graph, made.graph, made.fresh);
      assert.deepEqual(
        made.graph.outputs.map(({ name, type }) => [name, type.shape[1]]),
        outputs.map(({ name }) => [name, channels]),
      );
    }
  });
}

test("replaceHead() draws the same weights for the same seed, within PyTorch's bounds", () => {
  const graph = buildNet(SMALL).graph;
  const weightsOf = (seed: number) => {
    const constants = replaceHead(graph, { channels: 3, seed }).graph.constants();
    return new Map(constants.map(({ name, constant }) => [name, constant?.values as Float32Array]));
  };
  const [first, same, other] = [weightsOf(1), weightsOf(1), weightsOf(2)];
  assert.deepEqual(first, same);
  assert.notDeepEqual(first.get("out.weight"), other.get("out.weight"));
  // [3, 2, 1, 1] of two inputs, and a transposed [3, 3, 2, 2].
  for (const [name, count, fan] of [["out.weight", 6, 2], ["out.bias", 3, 2], ["h1.up.0.weight", 36, 12]] as const) {
    const values = first.get(name) as Float32Array;
    assert.equal(values.length, count);
    assert.ok(Math.max(...values.map(Math.abs)) <= 1 / Math.sqrt(fan), name);
    assert.ok(new Set(values).size === count, name);
  }
});

test("replaceHead() starts a head anew that has the wanted channels already", () => {
  const graph = buildNet({ ...SMALL, classes: 3 }).graph;
  const made = replaceHead(graph, { channels: 3, seed: 0 });
  assert.deepEqual(shapesOf(made.graph), shapesOf(graph));
  const old = new Map(graph.constants().map((value) => [value.name, value.constant?.values]));
  for (const { name, constant } of made.graph.constants()) {
    if (made.fresh.includes(name)) assert.notDeepEqual(constant?.values, old.get(name), name);
  }
});

const exported = sharedPath("golden", "exported");
const skip = exported === undefined ? "shared golden values absent" : false;

for (const name of ["jnet-n4-16-opset13.onnx", "jnet-n4-16-opset14-batchnorm.onnx", "jnet-n4-16-opset18.onnx"]) {
  test(`replaceHead() gives ${name} of PyTorch three channels and keeps all before them`, { skip }, () => {
    const graph = importGraph(decodeModel(readFileSync(`${exported}/${name}`)), { batch: 1 });
    const { graph: made, fresh } = replaceHead(graph, { channels: 3, seed: 0 });
    assert.deepEqual(made.outputs.map(({ type }) => type.shape[1]), [3, 3, 3, 3, 3]);
    assert.deepEqual(fresh.filter((one) => !/^(out|h1|h2|s4|s8|merge)\./.test(one)), []);
    assert.equal(fresh.length, 28);
    assertKept(graph, made, fresh);
  });
}

/** image [1, 1, 8, 8] → Conv → Relu: four features. */
function features(): { graph: Graph; x: Value; convolve: (x: Value, channels: number, name: string) => Value } {
  const graph = new Graph();
  const image = graph.input("image", { elementType: "float32", shape: [1, 1, 8, 8] });
  const convolve = (x: Value, channels: number, name: string) => {
    const shape = [channels, x.type.shape[1] as number, 1, 1];
    const weight = graph.constant(floats(new Float32Array(channels * (shape[1] as number)).fill(0.5), shape), name);
    return graph.apply(conv, [x, weight], { kernel_shape: [1, 1] });
  };
  return { graph, x: graph.apply(relu, [convolve(image, 4, "features")]), convolve };
}

test("replaceHead() goes through interpolation to fixed sizes, normalization, sums and activations", () => {
  const { graph, x, convolve } = features();
  const vector = (value: number, name: string) => graph.constant(floats([value, value], [2]), name);
  const normal = [vector(2, "scale"), vector(3, "shift"), vector(4, "mean"), vector(5, "variance")] as const;
  const one = graph.apply(batchNormalization, [convolve(x, 2, "one"), ...normal]);
  const sum = graph.apply(add, [one, convolve(x, 2, "two")]);
  const large = graph.apply(resize, [sum], { sizes: [1, 2, 32, 32], mode: "linear" });
  graph.output(graph.apply(sigmoid, [large]), "answer");
  const made = replaceHead(graph, { channels: 5, seed: 0 });
  assert.deepEqual(made.graph.outputs.map(({ type }) => type.shape), [[1, 5, 32, 32]]);
  assert.deepEqual([...made.fresh].sort(), ["mean", "one", "scale", "shift", "two", "variance"]);
  const constants = new Map(made.graph.constants().map(({ name, constant }) => [name, [...constant?.values ?? []]]));
  assert.deepEqual(["scale", "shift", "mean", "variance"].map((name) => constants.get(name)), [
    [1, 1, 1, 1, 1],
    [0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0],
    [1, 1, 1, 1, 1],
  ]);
  assert.deepEqual(constants.get("features"), [0.5, 0.5, 0.5, 0.5]);
});

test("replaceHead() says in one sentence why a head cannot be replaced", () => {
  const refused = (make: (net: ReturnType<typeof features>) => void, message: RegExp) => {
    const net = features();
    make(net);
    assert.throws(() => replaceHead(net.graph, { channels: 3, seed: 0 }), (error: Error) => {
      assert.ok(error instanceof RangeError);
      assert.match(error.message, message);
      return true;
    });
  };
  refused(
    ({ graph, x, convolve }) => graph.output(graph.apply(reshape, [convolve(x, 2, "w")], { shape: [1, 2, 4, 16] })),
    /^its head cannot be replaced at node Reshape \(Reshape\): /,
  );
  refused(
    ({ graph, x, convolve }) => [1, 2].forEach((channels) => graph.output(convolve(x, channels, "w"))),
    /^a new head needs outputs \[N, C, H, W\] with one C: found Conv_1 \[1, 1, 8, 8\], Conv_2 \[1, 2, 8, 8\]$/,
  );
  refused(({ graph, x, convolve }) => {
    const logits = convolve(x, 2, "w");
    const weight = graph.constant(floats([1, 2], [2, 1, 1, 1]), "each");
    graph.output(graph.apply(conv, [logits, weight], { kernel_shape: [1, 1], group: 2 }));
  }, /at node Conv_2 \(Conv\): it counts its channels in groups$/);
  refused(({ graph, x }) => {
    const weight = graph.constant(floats(new Float32Array(16), [4, 4, 1, 1]), "shared");
    const convolve = (of: Value) => graph.apply(conv, [of, weight], { kernel_shape: [1, 1] });
    graph.output(convolve(graph.apply(relu, [convolve(x)])));
  }, /at node Conv_1 \(Conv\): it stays, but shares the weights shared with the head$/);
  refused(({ graph, x }) => {
    const raw = graph.constant(floats(new Float32Array(8), [2, 4, 1, 1]), "raw");
    const source = graph.input("other", { elementType: "float32", shape: [2, 4, 1, 1] });
    graph.output(graph.apply(conv, [x, graph.apply(add, [raw, source])], { kernel_shape: [1, 1] }));
  }, /\(Conv\): its weights Add are computed$/);
});
