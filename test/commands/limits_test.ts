/** Faults of the machine and its limits, with the real limit: one sentence each, and never "a fault of seg". */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { messageOf } from "../../src/failure.ts";
import { requireProvider } from "../../src/runtime/providers.ts";
import { machineFailure } from "../../src/system_faults.ts";
import { inFolder } from "./run_program.ts";

const FILES = "test/version_0_1_0/files";
const skip = "Deno" in globalThis ? "the limits are of Node's process" : false;

/** Runs the program in a shell with limits, such as `ulimit -n 64`. */
function limited(limits: string, ...args: string[]): { code: number | null; stderr: string } {
  const program = ["dist/src/main.js", ...args];
  const { status, stderr } = spawnSync("bash", ["-c", `${limits}; exec "$0" "$@"`, process.execPath, ...program], {
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.doesNotMatch(stderr, /fault of seg/);
  return { code: status, stderr };
}

test(
  "seg train says before it reads data that addresses are limited, and trains with the remedy",
  { skip },
  async () => {
    await inFolder((folder) => {
      const train = [
        "train",
        join(FILES, "data"),
        "--epochs",
        "1",
        "--width",
        "1",
        "--input-size",
        "16",
        "--threads",
        "1",
        "--folds",
        "2",
      ];
      const limit = "ulimit -v 8000000";
      const { code, stderr } = limited(limit, ...train, "--out", join(folder, "run"));
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^Cannot reserve memory for the weights .*ulimit -v.*NODE_OPTIONS=--disable-wasm-trap-handler before it$/m,
      );
      assert.doesNotMatch(stderr, /Checking case/);
      assert.equal(existsSync(join(folder, "run")), false);
      const remedy = `export NODE_OPTIONS=--disable-wasm-trap-handler; ${limit}`;
      const second = limited(remedy, ...train, "--steps-per-epoch", "1", "--out", join(folder, "run"));
      assert.equal(second.code, 0, second.stderr);
      return Promise.resolve();
    });
  },
);

test("seg check says that too many files are open", { skip }, () => {
  const ends = [23, 24, 25, 26, 27].map((files) => limited(`ulimit -n ${files}`, "check", join(FILES, "data")));
  // With fewer, Node cannot load the program; with more, all goes well.
  const told = ends.filter(({ stderr }) =>
    /^(Cannot .*too many files are open; raise the limit with ulimit -n|A part of the program cannot be loaded .*ulimit -n)/m
      .test(stderr)
  );
  assert.ok(told.length > 0 && told.every(({ code }) => code === 1), ends.map(({ stderr }) => stderr).join("\n"));
});

test("an output whose name is longer than the file system allows is told as such", { skip }, () => {
  const out = join("/tmp", "x".repeat(300));
  for (
    const args of [["check", join(FILES, "data"), "--folds", "2", "--write"], [
      "evaluate",
      join(FILES, "whole/best.onnx"),
      join(FILES, "data"),
    ]]
  ) {
    const { code, stderr } = limited("true", ...args, "--out", out);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /the name is longer than the file system allows; give a shorter one/);
  }
});

test("a pipe in a data set is refused without being opened", { skip }, async () => {
  await inFolder((folder) => {
    const data = join(folder, "data");
    cpSync(join(FILES, "data"), data, { recursive: true });
    const image = join(data, "imagesTr/a.nii.gz");
    rmSync(image);
    execFileSync("mkfifo", [image]);
    const { code, stderr } = limited("true", "check", data);
    assert.equal(code, 1, stderr);
    rmSync(image);
    execFileSync("mkfifo", [join(folder, "model.onnx")]);
    for (const args of [["inspect", "model.onnx"], ["predict", "model.onnx", data], ["bench", "model.onnx"]]) {
      const [command = "", , ...others] = args;
      const end = limited(
        "true",
        command,
        join(folder, "model.onnx"),
        ...others,
        ...(command === "predict" ? ["--out", join(folder, "masks")] : []),
      );
      assert.equal(end.code, 2, end.stderr);
      assert.match(end.stderr, /is a pipe, a socket or a device/);
    }
    return Promise.resolve();
  });
});

test("malformed JSON is told with its file", { skip }, async () => {
  await inFolder((folder) => {
    cpSync(join(FILES, "whole"), join(folder, "run"), { recursive: true });
    const config = join(folder, "run/config.json");
    writeFileSync(config, readFileSync(config, "utf8").slice(0, 100));
    const { code, stderr } = limited("true", "train", "--resume", join(folder, "run"));
    assert.deepEqual([code, stderr.startsWith(`Cannot read ${config}: it is no JSON (`)], [1, true]);
    return Promise.resolve();
  });
});

test("requireProvider() refuses providers that are unknown or do not run, and takes the processor", async () => {
  await requireProvider(undefined);
  await requireProvider("cpu");
  await assert.rejects(requireProvider("gpu"), {
    name: "UsageFailure",
    message: /^--provider "gpu" is no provider of this ONNX Runtime, expected cpu, /,
  });
  // Neither library is part of the package.
  await assert.rejects(requireProvider("cuda"), {
    name: "Failure",
    message: /^Provider cuda does not run here: .*; with network and an NVIDIA GPU: npm rebuild /,
  });
});

test("machineFailure() explains limits of memory, and leaves faults of the program", () => {
  const found = (error: unknown) => messageOf(machineFailure(error) ?? "unknown");
  assert.match(
    found(new RangeError("Array buffer allocation failed")),
    /^Memory ran out \(Array buffer allocation failed\); close/,
  );
  assert.match(found(new Error("std::bad_alloc")), /^Memory ran out/);
  assert.equal(found(new RangeError("Invalid array length of a graph")), "unknown");
  assert.equal(found(new TypeError("x is not a function")), "unknown");
});
