import assert from "node:assert/strict";
import { test } from "node:test";
import { Graph } from "../../src/graph/graph.ts";
import type { Value } from "../../src/graph/op.ts";
import { conv, convTranspose } from "../../src/graph/ops/convolution.ts";
import { relu } from "../../src/graph/ops/elementwise.ts";
import { foldBatchNormalization } from "../../src/graph/passes/fold_batch_normalization.ts";
import { fuseUpsampling } from "../../src/graph/passes/fuse_upsampling.ts";
import { rewrite } from "../../src/graph/passes/rewrite.ts";
import { elementCount, floats } from "../../src/graph/tensor_type.ts";
import { Random } from "../../src/random.ts";
import { assertClose, opCounts, outputsOf, randomFeeds, trainedLike } from "../deployment/running.ts";

const random = new Random(5);

function weights(graph: Graph, shape: readonly number[]): Value {
  return graph.constant(floats(Float32Array.from({ length: elementCount(shape) }, () => random.uniform(-1, 1)), shape));
}

function doubled(graph: Graph, x: Value, channels: number): Value {
  const inputs = x.type.shape[1] as number;
  const w = weights(graph, [inputs, channels, 2, 2]);
  return graph.apply(convTranspose, [x, w, weights(graph, [channels])], { strides: [2, 2] });
}

function convolved(graph: Graph, x: Value, { channels = 2, kernel = 3, pad = 1 } = {}): Value {
  const w = weights(graph, [channels, x.type.shape[1] as number, kernel, kernel]);
  return graph.apply(conv, [x, w, weights(graph, [channels])], { pads: [pad, pad, pad, pad] });
}

function image(graph: Graph, channels = 3): Value {
  return graph.input("x", { elementType: "float32", shape: [2, channels, 3, 4] });
}

async function assertEqualAfterFusing(graph: Graph, counts: Record<string, number>): Promise<void> {
  const fused = fuseUpsampling(graph);
  assert.deepEqual(opCounts(fused.graph), counts);
  const feeds = randomFeeds(graph);
  assertClose(await outputsOf(fused.graph, feeds), await outputsOf(graph, feeds), 1e-6);
  assert.ok(fused.flops.after <= fused.flops.before, `${fused.flops.before} to ${fused.flops.after} FLOPs`);
}

test("fuseUpsampling() makes one ConvTranspose 4×4 of a doubling and a 3×3 Conv, with the bias right at the edges", async () => {
  const graph = new Graph();
  graph.output(convolved(graph, doubled(graph, image(graph), 3)), "y");
  await assertEqualAfterFusing(graph, { ConvTranspose: 1, Add: 1 });
  const [node] = fuseUpsampling(graph).graph.nodes;
  assert.deepEqual(node?.attributes, { kernel_shape: [4, 4], strides: [2, 2], pads: [1, 1, 1, 1] });
});

test("fuseUpsampling() makes one ConvTranspose 10×10 of three doublings and a 3×3 Conv", async () => {
  const graph = new Graph();
  const up = doubled(graph, doubled(graph, doubled(graph, image(graph), 3), 4), 5);
  graph.output(convolved(graph, up), "y");
  await assertEqualAfterFusing(graph, { ConvTranspose: 1, Add: 1 });
});

test("fuseUpsampling() needs no map where the biases are uniform", async () => {
  const graph = new Graph();
  graph.output(convolved(graph, doubled(graph, image(graph), 3), { kernel: 1, pad: 0 }), "y");
  await assertEqualAfterFusing(graph, { ConvTranspose: 1 });
});

test("fuseUpsampling() carries the map through further convolutions to the first op that is not linear", async () => {
  const graph = new Graph();
  const up = convolved(graph, doubled(graph, image(graph), 3));
  const y = graph.apply(relu, [convolved(graph, convolved(graph, up, { pad: 0 }), { channels: 1 })]);
  graph.output(y, "y");
  await assertEqualAfterFusing(graph, { ConvTranspose: 1, Conv: 2, Add: 1, Relu: 1 });
});

test("fuseUpsampling() leaves alone what others read, what is an output and what has an activation between", async () => {
  const graph = new Graph();
  const up = doubled(graph, image(graph), 3);
  graph.output(convolved(graph, up), "a");
  graph.output(convolved(graph, up), "b");
  const shown = graph.output(doubled(graph, up, 2), "c");
  graph.output(convolved(graph, graph.apply(relu, [shown])), "d");
  await assertEqualAfterFusing(graph, { ConvTranspose: 2, Conv: 3, Relu: 1 });
});

test("fuseUpsampling() composes the weights of a module that is applied twice into one constant", async () => {
  const graph = new Graph();
  const [w1, b1] = [weights(graph, [3, 3, 2, 2]), weights(graph, [3])];
  const [w2, b2] = [weights(graph, [2, 3, 3, 3]), weights(graph, [2])];
  const x = image(graph);
  for (const from of [x, graph.apply(relu, [x])]) {
    const up = graph.apply(convTranspose, [from, w1, b1], { strides: [2, 2] });
    graph.output(graph.apply(conv, [up, w2, b2], { pads: [1, 1, 1, 1] }));
  }
  await assertEqualAfterFusing(graph, { Relu: 1, ConvTranspose: 2, Add: 2 });
  // One kernel and one map.
  assert.equal(fuseUpsampling(graph).graph.constants().length, 2);
});

test("fuseUpsampling() leaves alone chains that would cost more FLOPs", async () => {
  const graph = new Graph();
  // Through one channel: 12 + 108 products per pixel of x against 16 · 27.
  const narrow = doubled(graph, image(graph), 1);
  graph.output(convolved(graph, narrow, { channels: 12 }), "y");
  await assertEqualAfterFusing(graph, { ConvTranspose: 1, Conv: 1 });
});

for (const options of [{ classes: 1 }, { classes: 3, inputSize: 32, outputSize: 128, width: 8 }]) {
  test(`fuseUpsampling() halves the FLOPs of J-Net exactly (${JSON.stringify(options)})`, async () => {
    const net = foldBatchNormalization(trainedLike(options)).graph;
    for (const outputs of [net.outputs, net.outputs.slice(-1)]) {
      const chosen = rewrite(net, { outputs }).graph;
      const fused = fuseUpsampling(chosen);
      const feeds = randomFeeds(chosen);
      assertClose(await outputsOf(fused.graph, feeds), await outputsOf(chosen, feeds), 1e-5);
      assert.ok(fused.flops.after < 0.6 * fused.flops.before, `${fused.flops.before} to ${fused.flops.after} FLOPs`);
      assert.ok(fused.nodes.after < fused.nodes.before);
    }
  });
}
