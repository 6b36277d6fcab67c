import assert from "node:assert/strict";
import { test } from "node:test";
import { ensembleOf } from "../../src/model/ensemble.ts";
import { encodeMetadata, type ModelMetadata } from "../../src/graph/onnx/metadata.ts";
import { replaceMetadata } from "../../src/graph/onnx/encode.ts";
import { scalingAffine } from "../../src/imaging/volume.ts";
import { type DescribedModel, modelOf } from "../../src/model/model.ts";
import { createPredictor } from "../../src/prediction/predictor.ts";
import { identityModel, type IdentityOptions, markedVolume } from "../prediction/identity_model.ts";

function member(path: string, options: IdentityOptions, change: Partial<ModelMetadata["output"]> = {}): DescribedModel {
  const made = identityModel({ size: 8, ...options });
  const metadata = { ...made.metadata, output: { ...made.metadata.output, ...change } };
  const bytes = replaceMetadata(made.bytes, encodeMetadata(metadata));
  return { ...modelOf(path, bytes), metadata };
}

const training = (fold: number, validationCases: readonly string[]) => ({ fingerprint: "f", fold, validationCases });

test("ensembleOf() makes a model that answers as its members do, for any batch size", async () => {
  const ensemble = ensembleOf([
    member("runs/fold_0/best.onnx", { training: training(0, ["a", "b"]) }, { threshold: 0.4 }),
    member("runs/fold_1/best.onnx", { training: training(1, ["c"]) }, { threshold: 0.5 }),
  ], "1.0.0");
  const { metadata } = ensemble;
  assert.deepEqual(modelOf("ensemble.onnx", ensemble.bytes), { ...ensemble, path: "ensemble.onnx" });
  assert.deepEqual(ensemble.onnx.inputs[0]?.shape, ["N", 1, 8, 8]);
  assert.equal(metadata.output.threshold, 0.45);
  assert.deepEqual(metadata.training, {
    fingerprint: "f",
    members: [
      { file: "best.onnx", fingerprint: "f", fold: 0, validationCases: ["a", "b"] },
      { file: "best.onnx", fingerprint: "f", fold: 1, validationCases: ["c"] },
    ],
  });
  const volume = markedVolume([8, 8, 3], { affine: scalingAffine([1, 1, 2]) });
  const predictor = await createPredictor(ensemble, { threads: 1, batch: 2 });
  const { mask } = await predictor.segment(volume);
  await predictor.release();
  assert.deepEqual([...mask.data], [...volume.data]);
});

test("ensembleOf() averages the logarithms of class weights, those of a member without any being 0", () => {
  const options = { activation: "softmax" } as const;
  const members = [member("a.onnx", options, { classWeights: [4] }), member("b.onnx", options)];
  assert.deepEqual(ensembleOf(members, "1.0.0").metadata.output.classWeights, [2]);
  assert.equal(
    "classWeights" in ensembleOf([member("a.onnx", options), member("b.onnx", options)], "1").metadata.output,
    false,
  );
});

test("ensembleOf() names as validation cases those that every member set aside", () => {
  const { metadata } = ensembleOf([
    member("a.onnx", { training: training(0, ["a", "b", "c"]) }),
    member("b.onnx", { training: { ...training(0, ["c", "b"]), fingerprint: "g" } }),
  ], "1.0.0");
  assert.deepEqual(metadata.training["validationCases"], ["b", "c"]);
  assert.equal("fingerprint" in metadata.training, false, "members of different data sets have none in common");
});

test("ensembleOf() keeps a batch size that is fixed", () => {
  const models = [1, 2].map((fold) => member(`${fold}.onnx`, { batch: 1, training: training(fold, []) }));
  assert.deepEqual(ensembleOf(models, "1.0.0").onnx.inputs[0]?.shape, [1, 1, 8, 8]);
});

test("ensembleOf() refuses what cannot be averaged with a sentence", () => {
  const first = member("a.onnx", {});
  const refused = (members: readonly DescribedModel[], message: string) =>
    assert.throws(() => ensembleOf(members, "1.0.0"), { name: "Failure", message });
  refused([first], "An ensemble needs two models or more: found 1; name more of them");
  refused(
    [first, member("b.onnx", { size: 16 })],
    "Cannot average b.onnx with a.onnx: found input size 16, expected 8; name models of one data set with equal settings",
  );
  refused(
    [first, member("b.onnx", { labels: [{ value: 2, name: "label 1" }] })],
    'Cannot average b.onnx with a.onnx: found labels [{"value":2,"name":"label 1"}], ' +
      'expected [{"value":1,"name":"label 1"}]; name models of one data set with equal settings',
  );
});
