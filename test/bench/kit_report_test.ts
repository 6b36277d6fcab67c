import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { importKit } from "../../src/bench/kit_report.ts";
import { exportKit } from "../../src/deployment/kit.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { findTarget } from "../../src/tensorrt/targets.ts";
import { writeSimulator } from "../../tools/trtexec_simulator/wrapper.ts";
import { exportFile, trainedLike } from "../deployment/running.ts";
import { inScratch } from "../tensorrt/scratch.ts";

const shell = spawnSync("sh", ["-c", "command -v sha256sum awk sed tr"]).status === 0;

test("importKit() reads what the kit of a J-Net measured, with its roofline", {
  skip: shell ? false : "sh with sha256sum, awk, sed and tr is not installed",
}, async () => {
  await inScratch(async (folder) => {
    const kit = join(folder, "kit");
    const net = trainedLike({ width: 2, inputSize: 16, outputSize: 32 });
    const { model } = exportFile({
      bytes: encodeModel(net, { opset: 13 }),
      outputs: ["level_1"],
      tensorRtVersion: 80201,
    });
    await exportKit({
      folder: kit,
      name: "small",
      model,
      target: findTarget("nano"),
      precision: "fp16",
      workspaceMiB: 512,
      data: undefined,
    });
    const bin = join(folder, "bin");
    mkdirSync(bin);
    // In front of the simulator a program that shortens the timing from 10 s to 100 queries.
    writeFileSync(
      join(bin, "trtexec"),
      `#!/bin/sh\nfor word do\n  shift\n  case $word in --duration=10) word=--duration=0 ;; esac\n  set -- "$@" "$word"\ndone\nexec '${
        writeSimulator(folder)
      }' "$@"\n`,
    );
    chmodSync(join(bin, "trtexec"), 0o755);
    const path = [bin, process.env["PATH"] ?? ""].join(delimiter);
    const run = spawnSync("sh", [join(kit, "run.sh")], { encoding: "utf8", env: { ...process.env, PATH: path } });
    assert.equal(run.status, 0, run.stderr);
    const result = join(kit, "result");
    const { report, checkPassed } = importKit(result);
    assert.equal(checkPassed, true);
    assert.deepEqual([report.tensorRt, report.precision, report.batch, report.simulated], ["8.2.1", "fp16", 1, true]);
    assert.deepEqual(report.runs.map(({ cudaGraph }) => cudaGraph), [false, true]);
    assert.ok(report.samples >= 100 && report.droppedRows > 0);
    assert.ok((report.kernels ?? 0) > 50 && (report.floorMs ?? 0) > 0 && (report.floorShare ?? 2) < 1);
    assert.ok((report.layers?.length ?? 0) > 0);

    const stages = (times: string) => `frames=300\ncuda_graph=no\nnetwork_ms=${times}\nend_to_end_ms=${times}\n`;
    writeFileSync(join(result, "runner.txt"), stages("2 1 1.5 3 4.25 9"));
    writeFileSync(join(result, "runner_graph.txt"), stages("2 1 1.75 3 4 9"));
    const { notes } = importKit(result).report;
    assert.ok(
      notes.some((note) => /the runner took 1\.50 ms \(99 %: 4\.25\) in the median/.test(note)),
      notes.join("\n"),
    );
    writeFileSync(join(result, "runner.txt"), stages("2 1"));
    assert.throws(() => importKit(result), /runner\.txt: it has no times of end_to_end; run sh run\.sh runner again/);
    rmSync(join(result, "runner.txt"));

    const text = join(result, "result.txt");
    writeFileSync(
      text,
      readFileSync(text, "utf8").replace(/^check_0=passed (\S+) \S+ \S+$/m, "check_0=failed $1 9.5 33"),
    );
    rmSync(join(result, "times_graph.json"));
    const failed = importKit(result);
    assert.equal(failed.checkPassed, false);
    assert.match(
      failed.report.notes.join("\n"),
      /differ from the reference: 33 of 1024 values flipped, by 9\.5 at most/,
    );
    assert.match(failed.report.notes.join("\n"), /not captured as a CUDA graph/);
    writeFileSync(join(kit, "model.onnx"), "other");
    assert.equal(importKit(result).report.floorMs, undefined);
    rmSync(join(result, "times.json"));
    assert.throws(() => importKit(result), /holds no timing: run sh run\.sh bench on the device/);
  });
});
