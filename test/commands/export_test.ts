import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { replaceMetadata } from "../../src/graph/onnx/encode.ts";
import { writeSimulator } from "../../tools/trtexec_simulator/wrapper.ts";
import { put, putNifti } from "../data/made_folders.ts";
import { identityModel, markedVolume } from "../prediction/identity_model.ts";
import { runInProcess } from "./run_in_process.ts";
import { inFolder } from "./run_program.ts";

/** A data set of one case whose image is its mask, and a model that finds it. */
function putInputs(folder: string): { model: string; dataset: string } {
  const dataset = join(folder, "data");
  const { data, shape, affine } = markedVolume([8, 8, 2], { affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1] });
  putNifti(dataset, "imagesTr/a.nii.gz", { data, shape, affine });
  putNifti(dataset, "labelsTr/a.nii.gz", { data: Uint8Array.from(data), shape, affine });
  put(dataset, "dataset.json", {
    modality: { 0: "channel 0" },
    labels: { 0: "background", 1: "lesion" },
    training: [{ image: "./imagesTr/a.nii.gz", label: "./labelsTr/a.nii.gz" }],
    test: [],
  });
  const model = join(folder, "net.onnx");
  writeFileSync(model, identityModel({ size: 8, labels: [{ value: 1, name: "lesion" }] }).bytes);
  return { model, dataset };
}

test("seg export writes a static model with the same masks, and a kit", async () => {
  await inFolder(async (folder) => {
    const { model, dataset } = putInputs(folder);
    const [out, kit] = [join(folder, "out"), join(folder, "kit")];
    const end = await runInProcess(["export", model, "--out", out, "--parity", dataset, "--kit", kit, "--json"]);
    assert.equal(end.code, 0, end.stderr);
    const report = JSON.parse(end.stdout);
    assert.deepEqual([report.onnx, report.engine, report.target, report.precision], [
      join(out, "net.onnx"),
      null,
      "nano",
      "fp16",
    ]);
    assert.deepEqual([report.parity.passed, report.parity.flippedVoxels, report.parity.voxels], [true, 0, 128]);
    assert.deepEqual(decodeModel(readFileSync(report.onnx)).inputs[0]?.shape, [1, 1, 8, 8]);
    assert.equal(report.kit, kit);
    assert.equal(report.card, join(out, "model-card.md"));
    const shown = await runInProcess(["inspect", report.onnx, "--card"]);
    const card = readFileSync(report.card, "utf8");
    assert.ok(shown.stdout.length > 500 && card.startsWith(shown.stdout), shown.stdout);
    assert.match(card, /^\| source net\.onnx \| [0-9a-f]{64} \|$/m);
    assert.ok(existsSync(join(report.kit, "run.sh")) && existsSync(join(report.kit, "reference", "input_0.bin")));
    const [again, predicted] = await Promise.all([
      runInProcess(["export", model, "--out", out]),
      runInProcess(["evaluate", report.onnx, dataset, "--json"]),
    ]);
    assert.deepEqual([again.code, again.stderr], [
      1,
      `${report.onnx} exists already; choose another name with --out or add --force to overwrite it\n`,
    ]);
    assert.equal(predicted.code, 0, predicted.stderr);
    assert.equal(JSON.parse(predicted.stdout).mean.dice, 1);
  });
});

test("seg export with probabilities gives a model that predict and evaluate read", async () => {
  await inFolder(async (folder) => {
    const { model, dataset } = putInputs(folder);
    const out = join(folder, "out");
    const end = await runInProcess([
      "export",
      model,
      "--out",
      out,
      "--activation",
      "sigmoid",
      "--parity",
      dataset,
      "--json",
    ]);
    assert.equal(end.code, 0, end.stderr);
    const { parity } = JSON.parse(end.stdout);
    assert.deepEqual([parity.passed, parity.flippedVoxels], [true, 0]);
  });
});

