import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Failure } from "../../src/failure.ts";
import { buildEngine, type BuildEngineOptions, workspaceLadder } from "../../src/tensorrt/build_engine.ts";
import { findTrtexec } from "../../src/tensorrt/find_trtexec.ts";
import { probeTrtexec, runTrtexec } from "../../src/tensorrt/trtexec.ts";
import { SIMULATED_VERSIONS } from "../../tools/trtexec_simulator/flag_table.ts";
import { writeSimulator } from "../../tools/trtexec_simulator/wrapper.ts";
import { inScratch, writeSmallModel } from "./scratch.ts";

function request(folder: string, more: Partial<BuildEngineOptions> = {}): BuildEngineOptions {
  const onnx = writeSmallModel(folder);
  return { onnx, engine: join(folder, "net.engine"), precision: "fp32", workspaceMiB: 512, ...more };
}

/** Files of the folder that are neither model, program nor log. */
function leftovers(folder: string): string[] {
  return readdirSync(folder).filter((name) => !["net.onnx", "trtexec", "net.engine.log"].includes(name)).sort();
}

for (const version of SIMULATED_VERSIONS) {
  test(`buildEngine() builds with the command line of TensorRT ${version}`, async () => {
    await inScratch(async (folder) => {
      const trtexec = await probeTrtexec(writeSimulator(folder, { version }));
      assert.equal(trtexec.capabilities.simulated, true);
      const precision = version === "11.1" ? "fp32" : "fp16";
      const built = await buildEngine(trtexec, request(folder, { precision, timingCache: join(folder, "cache") }));
      assert.equal(built.run.log.verdict, "passed");
      assert.equal(built.run.log.version, trtexec.capabilities.version);
      assert.equal(built.run.log.simulated, true);
      assert.ok(built.bytes > 100);
      assert.ok(built.arguments.includes(`--saveEngine=${join(folder, "net.engine")}`));
      assert.deepEqual(leftovers(folder), ["cache", "net.engine"]);
      assert.match(readFileSync(join(folder, "net.engine.log"), "utf8"), /^&&&& RUNNING[^]*&&&& PASSED/);
    });
  });
}

test("buildEngine() goes down the ladder of workspaces when memory runs out", async () => {
  await inScratch(async (folder) => {
    const trtexec = await probeTrtexec(writeSimulator(folder, { failure: "oom-until-128" }));
    const warnings: string[] = [];
    const reporter = { progress() {}, note() {}, warn: (text: string) => void warnings.push(text) };
    const built = await buildEngine(trtexec, request(folder, { reporter }));
    assert.equal(built.workspaceMiB, 128);
    assert.ok(built.arguments.includes("--workspace=128"));
    assert.equal(warnings.length, 2);
    assert.match(warnings[1] ?? "", /256 MiB; building again with 128 MiB/);
  });
});

test("workspaceLadder() never goes up", () => {
  assert.deepEqual([1024, 512, 256, 200, 64].map(workspaceLadder), [
    [1024, 256, 128],
    [512, 256, 128],
    [256, 128],
    [200, 128],
    [64],
  ]);
});

/** Played failure, and what the message says. */
const FAILURES: readonly (readonly [string, RegExp])[] = [
  ["oom", /ran out of memory; lower --workspace/],
  ["killed", /the system killed trtexec/],
  ["abort", /aborted without a message/],
  ["segfault", /crashed/],
  ["unsupported-op", /cannot run the operator HardSwish/],
  ["no-implementation", /no kernel fits node ArgMax_260/],
  ["save-failed", /cannot write the engine/],
  ["no-engine", /reports success but wrote no engine/],
];

for (const [failure, message] of FAILURES) {
  test(`buildEngine() explains ${failure} and leaves no partial engine`, async () => {
    await inScratch(async (folder) => {
      const trtexec = await probeTrtexec(writeSimulator(folder, { failure }));
      const engine = join(folder, "net.engine");
      writeFileSync(engine, "the engine of yesterday");
      await assert.rejects(
        buildEngine(trtexec, request(folder, { workspaceMiB: 128, timingCache: join(folder, "cache") })),
        (error) => error instanceof Failure && error.message.startsWith("Cannot build ") && message.test(error.message),
      );
      assert.deepEqual(leftovers(folder), ["net.engine"]);
      assert.equal(readFileSync(engine, "utf8"), "the engine of yesterday");
    });
  });
}

