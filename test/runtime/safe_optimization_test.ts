import assert from "node:assert/strict";
import { test } from "node:test";
import { buildNet } from "../../src/graph/nets/catalog.ts";
import { NET_NAMES } from "../../src/graph/nets/names.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { fixedNoise, safeOptimization } from "../../src/runtime/safe_optimization.ts";

for (const net of NET_NAMES) {
  test(`safeOptimization() finds nothing wrong with the fusions of ${net}`, async () => {
    const { graph } = buildNet({ net, width: 2, channels: 2, classes: 2, inputSize: 32, outputSize: 64, seed: 3 });
    const image = graph.inputs[0] as (typeof graph.inputs)[number];
    const bytes = encodeModel(graph, { opset: 17 });
    assert.equal(await safeOptimization(bytes, { [image.name]: fixedNoise(image.type.shape) }), "all");
  });
}
