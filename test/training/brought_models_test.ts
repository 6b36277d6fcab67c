/** Models that users bring: each case of `shared/cases/onnx` is trained with the numbers of its file, or refused by name. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { importGraph } from "../../src/graph/onnx/import.ts";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { onnx } from "../../src/graph/onnx/proto.ts";
import { withoutFinalActivation } from "../../src/graph/passes/final_activation.ts";
import { parameters } from "../../src/graph/passes/parameters.ts";
import { floats, type TensorData } from "../../src/graph/tensor_type.ts";
import { inspectModel } from "../../src/model/inspect.ts";
import { readModel } from "../../src/model/model.ts";
import { trainableGraph } from "../../src/model/trainable_graph.ts";
import { createSession } from "../../src/runtime/session.ts";
import { fixedNoise, type Optimization, safeOptimization } from "../../src/runtime/safe_optimization.ts";
import { createLoss } from "../../src/training/losses.ts";
import { networkFromFile } from "../../src/training/network_source.ts";
import { createOptimizer } from "../../src/training/step/optimizers.ts";
import { trainingGraph } from "../../src/training/step/training_graph.ts";
import { TRAINING_OPSET, TrainingStep } from "../../src/training/step/training_step.ts";
import { largestDifference } from "../golden.ts";
import { sharedPath } from "../shared.ts";

const cases = sharedPath("cases", "onnx");
const skip = cases === undefined ? "shared cases absent" : false;
const file = (name: string) => join(cases as string, name);
const SIZES = { h: 64, w: 64 };

async function run(bytes: Uint8Array, image: TensorData, optimization: Optimization): Promise<TensorData[]> {
  const session = await createSession(bytes, { threads: 1, optimization });
  try {
    return Object.values(await session.run({ [session.inputNames[0] as string]: image }));
  } finally {
    await session.release();
  }
}

function settingsFor(classes: number) {
  return { net: "", width: 1, channels: 3, classes, inputSize: 64, outputSize: 64, seed: 0, newHead: false };
}

/** Trains ten steps on one batch; returns the losses before and after, and the weights by name. */
async function trained(name: string, classes: number) {
  const source = networkFromFile(file(name), settingsFor(classes));
  const training = trainingGraph(source.graph(4), {
    loss: createLoss(classes > 1 ? "ce" : "bce", { channels: classes }),
  });
  const optimizer = createOptimizer({
    name: "adam",
    weightDecay: 0,
    undecayed: () => true,
    count: training.parameters.length,
  });
  const step = await TrainingStep.create(training, optimizer, { threads: 1, optimization: "disabled" });
  step.image.values.set(fixedNoise(step.image.shape).values);
  const noise = fixedNoise(step.target.shape).values;
  const pixels = (step.target.shape[2] as number) ** 2;
  step.target.values.forEach((_, i) => {
    const first = classes === 1 || Math.floor(i / pixels) % classes === 0;
    const inside = (noise[i % pixels] as number) > 0.5;
    step.target.values[i] = (classes === 1 ? inside : inside !== first) ? 1 : 0;
  });
  const losses: number[] = [];
  for (let i = 0; i < 10; i++) {
    losses.push((await step.run({ learningRate: 0.01 })).reduce((sum, loss) => sum + loss, 0));
  }
  const after = step.snapshot(source.graph(1));
  await step.release();
  return { source, losses, before: source.graph(1), after };
}

// Cases that are trained: the classes of their outputs.
const TRAINED: readonly (readonly [string, number])[] = [
  ["external.onnx", 1],
  ["sigmoid_end.onnx", 1],
  ["softmax_end.onnx", 2],
  ["argmax_end.onnx", 2],
  ["baked_norm.onnx", 1],
  ["f_gn.tsp.onnx", 1],
  ["f_dilated.tsp.onnx", 1],
  ["int_aa.dyn.onnx", 1],
  ["int_bic_f.tsp.onnx", 1],
  ["f_maxceil.tsp.onnx", 1],
  ["pad_MaxPool.onnx", 1],
  ["ct_outpad_dil.onnx", 1],
  ["fp16.onnx", 1],
  // Its running averages stay, for they are repeated for each image.
  ["f_in_track.dyn.onnx", 1],
  ["f_einsum.tsp.onnx", 1],
];

for (const [name, classes] of TRAINED) {
  test(`training goes on from ${name}: its loss falls and what is fixed stays`, { skip }, async () => {
    const { losses, before, after } = await trained(name, classes);
    assert.ok(losses.every(Number.isFinite) && (losses.at(-1) as number) < (losses[0] as number), losses.join(" "));
    const learned = new Set(parameters(before).map((value) => value.name));
    assert.ok(learned.size > 0);
    const old = new Map(before.constants().map((value) => [value.name, value]));
    let moved = 0;
    for (const value of after.constants()) {
      const same = value.constant?.values.every((number, i) => number === old.get(value.name)?.constant?.values[i]);
      if (!learned.has(value.name) && !/running/.test(value.name)) assert.ok(same, value.name);
      if (same !== true) moved++;
    }
    assert.ok(moved > 0);
  });

  test(`inspectModel() finds that ${name} can be trained`, { skip }, () => {
    assert.deepEqual(inspectModel(readModel(file(name)), { dimensions: SIZES }).obstacles, []);
  });
}

