import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { writePhantom } from "../../src/data/phantom.ts";
import { writeNiftiVolume } from "../../src/imaging/nifti.ts";
import { identityModel, markedVolume } from "../prediction/identity_model.ts";
import { runInProcess } from "./run_in_process.ts";
import { inFolder, runProgram } from "./run_program.ts";

const SMALL = ["--steps-per-epoch", "1", "--width", "2", "--input-size", "16", "--output-size", "32", "--folds", "3"];
const skip = process.platform === "win32" ? "Windows has no SIGUSR1" : false;

test("seg train --fold auto takes its fold from the scheduler, saves on SIGUSR1, continues, and skips what is done", {
  skip,
}, async () => {
  await inFolder(async (folder) => {
    const dataset = join(folder, "data");
    writePhantom(dataset, { cases: 3, side: 48 });
    const run = join(folder, "cv");
    const line = ["train", dataset, "--fold", "auto", "--out", run, ...SMALL, "--json"];
    const environment = { SLURM_ARRAY_TASK_ID: "1", SLURM_ARRAY_TASK_MAX: "2" };
    const stopped = await runProgram([...line, "--epochs", "1000"], {
      environment,
      // A scheduler's warning and a shell that passes on its end: the second signal must not cut the saving short.
      when: {
        stderr: /epoch 1\/1000/,
        then: ({ pid }) => {
          process.kill(pid as number, "SIGUSR1");
          process.kill(pid as number, "SIGTERM");
        },
      },
    });
    assert.deepEqual([stopped.code, stopped.stdout], [130, ""], stopped.stderr);
    assert.ok(stopped.stderr.startsWith(`SLURM_ARRAY_TASK_ID is 1: fold 1 of 3, seed 0, in ${join(run, "fold_1")}\n`));
    assert.match(
      stopped.stderr,
      /Stopped in epoch \d+ after \d+ batch(es)?; continue with: seg train --resume .*fold_1\n$/,
    );
    const continued = await runProgram([...line, "--epochs", "1"], { environment });
    assert.equal(continued.code, 0, continued.stderr);
    assert.match(continued.stderr, /^Continuing /m);
    const summary = JSON.parse(continued.stdout);
    assert.deepEqual(summary.task, { variable: "SLURM_ARRAY_TASK_ID", value: 1, fold: 1, seed: 0 });
    const again = await runProgram([...line, "--epochs", "1"], { environment });
    assert.deepEqual(JSON.parse(again.stdout), summary);
    assert.match(again.stderr, /fold_1 is done already$/m);
    const early = await runInProcess(["merge", run]);
    assert.deepEqual([early.code, early.stderr], [
      1,
      "Folds 0, 2 of 3 are missing; train what is missing, or name its folder too\n",
    ]);
  });
});

test("seg train refuses numbers that are auto where they have no place", async () => {
  const line = ["train", "src", "--fold", "auto"];
  const [outside, nowhere, mixed, none] = await Promise.all([
    runInProcess([...line, "--out", "runs/none"]),
    runProgram(line, { environment: { PBS_ARRAYID: "0" } }),
    runInProcess(["train", "src", "--fold", "all", "--seed", "auto/2", "--out", "runs/none"]),
    runInProcess(["train", "src", "--continue"]),
  ]);
  assert.match(outside.stderr, /^--fold auto takes its number from an array job, but none of SLURM_ARRAY_TASK_ID, /);
  assert.match(nowhere.stderr, /^seg train: a number that is auto needs --out, the folder of all tasks\n/);
  assert.match(
    mixed.stderr,
    /^seg train: --fold all does not go with --seed auto: give --fold auto, a fold per task\n/,
  );
  assert.match(none.stderr, /^seg train: --continue needs --out, the folder that is to be continued\n/);
  for (const { code } of [outside, nowhere, mixed, none]) assert.equal(code, 2);
});

test("seg predict --part auto/n predicts the parts of an array, and seg merge joins them", async () => {
  await inFolder(async (folder) => {
    const [model, masks] = [join(folder, "model.onnx"), join(folder, "masks")];
    writeFileSync(model, identityModel({ size: 12, plane: "sagittal" }).bytes);
    const scans = [1, 2, 3].map((seed) => {
      const path = join(folder, `scan ${seed}.nii.gz`);
      writeNiftiVolume(
        path,
        markedVolume([12, 10, 6], { affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], seed }),
      );
      return path;
    });
    const part = (environment: Record<string, string>, ...others: string[]) =>
      runProgram(["predict", model, ...scans, "--out", masks, "--part", "auto/2", "--json", ...others], {
        environment,
      });
    // Grid Engine counts from 1, Kubernetes from 0.
    const ends = [await part({ SGE_TASK_ID: "2" }), await part({ JOB_COMPLETION_INDEX: "0" })];
    for (const { code, stderr } of ends) assert.equal(code, 0, stderr);
    assert.deepEqual(ends.map(({ stdout }) => JSON.parse(stdout).task), [
      { variable: "SGE_TASK_ID", value: 2 },
      { variable: "JOB_COMPLETION_INDEX", value: 0 },
    ]);
    const again = await part({ JOB_COMPLETION_INDEX: "0" });
    assert.deepEqual(JSON.parse(again.stdout).skipped, [1, 3].map((seed) => join(masks, `scan ${seed}.nii.gz`)));
    assert.match(again.stderr, /^Part 1 of 2 is done already in /m);
    const other = await part({ JOB_COMPLETION_INDEX: "0" }, "--fill-holes");
    assert.deepEqual([other.code, /part-1-of-2\.json is of another model or other options/.test(other.stderr)], [
      1,
      true,
    ]);
    const merged = await runInProcess(["merge", masks]);
    assert.deepEqual([merged.code, merged.stdout], [0, `${masks}: 3 cases of 2 parts\n`], merged.stderr);
    assert.deepEqual(readdirSync(masks).sort(), [
      "part-1-of-2.json",
      "part-2-of-2.json",
      "prediction.json",
      ...[1, 2, 3].map((seed) => `scan ${seed}.nii.gz`),
    ]);
  });
});
