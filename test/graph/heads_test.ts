import assert from "node:assert/strict";
import { test } from "node:test";
import { buildNet, type NetOptions } from "../../src/graph/nets/catalog.ts";
import { HEAD_NAMES } from "../../src/graph/nets/names.ts";
import { Graph } from "../../src/graph/graph.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import type { Value } from "../../src/graph/op.ts";
import { resize } from "../../src/graph/ops/resize.ts";
import { parameterCount } from "../../src/graph/passes/parameters.ts";
import { floats, type TensorData } from "../../src/graph/tensor_type.ts";
import { Random } from "../../src/random.ts";
import { createSession } from "../../src/runtime/session.ts";
import { largestDifference } from "../golden.ts";

const ELU_NET: NetOptions = {
  ...{ net: "elu-net", width: 4, channels: 1, classes: 2, inputSize: 16, outputSize: 128, seed: 0 },
};

async function outputsOf(graph: Graph, inputs: Readonly<Record<string, TensorData<"float32">>>) {
  const session = await createSession(encodeModel(graph, { opset: 13 }));
  const outputs = await session.run(inputs);
  await session.release();
  return graph.outputs.map(({ name }) => outputs[name] as TensorData<"float32">);
}

function image(): TensorData<"float32"> {
  const random = new Random(5);
  return floats(Float32Array.from({ length: 256 }, () => random.uniform(-1, 1)), [1, 1, 16, 16]);
}

/** The bilinear enlargements of `logits` by `factors`, one after the other. */
async function enlarged(logits: TensorData<"float32">, factors: readonly number[]): Promise<TensorData<"float32">> {
  const graph = new Graph();
  const input = graph.input("logits", { elementType: "float32", shape: logits.shape });
  const output = factors.reduce<Value>(
    (x, factor) => graph.apply(resize, [x], { scales: [1, 1, factor, factor], mode: "linear" }),
    input,
  );
  graph.output(output, "enlarged");
  return (await outputsOf(graph, { logits }))[0] as TensorData<"float32">;
}

for (
  const [head, factors] of [
    ["bilinear-loss", [8]],
    ["sub-pixel", [2, 4]],
    ["sub-pixel-4", [4, 2]],
    ["guided", [2, 2, 2]],
    ["residual", [2, 2, 2]],
  ] as const
) {
  test(`buildNet() head ${head} starts as bilinear upsampling of the logits`, async () => {
    const [logits] = await outputsOf(buildNet({ ...ELU_NET, head: "none" }).graph, { image: image() });
    const found = (await outputsOf(buildNet({ ...ELU_NET, head }).graph, { image: image() })).at(-1);
    const expected = await enlarged(logits as TensorData<"float32">, factors);
    assert.deepEqual(found?.shape, [1, 2, 128, 128]);
    // Both are float32 sums of four products.
    assert.ok(largestDifference(found?.values as Float32Array, expected.values) < 1e-6);
  });
}

test("buildNet() heads have the parameters that their formulas say, under 200 for one class", () => {
  const count = (head: string, change: Partial<NetOptions>) =>
    parameterCount(buildNet({ ...ELU_NET, ...change, head }).graph) -
    parameterCount(buildNet({ ...ELU_NET, ...change, head: "none" }).graph);
  const levels = 3;
  for (const [classes, width] of [[1, 2], [1, 4], [3, 2]] as const) {
    const c = classes;
    assert.deepEqual(
      ["bilinear-loss", "sub-pixel", "sub-pixel-4", "guided", "residual"].map((head) =>
        count(head, { classes, width })
      ),
      [
        0,
        4 * c * (width + 1),
        16 * c * (width + 1),
        4 * (width + 1) + 9 * c * (c + 4) + c,
        levels * (9 * c * c + c),
      ],
    );
  }
  for (const head of HEAD_NAMES) assert.ok(count(head, { classes: 1, width: 8, outputSize: 256 }) < 200, head);
});

test("buildNet() heads end at the output size, whatever the levels", () => {
  for (const head of HEAD_NAMES) {
    for (const outputSize of [16, 32, 64]) {
      const { graph } = buildNet({ ...ELU_NET, head, outputSize });
      const size = head === "none" ? 16 : outputSize;
      assert.deepEqual(graph.outputs.at(-1)?.type.shape, [1, 2, size, size], `${head} ${outputSize}`);
    }
  }
  assert.throws(() => buildNet({ ...ELU_NET, head: "jj" }), /No head is called jj: choose one of j, none,/);
});

test("buildNet() takes the loss at high resolution for networks whose paper has no head", () => {
  const { graph } = buildNet(ELU_NET);
  const chosen = buildNet({ ...ELU_NET, head: "bilinear-loss" }).graph;
  assert.deepEqual(graph.outputs.map(({ type }) => type), chosen.outputs.map(({ type }) => type));
  assert.equal(graph.nodes.length, chosen.nodes.length);
});
