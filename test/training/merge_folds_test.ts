import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { silentReporter } from "../../src/reporter.ts";
import { crossValidate } from "../../src/training/runs/cross_validation.ts";
import { type FoldResult, runFold } from "../../src/training/runs/fold_run.ts";
import { mergeFolds } from "../../src/training/runs/merge_folds.ts";
import { mergeSeeds } from "../../src/training/runs/merge_seeds.ts";
import { runSettings } from "../../src/training/runs/run_settings.ts";
import type { TrainOptions } from "../../src/training/runs/train_options.ts";
import { bestModel, withTinyRuns } from "./tiny_runs.ts";

function fold(options: TrainOptions, notes: string[] = []): Promise<FoldResult> {
  const reporter = { ...silentReporter, note: (text: string) => notes.push(text) };
  return runFold(runSettings(options), { reporter, signal: new AbortController().signal });
}

/** Rewrites a JSON file. */
function change(path: string, changes: object): void {
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...changes }));
}

/** Without the paths and the seconds, which differ from folder to folder. */
function scores({ subject: _, folds, ...document }: Record<string, unknown>): unknown {
  const means = (folds as Record<string, unknown>[]).map(({ run: _, model: __, seconds: ___, ...others }) => others);
  return JSON.parse(JSON.stringify({ ...document, folds: means }));
}

