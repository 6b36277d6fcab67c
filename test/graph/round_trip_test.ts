/** A graph that is written, read and written again computes the same; an op that is written out computes what it did. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Graph } from "../../src/graph/graph.ts";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { importGraph } from "../../src/graph/onnx/import.ts";
import { existsIn, type OpDefinition, type Value } from "../../src/graph/op.ts";
import { formulas } from "../../src/graph/ops/formulas.ts";
import { groupNormalization } from "../../src/graph/ops/normalization_layers.ts";
import { upsample } from "../../src/graph/ops/resize.ts";
import { expandOps } from "../../src/graph/passes/expand_ops.ts";
import type { TensorData } from "../../src/graph/tensor_type.ts";
import { createSession } from "../../src/runtime/session.ts";
import { largestDifference } from "../golden.ts";
import { noise } from "./model_file.ts";
import { OP_CASES, type OpCase } from "./op_cases.ts";

const OPSETS = [13, 17, 21];

for (const opCase of OP_CASES) {
  test(`importGraph() reads what encodeModel() writes: ${opCase.op.type} ${opCase.title}`, async () => {
    const graph = graphOf(opCase);
    const { first = 0, last = Infinity } = opCase.opsets ?? {};
    const opsets = OPSETS.filter((opset) =>
      first <= opset && opset <= last && graph.nodes.every(({ op }) => existsIn(op, opset))
    );
    assert.ok(opsets.length > 0);
    for (const opset of opsets) {
      const written = encodeModel(graph, { opset });
      const read = importGraph(decodeModel(written), { opset });
      const again = await outputsOf(encodeModel(read, { opset }), graph);
      assert.deepEqual(again, await outputsOf(written, graph), `at opset ${opset}`);
      assert.deepEqual(read.nodes.map(({ op }) => op.type), graph.nodes.map(({ op }) => op.type));
    }
  });
}

function graphOf({ inputs, apply }: OpCase): Graph {
  const graph = new Graph();
  const values = inputs.map(({ shape, constant }, i) =>
    constant === undefined ? graph.input(`x${i}`, { elementType: "float32", shape }) : graph.constant(constant)
  );
  graph.output(apply(graph, values), "y");
  return graph;
}

async function outputsOf(model: Uint8Array, { inputs }: Graph): Promise<Record<string, TensorData>> {
  const session = await createSession(model, { threads: 1, optimization: "disabled" });
  const feeds = Object.fromEntries(inputs.map(({ name, type }, i) => [name, noise(type.shape, i)]));
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

for (const opCase of OP_CASES.filter(({ op }) => (op as OpDefinition).expand !== undefined && op !== upsample)) {
  test(`${opCase.op.type} expand ${opCase.title}`, async () => {
    const graph = graphOf(opCase);
    const { expand: _expand, ...op } = opCase.op as OpDefinition;
    const expanded = expandOps(graph, { opset: 13, runs: ({ op }) => op.expand === undefined }).graph;
    assert.ok(expanded.nodes.every(({ op: { type } }) => type !== op.type));
    const [found, expected] = [
      await outputsOf(encodeModel(expanded, { opset: 13 }), graph),
      await outputsOf(encodeModel(graph, { opset: Math.max(17, op.sinceOpset) }), graph),
    ];
    const difference = largestDifference(found["y"]?.values as Float32Array, expected["y"]?.values as Float32Array);
    assert.ok(difference <= 1e-5, `difference ${difference}`);
  });
}

test("Upsample expand equals ONNX Runtime's own Upsample", async () => {
  for (
    const [mode, scales] of [["nearest", [1, 1, 2, 3]], ["linear", [1, 1, 2, 2]], ["linear", [1, 1, 1.5, 2.5]]] as const
  ) {
    const [own, expanded] = [new Graph(), new Graph()];
    const inputs = [own, expanded].map((graph) => graph.input("x", { elementType: "float32", shape: [1, 2, 4, 4] }));
    own.output(own.apply(upsample, [inputs[0] as Value], { mode, scales }), "y");
    const [y] = upsample.expand?.(formulas(expanded), [inputs[1] as Value], { mode, scales }) ?? [];
    expanded.output(y as Value, "y");
    const [a, b] = [
      await outputsOf(encodeModel(own, { opset: 9 }), own),
      await outputsOf(encodeModel(expanded, { opset: 13 }), own),
    ];
    assert.deepEqual(b["y"]?.shape, a["y"]?.shape);
    const difference = largestDifference(b["y"]?.values as Float32Array, a["y"]?.values as Float32Array);
    assert.ok(difference <= 1e-6, `${mode} ${scales}: difference ${difference}`);
  }
});

test("GroupNormalization expand takes one scale per group, as opset 18 has it", async () => {
  const [own, expanded] = [new Graph(), new Graph()];
  for (const graph of [own, expanded]) {
    const x = graph.input("x", { elementType: "float32", shape: [2, 6, 3, 4] });
    const scale = graph.constant(noise([3], 8), "scale");
    const bias = graph.constant(noise([3], 9), "bias");
    const opset18 = { ...groupNormalization, sinceOpset: 18 };
    const inputs = [x, scale, bias] as const;
    graph.output(
      graph === own
        ? graph.apply(opset18, inputs, { num_groups: 3 })
        : groupNormalization.expand?.(formulas(graph), inputs, { num_groups: 3 })[0] as Value,
      "y",
    );
  }
  const a = await outputsOf(encodeModel(own, { opset: 18 }), own);
  const b = await outputsOf(encodeModel(expanded, { opset: 13 }), own);
  assert.ok(largestDifference(b["y"]?.values as Float32Array, a["y"]?.values as Float32Array) <= 1e-5);
});
