import assert from "node:assert/strict";
import { test } from "node:test";
import { buildNet, levelsBetween, type NetOptions } from "../../src/graph/nets/catalog.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { parameterCount } from "../../src/graph/passes/parameters.ts";
import type { TensorData } from "../../src/graph/tensor_type.ts";
import { createSession } from "../../src/runtime/session.ts";
import { largestDifference, readGolden, withConstants } from "../golden.ts";

const J_NET: NetOptions = { net: "j-net", width: 4, channels: 1, classes: 1, inputSize: 16, outputSize: 256, seed: 0 };
const golden = readGolden();
const skip = golden === undefined ? "shared golden values absent" : false;

function count(options: Partial<NetOptions>): number {
  return parameterCount(buildNet({ ...J_NET, ...options }).graph);
}

// Counts of the paper's network (arXiv 2403.05340) as its authors' code builds it.
test("buildNet() has the published parameter counts", () => {
  assert.equal(count({ width: 4 }), 200_937);
  assert.equal(count({ width: 8 }), 800_225);
  assert.equal(count({ width: 16 }), 3_194_193);
  assert.deepEqual([16, 32, 64, 128].map((outputSize) => count({ width: 16, outputSize })), [
    3_194_081,
    3_194_096,
    3_194_111,
    3_194_168,
  ]);
});

test("buildNet() heads of several classes follow the formulas", () => {
  const head = (classes: number, outputSize: number) =>
    count({ classes, outputSize }) - count({ classes, outputSize: 16 });
  for (const c of [1, 2, 3, 5]) {
    const level = 13 * c * c + 2 * c;
    const step = 4 * c * c + c;
    const merge = 34 * c * c + 3 * c;
    assert.deepEqual([32, 64, 128, 256].map((size) => head(c, size)), [
      level,
      2 * level,
      2 * level + (level + step) + merge,
      2 * level + (level + step) + (level + 2 * step) + merge,
    ]);
  }
  assert.equal(head(1, 256), 112);
});

test("buildNet() gives the same weights for the same seed and others for another", () => {
  const weights = (seed: number) =>
    buildNet({ ...J_NET, seed }).graph.constants().flatMap((
      { constant },
    ) => [...(constant as TensorData<"float32">).values]);
  assert.deepEqual(weights(3), weights(3));
  assert.notDeepEqual(weights(3), weights(4));
});

test("levelsBetween() refuses sizes that are no power of two apart", () => {
  assert.equal(levelsBetween(16, 256), 4);
  assert.throws(() => levelsBetween(48, 256), /Output size 256 must be input size 48 times/);
  assert.throws(() => levelsBetween(16, 512), RangeError);
  assert.throws(() => buildNet({ ...J_NET, inputSize: 24, outputSize: 48 }), /Input size 24 must be a multiple of 16/);
});

test("buildNet() equals PyTorch in evaluation mode", { skip }, async () => {
  if (golden === undefined) return;
  const net = withConstants(buildNet({ ...J_NET, batch: 2 }).graph, (name) => golden.tensor(`initial/${name}`));
  const session = await createSession(encodeModel(net, { opset: 13 }));
  const outputs = await session.run({ image: golden.tensor("x") });
  for (let level = 0; level <= 4; level++) {
    const expected: TensorData<"float32"> = golden.tensor(`eval_output/${level}`);
    const found = outputs[`level_${level}`] as TensorData<"float32">;
    assert.deepEqual(found.shape, expected.shape);
    assert.ok(largestDifference(found.values, expected.values) < 1e-5, `level ${level}`);
  }
});