test("buildEngine() explains a file that is no ONNX model", async () => {
  await inScratch(async (folder) => {
    const trtexec = await probeTrtexec(writeSimulator(folder));
    const options = request(folder);
    writeFileSync(options.onnx, "not a model");
    await assert.rejects(buildEngine(trtexec, options), /net\.onnx cannot be read as ONNX/);
  });
});

test("buildEngine() explains shapes for a static model", async () => {
  await inScratch(async (folder) => {
    const trtexec = await probeTrtexec(writeSimulator(folder));
    const shapes = [{ name: "image", optimum: [1, 1, 8, 8] }];
    await assert.rejects(buildEngine(trtexec, request(folder, { shapes })), /fixed shapes and takes none/);
  });
});

test("buildEngine() stops when the signal fires and removes the partial engine", async () => {
  await inScratch(async (folder) => {
    const trtexec = await probeTrtexec(writeSimulator(folder, { failure: "hang" }));
    const controller = new AbortController();
    const building = buildEngine(trtexec, request(folder, { signal: controller.signal }));
    while (!leftovers(folder).some((name) => name.endsWith(".tmp"))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    controller.abort();
    await assert.rejects(building, (error) => error instanceof Failure && /was stopped/.test(error.message));
    assert.deepEqual(leftovers(folder), []);
  });
});

test("runTrtexec() kills a program that does not stop, though its output stays open", async () => {
  await inScratch(async (folder) => {
    const program = join(folder, "trtexec");
    // The sleep keeps the output open after the shell is dead.
    writeFileSync(program, "#!/bin/sh\ntrap '' TERM\nsleep 30 &\necho started\nwhile :; do sleep 1; done\n");
    chmodSync(program, 0o755);
    const controller = new AbortController();
    const logPath = join(folder, "log");
    const started = performance.now();
    const running = runTrtexec(program, [], { signal: controller.signal, killDelayMs: 50, logPath });
    while (!existsSync(logPath) || readFileSync(logPath, "utf8") === "") {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    controller.abort();
    await assert.rejects(running, (error) => error instanceof Failure && /was stopped/.test(error.message));
    assert.ok(performance.now() - started < 25_000);
    await assert.rejects(runTrtexec(program, [], { signal: controller.signal }), Failure);
  });
});

test("runTrtexec() keeps a long line within bounds", async () => {
  await inScratch(async (folder) => {
    const program = join(folder, "trtexec");
    writeFileSync(program, "#!/bin/sh\nhead -c 300000 /dev/zero | tr '\\0' a\n");
    chmodSync(program, 0o755);
    const logPath = join(folder, "log");
    const run = await runTrtexec(program, [], { logPath });
    assert.equal(run.end.code, 0);
    assert.equal(run.failure?.kind, "unexplained");
    const lengths = readFileSync(logPath, "utf8").trimEnd().split("\n").map((line) => line.length);
    assert.ok(Math.max(...lengths) <= 2 ** 17);
    assert.equal(lengths.reduce((sum, length) => sum + length, 0), 300_000);
  });
});

test("runTrtexec() returns the explanation of a failed run", async () => {
  await inScratch(async (folder) => {
    const program = writeSimulator(folder);
    const run = await runTrtexec(program, ["--onnx=a.onnx", "--skipInference"]);
    assert.equal(run.end.code, 1);
    assert.equal(run.failure?.kind, "unknown-flag");
  });
});

test("runTrtexec() says why a program does not start", async () => {
  await inScratch(async (folder) => {
    await assert.rejects(runTrtexec(join(folder, "absent"), []), /Cannot start .*absent: .*--trtexec/);
  });
});

test("findTrtexec() prefers the explicit path, then PATH, then JetPack's folder", async () => {
  await inScratch((folder) => {
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    for (const place of [first, second]) {
      mkdirSync(place);
      writeFileSync(join(place, "trtexec"), "");
    }
    const packagePath = join(second, "trtexec");
    assert.throws(() => findTrtexec({ searchPath: first, packagePath }), /Cannot find trtexec: .*--trtexec/);
    chmodSync(packagePath, 0o755);
    assert.equal(findTrtexec({ searchPath: first, packagePath }), packagePath);
    chmodSync(join(first, "trtexec"), 0o755);
    assert.equal(findTrtexec({ searchPath: `${folder}/none:${first}`, packagePath }), join(first, "trtexec"));
    assert.equal(findTrtexec({ explicit: packagePath, searchPath: first }), packagePath);
    assert.throws(() => findTrtexec({ explicit: first }), /not an executable file/);
    assert.ok(existsSync(first));
    return Promise.resolve();
  });
});
