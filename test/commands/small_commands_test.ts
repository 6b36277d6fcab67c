import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runDemo } from "../../src/commands/run_demo.ts";
import { writePhantom } from "../../src/data/phantom.ts";
import { readNifti, readNiftiHeader } from "../../src/imaging/nifti.ts";
import { silentReporter } from "../../src/reporter.ts";
import { sharedPath } from "../shared.ts";
import { put } from "../data/made_folders.ts";
import { runInProcess } from "./run_in_process.ts";
import { inFolder, runProgram } from "./run_program.ts";

test("seg build writes a network that seg inspect and seg bench read, and overwrites nothing", async () => {
  await inFolder(async (folder) => {
    const model = join(folder, "net.onnx");
    const options = ["--width", "2", "--input-size", "16", "--output-size", "64", "--out", model];
    const built = await runInProcess(["build", ...options, "--json"]);
    assert.equal(built.code, 0, built.stderr);
    const document = JSON.parse(built.stdout);
    assert.deepEqual(Object.keys(document), [
      "model",
      "parameters",
      "headParameters",
      "flops",
      "headFlops",
      "nodes",
      "kernels",
      "headKernels",
      "estimate",
    ]);
    assert.equal(document.headParameters, 30, "two plain levels of one class: 2 · (13 + 2)");
    assert.equal(document.headKernels, 4, "two transposed convolutions and two convolutions");
    const bytes = readFileSync(model);
    const [again, forced, inspected, benched] = await Promise.all([
      runInProcess(["build", ...options, "--seed", "1"]),
      runInProcess(["build", ...options.slice(0, -1), join(folder, "same.onnx"), "--force"]),
      runInProcess(["inspect", model, "--json"]),
      runInProcess(["bench", model, "--duration", "0.2s", "--json"]),
    ]);
    assert.deepEqual([again.code, again.stderr], [
      1,
      `${model} exists already; choose another name with --out or add --force to overwrite it\n`,
    ]);
    assert.deepEqual(readFileSync(model), bytes);
    assert.equal(forced.code, 0, forced.stderr);
    assert.deepEqual(readFileSync(join(folder, "same.onnx")), bytes, "the same seed gives the same bytes");
    assert.equal(inspected.code, 0, inspected.stderr);
    const inspection = JSON.parse(inspected.stdout);
    for (const figure of ["parameters", "flops", "kernels", "estimate"]) {
      assert.deepEqual(inspection[figure], document[figure], figure);
    }
    const { headParameters: parameters, headFlops: flops, headKernels: kernels } = document;
    assert.deepEqual(inspection.head, { parameters, flops, kernels });
    assert.equal(inspection.trainable, true);
    assert.equal(benched.code, 0, benched.stderr);
    const report = JSON.parse(benched.stdout);
    assert.ok(report.latencyMs.p50 > 0 && report.fps > 0 && report.backend === "onnxruntime");
  });
});

test("seg inspect and seg bench refuse what is no model", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "text.onnx");
    writeFileSync(path, "no model");
    for (const command of ["inspect", "bench"]) {
      const { code, stdout, stderr } = await runInProcess([command, path]);
      assert.deepEqual([code, stdout], [1, ""], command);
      assert.match(stderr, /^Cannot (read|bench) .*text\.onnx: the bytes are not an ONNX model.*\n$/);
    }
  });
});

test("seg check lists faults, writes its files and ends with 1 where there are errors", async () => {
  await inFolder(async (folder) => {
    const dataset = join(folder, "data");
    writePhantom(dataset, { cases: 6, side: 48 });
    const out = join(folder, "checked");
    const good = await runInProcess(["check", dataset, "--folds", "3", "--write", "--out", out, "--json"]);
    assert.equal(good.code, 0, good.stderr);
    const report = JSON.parse(good.stdout);
    assert.deepEqual([report.layout, report.cases, report.errors], ["msd", 6, []]);
    assert.ok(report.warnings.length > 0);
    assert.deepEqual(readdirSync(out).sort(), ["check.json", "fingerprint.json", "splits.json"]);
    const image = join(dataset, "imagesTr", "phantom_02.nii.gz");
    writeFileSync(image, readFileSync(image).subarray(0, 500));
    const [bad, again] = await Promise.all([
      runInProcess(["check", dataset, "--folds", "3"]),
      runInProcess(["check", dataset, "--write", "--out", out]),
    ]);
    assert.equal(bad.code, 1);
    assert.match(
      bad.stdout,
      /^E03 {2}imagesTr\/phantom_02\.nii\.gz: found that gzip data ends early at byte 500, expected a readable file; copy the file again$/m,
    );
    assert.match(bad.stdout, /: 1 error, \d+ warnings$/m);
    const nowhere = await runInProcess(["check", dataset, "--write", "--out", join(image, "checked")]);
    assert.deepEqual([nowhere.code, nowhere.stderr], [
      1,
      `Cannot write ${join(image, "checked")}: a part of the path is a file; choose another place\n`,
    ]);
    assert.deepEqual([again.code, again.stderr], [
      1,
      `${join(out, "check.json")} exists already; choose another name with --out or add --force to overwrite it\n`,
    ]);
  });
});

