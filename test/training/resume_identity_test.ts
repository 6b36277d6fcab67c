/** A run is continued as the same thing: the same voxels, the same best model, no newer version, and by one process at a time. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { readNifti, writeNiftiVolume } from "../../src/imaging/nifti.ts";
import { LOCK_FILE, withRunLock } from "../../src/training/runs/run_lock.ts";
import { inFolder } from "../commands/run_program.ts";
import { bestModel, trainTiny, withTinyRuns } from "./tiny_runs.ts";

test("train() refuses to continue where one voxel of an image, the best model or the version is another one", async () => {
  await withTinyRuns(async ({ folder, dataset, options }) => {
    const { out } = options("run");
    await trainTiny(options("run", { epochs: 1 }));
    const resume = { resume: out, version: "0.0.0", epochs: 2 };

    const image = join(dataset, "imagesTr/phantom_01.nii.gz");
    copyFileSync(image, join(folder, "kept.nii.gz"));
    const { volume } = readNifti(image);
    const data = Int16Array.from(volume.data as ArrayLike<number>);
    data[data.length >> 1] = (data[data.length >> 1] as number) + 1;
    writeNiftiVolume(image, { ...volume, data });
    await assert.rejects(trainTiny(resume), /^Failure: Cannot continue .*run: .*data has changed since it was trained/);
    copyFileSync(join(folder, "kept.nii.gz"), image);

    const best = join(out, "best.onnx");
    const kept = bestModel(out);
    await trainTiny(options("other", { epochs: 1, seed: 1 }));
    // Of epoch 1, as the one that it stands for.
    writeFileSync(best, bestModel(options("other").out));
    await assert.rejects(
      trainTiny(resume),
      /^Failure: Cannot continue .*best\.onnx is not the model that it was stopped with/,
    );
    writeFileSync(best, kept);

    const config = join(out, "config.json");
    const text = readFileSync(config, "utf8");
    writeFileSync(config, text.replace('"version": "0.0.0"', '"version": "9.1.0"'));
    await assert.rejects(
      trainTiny(resume),
      /^Failure: Cannot continue: .*config\.json was written by seg 9\.1\.0, and this is seg 0\.0\.0; continue it with that version$/,
    );
    writeFileSync(config, text);
    assert.equal((await trainTiny(resume)).epochs, 2);
    assert.equal(existsSync(join(out, LOCK_FILE)), false);
  });
});

test("withRunLock() refuses a folder in which a process trains, and takes over what a killed one left", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, LOCK_FILE);
    const lockOf = (id: number) =>
      writeFileSync(path, readFileSync(path, "utf8").replace(/"process":\d+/, `"process":${id}`));
    await withRunLock(folder, async () => {
      lockOf(process.ppid);
      await assert.rejects(withRunLock(folder, () => Promise.resolve()), {
        name: "Failure",
        message:
          `Cannot train in ${folder}: process ${process.ppid} does so; wait for it, or remove ${path} where that process is gone`,
      });
      // Gone.
      lockOf(spawnSync(process.execPath, ["--version"]).pid);
      assert.equal(await withRunLock(folder, () => Promise.resolve("done")), "done");
    });
    assert.equal(existsSync(path), false);
    writeFileSync(path, "damaged");
    assert.equal(await withRunLock(folder, () => Promise.resolve("done")), "done");
  });
});
