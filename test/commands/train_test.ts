import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { writePhantom } from "../../src/data/phantom.ts";
import { runInProcess } from "./run_in_process.ts";
import { inFolder, runProgram } from "./run_program.ts";

const SMALL = ["--steps-per-epoch", "1", "--width", "2", "--input-size", "16", "--output-size", "32", "--folds", "3"];

test("seg train stopped by a signal saves, ends with 130, and continues with --resume", async () => {
  await inFolder(async (folder) => {
    const dataset = join(folder, "data");
    writePhantom(dataset, { cases: 6, side: 48 });
    const run = join(folder, "run");
    // Deno reports a child on which kill() was called as killed, whatever its exit code.
    const stopped = await runProgram(["train", dataset, "--out", run, "--epochs", "1000", ...SMALL, "--json"], {
      when: { stderr: /epoch 1\/1000/, then: (program) => process.kill(program.pid as number, "SIGINT") },
    });
    assert.deepEqual([stopped.code, stopped.stdout], [130, ""], stopped.stderr);
    assert.match(stopped.stderr, /^Warning: Stopping at the next step; press Ctrl-C again to stop at once$/m);
    const last = stopped.stderr.trimEnd().split("\n").at(-1) as string;
    assert.match(last, /^Stopped in epoch \d+ after \d+ batch(es)?; continue with: seg train --resume /);
    assert.ok(last.endsWith(run));
    assert.equal(stopped.stderr.match(/Stop/g)?.length, 2, stopped.stderr);
    assert.doesNotMatch(stopped.stderr, /^ {4}at /m);
    assert.deepEqual(readdirSync(run).sort(), [
      "best.onnx",
      "config.json",
      "history.jsonl",
      "last.checkpoint",
      "model-card.md",
      "report.html",
      "splits.json",
    ]);
    assert.match(readFileSync(join(run, "report.html"), "utf8"), /This run is not finished/);
    const epochs = readFileSync(join(run, "history.jsonl"), "utf8").trim().split("\n").length;
    const resumed = await runInProcess(["train", "--resume", run, "--epochs", String(epochs + 1), "--json"]);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.ok(resumed.stderr.endsWith(`Next: seg evaluate ${join(run, "best.onnx")} ${dataset}\n`), resumed.stderr);
    // A warning of the data set comes with its remedy.
    assert.match(
      resumed.stderr,
      /^Warning: W06 given split: found 2 validation cases; use fewer --folds/m,
    );
    const summary = JSON.parse(resumed.stdout);
    assert.deepEqual([summary.run, summary.epochs, summary.model], [run, epochs + 1, join(run, "best.onnx")]);
    assert.equal(summary.report, join(run, "report.html"));
    assert.match(readFileSync(summary.report, "utf8"), /Finished: all /);
    for (const key of ["seconds", "parameters", "trainLoss"]) assert.equal(typeof summary[key], "number", key);
    assert.deepEqual(Object.keys(summary.validation.perClass), ["lesion"]);
  });
});

test("seg train refuses a folder that exists and data that are none", async () => {
  await inFolder(async (folder) => {
    const dataset = join(folder, "data");
    writePhantom(dataset, { cases: 6, side: 48 });
    const [exists, none, headless] = await Promise.all([
      runInProcess(["train", dataset, "--out", dataset, ...SMALL]),
      runInProcess(["train", folder, "--out", join(folder, "run")]),
      runInProcess(["train", dataset, "--out", join(folder, "run"), "--new-head"]),
    ]);
    assert.equal(exists.code, 1);
    assert.ok(
      exists.stderr.endsWith(
        `${dataset} exists already; choose another --out, or continue that run with --resume ${dataset}\n`,
      ),
      exists.stderr,
    );
    assert.equal(none.code, 1);
    assert.match(none.stderr, /^No data set layout recognized in /m);
    assert.equal(headless.code, 2);
    assert.match(headless.stderr, /^seg train: --new-head needs --init, whose other weights it keeps/);
    assert.deepEqual(readdirSync(folder), ["data"]);
  });
});

test("seg train --fold all trains every fold, pools their scores and names the next step", async () => {
  await inFolder(async (folder) => {
    const dataset = join(folder, "data");
    writePhantom(dataset, { cases: 6, side: 48 });
    const run = join(folder, "cv");
    const args = ["train", dataset, "--out", run, "--fold", "all", "--epochs", "1", ...SMALL, "--json"];
    const { code, stdout, stderr } = await runInProcess(args);
    assert.equal(code, 0, stderr);
    const document = JSON.parse(stdout);
    const models = [0, 1, 2].map((fold) => join(run, `fold_${fold}`, "best.onnx"));
    assert.deepEqual([document.run, document.models, document.cases.length], [run, models, 6]);
    assert.match(stderr, /^fold 2 \(3\/3\): epoch 1\/1 /m);
    assert.match(readFileSync(document.report, "utf8"), /<a href="fold_2\/report\.html">fold 2<\/a>/);
    assert.match(readFileSync(join(run, "fold_2", "report.html"), "utf8"), /Dice by class/);
    assert.ok(stderr.endsWith(`Next: seg ensemble ${models.join(" ")} --out ${run}/ensemble.onnx\n`), stderr);
    const resumed = await runInProcess(["train", "--resume", run, "--fold", "1"]);
    assert.deepEqual([resumed.code, resumed.stderr.split("\n")[0]], [
      2,
      "seg train: --fold has no effect with --resume: a run keeps its settings",
    ]);
  });
});