for (
  const name of [
    "f_in_track.dyn.onnx",
    "f_gn.tsp.onnx",
    "int_aa.dyn.onnx",
    "int_bic_f.tsp.onnx",
    "baked_norm.onnx",
    "f_einsum.tsp.onnx",
  ]
) {
  test(`importGraph() keeps the numbers of ${name}`, { skip }, async () => {
    const { bytes, onnx: read } = readModel(file(name));
    const image = fixedNoise([2, 3, 64, 64]);
    const graph = importGraph(read, { batch: 2 });
    const [expected] = await run(bytes, image, "disabled");
    const written = encodeModel(graph, { opset: TRAINING_OPSET });
    for (const optimization of ["disabled", "all"] as const) {
      const [found] = await run(written, image, optimization);
      assert.deepEqual(found?.shape, expected?.shape);
      const difference = largestDifference(found?.values as Float32Array, expected?.values as Float32Array);
      assert.ok(difference <= 1e-4, `${optimization}: ${difference}`);
    }
  });
}

test(
  "importGraph() finds the pads of auto_pad where windows are dilated, which ONNX Runtime refuses",
  { skip },
  async () => {
    const { bytes, onnx: read } = readModel(file("f_dilated.tsp.onnx"));
    const image = fixedNoise([2, 3, 64, 64]);
    await assert.rejects(run(bytes, image, "disabled"), /AutoPadType/);
    // PyTorch's padding "same" of a kernel of 3 with dilation 3.
    const model = onnx.ModelProto.decode(bytes);
    for (const { attribute } of model.graph?.node ?? []) {
      const automatic = attribute?.find(({ name }) => name === "auto_pad");
      if (automatic === undefined) continue;
      Object.assign(automatic, {
        name: "pads",
        type: onnx.AttributeProto.AttributeType.INTS,
        ints: [3, 3, 3, 3],
        s: null,
      });
    }
    const [expected] = await run(onnx.ModelProto.encode(model).finish(), image, "disabled");
    const graph = importGraph(read, { batch: 2 });
    const [found] = await run(encodeModel(graph, { opset: TRAINING_OPSET }), image, "all");
    assert.ok(largestDifference(found?.values as Float32Array, expected?.values as Float32Array) <= 1e-5);
  },
);

for (const name of ["pad_MaxPool.onnx", "f_maxceil.tsp.onnx"]) {
  test(
    `safeOptimization() finds that ONNX Runtime pads ${name} wrongly, and what is left is right`,
    { skip },
    async () => {
      const { bytes, onnx: read } = readModel(file(name));
      const graph = importGraph(read, { batch: 1 });
      const image = fixedNoise([1, 3, 64, 64]);
      const written = encodeModel(graph, { opset: TRAINING_OPSET });
      const level = await safeOptimization(written, { [graph.inputs[0]?.name as string]: image });
      assert.notEqual(level, "all");
      const [expected] = await run(bytes, image, "disabled");
      const [found] = await run(written, image, level);
      assert.ok(largestDifference(found?.values as Float32Array, expected?.values as Float32Array) <= 1e-4);
      const [wrong] = await run(written, image, "all");
      assert.ok(largestDifference(wrong?.values as Float32Array, expected?.values as Float32Array) > 1e-2);
    },
  );
}

test("safeOptimization() keeps all of it where nothing is wrong", { skip }, async () => {
  const { bytes } = readModel(file("sigmoid_end.onnx"));
  assert.equal(await safeOptimization(bytes, { image: fixedNoise([1, 3, 64, 64]) }), "all");
});

