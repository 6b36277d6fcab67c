/**
 * Files that version 0.1.0 wrote are still taken. `files/` holds them: four made volumes with discs (20×20×4 voxels), runs of an
 * ESP-Net of width 1 with J-Net's head on them (16 → 32 pixels; `whole`, the same `stopped` in its fourth epoch, and the
 * cross-validation `cv`, whose second fold is missing), and what the other commands made of `whole`.
 */
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writeSimulator } from "../../tools/trtexec_simulator/wrapper.ts";
import { runInProcess } from "../commands/run_in_process.ts";
import { inFolder } from "../commands/run_program.ts";

/** Copies the files, with the data set at its new place, and gives the working copy to `use`. */
async function withFiles(use: (folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    cpSync("test/version_0_1_0/files", folder, { recursive: true });
    for (const config of ["stopped/config.json", "whole/config.json", "cv/cross_validation.json", "config.yaml"]) {
      const path = join(folder, config);
      const text = readFileSync(path, "utf8").replace('"/data"', JSON.stringify(join(folder, "data")));
      writeFileSync(path, text.replace("dataset: data", `dataset: ${join(folder, "data")}`));
    }
    await use(folder);
  });
}

/** Runs the program with `--json`, and returns its document. */
async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runInProcess([...args, "--json"]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

function lossesOf(folder: string): number[] {
  return readFileSync(join(folder, "history.jsonl"), "utf8").trimEnd().split("\n").map((line) =>
    JSON.parse(line).trainLoss
  );
}

test("train --resume continues a run of 0.1.0 to where the whole run came", async () => {
  await withFiles(async (folder) => {
    await json("train", "--resume", join(folder, "stopped"));
    const [found, expected] = [lossesOf(join(folder, "stopped")), lossesOf(join(folder, "whole"))];
    assert.equal(found.length, expected.length);
    // The recorded run is of another processor, whose sums may round differently: a thousandth over twelve steps.
    found.forEach((loss, i) => assert.ok(Math.abs(loss - (expected[i] as number)) < 1e-3, `epoch ${i + 1}: ${loss}`));
  });
});

test("train --resume continues a cross-validation of 0.1.0", async () => {
  await withFiles(async (folder) => {
    await json("train", "--resume", join(folder, "cv"));
    assert.ok(readdirSync(join(folder, "cv/fold_1")).includes("best.onnx"));
    assert.equal(JSON.parse(readFileSync(join(folder, "cv/summary.json"), "utf8")).cases.length, 4);
  });
});

test("train --config takes settings of 0.1.0, as YAML and as the config.json of a run", async () => {
  await withFiles(async (folder) => {
    for (const config of ["config.yaml", "whole/config.json"]) {
      const out = join(folder, `of-${config.replace("/", "-")}`);
      await json("train", "--config", join(folder, config), "--epochs", "1", "--out", out);
      assert.equal(lossesOf(out).length, 1);
    }
  });
});

test("models of 0.1.0 are scored: plain, tuned and joined", async () => {
  await withFiles(async (folder) => {
    const recorded = JSON.parse(readFileSync(join(folder, "evaluation/metrics.json"), "utf8"));
    const data = join(folder, "data");
    for (const model of ["whole/best.onnx", "tuned.onnx", "ensemble.onnx"]) {
      const found = await json("evaluate", join(folder, model), data, "--split", "all");
      assert.equal((found["cases"] as unknown[]).length, recorded.cases.length, model);
      if (model !== "whole/best.onnx") continue;
      const dice = (scores: { cases: { dice: number | null }[] }) => scores.cases.map((one) => one.dice ?? 0);
      // Logits near the threshold may round to the other side on another processor: a voxel or two of hundreds.
      dice(found as never).forEach((value, i) => assert.ok(Math.abs(value - (dice(recorded)[i] as number)) < 0.02));
    }
  });
});

test("evaluate --compare takes scores of 0.1.0", async () => {
  await withFiles(async (folder) => {
    const model = join(folder, "whole/best.onnx");
    const old = join(folder, "evaluation/metrics.json");
    const found = await json("evaluate", model, join(folder, "data"), "--split", "all", "--compare", old);
    assert.ok("comparison" in found);
  });
});

test("report writes the pages of a run, a cross-validation and an evaluation of 0.1.0", async () => {
  await withFiles(async (folder) => {
    for (const place of ["whole", "cv", "evaluation"]) {
      await json("report", join(folder, place));
      assert.match(readFileSync(join(folder, place, "report.html"), "utf8"), /<h1/);
    }
  });
});

test("merge joins a part of 0.1.0 with one of this version", async () => {
  await withFiles(async (folder) => {
    const parts = join(folder, "parts");
    const model = join(folder, "whole/best.onnx");
    await json("predict", model, join(folder, "data/imagesTr"), "--out", parts, "--part", "2/2");
    await json("merge", parts);
    assert.deepEqual(readdirSync(parts).filter((name) => name.endsWith(".nii.gz")).length, 4);
  });
});

test("predict runs an engine of 0.1.0 by its passport", async () => {
  await withFiles(async (folder) => {
    const trtexec = writeSimulator(folder);
    const out = join(folder, "masks");
    const engine = join(folder, "engine/best.engine");
    await json("predict", engine, join(folder, "data/imagesTr/a.nii.gz"), "--out", out, "--trtexec", trtexec);
    assert.deepEqual(readdirSync(out), ["a.nii.gz"]);
  });
});

test("bench --compare takes a report of 0.1.0", async () => {
  await withFiles(async (folder) => {
    const args = ["--duration", "0.1s", "--compare", join(folder, "bench.json")];
    const { comparison } = await json("bench", join(folder, "whole/best.onnx"), ...args);
    const rows = comparison as { name: string; values: number[] }[];
    assert.equal(rows.find(({ name }) => name === "samples")?.values[0], 1546);
  });
});