test("seg doctor tells versions, providers and what is missing", async () => {
  const { code, stdout, stderr } = await runProgram(["doctor", "--json"], { environment: { SECRET_KEY: "SECRET" } });
  assert.equal(code, 0, stderr);
  const diagnosis = JSON.parse(stdout);
  assert.match(diagnosis.onnxRuntime, /^\d+\.\d+\.\d+/);
  assert.equal(diagnosis.runtime.name, "Deno" in globalThis ? "deno" : "node");
  const cpu = diagnosis.providers.find((provider: { name: string }) => provider.name === "cpu");
  assert.deepEqual(cpu, { name: "cpu", atHand: true });
  for (const provider of diagnosis.providers) {
    assert.equal(typeof provider.remedy, provider.atHand ? "undefined" : "string");
  }
  assert.equal(diagnosis.inference, "works");
  const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  assert.deepEqual(diagnosis.packages, dependencies);
  assert.ok(diagnosis.system.disks.every((disk: { freeBytes: number }) => disk.freeBytes > 0));
  assert.deepEqual(diagnosis.terminal, { output: false, messages: false, columns: null });
  assert.equal(diagnosis.environment["NO_COLOR"], "1");
  assert.doesNotMatch(JSON.stringify(diagnosis), /HOME|SECRET/);
  assert.ok("path" in diagnosis.trtexec || /^Cannot find trtexec: /.test(diagnosis.trtexec.missing));
});

const hippocampus = sharedPath("data", "Task04_Hippocampus");

test(
  "seg predict on real volumes keeps shape and affine",
  { skip: hippocampus === undefined && "shared data absent" },
  async () => {
    await inFolder(async (folder) => {
      const model = join(folder, "net.onnx");
      await runInProcess([
        "build",
        "--width",
        "2",
        "--input-size",
        "32",
        "--output-size",
        "64",
        "--classes",
        "2",
        "--out",
        model,
      ]);
      const images = join(hippocampus as string, "imagesTr");
      const inputs = readdirSync(images).filter((name) => name.endsWith(".nii.gz")).slice(0, 2).map((name) =>
        join(images, name)
      );
      const end = await runInProcess(["predict", model, ...inputs, "--out", join(folder, "masks"), "--json"]);
      assert.equal(end.code, 0, end.stderr);
      const { files } = JSON.parse(end.stdout);
      assert.equal(files.length, 2);
      for (const { input, output } of files) {
        const [image, mask] = [readNiftiHeader(input), readNifti(output)];
        assert.deepEqual(mask.geometry.shape, image.shape);
        assert.deepEqual(mask.geometry.affine, image.affine);
        assert.ok(mask.volume.data.every((value) => value <= 2));
      }
    });
  },
);

test("runDemo() runs the whole chain, and removes an earlier demo with --force", async () => {
  await inFolder(async (folder) => {
    const out = join(folder, "demo");
    const context = { reporter: silentReporter, signal: new AbortController().signal };
    const small = { out, epochs: 1, version: "0.0.0", work: { cases: 4, side: 48, stepsPerEpoch: 2 } };
    const { model, exported, validation, seconds, report, picture } = await runDemo(
      { ...small, force: false, seed: 0 },
      context,
    );
    assert.ok(existsSync(model) && existsSync(exported) && existsSync(picture) && seconds > 0);
    assert.equal(validation.cases, 1);
    assert.equal(readdirSync(join(out, "masks")).filter((name) => name.endsWith("_overlay.png")).length, 1);
    assert.ok(existsSync(join(out, "scores", "metrics.csv")));
    assert.ok(existsSync(join(out, "scores", "report.html")));
    assert.equal(report, join(out, "run", "report.html"));
    assert.match(readFileSync(report, "utf8"), /bench \(onnxruntime\)/);
    const image = join(out, "data", "imagesTr", "phantom_01.nii.gz");
    const before = readFileSync(image);
    put(out, "notes.txt", "mine");
    // What is there is removed first; the chain need not run again for that.
    const stopping = new AbortController();
    const note = (text: string) => text.startsWith("2/6") && stopping.abort(new Error("enough seen"));
    await assert.rejects(
      runDemo({ ...small, force: true, seed: 1 }, { reporter: { ...silentReporter, note }, signal: stopping.signal }),
      /^Failure: Stopped in epoch 1 after 0 batches/,
    );
    assert.ok(!existsSync(model) && !existsSync(report));
    assert.notDeepEqual(readFileSync(image), before);
    assert.equal(readFileSync(join(out, "notes.txt"), "utf8"), "mine");
  });
});

test("seg demo writes into no folder of something else", async () => {
  await inFolder(async (folder) => {
    put(folder, "mine/data/file.txt", "x");
    for (
      const [force, message] of [[[], /mine exists already; .*add --force/], [["--force"], /has not made/]] as const
    ) {
      const refused = await runInProcess(["demo", "--out", join(folder, "mine"), ...force]);
      assert.deepEqual([refused.code, refused.stdout], [1, ""]);
      assert.match(refused.stderr, message);
    }
    assert.ok(existsSync(join(folder, "mine/data/file.txt")));
  });
});
