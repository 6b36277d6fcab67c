import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readEvaluation } from "../../src/evaluation/evaluation_file.ts";
import { silentReporter } from "../../src/reporter.ts";
import { crossValidate, isCrossValidation } from "../../src/training/runs/cross_validation.ts";
import { runSettings } from "../../src/training/runs/run_settings.ts";
import type { ResumeOptions, TrainOptions } from "../../src/training/runs/train_options.ts";
import { bestModel, filesOf, historyOf, RUN_FILES, withTinyRuns } from "./tiny_runs.ts";

const FILES = [
  "cross_validation.json",
  "fold_0",
  "fold_1",
  "metrics.csv",
  "splits.json",
  "summary.csv",
  "summary.json",
];

/** Validates to the end, or until the progress shows `stop`; what was warned of. */
async function validate(given: TrainOptions | ResumeOptions, stop?: string) {
  const controller = new AbortController();
  const warnings: string[] = [];
  const reporter = {
    ...silentReporter,
    warn: (text: string) => warnings.push(text),
    progress: (line: string) => {
      if (stop !== undefined && line.includes(stop)) controller.abort(new Error("stopped by the test"));
    },
  };
  const result = await crossValidate("resume" in given ? given : runSettings(given), {
    reporter,
    signal: controller.signal,
  });
  return { ...result, warnings };
}

const readJson = (...parts: string[]) => JSON.parse(readFileSync(join(...parts), "utf8"));

test("crossValidate() scores every case once, by the model that has not seen it", async () => {
  await withTinyRuns(async ({ options }) => {
    const given = options("cv", { epochs: 1 });
    const { document, models, text, warnings } = await validate(given);
    assert.deepEqual(filesOf(given.out), FILES);
    assert.deepEqual(filesOf(join(given.out, "fold_1")), [...RUN_FILES, "scores.json"].sort());
    assert.ok(isCrossValidation(given.out));
    assert.deepEqual(models, [0, 1].map((fold) => join(given.out, `fold_${fold}`, "best.onnx")));
    const splits: { val: string[] }[] = readJson(given.out, "splits.json");
    assert.deepEqual(document.cases.map((row) => row.case), splits.flatMap(({ val }) => val));
    assert.equal(new Set(document.cases.map((row) => row.case)).size, 4);
    assert.equal(document.split, "out-of-fold");
    assert.deepEqual(readJson(given.out, "summary.json").cases, document.cases);
    assert.equal(readEvaluation(join(given.out, "summary.json")).length, 4);
    assert.equal(document.folds.length, 2);
    assert.match(text, /^Dice \S+.* on 4 cases of 4 patients \(each by the fold that left it out\)\n\nclass/);
    assert.match(text, /^Means of the 2 folds: Dice \d\.\d{3} ± \d\.\d{3} \(\d\.\d{3}, \d\.\d{3}\)$/m);
    assert.equal(new Set(warnings).size, warnings.length, "a warning of the data set is told once");
    await assert.rejects(validate(given), /cv exists already; .* continue that run with --resume/);
    const context = { reporter: silentReporter, signal: new AbortController().signal };
    const again = await crossValidate(runSettings(given), context, { continuing: true });
    assert.deepEqual(again.document.cases, readJson(given.out, "summary.json").cases);
    await assert.rejects(
      crossValidate(runSettings({ ...given, batch: 3 }), context, { continuing: true }),
      /^Failure: Cannot continue .*cv: it was begun with batch 8, now it is 3; use the same settings, or another --out$/,
    );
  });
});

test("crossValidate() continues as a whole to the same models and scores", async () => {
  await withTinyRuns(async ({ options }) => {
    const changes = { epochs: 2, schedule: "constant" };
    const whole = await validate(options("whole", changes));
    const { out, ...parts } = options("parts", { ...changes, epochs: 1 });
    // Within the first and the second fold; then all is done for one epoch, and goes on to the second.
    await assert.rejects(
      validate({ ...parts, out }, "fold 0 (1/2): epoch 1/1  batch 1/"),
      /^Failure: Stopped in fold 0 of 2; continue all folds with: seg train --resume /,
    );
    const resume = { resume: out, version: "0.0.0" };
    await assert.rejects(validate(resume, "fold 1 (2/2): epoch 1/1  batch 1/"), /^Failure: Stopped in fold 1 of 2; /);
    assert.equal(filesOf(out).includes("summary.json"), false);
    const [short, again] = [await validate(resume), await validate(resume)];
    assert.deepEqual(again.document, short.document);
    const { document } = await validate({ ...resume, epochs: 2 });
    const { subject: _, folds: __, ...scores } = whole.document;
    const { subject: ___, folds: ____, ...found } = document;
    assert.deepEqual(found, scores);
    for (const fold of ["fold_0", "fold_1"]) {
      const [left, right] = [join(out, fold), join(options("whole").out, fold)];
      assert.deepEqual(bestModel(left), bestModel(right));
      assert.deepEqual(historyOf(left), historyOf(right));
    }
  });
});

test("crossValidate() refuses folds that are none before it writes anything", async () => {
  await withTinyRuns(async ({ folder, options }) => {
    const splitFile = join(folder, "splits_final.json");
    const ids = ["phantom_01", "phantom_02", "phantom_03", "phantom_04"];
    const refused = async (splits: unknown, message: RegExp) => {
      writeFileSync(splitFile, JSON.stringify(splits));
      await assert.rejects(validate(options("cv", { splitFile })), { name: "Failure", message });
      assert.equal(filesOf(folder).includes("cv"), false);
    };
    await refused(
      [{ train: ids.slice(1), val: [ids[0]] }, { train: ids.slice(2), val: ids.slice(0, 2) }],
      /splits_final\.json: case phantom_01 is in the validation parts of folds 0 and 1, expected every case once; correct the splits/,
    );
    await refused([{ train: ids, val: [ids[0]] }], /^Cannot train on case phantom_01: found it in train and in val/);
    await assert.rejects(
      validate(options("cv", { folds: 9 })),
      /^UsageFailure: --folds 9 does not suit 4 patients/,
    );
    await assert.rejects(validate({ resume: folder, version: "0.0.0" }), /Cannot read .*cross_validation\.json/);
  });
});