test("importGraph() computes ConvTranspose with output padding and dilation as PyTorch does", { skip }, async () => {
  // y[o, p − 3 + 2k] += x[p] · w[k] with one more row and column at the end, written out in plain numbers.
  const graph = importGraph(readModel(file("ct_outpad_dil.onnx")).onnx, { batch: 1 });
  const up = graph.nodes.find(({ op }) => op.type === "ConvTranspose");
  const [x, weight, bias] = (up?.inputs ?? []).filter((input) => input !== undefined);
  assert.ok(up !== undefined && x !== undefined && weight?.constant !== undefined && bias?.constant !== undefined);
  const [y] = up.outputs;
  graph.setOutputs([x, y]);
  const [before, after] = await run(
    encodeModel(graph, { opset: TRAINING_OPSET }),
    fixedNoise([1, 3, 64, 64]),
    "all",
  );
  const source = before?.values as Float32Array;
  const [inputs, outputs, kernel] = weight.type.shape as [number, number, number];
  const size = x.type.shape[2] as number;
  const wide = size - 1 - 6 + 2 + 1 + 1;
  assert.deepEqual(after?.shape, [1, outputs, wide, wide]);
  const expected = new Float32Array(outputs * wide * wide);
  const add = (o: number, row: number, column: number, value: number) => {
    if (row < 0 || column < 0 || row >= wide || column >= wide) return;
    (expected[(o * wide + row) * wide + column] as number) += value;
  };
  for (let o = 0; o < outputs; o++) {
    expected.fill(bias.constant.values[o] as number, o * wide ** 2, (o + 1) * wide ** 2);
  }
  for (let c = 0; c < inputs; c++) {
    for (let p = 0; p < size * size; p++) {
      const value = source[c * size * size + p] as number;
      for (let o = 0; o < outputs; o++) {
        for (let k = 0; k < kernel * kernel; k++) {
          const w = weight.constant.values[(c * outputs + o) * kernel * kernel + k] as number;
          add(o, Math.floor(p / size) - 3 + 2 * Math.floor(k / kernel), p % size - 3 + 2 * (k % kernel), value * w);
        }
      }
    }
  }
  assert.ok(largestDifference(after?.values as Float32Array, expected) <= 1e-4);
});

test("withoutFinalActivation() leaves the logits under the name of the output, and only at the end", { skip }, () => {
  for (
    const [name, op] of [["sigmoid_end", "Sigmoid"], ["softmax_end", "Softmax"], ["argmax_end", "ArgMax"]] as const
  ) {
    const graph = importGraph(readModel(file(`${name}.onnx`)).onnx, { batch: 1 });
    const found = withoutFinalActivation(graph);
    assert.deepEqual(found.taken.map((taken) => [taken.output, taken.op]), [["logits", op]]);
    const [logits] = found.graph.outputs;
    assert.deepEqual([logits?.name, logits?.type.elementType, logits?.type.shape.length], ["logits", "float32", 4]);
    assert.ok(!found.graph.nodes.some((node) => node.op.type === op));
    assert.equal(withoutFinalActivation(found.graph).graph, found.graph);
  }
  const { graph } = trainableGraph(readModel(file("f_gn.tsp.onnx")).onnx, { batch: 1 });
  assert.ok(graph.nodes.some((node) => node.op.type === "Sigmoid"), "a Sigmoid inside stays");
});

test("importGraph() holds fixed what PyTorch did not learn", { skip }, () => {
  const names = (name: string, learned?: (constant: string) => boolean) =>
    parameters(importGraph(readModel(file(name)).onnx, { batch: 1, ...(learned && { learned }) })).map((value) =>
      value.name
    );
  assert.deepEqual(names("baked_norm.onnx"), ["c.weight", "c.bias", "o.weight", "o.bias"]);
  assert.deepEqual(names("baked_norm.onnx", (name) => name === "mean").length, 5);
  const grouped = names("f_gn.tsp.onnx");
  assert.ok(!grouped.some((name) => /Constant/.test(name)), grouped.join());
  // i.0, i.1, c, g and o with weight and bias each.
  assert.equal(grouped.length, 10);
});

test("encodeModel() writes what is fixed so that it stays fixed", { skip }, () => {
  const graph = importGraph(readModel(file("f_gn.tsp.onnx")).onnx, { batch: 1 });
  const again = importGraph(decodeModel(encodeModel(graph, { opset: TRAINING_OPSET })), { batch: 1 });
  assert.deepEqual(parameters(again).map(({ name }) => name), parameters(graph).map(({ name }) => name));
});

test("inspectModel() lists what is learned and what is not, with the reason", { skip }, () => {
  const { learned, fixed } = inspectModel(readModel(file("baked_norm.onnx")), { layers: true, dimensions: SIZES });
  assert.deepEqual(learned?.map(({ name }) => name), ["c.weight", "c.bias", "o.weight", "o.bias"]);
  assert.deepEqual(fixed?.map(({ name, reason }) => [name, reason]), [
    ["mean", "Sub does not learn what it reads there"],
    ["std", "Div does not learn what it reads there"],
  ]);
});

test("networkFromFile() says what it took off and converted", { skip }, () => {
  const notes = (name: string, classes: number) =>
    networkFromFile(file(name), settingsFor(classes)).notes?.join() ?? "";
  assert.match(notes("sigmoid_end.onnx", 1), /Sigmoid at the end of .* is taken off/);
  assert.match(notes("fp16.onnx", 1), /are float16: they are trained in float32/);
  assert.equal(notes("baked_norm.onnx", 1), "");
});

test("fixedNoise() is the same for the same shape", () => {
  assert.deepEqual(fixedNoise([3]), floats(fixedNoise([3]).values));
});
