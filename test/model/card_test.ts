import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { encodeMetadata } from "../../src/graph/onnx/metadata.ts";
import { replaceMetadata } from "../../src/graph/onnx/encode.ts";
import { addModelCard, modelCard } from "../../src/model/card.ts";
import { described, modelOf } from "../../src/model/model.ts";
import { identityModel } from "../prediction/identity_model.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const TRAINING = {
  fingerprint: "f00d",
  dataset: { name: "Heads", layout: "msd", cases: 10, trainingCases: 8 },
  parameters: 12,
  settings: { loss: "bce", learningRate: 0.001, frozen: ["enc.*", "head"] },
  seed: 7,
  fold: 1,
  folds: 5,
  validationCases: ["a", "b"],
  epoch: 3,
  identity: "beef",
  validation: {
    cases: 2,
    patients: 1,
    confidence: 0.95,
    dice: { tumour: { n: 1, mean: 0.81234, interval: [0.7, 0.9] }, mean: { mean: 0.5, interval: null } },
    iou: { tumour: { mean: null, interval: null } },
  },
};

test("modelCard() tells data, network, scores with intervals, limits and hashes", () => {
  const { metadata } = identityModel({
    labels: [{ value: 1, name: "tumour" }],
    spacing: [1, 1, 3.00001],
    training: TRAINING,
  });
  const card = modelCard({ ...metadata, hashes: { "network without metadata": "cafe" } });
  for (
    const line of [
      "# Model card: identity for tumour",
      "| parameters | 12 |",
      "| data set | Heads |",
      "| of them for training | 8 |",
      "| of them for validation | 2 |",
      "| fold | 1 of 5 |",
      "| median spacing in mm | 1 × 1 × 3 |",
      "| seed | 7 |",
      "| epoch | 3 |",
      "| settings | loss bce, learning rate 0.001, frozen enc.* head |",
      "| tumour | 1 | 0.812 | [0.700, 0.900] | – | – |",
      "| mean | – | 0.500 | – | – | – |",
      "| data (fingerprint) | f00d |",
      "| settings | beef |",
      "| network without metadata | cafe |",
    ]
  ) assert.ok(card.split("\n").includes(line), line);
  assert.match(card, /^- The scores are of 1 patient: below 50 /m);
  assert.doesNotMatch(card, /undefined|NaN|\[object/);
});

test("modelCard() tells what was tuned after the training", () => {
  const cases: [what: string, search: object, line: RegExp][] = [
    [
      "thresholdSearch",
      { threshold: 0.35, dice: 0.9, cases: 1 },
      /^Afterwards the threshold 0\.35 gave Dice 0\.900 on 1 case; /m,
    ],
    [
      "weightSearch",
      { weights: [1, 1.4], dice: 0.8, cases: 3 },
      /^Afterwards the weights 1, 1\.4 gave Dice 0\.800 on 3 cases; /m,
    ],
  ];
  for (const [what, search, line] of cases) {
    assert.match(modelCard(identityModel({ training: { ...TRAINING, [what]: search } }).metadata), line);
  }
});

test("modelCard() of a network that is not trained says so", () => {
  const card = modelCard(identityModel({ training: { epochs: 0 } }).metadata);
  assert.match(card, /^This network is not trained\.$/m);
  assert.match(card, /Its weights are random/);
  assert.doesNotMatch(card, /## Scores/);
});

test("modelCard() keeps names of others within their line and their cell", () => {
  const name = "a|b\n# Heading\r<script>\u2028x";
  const card = modelCard(
    identityModel({ labels: [{ value: 1, name }], training: { ...TRAINING, dataset: { name } } }).metadata,
  );
  assert.ok(card.includes("| data set | a\\|b # Heading &lt;script> x |\n"));
  assert.doesNotMatch(card, /^# Heading|<script/m);
  // Metadata may hold anything where text is expected.
  const odd = { dataset: 3, settings: [], validation: { dice: 1 }, members: "x", epoch: {}, identity: 1, fold: "0" };
  assert.doesNotMatch(
    modelCard({ ...identityModel().metadata, training: odd, spacing: "1" as never, hashes: { a: 1 as never } }),
    /undefined|\[obj/,
  );
});

test("addModelCard() puts the card into the file, and its hash into the text beside it", () => {
  const { bytes, metadata } = identityModel({ training: TRAINING });
  const source = { path: "runs/best.onnx", bytes };
  const { model, card } = addModelCard(modelOf("out.onnx", bytes), source);
  const { card: inside = "", hashes, ...rest } = described(modelOf("out.onnx", model.bytes)).metadata;
  assert.deepEqual(rest, JSON.parse(JSON.stringify(metadata)));
  assert.equal(card, `${inside}| out.onnx | ${sha256(model.bytes)} |\n`);
  assert.deepEqual(hashes, {
    "source best.onnx": sha256(bytes),
    "network without metadata": sha256(replaceMetadata(model.bytes, {})),
  });
  assert.deepEqual(addModelCard(model, source).model.bytes, model.bytes, "once is enough");
});

test("addModelCard() leaves files alone that do not say how they are used", () => {
  const { bytes, metadata } = identityModel();
  const bare = modelOf("x.onnx", replaceMetadata(bytes, { author: "somebody" }));
  assert.deepEqual(addModelCard(bare), { model: bare });
  const odd = modelOf("x.onnx", replaceMetadata(bytes, { ...encodeMetadata(metadata), "seg.labels": "[]" }));
  assert.deepEqual(addModelCard(odd), { model: odd });
});
