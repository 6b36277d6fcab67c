import assert from "node:assert/strict";
import { test } from "node:test";
import { NetBuilder } from "../../src/graph/nets/builder.ts";
import { BACKBONES, buildNet, type NetOptions } from "../../src/graph/nets/catalog.ts";
import type { BackboneOptions } from "../../src/graph/nets/elu_net.ts";
import type { Graph } from "../../src/graph/graph.ts";
import type { Value } from "../../src/graph/op.ts";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { importGraph } from "../../src/graph/onnx/import.ts";
import { parameterCount, parameters } from "../../src/graph/passes/parameters.ts";
import { elementCount, floats, type TensorData } from "../../src/graph/tensor_type.ts";
import { Random } from "../../src/random.ts";
import { lint } from "../../src/tensorrt/lint.ts";
import { createLoss } from "../../src/training/losses.ts";
import { createOptimizer } from "../../src/training/step/optimizers.ts";
import { trainingGraph } from "../../src/training/step/training_graph.ts";
import { TrainingStep } from "../../src/training/step/training_step.ts";
import { assertClose, exportFile, outputsOf, randomFeeds, trainedLike } from "../deployment/running.ts";
import { largestDifference } from "../golden.ts";

interface Row {
  readonly net: string;
  readonly stride: number;
  /** The setting of the paper: width, input channels, classes. */
  readonly paper: readonly [width: number, channels: number, classes: number];
  /** Parameters at the paper's setting, as the sum that explains their difference from the published number. */
  readonly parameters: number;
  readonly published: number;
}

const ROWS: readonly Row[] = [
  // The network of figure 1 with a bias for each of the 5,888 channels of 3×3 convolutions, which have a scale and a shift here.
  { net: "u-net", stride: 16, paper: [64, 1, 2], parameters: 31_030_658 - 5_888 + 2 * 5_888, published: 31.03e6 },
  // Published is MobileNetV2 with its classifier: the 1×1 convolution to 1280 channels and 1000 classes. Behind the encoder: five transposed
  // convolutions, four inverted residuals, the last normalization and the logits.
  {
    net: "mobile-u-net",
    stride: 32,
    paper: [32, 3, 2],
    parameters: (3_504_872 - (320 + 2) * 1280 - 1281 * 1000) + 140_968 + 425_136 + 32 + 34,
    published: 3.4e6 - 1.28e6,
  },
  // The authors' network has a bias in front of its normalizations, of 16 + 32 + 128 and 160 + 128 + 32 + 16 channels.
  { net: "unext", stride: 32, paper: [16, 3, 1], parameters: 1_471_921 - 512, published: 1.47e6 },
  // The authors' network has a bias in its 3×3 and 1×5 convolutions, all in front of normalizations: 13 + 5 · 16 + 17 · 32 + 3 · 16 + 2 · 4.
  { net: "enet", stride: 8, paper: [16, 3, 20], parameters: 364_376 - 693, published: 0.37e6 },
  // The authors' network, which has no bias at all, and the 20 of the logits.
  { net: "esp-net", stride: 8, paper: [16, 3, 20], parameters: 365_109 + 20, published: 0.364e6 },
  // The paper does not say how many channels the branches of its pyramid pooling have: here a quarter each.
  { net: "fast-scnn", stride: 32, paper: [32, 3, 19], parameters: 1_138_051, published: 1.11e6 },
  { net: "lr-aspp", stride: 16, paper: [16, 3, 19], parameters: 467_467, published: 0.47e6 },
];

/** Normalizations behind a Concat: the initial block of ENet; pyramids, their sums and the levels of ESPNet. */
const NORMALIZED_STACKS: Readonly<Record<string, number>> = { "enet": 1, "esp-net": 17 };

function options(net: string, changes: Partial<NetOptions> = {}): NetOptions {
  return { net, width: 4, channels: 2, classes: 3, inputSize: 32, outputSize: 32, seed: 1, ...changes };
}

/** Draws no weights, of which U-Net has 31 millions. */
class UnfilledBuilder extends NetBuilder {
  override weight(name: string, shape: readonly number[]): Value {
    return this.graph.constant(floats(new Float32Array(elementCount(shape)), shape), name);
  }
}

function unfilled(net: string, settings: BackboneOptions): Graph {
  const builder = new UnfilledBuilder(0);
  const x = builder.graph.input("image", { elementType: "float32", shape: [1, settings.channels, 32, 32] });
  builder.graph.output((BACKBONES[net] as (typeof BACKBONES)[string]).build(builder, x, settings).logits);
  return builder.graph;
}

