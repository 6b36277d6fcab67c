import assert from "node:assert/strict";
import { test } from "node:test";
import { Graph } from "../../src/graph/graph.ts";
import type { Attributes, Value } from "../../src/graph/op.ts";
import { conv, convTranspose } from "../../src/graph/ops/convolution.ts";
import { relu } from "../../src/graph/ops/elementwise.ts";
import { concat } from "../../src/graph/ops/movement.ts";
import { batchNormalization } from "../../src/graph/ops/normalization.ts";
import { foldBatchNormalization } from "../../src/graph/passes/fold_batch_normalization.ts";
import { elementCount, floats } from "../../src/graph/tensor_type.ts";
import { Random } from "../../src/random.ts";
import { assertClose, opCounts, outputsOf, randomFeeds } from "../deployment/running.ts";

const random = new Random(11);

function weights(graph: Graph, shape: readonly number[], low = -1): Value {
  return graph.constant(
    floats(Float32Array.from({ length: elementCount(shape) }, () => random.uniform(low, 1)), shape),
  );
}

function normalized(graph: Graph, x: Value): Value {
  const channels = [x.type.shape[1] as number];
  const [scale, bias, mean] = [weights(graph, channels), weights(graph, channels), weights(graph, channels)];
  return graph.apply(batchNormalization, [x, scale, bias, mean, weights(graph, channels, 0.2)], { epsilon: 1e-3 });
}

function image(graph: Graph, channels = 4): Value {
  return graph.input("x", { elementType: "float32", shape: [2, channels, 5, 6] });
}

async function foldedCount(graph: Graph): Promise<number> {
  const { graph: folded, folded: count } = foldBatchNormalization(graph);
  const feeds = randomFeeds(graph);
  assertClose(await outputsOf(folded, feeds), await outputsOf(graph, feeds), 2e-6);
  assert.equal(opCounts(folded)["BatchNormalization"] ?? 0, (opCounts(graph)["BatchNormalization"] as number) - count);
  return count;
}

const AFTER: readonly {
  readonly title: string;
  readonly op: typeof conv | typeof convTranspose;
  readonly shape: readonly number[];
  readonly bias: number;
  readonly attributes: Attributes<typeof conv.attributes>;
}[] = [
  { title: "Conv with bias", op: conv, shape: [6, 4, 3, 3], bias: 6, attributes: { pads: [1, 1, 1, 1] } },
  { title: "Conv without bias", op: conv, shape: [6, 4, 3, 3], bias: 0, attributes: { strides: [2, 1] } },
  { title: "grouped Conv", op: conv, shape: [6, 2, 3, 2], bias: 6, attributes: { group: 2 } },
  { title: "ConvTranspose", op: convTranspose, shape: [4, 3, 2, 2], bias: 3, attributes: { strides: [2, 2] } },
  { title: "grouped ConvTranspose", op: convTranspose, shape: [4, 3, 2, 2], bias: 0, attributes: { group: 2 } },
];

for (const { title, op, shape, bias, attributes } of AFTER) {
  test(`foldBatchNormalization() folds into the ${title} before it`, async () => {
    const graph = new Graph();
    const x = image(graph);
    const w = weights(graph, shape);
    const b = bias === 0 ? [] : [weights(graph, [bias])];
    const y = graph.apply(op, [x, w, ...b] as unknown as readonly [Value, Value], attributes);
    graph.output(graph.apply(relu, [normalized(graph, y)]), "y");
    assert.equal(await foldedCount(graph), 1);
  });
}

test("foldBatchNormalization() folds into an unpadded grouped Conv after it, together with one behind", async () => {
  const graph = new Graph();
  const x = graph.apply(relu, [image(graph)]);
  const y = graph.apply(conv, [normalized(graph, x), weights(graph, [6, 2, 3, 3]), weights(graph, [6])], { group: 2 });
  graph.output(normalized(graph, y), "y");
  assert.equal(await foldedCount(graph), 2);
});

test("foldBatchNormalization() keeps what it cannot fold exactly and says why", async () => {
  const graph = new Graph();
  const x = image(graph);
  const shared = graph.apply(conv, [x, weights(graph, [4, 4, 1, 1])]);
  const stacked = graph.apply(concat, [normalized(graph, shared), shared], { axis: 1 });
  const padded = graph.apply(conv, [normalized(graph, stacked), weights(graph, [3, 8, 3, 3])], { pads: [1, 1, 1, 1] });
  graph.output(padded, "y");
  assert.equal(await foldedCount(graph), 0);
  assert.deepEqual(foldBatchNormalization(graph).notes, [
    "normalization BatchNormalization stays: the output of Conv is also read elsewhere",
    "normalization BatchNormalization_1 stays: it follows Concat, not a convolution",
  ]);
});

test("foldBatchNormalization() gives convolutions that share weights their own", async () => {
  const graph = new Graph();
  const x = image(graph);
  const w = weights(graph, [4, 4, 3, 3]);
  graph.output(normalized(graph, graph.apply(conv, [x, w])), "a");
  graph.output(normalized(graph, graph.apply(conv, [x, w])), "b");
  assert.equal(await foldedCount(graph), 2);
});

test("foldBatchNormalization() refuses a negative variance", () => {
  const graph = new Graph();
  const y = graph.apply(conv, [image(graph), weights(graph, [1, 4, 1, 1])]);
  const vector = (value: number) => graph.constant(floats([value]));
  graph.output(graph.apply(batchNormalization, [y, vector(1), vector(0), vector(0), vector(-1)]), "y");
  assert.throws(() => foldBatchNormalization(graph), /variance -1 in channel 0/);
});
