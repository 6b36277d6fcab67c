/** The whole way of an engine against the simulator, for every TensorRT: export, parity, predict, evaluate, bench. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { benchEngine } from "../../src/bench/bench_engine.ts";
import { readBenchReport } from "../../src/bench/bench_report.ts";
import { type ExportRequest, runExport } from "../../src/deployment/export.ts";
import { runEvaluation } from "../../src/evaluation/run_evaluation.ts";
import { Graph } from "../../src/graph/graph.ts";
import type { Value } from "../../src/graph/op.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { encodeMetadata } from "../../src/graph/onnx/metadata.ts";
import { conv } from "../../src/graph/ops/convolution.ts";
import { floats } from "../../src/graph/tensor_type.ts";
import { readNifti } from "../../src/imaging/nifti.ts";
import { readModel } from "../../src/model/model.ts";
import { openModel } from "../../src/prediction/open_model.ts";
import { predictCases } from "../../src/prediction/predict_cases.ts";
import { findCases } from "../../src/prediction/prediction_cases.ts";
import { silentReporter } from "../../src/reporter.ts";
import { parseVersion } from "../../src/tensorrt/version.ts";
import { writeSimulator } from "../../tools/trtexec_simulator/wrapper.ts";
import { put } from "../data/made_folders.ts";
import { identityModel } from "../prediction/identity_model.ts";
import { inFolder } from "../commands/run_program.ts";
import { putLesions } from "./made_lesions.ts";

const CONTEXT = { reporter: silentReporter, signal: new AbortController().signal };

function exportRequest(model: string, out: string, more: Partial<ExportRequest>): ExportRequest {
  return {
    model,
    out,
    target: "host",
    batch: 2,
    activation: "none",
    fuse: false,
    trt: true,
    withSeg: false,
    workspaceMiB: 512,
    dryRun: false,
    parityCases: 2,
    calibrationCases: 4,
    maximumDiceDrop: 0.005,
    force: false,
    version: "0.0.0",
    ...more,
  };
}

// Those of JetPack 4.6 and 6; command lines and logs of all versions have tests of their own. A Nano has Deno and the first.
for (const version of "Deno" in globalThis ? ["8.2.1"] as const : ["8.2.1", "10.3"] as const) {
  const number = parseVersion(version) as number;
  test(`an engine of TensorRT ${version} is exported, compared, and predicts, scores and is timed as the model`, async () => {
    await inFolder(async (folder) => {
      const { model, dataset } = putLesions(folder);
      const out = join(folder, "out");
      const trtexec = writeSimulator(folder, { version });
      const precision = number < 110000 ? "fp16" : "fp32";
      const made = await runExport(exportRequest(model, out, { trtexec, precision, parity: dataset }), CONTEXT);
      const engine = join(out, "net.engine");
      assert.deepEqual([made.engine, made.parity?.passed, made.parity?.flippedVoxels], [engine, true, 0]);
      assert.deepEqual(made.parity?.cases.map((one) => [one.case, one.difference]), [["a", 0], ["b", 0]]);
      const error = made.parity?.probabilityError.largest ?? NaN;
      // Six printed digits at least, eleven bits in half precision.
      assert.ok(precision === "fp16" ? error > 1e-5 && error < 1e-2 : error < 1e-5, `error ${error}`);
      const kept = JSON.parse(readFileSync(join(out, "parity.json"), "utf8"));
      assert.deepEqual([kept.passed, kept.cases.length, kept.trtexec.version.startsWith(version)], [true, 2, true]);
      assert.deepEqual(readdirSync(out).sort(), [
        "model-card.md",
        "net.engine",
        "net.engine.json",
        "net.engine.log",
        "net.onnx",
        "parity.json",
        "timing.cache",
      ]);

      const opened = await openModel(engine, { ...CONTEXT, trtexec });
      const predictor = await opened.start();
      const cases = findCases([join(dataset, "imagesTr", "a.nii.gz")], { metadata: opened.metadata, ...CONTEXT });
      const masks = { folder: join(folder, "masks"), overlay: false, probabilities: false, force: false, ...CONTEXT };
      const { files } = await predictCases(predictor, cases, masks);
      const found = readNifti(files[0]?.output ?? "").volume.data;
      const wanted = readNifti(join(dataset, "labelsTr", "a.nii.gz")).volume.data;
      assert.deepEqual(Array.from(found), Array.from(wanted));

      const scoring = { metrics: ["dice"], emptyRule: "nnunet", hd95Variant: "max", force: false, trtexec } as const;
      const { document } = await runEvaluation(dataset, { model: engine }, scoring, CONTEXT);
      assert.equal(document.mean.dice, 1);

      const report = await benchEngine({ file: engine, trtexec, durationSeconds: 0, warmUpMs: 20 });
      assert.ok(report.samples >= 100 && report.runs.length === 2);
      assert.equal(report.droppedRows > 0, number < 80500);
      assert.ok(report.fps > 0 && (report.throughputFps ?? 0) > 0 && report.simulated);
      assert.equal(report.tensorRt.startsWith(version), true);
      assert.equal(report.kernels, 1);
      assert.equal(report.roofline?.launches, 1);
      assert.ok((report.floorMs ?? 0) > 0 && (report.floorShare ?? 2) < 1);
      assert.ok((report.layers?.length ?? 0) > 0);
      assert.match(report.notes.join("\n"), /simulator ran this/);
      const path = join(folder, "bench.json");
      writeFileSync(path, JSON.stringify(report));
      assert.equal(readBenchReport(path).fps, report.fps);
    });
  });
}

/** The model of {@link putLesions} with 4096 added on the way and taken off again: half precision has steps of 4 there. */
function fragileModel(): Uint8Array {
  const { metadata } = identityModel({ size: 8, labels: [{ value: 1, name: "lesion" }] });
  const graph = new Graph();
  const image = graph.input("image", { elementType: "float32", shape: [1, 1, 8, 8] });
  const pointwise = (x: Value, weight: number, bias: number) =>
    graph.apply(conv, [x, graph.constant(floats([weight], [1, 1, 1, 1])), graph.constant(floats([bias]))]);
  graph.output(pointwise(pointwise(image, 1, 4096), 20, -20 * 4096.5), "level_0");
  return encodeModel(graph, { opset: 13, metadata: encodeMetadata(metadata) });
}

