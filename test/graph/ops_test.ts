/** The list of ops, and what rules may count on. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { Graph } from "../../src/graph/graph.ts";
import type { OpDefinition } from "../../src/graph/op.ts";
import { clip } from "../../src/graph/ops/activation.ts";
import { formulas } from "../../src/graph/ops/formulas.ts";
import { layerNormalization } from "../../src/graph/ops/normalization_layers.ts";
import { split } from "../../src/graph/ops/rearrangement.ts";
import { OPS } from "../../src/graph/ops/registry.ts";
import { differentiate } from "../../src/graph/passes/differentiate.ts";
import { floats, type TensorType } from "../../src/graph/tensor_type.ts";

const OPS_FOLDER = new URL("../../src/graph/ops/", import.meta.url);
const VECTOR: TensorType = { elementType: "float32", shape: [4] };

test("OPS holds every op that a file of src/graph/ops exports", async () => {
  const files = readdirSync(fileURLToPath(OPS_FOLDER)).filter((file) => extname(file) === extname(import.meta.url));
  const listed = new Set(OPS);
  const unlisted: string[] = [];
  let found = 0;
  for (const file of files) {
    const exported = await import(new URL(file, OPS_FOLDER).href) as Record<string, unknown>;
    for (const [name, value] of Object.entries(exported)) {
      if (!isOp(value)) continue;
      found++;
      if (!listed.has(value)) unlisted.push(`${file}: ${name}`);
    }
  }
  assert.ok(found >= OPS.length);
  assert.deepEqual(unlisted, []);
});

function isOp(value: unknown): value is OpDefinition {
  return typeof value === "object" && value !== null && "type" in value && "outputTypes" in value;
}

test("formulas() adds what is applied twice once, and keeps attributes apart that JSON cannot hold", () => {
  const graph = new Graph();
  const x = graph.input("x", VECTOR);
  const math = formulas(graph);
  assert.equal(math.mul(x, 2), math.mul(x, 2));
  assert.notEqual(math.mul(x, 2), math.mul(x, 3));
  assert.notEqual(math.sub(x, 2), math.sub(2, x));
  assert.notEqual(math.apply(clip, [x], { min: -Infinity, max: 0 }), math.apply(clip, [x], { min: Infinity, max: 0 }));
});

test("differentiate() takes the gradients of all outputs of Split, zeros where there is none", () => {
  const graph = new Graph();
  const x = graph.input("x", VECTOR);
  const [, second] = graph.applyAll(split, [x], { axis: 0, split: [1, 3] });
  assert.ok(second !== undefined);
  const [gradient] = differentiate(graph, new Map([[second, graph.constant(floats([1, 2, 3]))]]), [x]);
  assert.deepEqual(gradient?.constant?.values ?? gradient?.type.shape, Float32Array.of(0, 1, 2, 3));
});

test("differentiate() refuses a gradient that comes from an output without a rule", () => {
  const graph = new Graph();
  const x = graph.input("x", { elementType: "float32", shape: [2, 4] });
  const ones = graph.constant(floats([1, 1, 1, 1]), "scale");
  const [, mean] = graph.applyAll(layerNormalization, [x, ones]);
  assert.ok(mean !== undefined);
  const seeds = new Map([[mean, graph.constant(floats([1, 1], [2, 1]))]]);
  assert.throws(() => differentiate(graph, seeds, [x]), /LayerNormalization has no gradient from its output/);
});
