import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { readDescribedModel } from "../../src/model/model.ts";
import type { Reporter } from "../../src/reporter.ts";
import { THREE_CLASSES, writeLabelledPhantom } from "../labelled_phantom.ts";
import { sharedPath } from "../shared.ts";
import { checkModel } from "./check_model.ts";
import { bestModel, historyOf, trainTiny, trainUntil, withTinyRuns } from "./tiny_runs.ts";

/** Parameters of the network before its outputs, but running averages. */
const KEPT = /^(enc|dec|deep|skip)\..*(weight|bias)$/;

/** Asserts that the weights before the head are those of the other model, to the bit; gives the number of channels. */
function keptChannels(before: Uint8Array, after: Uint8Array): number {
  const old = decodeModel(before).initializers;
  let kept = 0;
  const initializers = decodeModel(after).initializers;
  for (const [name, { values }] of initializers) {
    if (!KEPT.test(name)) continue;
    assert.deepEqual(values, old.get(name)?.values, name);
    kept++;
  }
  assert.ok(kept > 20, `${kept} kept`);
  return initializers.get("out.weight")?.shape[0] as number;
}

test("train() with newHead goes from one class to three and back, and keeps what it froze", async () => {
  await withTinyRuns(async ({ options, folder }) => {
    const dataset = join(folder, "three");
    writeLabelledPhantom(dataset, { cases: 4, ...THREE_CLASSES });
    const notes: string[] = [];
    const reporter: Reporter = { progress() {}, warn() {}, note: (text) => notes.push(text) };
    const settings = { epochs: 1, newHead: true, freeze: ["enc.*", "dec.*", "deep.*", "skip.*"] };
    await trainTiny(options("one", { epochs: 1 }));
    const one = join(options("one").out, "best.onnx");
    await trainTiny(options("three-run", { ...settings, dataset, init: one }), reporter);
    const three = join(options("three-run").out, "best.onnx");
    assert.equal(keptChannels(readFileSync(one), readFileSync(three)), 4);
    assert.ok(notes.includes(`New head: 6 weight tensors of ${one} start anew for 4 channels`), notes.join("\n"));
    const { metadata } = readDescribedModel(three);
    assert.deepEqual(metadata.labels.map(({ name }) => name), ["left", "right", "lesion"]);
    assert.deepEqual([metadata.output.activation, metadata.net], ["softmax", {
      name: "file",
      file: "best.onnx",
      newHead: true,
    }]);
    await trainTiny(options("back", { ...settings, init: three }));
    const back = join(options("back").out, "best.onnx");
    assert.equal(keptChannels(readFileSync(three), readFileSync(back)), 1);
    assert.equal(readDescribedModel(back).metadata.output.activation, "sigmoid");
    await checkModel(readFileSync(back));
  });
});

test("train() with newHead stopped within an epoch continues to the same bytes", async () => {
  await withTinyRuns(async ({ options, folder }) => {
    const dataset = join(folder, "three");
    writeLabelledPhantom(dataset, { cases: 2, ...THREE_CLASSES });
    await trainTiny(options("one", { epochs: 1 }));
    const changes = { dataset, init: join(options("one").out, "best.onnx"), newHead: true, epochs: 2 };
    await trainTiny(options("whole", changes));
    const { out } = options("parts");
    for (const stop of ["batch 1/", "epoch 2/2  batch 1/"]) {
      const next = stop === "batch 1/" ? options("parts", changes) : { resume: out, version: "0.0.0" };
      assert.ok(await trainUntil(next, stop), stop);
    }
    await trainTiny({ resume: out, version: "0.0.0" });
    assert.deepEqual(bestModel(out), bestModel(options("whole").out));
    assert.deepEqual(historyOf(out), historyOf(options("whole").out));
  });
});

const exported = sharedPath("golden", "exported");
const skip = exported === undefined ? "shared golden values absent" : false;

test("train() with newHead learns three classes from a model of PyTorch", { skip }, async () => {
  await withTinyRuns(async ({ options, folder }) => {
    const dataset = join(folder, "three");
    writeLabelledPhantom(dataset, { cases: 2, ...THREE_CLASSES });
    const init = join(exported as string, "jnet-n4-16-opset18.onnx");
    await trainTiny(options("run", { dataset, init, newHead: true, epochs: 2, batch: 4, learningRate: 0.01 }));
    const [first, second] = historyOf(options("run").out) as { trainLoss: number }[];
    assert.ok((second?.trainLoss as number) < (first?.trainLoss as number));
    await checkModel(bestModel(options("run").out));
  });
});

test("train() names the remedy where the channels of its start differ", async () => {
  await withTinyRuns(async ({ options, folder }) => {
    const dataset = join(folder, "three");
    writeLabelledPhantom(dataset, { cases: 2, ...THREE_CLASSES });
    await trainTiny(options("one", { epochs: 1 }));
    const init = join(options("one").out, "best.onnx");
    await assert.rejects(
      trainTiny(options("run", { dataset, init })),
      /^Failure: Cannot train .*best\.onnx: its output level_0 is \[1, 1, 16, 16\], the labels need \[N, 4, S, S\]; choose labels with --labels, or make its outputs anew with --new-head$/,
    );
  });
});
