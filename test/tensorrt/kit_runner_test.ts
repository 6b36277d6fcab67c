/** The step `runner` of a kit's script, with the stand-in for TensorRT in the place of the device's libraries. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { exportKit } from "../../src/deployment/kit.ts";
import { scalingAffine } from "../../src/imaging/volume.ts";
import { buildModel } from "../../src/model/build.ts";
import { described, modelOf } from "../../src/model/model.ts";
import { exportModel } from "../../src/deployment/export_model.ts";
import { findTarget } from "../../src/tensorrt/targets.ts";
import { archiveStandIn, hasCompiler, STAND_IN_FOLDER } from "../../tools/tensorrt_stand_in/engine_file.ts";
import { writeSimulator } from "../../tools/trtexec_simulator/wrapper.ts";
import { recordScene } from "./runner_scene.ts";
import { inScratch } from "./scratch.ts";

const skip = hasCompiler() ? false : "g++ is not installed: the runner is not tested";

/** A kit with a runner, and an engine of the stand-in that knows the reference frame. */
async function layOutRunner(folder: string): Promise<string> {
  const kit = join(folder, "kit");
  const sizes = { width: 2, inputSize: 16, outputSize: 32, seed: 1 };
  const built = buildModel({ net: "j-net", channels: 1, classes: 1, version: "0.0.0", ...sizes });
  const { model } = exportModel(modelOf("small.onnx", built.bytes), { tensorRtVersion: 80201 });
  const options = {
    name: "small",
    target: findTarget("nano"),
    precision: "fp16",
    workspaceMiB: 512,
    data: undefined,
  } as const;
  await exportKit({ folder: kit, model, ...options });
  const script = readFileSync(join(kit, "run.sh"), "utf8");
  const [, rows, columns] = /--raw (\d+)x(\d+)/.exec(script)?.map(Number) as [number, number, number];
  const [, down, across] = /--spacing ([\d.]+),([\d.]+)/.exec(script)?.map(Number) as [number, number, number];
  const frame = new Float32Array(new Uint8Array(readFileSync(join(kit, "reference", "frame.raw"))).buffer);
  const affine = scalingAffine([across, down, 1]);
  const volume = { data: frame.reverse(), shape: [columns, rows, 1], channels: 1, affine, spacingKnown: true } as const;
  const scene = join(folder, "scene");
  mkdirSync(scene);
  await recordScene(scene, described(model), { volumes: [volume] });
  copyFileSync(join(scene, "model.engine"), join(kit, "model.engine"));
  writeSimulator(folder);
  return kit;
}

test("run.sh runner compiles the runner, checks its mask and times it", { skip }, async () => {
  await inScratch(async (folder) => {
    const kit = await layOutRunner(folder);
    const start = (flags: Readonly<Record<string, string>>) => {
      const { status, stdout, stderr } = spawnSync("sh", [join(kit, "run.sh"), "runner"], {
        encoding: "utf8",
        env: { ...process.env, TRTEXEC: join(folder, "trtexec"), ...flags },
      });
      return { status, output: stdout, errors: stderr };
    };
    const headers = `-I${resolve(STAND_IN_FOLDER)}`;
    assert.match(start({ CXX: "absent-g++" }).errors, /there is no C\+\+ compiler absent-g\+\+; install it/);
    assert.match(start({}).errors, /the headers of TensorRT are missing/);
    assert.match(start({ CXXFLAGS: headers }).errors, /the compiler finds no library of TensorRT or CUDA/);
    archiveStandIn(folder);
    const flags = { CXXFLAGS: `${headers} -O0`, LDFLAGS: `-L${folder}` };
    const good = start(flags);
    assert.equal(good.status, 0, good.errors + good.output);
    assert.match(good.output, /Mask of the runner against the reference: passed \(0 of \d+ bytes differ\)/);
    assert.match(good.output, /300 frames in [^]*end to end[^]*With a CUDA graph/);
    assert.match(readFileSync(join(kit, "result", "runner.txt"), "utf8"), /^frames=300$/m);
    assert.ok(existsSync(join(kit, "runner")));

    const mask = readFileSync(join(kit, "reference", "frame_mask.raw")).map((label, i) => i < 40 ? 1 - label : label);
    writeFileSync(join(kit, "reference", "frame_mask.raw"), mask);
    assert.match(start(flags).errors, /a file of the kit is damaged/);
    const sums = readFileSync(join(kit, "SHA256SUMS"), "utf8").split("\n");
    writeFileSync(join(kit, "SHA256SUMS"), sums.filter((line) => !line.endsWith("frame_mask.raw")).join("\n"));
    const bad = start(flags);
    assert.equal(bad.status, 1);
    assert.match(bad.output, /reference: failed \(40 of/);
    assert.match(bad.errors, /the runner runs, but its mask differs from the reference/);
  });
});
