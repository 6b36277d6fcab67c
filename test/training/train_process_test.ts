import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { checkModel } from "./check_model.ts";
import { Random } from "../../src/random.ts";
import { readCheckpoint } from "../../src/training/runs/checkpoint.ts";
import { bestModel, filesOf, historyOf, RUN_FILES, withTinyRuns } from "./tiny_runs.ts";

const PROGRAM = "Deno" in globalThis
  ? ["run", "--quiet", "--no-check", "--allow-all", "src/main.ts"]
  : ["dist/src/main.js"];

/** The program writes a report too. */
const PROGRAM_FILES = [...RUN_FILES, "report.html"].sort();

interface End {
  readonly code: number | null;
  readonly stderr: string;
}

/** Runs `seg`, killed without warning after a time or once a file is there, or with files of at most `fileBlocks` times 512 bytes. */
function runSeg(
  args: readonly string[],
  limits: { killMilliseconds?: number; killOnceThere?: string; fileBlocks?: number } = {},
): Promise<End> {
  const command = [process.execPath, ...PROGRAM, ...args];
  const [file, ...rest] = limits.fileBlocks === undefined
    ? command as [string, ...string[]]
    : ["sh", "-c", `ulimit -f ${limits.fileBlocks}; exec "$@"`, "sh", ...command] as const;
  const child = spawn(file, rest, { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, NO_COLOR: "1" } });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const timer = limits.killMilliseconds === undefined
    ? undefined
    : setTimeout(() => child.kill("SIGKILL"), limits.killMilliseconds);
  const { killOnceThere } = limits;
  const watch = killOnceThere === undefined
    ? undefined
    : setInterval(() => existsSync(killOnceThere) && child.kill("SIGKILL"), 2);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      clearInterval(watch);
      resolve({ code, stderr });
    });
  });
}

const SETTINGS = "--width 2 --input-size 16 --output-size 32 --batch 8 --folds 2 --threads 1 --augment mri".split(" ");
const [LONG, SHORT] = [["--epochs", "5"], ["--epochs", "2"]] as const;

test("seg train killed again and again continues to the same bytes", async () => {
  await withTinyRuns(async ({ folder, dataset }) => {
    const [whole, killed] = [join(folder, "whole"), join(folder, "killed")];
    const start = performance.now();
    assert.equal((await runSeg(["train", dataset, "--out", whole, ...SETTINGS, ...LONG])).code, 0);
    const milliseconds = performance.now() - start;
    const random = new Random(Date.now());
    let kills = 0;
    for (let tries = 0;; tries++) {
      assert.ok(tries < 60, "no end in sight");
      const args = existsSync(killed)
        ? ["train", "--resume", killed]
        : ["train", dataset, "--out", killed, ...SETTINGS, ...LONG];
      // Surely once within the second epoch; then early, in the middle, and now and then never, until it may come to its end.
      const limits = kills === 0
        ? { killOnceThere: join(killed, "last.checkpoint") }
        : { killMilliseconds: kills < 3 ? random.uniform(0.2, 1.1) * milliseconds : 1e6 };
      const { code, stderr } = await runSeg(args, limits);
      if (code === 0) break;
      assert.doesNotMatch(stderr, /Cannot|Failure|^ {4}at /m);
      kills++;
      if (!existsSync(killed)) continue;
      // Whatever stands under a final name is whole.
      if (existsSync(join(killed, "last.checkpoint"))) readCheckpoint(join(killed, "last.checkpoint"));
      if (existsSync(join(killed, "best.onnx"))) await checkModel(bestModel(killed));
    }
    assert.ok(kills > 0);
    assert.deepEqual(bestModel(killed), bestModel(whole));
    assert.deepEqual(historyOf(killed), historyOf(whole));
    assert.deepEqual(filesOf(killed), PROGRAM_FILES);
    // Folders of runs that never got their name may stay, hidden.
    assert.deepEqual(readdirSync(folder).filter((name) => !name.startsWith(".")).sort(), ["data", "killed", "whole"]);
  });
});

const skip = process.platform === "win32"
  ? "Windows has no ulimit"
  : "Deno" in globalThis
  ? "the limit meets Deno's own cache files first"
  : false;

test("seg train leaves nothing half-written where files may not grow, and can be continued", { skip }, async () => {
  await withTinyRuns(async ({ folder, dataset }) => {
    const [whole, full] = [join(folder, "whole"), join(folder, "full")];
    assert.equal((await runSeg(["train", dataset, "--out", whole, ...SETTINGS, ...SHORT])).code, 0);
    // Half a KiB: not even config.json. 64 KiB: no model. 300 KiB: the model, but no checkpoint.
    const expected = [[1, []], [128, ["config.json", "splits.json"]], [600, [
      "best.onnx",
      "config.json",
      "history.jsonl",
      "model-card.md",
      "splits.json",
    ]]];
    for (const [fileBlocks, files] of expected as [number, string[]][]) {
      const args = existsSync(full)
        ? ["train", "--resume", full]
        : ["train", dataset, "--out", full, ...SETTINGS, ...SHORT];
      const { code, stderr } = await runSeg(args, { fileBlocks });
      assert.equal(code, 1, `${fileBlocks} blocks`);
      assert.match(stderr, /Cannot write .*: the file-size limit of this shell is reached/);
      const left = existsSync(full) ? filesOf(full) : [];
      assert.deepEqual(left, files, `${fileBlocks} blocks: ${stderr}`);
      if (left.includes("best.onnx")) await checkModel(bestModel(full));
    }
    assert.equal((await runSeg(["train", "--resume", full])).code, 0);
    assert.deepEqual(bestModel(full), bestModel(whole));
    assert.deepEqual(historyOf(full), historyOf(whole));
    assert.deepEqual(filesOf(full), PROGRAM_FILES);
  });
});
