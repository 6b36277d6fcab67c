import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { EvaluationOptions } from "../../src/evaluation/evaluation_options.ts";
import { runEvaluation } from "../../src/evaluation/run_evaluation.ts";
import { silentReporter } from "../../src/reporter.ts";
import { inFolder } from "../commands/run_program.ts";
import { putMsd } from "../data/made_folders.ts";

test("runEvaluation() of masks names the cases without one, leaves them out, or scores them as missed", async () => {
  await inFolder(async (folder) => {
    const [data, masks] = [join(folder, "data"), join(folder, "masks")] as const;
    putMsd(data, { count: 4 });
    mkdirSync(masks);
    cpSync(join(data, "labelsTr/c1.nii.gz"), join(masks, "c1.nii.gz"));
    // As other systems write names.
    cpSync(join(data, "labelsTr/c2.nii.gz"), join(masks, "c2.NII.GZ"));
    cpSync(join(data, "labelsTr/c2.nii.gz"), join(masks, "other.nii.gz"));
    writeFileSync(join(masks, "c3.mha"), "");
    writeFileSync(join(masks, "c1_overlay.png"), "");
    const warnings: string[] = [];
    const context = {
      reporter: { ...silentReporter, warn: (text: string) => warnings.push(text) },
      signal: new AbortController().signal,
    };
    const evaluate = async (options: Partial<EvaluationOptions> = {}) => {
      const how = { metrics: ["dice"], emptyRule: "nnunet", hd95Variant: "max", force: false } as const;
      const { document } = await runEvaluation(data, { predictions: masks }, { ...how, ...options }, context);
      return document.cases.map(({ case: id, dice, state }) => [id, dice, state]);
    };
    await assert.rejects(evaluate(), {
      name: "Failure",
      message: `${masks} has no mask for 2 of 4 cases: c3, c4; add them, or leave them out with --allow-missing`,
    });
    const hits = ["c1", "c1", "c2", "c2"].map((id) => [id, 1, "hit"]);
    assert.deepEqual(await evaluate({ allowMissing: true }), hits);
    assert.ok(warnings.includes("2 cases without a prediction, which no score counts: c3, c4"), warnings.join("\n"));
    assert.ok(warnings.includes(`2 files of ${masks} belong to no case: c3.mha, other.nii.gz`), warnings.join("\n"));
    const missed = ["c3", "c3", "c4", "c4"].map((id) => [id, 0, "missed"]);
    assert.deepEqual(await evaluate({ allowMissing: true, missingAsMissed: true }), [...hits, ...missed]);
  });
});
