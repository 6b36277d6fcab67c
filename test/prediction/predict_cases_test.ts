import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { predictCases } from "../../src/prediction/predict_cases.ts";
import { findCases } from "../../src/prediction/prediction_cases.ts";
import { createPredictor } from "../../src/prediction/predictor.ts";
import { silentReporter } from "../../src/reporter.ts";
import { inFolder } from "../commands/run_program.ts";
import { putNifti } from "../data/made_folders.ts";
import { modelOf } from "../../src/model/model.ts";
import { identityModel } from "./identity_model.ts";

test("predictCases() that is stopped says which masks are whole, and nothing of the kind where there are none", async () => {
  await inFolder(async (folder) => {
    for (const name of ["a", "b", "c"]) putNifti(folder, `scans/${name}.nii.gz`);
    const { bytes, metadata } = identityModel();
    const predictor = await createPredictor({ ...modelOf("model.onnx", bytes), metadata }, { threads: 1 });
    const cases = findCases([join(folder, "scans")], { metadata, reporter: silentReporter });
    const reason = new Error("Stopped");
    const stoppedAt = async (text: string) => {
      const stopping = new AbortController();
      const progress = (found: string) => found.includes(text) && stopping.abort(reason);
      await predictCases(predictor, cases, {
        folder: join(folder, "masks"),
        overlay: false,
        probabilities: false,
        force: true,
        reporter: { ...silentReporter, progress },
        signal: stopping.signal,
      });
    };
    try {
      await assert.rejects(stoppedAt("case 1 of 3"), (error) => error === reason);
      await assert.rejects(stoppedAt("case 3 of 3"), {
        name: "Failure",
        message: "Stopped after 2 of 3 cases; their masks are whole, and the same command goes on from there",
        cause: reason,
      });
      assert.deepEqual(["a", "b", "c"].map((name) => existsSync(join(folder, `masks/${name}.nii.gz`))), [
        true,
        true,
        false,
      ]);
    } finally {
      await predictor.release();
    }
  });
});

test("findCases() refuses a layout where there is no folder that could have one", async () => {
  await inFolder((folder) => {
    putNifti(folder, "a.nii.gz");
    const { metadata } = identityModel();
    assert.throws(
      () => findCases([join(folder, "a.nii.gz")], { metadata, layout: "msd", reporter: silentReporter }),
      {
        name: "UsageFailure",
        message: "--layout has no effect on files: it is for folders of a data set; leave it out",
      },
    );
    return Promise.resolve();
  });
});