test("mergeFolds() gives what a cross-validation gives, in whatever order and place the folds are, and refuses all others", async () => {
  await withTinyRuns(async ({ folder, options }) => {
    const at = (...names: string[]) => join(folder, ...names);
    const settings = options("array", { epochs: 1 });
    for (const number of [1, 0]) await fold({ ...settings, fold: number, out: at("array", `fold_${number}`) });
    const notes: string[] = [];
    const again = await fold({ ...settings, fold: 1, out: at("array", "fold_1") }, notes);
    assert.deepEqual([again.fold, notes], [1, [`${at("array", "fold_1")} is done already`]]);
    await assert.rejects(fold({ ...settings, fold: 1, learningRate: 0.5, out: at("array", "fold_1") }), {
      name: "Failure",
      message: `Cannot continue ${at("array", "fold_1")}: it was begun with learningRate 0.003, now it is 0.5; ` +
        "use the same settings, or another --out",
    });

    const whole = runSettings(options("whole", { epochs: 1 }));
    const context = { reporter: silentReporter, signal: new AbortController().signal };
    const expected = await crossValidate(whole, context);
    const merged = mergeFolds([at("array")], { out: at("array"), force: false });
    assert.deepEqual(scores({ ...merged.document }), scores({ ...expected.document }));
    assert.deepEqual(merged.models, [0, 1].map((number) => at("array", `fold_${number}`, "best.onnx")));
    for (const name of ["fold_0", "fold_1"]) {
      assert.deepEqual(bestModel(at("array", name)), bestModel(at("whole", name)));
    }
    assert.throws(() => mergeFolds([at("array")], { out: at("array"), force: false }), /summary\.json exists already/);

    // Moved elsewhere, and named in the other order.
    mkdirSync(at("b"));
    cpSync(at("array", "fold_0"), at("a"), { recursive: true });
    cpSync(at("array", "fold_1"), at("b", "fold_1"), { recursive: true });
    const moved = mergeFolds([at("b"), at("a")], { out: at("moved"), force: false });
    assert.deepEqual(scores({ ...moved.document }), scores({ ...expected.document }));
    assert.deepEqual(moved.models, [at("a", "best.onnx"), at("b", "fold_1", "best.onnx")]);

    const refused = (folders: string[], message: string | RegExp) =>
      assert.throws(() => mergeFolds(folders, { out: at("refused"), force: false }), { name: "Failure", message });
    refused([at("b")], "Fold 0 of 2 is missing; train what is missing, or name its folder too");
    refused(
      [at("b"), at("array")],
      `Fold 1 is in ${at("b", "fold_1")} and in ${
        at("array", "fold_1")
      }, expected every fold once; name one of the two`,
    );
    refused(
      [at("a"), at("data")],
      /data holds no fold, expected the folder of a run or folders fold_0, fold_1, …; leave/,
    );
    const [scoresOfA, configOfA] = [at("a", "scores.json"), at("a", "config.json")];
    const before = readFileSync(scoresOfA, "utf8");
    change(scoresOfA, { data: "0123456789abcdef" });
    refused([at("a"), at("b")], /fold_1 and .*a were trained on different data sets \(fingerprints /);
    writeFileSync(scoresOfA, before);
    change(scoresOfA, { configuration: "other" });
    change(configOfA, { epochs: 7 });
    refused(
      [at("a"), at("b")],
      `${at("b", "fold_1")} was trained with epochs 1, but ${at("a")} with 7; merge folds of one configuration`,
    );
    writeFileSync(scoresOfA, before);
    change(scoresOfA, { cases: JSON.parse(readFileSync(at("b", "fold_1", "scores.json"), "utf8")).cases });
    refused([at("a"), at("b")], /^Case phantom_0\d was scored by folds 0 and 1, expected every case once; train all/);
    writeFileSync(scoresOfA, "{}");
    refused(
      [at("a")],
      /^Cannot use .*scores\.json: fold is missing, expected a whole number from 0; remove the file, and the fold is scored/,
    );
    rmSync(scoresOfA);
    refused([at("a")], /a is not done: it has no scores\.json; run its command again with --continue, /);
  });
});

test("mergeSeeds() puts seeds side by side, and refuses one that is missing or of other settings", async () => {
  await withTinyRuns(async ({ folder, options }) => {
    const at = (...names: string[]) => join(folder, ...names);
    const settings = options("seeds", { epochs: 1 });
    const results = [];
    for (const seed of [1, 0]) results.unshift(await fold({ ...settings, seed, out: at("seeds", `seed_${seed}`) }));
    const { document, text } = mergeSeeds(at("seeds"), { force: false });
    assert.deepEqual(document.seeds.map(({ seed }) => seed), [0, 1]);
    const dice = document.seeds.map(({ mean }) => mean["dice"] as number);
    const means = results.map(({ cases }) => {
      const values = cases.flatMap(({ rows }) => rows.map((row) => row.dice)).filter((value) => value !== undefined);
      return values.reduce((sum: number, value) => sum + (value as number), 0) / values.length;
    });
    dice.forEach((value, i) => assert.ok(Math.abs(value - (means[i] as number)) < 1e-12));
    const { mean, sd } = document.spread["dice"] ?? assert.fail("no Dice");
    assert.ok(Math.abs(mean - ((dice[0] as number) + (dice[1] as number)) / 2) < 1e-12);
    assert.ok(Math.abs((sd as number) - Math.abs((dice[0] as number) - (dice[1] as number)) / Math.SQRT2) < 1e-12);
    assert.match(text, /^Means of the 2 seeds: Dice 0\.\d{3} ± 0\.\d{3} \(0\.\d{3}, 0\.\d{3}\)\nWrote /);
    change(at("seeds", "seed_1", "config.json"), { epochs: 9 });
    assert.throws(
      () => mergeSeeds(at("seeds"), { force: true }),
      /seed_1 was trained with epochs 9, but .*seed_0 with 1; merge seeds of one configuration/,
    );
    change(at("seeds", "seed_0", "scores.json"), { seeds: 3 });
    change(at("seeds", "seed_1", "config.json"), { epochs: 1 });
    assert.throws(() => mergeSeeds(at("seeds"), { force: true }), /found no seed_2, expected 3 seeds; train what is/);
    renameSync(at("seeds", "seed_1"), at("seeds", "seed_2"));
    assert.throws(() => mergeSeeds(at("seeds"), { force: true }), /was trained with seed 1, expected 2 by its name/);
  });
});