test("seg export --trt builds an engine with its passport and compares its masks, and seg bench times it", async () => {
  await inFolder(async (folder) => {
    const { model, dataset } = putInputs(folder);
    const trtexec = writeSimulator(folder);
    const out = join(folder, "out");
    const end = await runInProcess([
      "export",
      model,
      "--out",
      out,
      "--trt",
      "--trtexec",
      trtexec,
      "--parity",
      dataset,
      "--json",
    ]);
    assert.equal(end.code, 0, end.stderr);
    const report = JSON.parse(end.stdout);
    assert.deepEqual([report.engine, report.trtexec.version], [join(out, "net.engine"), "8.2.1"]);
    assert.ok(report.trtexec.command.includes(`--saveEngine=${report.engine}`), report.trtexec.command);
    assert.deepEqual([report.parity.passed, report.parity.flippedVoxels], [true, 0]);
    const passport = JSON.parse(readFileSync(`${report.engine}.json`, "utf8"));
    assert.deepEqual([passport.precision, passport.simulated], ["fp16", true]);
    const benched = await runInProcess(["bench", report.engine, "--trtexec", trtexec, "--duration", "1s", "--json"]);
    assert.equal(benched.code, 0, benched.stderr);
    assert.deepEqual([JSON.parse(benched.stdout).backend, JSON.parse(benched.stdout).simulated], ["trtexec", true]);
  });
});

test("seg export --dry-run writes nothing, and wrong requests end with a sentence", async () => {
  await inFolder(async (folder) => {
    const { model } = putInputs(folder);
    const out = join(folder, "out");
    const trtexec = writeSimulator(folder, { version: "10.3" });
    const [dry, version, failed, backend] = await Promise.all([
      runInProcess([
        "export",
        model,
        "--out",
        out,
        "--trt",
        "--kit",
        join(folder, "kit"),
        "--no-fp16",
        "--dry-run",
        "--json",
      ]),
      runInProcess(["export", model, "--out", join(folder, "v"), "--trt", "--trtexec", trtexec]),
      runInProcess(["export", join(folder, "data", "dataset.json"), "--out", join(folder, "f")]),
      runInProcess(["bench", model, "--backend", "trtexec"]),
    ]);
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(dry.stderr, /^Next: the same without --dry-run$/m);
    const report = JSON.parse(dry.stdout);
    assert.equal(
      report.trtexec.command,
      `trtexec --onnx=${out}/net.onnx --saveEngine=${out}/net.engine --workspace=512 --timingCacheFile=${out}/timing.cache --buildOnly --profilingVerbosity=detailed`,
    );
    assert.equal(existsSync(out), false);
    assert.equal(version.code, 1);
    assert.match(
      version.stderr,
      /^Cannot build an engine for nano: it has TensorRT 8\.2\.1 and this machine 10\.3\.0, and an engine runs on the version that built it alone; build it there, or use --target host$/m,
    );
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /^Cannot read .*dataset\.json: the bytes are not an ONNX model/);
    assert.deepEqual([backend.code, backend.stderr], [
      2,
      `--backend trtexec does not suit ${model}: engines run by trtexec, ONNX files by onnxruntime\n`,
    ]);
    // The model of the refused engine stays out as well.
    assert.deepEqual(readdirSync(folder).filter((name) => ["out", "v", "f", "kit"].includes(name)), []);
  });
});

test("seg export that fails keeps what was in its folder before", async () => {
  await inFolder(async (folder) => {
    const { model } = putInputs(folder);
    const bare = join(folder, "bare.onnx");
    writeFileSync(bare, replaceMetadata(readFileSync(model), {}));
    const out = join(folder, "out");
    const before = ["model-card.md", "bare.engine", "bare.engine.json"];
    for (const name of before) put(out, name, "mine");
    put(folder, "file", "");
    const end = await runInProcess(["export", bare, "--out", out, "--kit", join(folder, "file", "kit")]);
    assert.deepEqual([end.code, end.stdout], [1, ""]);
    assert.match(end.stderr, /^Cannot write .*kit/m);
    assert.deepEqual(readdirSync(out).sort(), [...before].sort());
  });
});
