import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Failure } from "../../src/failure.ts";
import { parseLayerInfo } from "../../src/tensorrt/layer_info.ts";
import { OutputParser, readOutputs } from "../../src/tensorrt/output.ts";
import { parseProfile } from "../../src/tensorrt/profile.ts";
import { sharedPath } from "../shared.ts";
import { inScratch } from "./scratch.ts";

const OUTPUT = `[
  { "name" : "mask "a", "dimensions" : b"
  , "dimensions" : "1x2x2"
  , "values" : [ 0.0123457, -1.5e-07, inf, nan ]
  }
, { "name" : "classes"
  , "dimensions" : "2"
  , "values" : [ 0, 1 ]
  }
]
`;

test("OutputParser reads values in pieces of any size, and names that are not escaped", () => {
  for (const size of [1, 2, 3, 7, 64, 1000]) {
    const parser = new OutputParser("o.json", OUTPUT.length);
    for (let start = 0; start < OUTPUT.length; start += size) parser.push(OUTPUT.slice(start, start + size));
    const [mask, classes] = parser.end();
    assert.equal(mask?.name, 'mask "a", "dimensions" : b');
    assert.deepEqual(mask?.shape, [1, 2, 2]);
    assert.deepEqual([...mask?.values ?? []], [Math.fround(0.0123457), Math.fround(-1.5e-7), Infinity, NaN]);
    assert.deepEqual([...classes?.values ?? []], [0, 1]);
  }
});

/** Damaged texts, and what the message says. */
const DAMAGED: readonly (readonly [string, RegExp])[] = [
  ["[\n]\n", /holds no output/],
  [OUTPUT.slice(0, 100), /ends inside output mask/],
  [OUTPUT.slice(0, 150), /does not end behind output mask/],
  [OUTPUT.replace('"1x2x2"', '"1x2x3"'), /has 4 values where its shape 1x2x3 needs 6/],
  [OUTPUT.replace('"1x2x2"', '"1x2"'), /more values than its shape 1x2/],
  [OUTPUT.replace('"1x2x2"', '"90000x90000x90000"'), /file is too short/],
  [OUTPUT.replace("-1.5e-07", "\x01"), /value 1 of output mask.* is no number.*INT8/],
];

for (const [text, message] of DAMAGED) {
  test(`OutputParser refuses ${message.source}`, () => {
    const parse = () => {
      const parser = new OutputParser("o.json", text.length);
      parser.push(text);
      return parser.end();
    };
    assert.throws(parse, (error) => error instanceof Failure && message.test(error.message));
  });
}

test("readOutputs() reads more than one chunk of the file", async () => {
  await inScratch((folder) => {
    const values = Array.from({ length: 300_000 }, (_, i) => (i % 1000) / 1000);
    const path = join(folder, "o.json");
    writeFileSync(
      path,
      `[\n  { "name" : "mask"\n  , "dimensions" : "3x100000"\n  , "values" : [ ${values.join(", ")} ]\n  }\n]\n`,
    );
    const [output] = readOutputs(path);
    assert.deepEqual(output?.values, Float32Array.from(values));
    return Promise.resolve();
  });
});

test("parseProfile() reads both generations and names that are not escaped", () => {
  const profile = parseProfile(
    `[
  { "count" : 215 }
, { "name" : "conv "a" + relu", "timeMs" : 612.031, "averageMs" : 2.84666, "percentage" : 20.4121 }
, { "name" : "PWN(x)", "timeMs" : 9.5e-05, "averageMs" : 4.4e-07, "medianMs" : 4e-07, "percentage" : 79.5879 }
]`,
    "p.json",
  );
  assert.equal(profile.runs, 215);
  assert.deepEqual(profile.layers, [
    { name: 'conv "a" + relu', averageMs: 2.84666, percentage: 20.4121 },
    { name: "PWN(x)", averageMs: 4.4e-7, medianMs: 4e-7, percentage: 79.5879 },
  ]);
  assert.throws(() => parseProfile("[ ]", "p.json"), /no layer profile/);
});

test("parseLayerInfo() reads names alone, and the list of TensorRT 11", () => {
  const names = parseLayerInfo('{ "Layers": ["conv + relu", "pool"], "Bindings": ["in", "out"] }', "l.json");
  assert.deepEqual(names.layers.map(({ name }) => name), ["conv + relu", "pool"]);
  assert.deepEqual(names.bindings, ["in", "out"]);
  const newest = parseLayerInfo('{ "Layers": [], "I/O Tensors": [{ "Name": "in" }] }', "l.json");
  assert.deepEqual(newest.bindings, ["in"]);
  assert.throws(() => parseLayerInfo("{", "l.json"), Failure);
  assert.throws(() => parseLayerInfo("{}", "l.json"), /no list "Layers"/);
});

const folder = sharedPath("facts", "trtexec-logs");
const skip = folder ? false : "shared data absent";
const read = (name: string) => readFileSync(`${folder}/${name}`, "utf8").replace(/^#.*\n/, "");

test("parseProfile() reads recorded files", { skip }, () => {
  const real = parseProfile(read("31-8.4-real-exportProfile.json.txt"), "31");
  assert.equal(real.runs, 6610);
  assert.equal(real.layers.length, 5);
  assert.equal(real.layers[1]?.name, "features.0.0.weight + QuantizeLinear_8 + Conv_12 + PWN(Clip_16)");
  assert.equal(real.layers[1]?.medianMs, 0.008608);
  const old = parseProfile(read("34-8.2-synthetic-exportProfile.json.txt"), "34");
  assert.deepEqual(old.layers.map(({ averageMs }) => averageMs), [2.84666, 0.145349, 4.4186e-7]);
});

test("parseLayerInfo() reads a recorded file", { skip }, () => {
  const info = parseLayerInfo(read("32-8.4-real-exportLayerInfo-detailed.json.txt"), "32");
  assert.deepEqual(info.bindings, ["input1", "1179"]);
  assert.deepEqual(info.layers.map(({ type }) => type), ["Reformat", "CaskConvolution", "TiledPooling", "NoOp"]);
  assert.deepEqual(info.layers[1]?.outputs[0]?.shape, [1, 32, 112, 112]);
  assert.match(info.layers[1]?.tactic ?? "", /^volta_int8x4/);
  assert.match(info.layers[2]?.inputs[0]?.format ?? "", /FP16/);
});

test("readOutputs() reads the form of 8.2", { skip }, () => {
  const outputs = readOutputs(`${folder}/35-8.2-synthetic-exportOutput.json.txt`);
  assert.deepEqual(outputs.map(({ name, shape }) => [name, shape.join("x")]), [["mask", "1x1x2x4"], [
    "classes",
    "1x1x2x2",
  ]]);
  assert.deepEqual([...outputs[1]?.values ?? []], [0, 1, 1, 0]);
});
