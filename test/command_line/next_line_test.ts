import assert from "node:assert/strict";
import { test } from "node:test";
import { nextLine } from "../../src/command_line/next_line.ts";
import { option, repeatedOption } from "../../src/command_line/option.ts";
import { duration, plainText, wholeNumber } from "../../src/command_line/types.ts";
import { datasetOptions } from "../../src/commands/dataset_options.ts";

test("nextLine() repeats the options that have a value, in words for a shell", () => {
  assert.equal(
    nextLine(["seg", "evaluate", "run/best.onnx", "/data/BraTS"], datasetOptions, {}),
    "seg evaluate run/best.onnx /data/BraTS",
  );
  assert.equal(
    nextLine(["seg", "evaluate", "best.onnx", "my data"], datasetOptions, {
      layout: "pairs",
      map: "4:3",
      ignore: ["255", "edge"],
      group: "(.*)_\\d+$",
      spacingMm: [0.5, 0.5, 3],
      ignoreOrigin: true,
      other: 3,
    }),
    "seg evaluate best.onnx 'my data' --layout pairs --map 4:3 --ignore 255,edge --group '(.*)_\\d+$' " +
      "--spacing 0.5,0.5,3 --ignore-origin",
  );
});

test("nextLine() leaves out defaults and what is absent, and writes units and repeated options", () => {
  const options = {
    folds: option({ long: "folds", type: wholeNumber(2), description: "", default: 5 }),
    time: option({ long: "time", type: duration, description: "" }),
    mounts: repeatedOption({ long: "mount", type: plainText("A", "a"), description: "" }),
  };
  assert.equal(nextLine(["seg", "x"], options, { folds: 5, time: undefined, mounts: [] }), "seg x");
  assert.equal(
    nextLine(["seg", "x"], options, { folds: 3, time: 5400, mounts: ["a b", "c"] }),
    "seg x --folds 3 --time 5400s --mount 'a b' --mount c",
  );
  assert.equal(nextLine(["seg", "predict", "it's.onnx", "INPUT..."]), "seg predict 'it'\\''s.onnx' INPUT...");
});
