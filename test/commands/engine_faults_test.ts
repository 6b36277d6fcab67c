/** What goes wrong with engines ends with one sentence and the right exit code, and leaves nothing behind. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { SimulatedVersion } from "../../tools/trtexec_simulator/flag_table.ts";
import { writeSimulator } from "../../tools/trtexec_simulator/wrapper.ts";
import { identityModel } from "../prediction/identity_model.ts";
import { modelFile } from "../graph/model_file.ts";
import { runInProcess } from "./run_in_process.ts";
import { inFolder, runProgram } from "./run_program.ts";

function putModel(folder: string, name = "net.onnx"): string {
  const path = join(folder, name);
  writeFileSync(path, identityModel({ size: 8, labels: [{ value: 1, name: "lesion" }] }).bytes);
  return path;
}

function simulator(folder: string, options: { version?: SimulatedVersion; failure?: string }): string {
  const place = join(folder, `${options.version ?? "8.2.1"}-${options.failure ?? "good"}`);
  mkdirSync(place, { recursive: true });
  return writeSimulator(place, options);
}

/** Fails, says `message` in the last line of stderr, prints nothing, and leaves nothing in `out` but `left`. */
async function assertRefused(
  args: readonly string[],
  { out, code = 1, message, left = [] }: { out: string; code?: number; message: RegExp; left?: readonly string[] },
): Promise<void> {
  const end = await runInProcess([...args, "--out", out]);
  assert.equal(end.code, code, end.stderr);
  assert.match(end.stderr, message);
  assert.doesNotMatch(end.stderr, /\n {4}at |fault of seg/);
  assert.equal(end.stdout, "");
  assert.deepEqual(existsSync(out) ? readdirSync(out).sort() : [], left);
}

/** Played failure, and what is said of it. */
const BUILD_FAILURES: readonly (readonly [string, RegExp])[] = [
  ["killed", /^Cannot build .*net\.engine from .*net\.onnx: the system killed trtexec, .*lower --workspace/m],
  ["abort", /^Cannot build .*: trtexec aborted without a message, .*read its log \(log: .*net\.engine\.log\)$/m],
  ["save-failed", /^Cannot build .*: trtexec cannot write the engine; .*disk has room/m],
  ["no-engine", /^Cannot build .*: trtexec reports success but wrote no engine; check that the disk has room/m],
  ["oom", /^Cannot build .*: the device ran out of memory; lower --workspace/m],
];

for (const [failure, message] of BUILD_FAILURES) {
  test(`seg export --trt explains ${failure} and keeps the log alone`, async () => {
    await inFolder(async (folder) => {
      const model = putModel(folder);
      const trtexec = simulator(folder, { failure });
      const out = join(folder, "out");
      await assertRefused(["export", model, "--trt", "--workspace", "128", "--trtexec", trtexec], {
        out,
        message,
        left: ["net.engine.log"],
      });
    });
  });
}

test("seg export --trt names an absent or wrong trtexec, INT8, and what a TensorRT lacks", async () => {
  await inFolder(async (folder) => {
    const model = putModel(folder);
    const plain = join(folder, "plain");
    writeFileSync(plain, "no program");
    const mute = join(folder, "mute");
    writeFileSync(mute, "#!/bin/sh\necho hello\n");
    chmodSync(mute, 0o755);
    const newest = simulator(folder, { version: "11.1" });
    const refused = (args: readonly string[], name: string, message: RegExp, code = 1) =>
      assertRefused(["export", model, "--trt", ...args], { out: join(folder, name), message, code });
    await Promise.all([
      refused(["--trtexec", join(folder, "absent")], "a", /there is no file .*absent; check the path/, 2),
      refused(["--trtexec", plain], "b", /^Cannot run trtexec .*plain: it is not an executable file; give the path/m),
      refused(["--trtexec", mute], "c", /^Cannot tell the version of .*mute: .*give the trtexec of TensorRT 8\.0/m),
      refused(
        ["--target", "host", "--fp16", "--trtexec", newest],
        "d",
        /^TensorRT 11\.1\.0 has no --fp16: .*--no-fp16/m,
      ),
      refused(["--int8"], "e", /--int8 needs --calibrate, a data set with the training cases of the model/, 2),
    ]);
    const end = await runProgram(["export", model, "--trt", "--out", join(folder, "f")], {
      environment: { PATH: "/nowhere" },
    });
    assert.deepEqual([end.code, existsSync(join(folder, "f"))], [1, false]);
    assert.match(end.stderr, /^Cannot find trtexec: .*sudo apt install tensorrt.*--trtexec$/m);
  });
});

