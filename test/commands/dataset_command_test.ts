import assert from "node:assert/strict";
import { test } from "node:test";
import { datasetCommand } from "../../src/commands/dataset_command.ts";

test("datasetCommand() repeats the options that read a data set, in words for a shell", () => {
  assert.equal(
    datasetCommand(["seg", "evaluate", "run/best.onnx", "/data/BraTS"], {}),
    "seg evaluate run/best.onnx /data/BraTS",
  );
  assert.equal(
    datasetCommand(["seg", "evaluate", "best.onnx", "my data"], {
      layout: "pairs",
      map: "4:3",
      ignore: ["255", "edge"],
      group: "(.*)_\\d+$",
      spacingMm: [0.5, 0.5, 3],
      ignoreOrigin: true,
    }),
    "seg evaluate best.onnx 'my data' --layout pairs --map 4:3 --ignore 255,edge --group '(.*)_\\d+$' " +
      "--spacing 0.5,0.5,3 --ignore-origin",
  );
});