test("benchEngine() tells a Jetson's power mode and clocks, and refuses an engine of another one", async () => {
  await inFolder(async (folder) => {
    const { model } = putLesions(folder);
    const trtexec = writeSimulator(folder);
    const { engine } = await runExport(
      exportRequest(model, join(folder, "out"), { trtexec, precision: "fp16" }),
      CONTEXT,
    );
    const root = (name: string, board: string) => {
      const clocks = "sys/devices/gpu.0/devfreq/57000000.gpu";
      put(join(folder, name), "proc/device-tree/model", `${board}\0`);
      put(
        join(folder, name),
        "etc/nv_tegra_release",
        "# R32 (release), REVISION: 7.1, GCID: 1, BOARD: t210ref, EABI: aarch64",
      );
      for (const [file, hertz] of [["cur", 614400000], ["min", 76800000], ["max", 921600000]] as const) {
        put(join(folder, name), `${clocks}/${file}_freq`, String(hertz));
      }
      return join(folder, name);
    };
    const nano = root("nano", "NVIDIA Jetson Nano Developer Kit");
    const run = (command: string) => command === "nvpmodel" ? "NV Power Mode: 5W\n1\n" : undefined;
    const options = { file: engine as string, trtexec, durationSeconds: 0, warmUpMs: 0 };
    const report = await benchEngine({ ...options, device: { root: nano, run } });
    assert.deepEqual([report.powerMode, report.gpuClockMHz], ["5W", { minimum: 76.8, maximum: 921.6 }]);
    const notes = report.notes.join("\n");
    assert.match(
      notes,
      /The power mode is 5W, which runs the GPU at 614 of 922 MHz; set MAXN, the fastest, by sudo nvpmodel -m 0/,
    );
    assert.match(notes, /The GPU clock is free between 76\.8 and 921\.6 MHz; pin it by sudo jetson_clocks/);
    const passport = `${engine}.json`;
    writeFileSync(
      passport,
      readFileSync(passport, "utf8").replace('"computeCapability": "5.3"', '"computeCapability": "7.2"'),
    );
    await assert.rejects(
      benchEngine({ ...options, device: { root: nano, run } }),
      /compute capability 7\.2 and this machine has 5\.3; rebuild it here by seg export net\.onnx --trt --target host --fp16$/,
    );
  });
});

test("an engine that half precision spoils is not kept, and its report says what to try", async () => {
  await inFolder(async (folder) => {
    const { model, dataset } = putLesions(folder);
    writeFileSync(model, fragileModel());
    const out = join(folder, "out");
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (text: string) => warnings.push(text) };
    const request = exportRequest(model, out, { trtexec: writeSimulator(folder), precision: "fp16", parity: dataset });
    const made = await runExport(request, { ...CONTEXT, reporter });
    assert.deepEqual([made.engine, made.parity?.passed, made.parity?.diceDrop], [null, false, 1]);
    assert.match(
      warnings.at(-1) ?? "",
      /^Parity fails on 2 cases: Dice 0\.0000 where .*build it with --no-fp16 --force, or allow more by --max-dice-drop/,
    );
    assert.deepEqual(readdirSync(out).sort(), [
      "model-card.md",
      "net.engine.log",
      "net.onnx",
      "parity.json",
      "timing.cache",
    ]);
    assert.equal(JSON.parse(readFileSync(join(out, "parity.json"), "utf8")).passed, false);
    const again = await runExport({ ...request, precision: "fp32", force: true }, CONTEXT);
    assert.deepEqual([again.engine, again.parity?.passed], [join(out, "net.engine"), true]);
  });
});

test("an engine in INT8 is built from a file that says what is quantized, and its passport says so", async () => {
  await inFolder(async (folder) => {
    const { model, dataset } = putLesions(folder);
    const out = join(folder, "out");
    const int8 = { precision: "int8", calibrate: dataset, parity: dataset } as const;
    await assert.rejects(runExport(exportRequest(model, out, { ...int8, target: "nano", trt: false }), CONTEXT), {
      name: "Failure",
      message:
        /^Cannot quantize .* for nano: its GPU \(compute capability 5\.3\) has no INT8 arithmetic; build with --fp16/,
    });
    for (const version of ["8.5.1", "11.1"] as const) {
      const trtexec = writeSimulator(folder, { version });
      const made = await runExport(exportRequest(model, out, { ...int8, trtexec, force: true }), CONTEXT);
      assert.deepEqual([made.precision, made.parity?.passed, made.quantization?.layers.length], ["int8", true, 1]);
      const flags = ["--int8", "--fp16"].filter((flag) => made.trtexec?.command.includes(` ${flag} `));
      assert.deepEqual(flags, version === "11.1" ? [] : ["--int8", "--fp16"]);
      const passport = JSON.parse(readFileSync(join(out, "net.engine.json"), "utf8"));
      assert.equal(passport.precision, "int8");
      const quantized = readModel(made.onnx).onnx.initializers;
      assert.equal([...quantized.values()].some(({ elementType }) => elementType === "int8"), true);
    }
  });
});