test("seg export lists every node that the target cannot run", async () => {
  await inFolder(async (folder) => {
    const model = join(folder, "odd.onnx");
    writeFileSync(
      model,
      modelFile({
        opset: 17,
        inputs: [["x", [1, 2, 4, 4]]],
        nodes: [["Bernoulli", ["x"], ["a"]], ["Det", ["a"], ["b"]], ["Relu", ["b"], ["y"]]],
        outputs: [["y", [1, 2]]],
      }),
    );
    await assertRefused(["export", model, "--trt", "--dry-run"], {
      out: join(folder, "out"),
      message: /^Cannot export .*odd\.onnx: 2 errors\n {2}node node_0 \(Bernoulli\): .*\n {2}node node_1 \(Det\): /m,
    });
    const cubic = join(folder, "cubic.onnx");
    writeFileSync(
      cubic,
      modelFile({
        opset: 13,
        inputs: [["x", [1, 2, 4, 4]]],
        initializers: { s: { elementType: "float32", shape: [4], values: Float32Array.of(1, 1, 2, 2) } },
        nodes: [
          ["Resize", ["x", "", "s"], ["a"], { mode: "cubic" }],
          ["Resize", ["a", "", "s"], ["y"], { mode: "cubic" }],
        ],
        outputs: [["y", [1, 2, 16, 16]]],
      }),
    );
    await assertRefused(["export", cubic, "--trt", "--dry-run"], {
      out: join(folder, "out"),
      message:
        /^TensorRT of nano cannot run .*cubic\.onnx: 2 errors\n {2}node .*cubic is refused.*\n {2}node .*use linear$/m,
    });
  });
});

test("an engine of another version, device or ONNX file is refused with the command that rebuilds it", async () => {
  await inFolder(async (folder) => {
    const model = putModel(folder, "net, a: 'b'.onnx");
    const out = join(folder, "out with, odd: 'names'");
    const trtexec = simulator(folder, {});
    const built = await runInProcess(["export", model, "--trt", "--trtexec", trtexec, "--out", out]);
    assert.equal(built.code, 0, built.stderr);
    const engine = join(out, "net, a: 'b'.engine");
    const image = join(folder, "scan.png");
    writeFileSync(image, "");
    const refused = (program: string, message: RegExp, name: string) =>
      assertRefused(["predict", engine, image, "--trtexec", program], { out: join(folder, name), message });
    const rebuild = "rebuild it here by seg export .*--trt --target host --fp16$";
    await refused(
      simulator(folder, { version: "8.5.1" }),
      new RegExp(`^Cannot load .*: it was built by TensorRT 8\\.2\\.1 and this machine has 8\\.5\\.1; ${rebuild}`, "m"),
      "a",
    );
    const device = simulator(folder, { failure: "other-device" });
    const bench = await runInProcess(["bench", engine, "--trtexec", device]);
    assert.equal(bench.code, 1);
    assert.match(
      bench.stderr,
      /^Cannot time .*: the engine was built for compute capability .*rebuild it on this device/m,
    );
    const threads = await runInProcess(["bench", engine, "--threads", "2"]);
    assert.deepEqual([threads.code, threads.stderr], [
      2,
      "seg bench: --threads has no effect on an engine: trtexec runs it as it was built\nTry seg bench --help\n",
    ]);
    const onnx = join(out, "net, a: 'b'.onnx");
    const content = readFileSync(onnx);
    writeFileSync(onnx, identityModel({ size: 8, labels: [{ value: 2, name: "other" }] }).bytes);
    await refused(
      trtexec,
      new RegExp(`^Cannot load .*: it was built from another version of .*; ${rebuild}`, "m"),
      "b",
    );
    writeFileSync(onnx, content);
    renameSync(`${engine}.json`, join(folder, "passport"));
    await refused(trtexec, /^Cannot tell what .* was built for: .*build it by seg export --trt/m, "c");
  });
});

test("Ctrl-C in the middle of a build ends trtexec and leaves the log alone", async () => {
  await inFolder(async (folder) => {
    const model = putModel(folder);
    const out = join(folder, "out");
    const trtexec = simulator(folder, { failure: "hang" });
    const log = join(out, "net.engine.log");
    const running = runProgram(["export", model, "--trt", "--trtexec", trtexec, "--out", out], {
      started: async (program) => {
        // The build hangs once its log says that the model was read.
        while (!existsSync(log) || !/Local timing cache|timing cache/.test(readFileSync(log, "utf8"))) {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        // Deno reports a child on which kill() was called as killed, whatever its exit code.
        process.kill(program.pid as number, "SIGINT");
      },
    });
    const end = await running;
    assert.equal(end.code, 130, end.stderr);
    assert.deepEqual(readdirSync(out), ["net.engine.log"]);
  });
});