for (const { net, stride, paper: [width, channels, classes], parameters: expected, published } of ROWS) {
  test(`${net} has the parameters of its paper`, () => {
    const graph = unfilled(net, { width, channels, classes });
    assert.equal(parameterCount(graph), expected);
    if (net === "mobile-u-net") {
      const encoder = parameters(graph).filter(({ name }) => /^(enc|stem)\./.test(name));
      assert.equal(encoder.reduce((sum, { type }) => sum + elementCount(type.shape), 0), 1_811_712);
    } else {
      assert.ok(Math.abs(expected / published - 1) < 0.03, `${expected}, published ${published}`);
    }
  });

  test(`${net} gives logits of the input's size, or refuses the size`, () => {
    for (const size of [16, 32, 64, 96]) {
      for (const [width, channels, classes] of [[1, 1, 1], [6, 4, 3]] as const) {
        const build = () =>
          buildNet(options(net, { width, channels, classes, inputSize: size, outputSize: size, batch: 2 })).graph;
        if (size % stride !== 0) {
          assert.throws(build, new RegExp(`Input size ${size} must be a multiple of ${stride} for ${net}`));
        } else {
          assert.deepEqual(build().outputs.map(({ type }) => type.shape), [[2, classes, size, size]]);
        }
      }
    }
  });

  test(`${net} learns a batch`, async () => {
    const size = Math.max(16, stride);
    const { graph } = buildNet(options(net, { channels: 1, classes: 1, inputSize: size, outputSize: size, batch: 4 }));
    const training = trainingGraph(graph, { loss: createLoss("bce", { channels: 1 }) });
    // All are learned but the biases in front of a normalization.
    assert.ok(training.parameters.length > 0.9 * parameters(graph).length);
    const optimizer = createOptimizer({ name: "adam", count: training.parameters.length });
    const step = await TrainingStep.create(training, optimizer, { threads: 1 });
    const random = new Random(2);
    step.image.values.forEach((_, i) => (step.image.values[i] = random.normal()));
    step.target.values.forEach((_, i) => (step.target.values[i] = i % size < size / 2 ? 1 : 0));
    const losses: number[] = [];
    for (let i = 0; i < 6; i++) losses.push((await step.run({ learningRate: 3e-3 }))[0] as number);
    const zero = training.parameters.filter((_, i) =>
      step.store.view("gradients", i).values.every((value) => value === 0)
    );
    await step.release();
    assert.ok((losses[5] as number) < 0.97 * (losses[0] as number), losses.join(" "));
    assert.deepEqual(zero.map(({ source }) => source.name), []);
  });

  test(`${net} exports for TensorRT 8.2 with the same outputs`, async () => {
    const graph = trainedLike(options(net));
    const bytes = encodeModel(graph, { opset: 13, batchName: "N" });
    const exported = exportFile({ bytes, tensorRtVersion: 80201 });
    const model = decodeModel(exported.bytes);
    assert.deepEqual(lint({ model, graph: importGraph(model), version: 80201, memoryBytes: 4 * 2 ** 30 }), []);
    // What stands behind a Concat is not folded.
    const kept = exported.graph.nodes.filter(({ op }) => op.type === "BatchNormalization").length;
    assert.ok(kept === (NORMALIZED_STACKS[net] ?? 0), `${kept} normalizations are left`);
    const feeds = randomFeeds(graph);
    const [name] = exported.graph.outputs.map((output) => output.name) as [string];
    const expected = Object.values(await outputsOf(graph, feeds))[0];
    assert.ok(expected !== undefined && expected.values.some((value) => value !== expected.values[0]));
    assertClose(await outputsOf(exported.bytes, feeds), { [name]: expected }, 2e-4);
    // The file leaves the batch size open.
    const two = floats(
      Float32Array.from({ length: 2 * elementCount([2, 32, 32]) }, (_, i) => Math.sin(i)),
      [2, 2, 32, 32],
    );
    const both = Object.values(await outputsOf(bytes, { image: two }))[0];
    assert.deepEqual(both?.shape, [2, 3, 32, 32]);
  });
}

test("depthwise networks compute the same gradients in the forms that train fastest", async () => {
  const { graph } = buildNet(
    options("mobile-u-net", { width: 8, classes: 1, batch: 2, inputSize: 64, outputSize: 64 }),
  );
  const gradients = await Promise.all([true, false].map(async (lower) => {
    const training = trainingGraph(graph, { loss: createLoss("bce", { channels: 1 }), lower });
    const feeds = {
      ...randomFeeds(training.graph),
      ...Object.fromEntries(
        training.parameters.map(({ input, source }) => [input.name, source.constant as TensorData]),
      ),
    };
    const outputs = await outputsOf(encodeModel(training.graph, { opset: 17 }), feeds);
    return training.parameters.map(({ source, gradient }) => ({
      name: source.name,
      values: outputs[gradient.name]?.values ?? new Float32Array(),
    }));
  }));
  const [fast, plain] = gradients as [(typeof gradients)[number], (typeof gradients)[number]];
  assert.equal(fast.length, plain.length);
  const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const most = Math.max(...plain.map(({ values }) => largest(values)));
  plain.forEach(({ name, values }, i) => {
    const difference = largestDifference(values, fast[i]?.values ?? []);
    // Scales between two normalizations of the same channel have a gradient of zero, and rounding errors for it.
    const tolerance = 1e-3 * largest(values) + 1e-6 * most;
    assert.ok(difference <= tolerance, `${name}: ${difference} of ${largest(values)}, the largest of all is ${most}`);
  });
});

test("buildNet() without a head writes what it reads, whatever the output size says", () => {
  const options = { net: "j-net", head: "none", width: 2, channels: 1, classes: 1, seed: 0 };
  for (const outputSize of [48, 256]) {
    const { graph } = buildNet({ ...options, inputSize: 48, outputSize });
    assert.deepEqual(graph.outputs.map(({ type }) => type.shape), [[1, 1, 48, 48]]);
  }
});
