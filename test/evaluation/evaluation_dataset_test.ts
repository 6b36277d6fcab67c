import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseCases, openForModel } from "../../src/evaluation/evaluation_dataset.ts";
import { putMsd, withFolder } from "../data/made_folders.ts";
import { identityModel } from "../prediction/identity_model.ts";

const LABELS = [{ value: 1, name: "anterior" }, { value: 2, name: "posterior" }];

function metadata(options: Parameters<typeof identityModel>[0] & { channelNames?: string[] }) {
  const made = identityModel(options).metadata;
  return { ...made, input: { ...made.input, channels: options.channelNames ?? ["MRI"] } };
}

test("openForModel() takes the labels of the model, in their order", () => {
  withFolder((folder) => {
    putMsd(folder);
    const named = openForModel(folder, metadata({ labels: [...LABELS].reverse() }), {});
    assert.deepEqual(named.labels.map(({ name }) => name), ["posterior", "anterior"]);
    const byValue = openForModel(folder, metadata({ labels: [{ value: 2, name: "tail" }] }), {});
    assert.deepEqual(byValue.labels.map(({ name }) => name), ["posterior"]);
    const whole = openForModel(folder, metadata({ labels: [{ value: 1, name: "whole" }], channelNames: ["T1"] }), {});
    assert.deepEqual(whole.labels.map(({ name, values }) => [name, values]), [["whole", [1, 2]]]);
  });
});

test("openForModel() names both sides where they do not fit", () => {
  withFolder((folder) => {
    putMsd(folder);
    assert.throws(() => openForModel(folder, metadata({ labels: [{ value: 7, name: "tumour" }] }), {}), {
      name: "Failure",
      message: `${folder} has the channels MRI and the labels 1 (anterior), 2 (posterior), but the model was trained ` +
        `on the channels MRI and the labels 7 (tumour); score it on such data`,
    });
  });
});

test("chooseCases() scores the validation cases that the model names", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 3 });
    const model = metadata({ labels: LABELS, training: { validationCases: ["c2", "c9"] } });
    const index = openForModel(folder, model, {});
    const ids = (split: "val" | "all" | undefined, of = model) => {
      const chosen = chooseCases(index, of, split);
      return [chosen.split, ...chosen.cases.map(({ id }) => id)];
    };
    assert.deepEqual(ids(undefined), ["val", "c2"]);
    assert.deepEqual(ids("val"), ["val", "c2"]);
    assert.deepEqual(ids("all"), ["all", "c1", "c2", "c3"]);
    const silent = metadata({ labels: LABELS });
    assert.deepEqual(ids(undefined, silent), ["all", "c1", "c2", "c3"]);
    assert.throws(() => ids("val", silent), {
      message: "The model does not say which cases it was validated on; score all cases with --split all",
    });
    const foreign = metadata({ labels: LABELS, training: { validationCases: ["x"] } });
    assert.throws(() => ids("val", foreign), {
      message: `${folder} holds none of the 1 case that the model was validated on; score all with --split all`,
    });
  });
});
