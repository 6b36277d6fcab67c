import assert from "node:assert/strict";
import { test } from "node:test";
import { openCalibrationData } from "../../src/deployment/quantization/calibration_data.ts";
import { type QuantizedModel, quantizeModel } from "../../src/deployment/quantization/quantize_model.ts";
import { Graph } from "../../src/graph/graph.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { encodeMetadata } from "../../src/graph/onnx/metadata.ts";
import { conv } from "../../src/graph/ops/convolution.ts";
import { floats } from "../../src/graph/tensor_type.ts";
import { described, type DescribedModel, modelOf } from "../../src/model/model.ts";
import { silentReporter } from "../../src/reporter.ts";
import { inFolder } from "../commands/run_program.ts";
import { identityModel } from "../prediction/identity_model.ts";
import { putLesions } from "./made_lesions.ts";

const CONTEXT = { reporter: silentReporter, signal: new AbortController().signal };

/**
 * Sees a lesion where the image is above a half, by way of two maps: 20 · x − 10 and the same plus `offset`, and the second less `offset`.
 * One scale for both maps leaves steps of offset / 127.
 */
function throughMaps(offset: number): { readonly model: DescribedModel; readonly graph: Graph } {
  const { metadata } = identityModel({
    size: 8,
    labels: [{ value: 1, name: "lesion" }],
    training: { validationCases: ["b"] },
  });
  const graph = new Graph();
  const image = graph.input("image", { elementType: "float32", shape: [1, 1, 8, 8] });
  const layer = (x: typeof image, name: string, weights: readonly number[], biases: readonly number[]) =>
    graph.apply(
      conv,
      [
        x,
        graph.constant(floats(weights, [biases.length, weights.length / biases.length, 1, 1]), `${name}.weight`),
        graph.constant(floats(biases), `${name}.bias`),
      ],
      { kernel_shape: [1, 1] },
      name,
    );
  const maps = layer(image, "maps", [20, 20], [-10, offset - 10]);
  const same = layer(maps, "same", [1, 0, 0, 1], [0, 0]);
  graph.output(layer(same, "last", [0.1, 0.9], [-0.9 * offset]), "level_0");
  const bytes = encodeModel(graph, { opset: 13, metadata: encodeMetadata(metadata) });
  return { model: described(modelOf("net.onnx", bytes)), graph };
}

async function quantized(offset: number, maximumDiceDrop: number): Promise<QuantizedModel> {
  let result: QuantizedModel | undefined;
  await inFolder(async (folder) => {
    const { dataset } = putLesions(folder);
    const exported = throughMaps(offset);
    const data = openCalibrationData(dataset, exported.model, { count: 4, ...CONTEXT });
    assert.deepEqual(data.cases.map(({ id }) => id), ["a"], "the validation case stays out");
    assert.equal(data.slices.length, 2);
    result = await quantizeModel(exported, data, { opset: 13, version: "0.0.0", maximumDiceDrop, ...CONTEXT });
  });
  return result as QuantizedModel;
}

test("quantizeModel() puts all that it can into INT8 where nothing is lost", async () => {
  const { model, report } = await quantized(0, 0.005);
  assert.deepEqual(report.layers.map(({ node }) => node), ["maps", "same", "last"]);
  assert.ok(report.layers.some(({ node, precision }) => node === "same" && precision === "int8"));
  assert.equal(report.diceDrop, 0);
  const { layers: _, ...summary } = report;
  assert.deepEqual((model.metadata.export as Record<string, unknown>)["int8"], summary);
  const kept = report.layers.filter(({ precision }) => precision === "int8").map(({ node }) => `${node}.weight_int8`);
  assert.deepEqual(
    [...model.onnx.initializers].filter(([name, { elementType }]) => elementType === "int8" && name.endsWith("_int8"))
      .map(([name]) => name),
    kept,
  );
});

test("quantizeModel() leaves the layers that cost most in float until Dice drops by no more than allowed", async () => {
  const [strict, loose] = [await quantized(4000, 0.005), await quantized(4000, 1)];
  const int8 = ({ report }: typeof strict) => report.layers.filter(({ precision }) => precision === "int8").length;
  assert.ok(loose.report.diceDrop > 0.005, `a step of 31 logits loses Dice: ${loose.report.diceDrop}`);
  assert.ok(strict.report.diceDrop <= 0.005 && int8(strict) < int8(loose));
  const errorOf = Object.fromEntries(strict.report.layers.map(({ node, error }) => [node, error]));
  assert.ok((errorOf["same"] ?? 0) > (errorOf["maps"] ?? 0), JSON.stringify(errorOf));
});

test("quantizeModel() refuses where nothing can be quantized at the price that is allowed", async () => {
  // A drop below zero would be a gain.
  await assert.rejects(quantized(0, -0.5), {
    name: "Failure",
    message: "Cannot quantize net.onnx: each of its layers costs more than -0.5 of the mean Dice; " +
      "allow more by --max-dice-drop, or build with --fp16",
  });
});

test("quantizeModel() refuses a network without convolutions", async () => {
  await inFolder(async (folder) => {
    const { dataset } = putLesions(folder);
    const { model } = throughMaps(0);
    const data = openCalibrationData(dataset, model, { count: 4, ...CONTEXT });
    const graph = new Graph();
    graph.output(graph.input("image", { elementType: "float32", shape: [1, 1, 8, 8] }));
    const options = { opset: 13, version: "0.0.0", maximumDiceDrop: 0, ...CONTEXT };
    await assert.rejects(quantizeModel({ model, graph }, data, options), {
      name: "Failure",
      message: "Cannot quantize net.onnx: it has no convolution with constant weights; leave --int8 out",
    });
  });
});

test("openCalibrationData() refuses a data set that holds validation cases alone", async () => {
  await inFolder((folder) => {
    const { dataset } = putLesions(folder);
    const { model } = throughMaps(0);
    const metadata = { ...model.metadata, training: { validationCases: ["a", "b"] } };
    assert.throws(() => openCalibrationData(dataset, { ...model, metadata }, { count: 4, ...CONTEXT }), {
      name: "Failure",
      message:
        `${dataset} holds none but the validation cases of net.onnx, which are to judge the result; give its training data`,
    });
    return Promise.resolve();
  });
});
