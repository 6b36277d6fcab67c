/** The table of ops and the limits of op constants against the collected facts of each TensorRT version. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Graph, type Node } from "../../src/graph/graph.ts";
import type { OpDefinition } from "../../src/graph/op.ts";
import { OPS } from "../../src/graph/ops/registry.ts";
import { floats } from "../../src/graph/tensor_type.ts";
import { isImported, opSupport, supportedOpsets } from "../../src/tensorrt/op_support.ts";
import { OP_CASES, type OpCase } from "../graph/op_cases.ts";
import { noise } from "../graph/model_file.ts";
import { sharedPath } from "../shared.ts";

interface VersionFacts {
  readonly minOpset: number;
  readonly maxOpset: number;
  readonly ops: Readonly<Record<string, { readonly supported: boolean }>>;
}

const COLUMNS = { "8.2": 80201, "8.4": 80401, "8.6": 80601, "10.x": 100100 } as const;
// The importer is in the source of 8.2 although the table of that version denies it; the table of 8.4 repeats the fault.
const WRONG_IN_TABLES = new Set(["8.4 Reciprocal"]);

const path = sharedPath("facts", "trt-ops.json");
const facts = path === undefined ? {} : JSON.parse(readFileSync(path, "utf8")) as Record<string, VersionFacts>;
const skip = path === undefined ? "shared data absent" : false;

for (const [column, version] of Object.entries(COLUMNS)) {
  test(`opSupport() agrees with the facts of TensorRT ${column} on every op`, { skip }, () => {
    const { ops, minOpset, maxOpset } = facts[column] as VersionFacts;
    assert.ok(Object.keys(ops).length > 170);
    const different = Object.entries(ops).filter(([op, { supported }]) =>
      !WRONG_IN_TABLES.has(`${column} ${op}`) && isImported(opSupport("", op), version) !== supported
    );
    assert.deepEqual(different.map(([op]) => op), []);
    assert.deepEqual(supportedOpsets(version), { first: minOpset, last: maxOpset });
  });

  test(`tensorRtLimit() agrees with the facts of TensorRT ${column} on every op`, { skip }, () => {
    const { ops } = facts[column] as VersionFacts;
    const different = OPS.filter((op) => {
      const supported = WRONG_IN_TABLES.has(`${column} ${op.type}`) || ops[op.type]?.supported === true;
      const limits = NODES.filter((node) => node.op.type === op.type).map((node) => limitOf(node, version));
      if (limits.length === 0) return false;
      return supported ? limits.every((limit) => limit !== undefined) : limits.includes(undefined);
    });
    assert.deepEqual(different.map(({ type }) => type), []);
  });
}

/** The node of each row, with every input but the first as a constant, as exported models have weights. */
const NODES = OP_CASES.flatMap(nodesOf);

function nodesOf({ op, inputs, apply }: OpCase): Node[] {
  const graph = new Graph();
  const values = inputs.map(({ shape, constant }, i) =>
    constant !== undefined || i > 0
      ? graph.constant(constant ?? noise(shape, i))
      : graph.input("x", { elementType: "float32", shape })
  );
  apply(graph, values);
  return graph.nodes.filter((node) => node.op.type === op.type);
}

function limitOf({ op, inputs, attributes }: Node, version: number): string | undefined {
  return op.tensorRtLimit(inputs, attributes, version);
}

test("tensorRtLimit() of every op says what and what to do", () => {
  const limits = NODES.flatMap((node) => Object.values(COLUMNS).map((version) => limitOf(node, version)));
  const given = limits.filter((limit) => limit !== undefined);
  assert.ok(given.length > 10);
  for (const limit of given) assert.match(limit, /^[A-Z]\w+ .+; [^;]+$/);
});

test("tensorRtLimit() of convolutions wants constant weights before TensorRT 10", () => {
  const graph = new Graph();
  const conv = OPS.find(({ type }) => type === "Conv") as OpDefinition;
  const x = graph.input("x", { elementType: "float32", shape: [1, 1, 4, 4] });
  const inputs = [x, graph.input("w", { elementType: "float32", shape: [1, 1, 1, 1] })];
  assert.match(conv.tensorRtLimit(inputs, {}, 80201) ?? "", /weight as an initializer/);
  assert.equal(conv.tensorRtLimit(inputs, {}, 100000), undefined);
  assert.equal(conv.tensorRtLimit([x, graph.constant(floats([1], [1, 1, 1, 1]))], {}, 80201), undefined);
});
