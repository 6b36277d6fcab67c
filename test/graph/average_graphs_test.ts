import assert from "node:assert/strict";
import { test } from "node:test";
import { Graph } from "../../src/graph/graph.ts";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { encodeModel, replaceMetadata } from "../../src/graph/onnx/encode.ts";
import { averageGraphs } from "../../src/graph/passes/average_graphs.ts";
import { floats } from "../../src/graph/tensor_type.ts";
import { createSession } from "../../src/runtime/session.ts";
import { randomFeeds, trainedLike } from "../deployment/running.ts";

async function outputsOf(graph: Graph, feeds: ReturnType<typeof randomFeeds>) {
  const session = await createSession(encodeModel(graph, { opset: 13 }), { threads: 1 });
  const results = await session.run(feeds);
  await session.release();
  return graph.outputs.map(({ name }) => results[name]?.values as Float32Array);
}

test("averageGraphs() gives the mean of every output of its members", async () => {
  const members = [1, 2, 3].map((seed) => trainedLike({ outputSize: 32 }, seed));
  const average = averageGraphs(members);
  assert.deepEqual(average.outputs.map(({ name }) => name), ["level_0", "level_1"]);
  const feeds = randomFeeds(average);
  const [found, ...alone] = await Promise.all([average, ...members].map((graph) => outputsOf(graph, feeds)));
  found?.forEach((values, level) => {
    values.forEach((value, i) => {
      const mean = alone.reduce((sum, outputs) => sum + (outputs[level]?.[i] as number), 0) / 3;
      assert.ok(Math.abs(value - mean) < 1e-5 * Math.max(1, Math.abs(mean)), `level ${level}, ${i}: ${value}, ${mean}`);
    });
  });
});

test("averageGraphs() refuses members of another signature", () => {
  assert.throws(() => averageGraphs([trainedLike({ outputSize: 32 }), trainedLike({ outputSize: 64 })]), {
    name: "RangeError",
    message: "its outputs are [1, 1, 16, 16], [1, 1, 32, 32], [1, 1, 64, 64], " +
      "those of the first are [1, 1, 16, 16], [1, 1, 32, 32]",
  });
});

test("replaceMetadata() changes the metadata and nothing else", () => {
  const graph = new Graph();
  const image = graph.input("image", { elementType: "float32", shape: [1, 2] });
  graph.output(image, "image");
  graph.output(graph.constant(floats([1, 2])), "weights");
  const encode = (metadata: Record<string, string>) => encodeModel(graph, { opset: 13, metadata });
  const changed = replaceMetadata(encode({ a: "1", b: "2" }), { b: "3", c: "4" });
  assert.deepEqual(changed, encode({ b: "3", c: "4" }));
  assert.deepEqual(decodeModel(changed).metadata, { b: "3", c: "4" });
});
