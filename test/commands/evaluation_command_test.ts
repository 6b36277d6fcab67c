import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluationCommand } from "../../src/commands/evaluation_command.ts";

test("evaluationCommand() reads the data set as the training did, in words for a shell", () => {
  assert.equal(
    evaluationCommand("run/best.onnx", { dataset: "/data/BraTS" }),
    "seg evaluate run/best.onnx /data/BraTS",
  );
  assert.equal(
    evaluationCommand("best.onnx", {
      dataset: "my data",
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
