/**
 * A trtexec for tests, on machines without a GPU: it takes the flags of a chosen TensorRT version, prints that version's lines, writes its
 * files, and really runs the model by ONNX Runtime on the CPU. Its figures say nothing of any device.
 *
 * SEG_SIMULATE_TENSORRT chooses the version, SEG_SIMULATE_FAILURE a failure: oom, oom-until-N (MiB), unsupported-op, no-implementation,
 * killed, abort, segfault, hang, no-engine, save-failed, other-device.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import type { OnnxModel } from "../../src/graph/onnx/model.ts";
import { ArgumentError, parseArguments, type ParsedArguments, parseShapes } from "./arguments.ts";
import { decodeEngine, encodeEngine, type EngineHeader } from "./engine_file.ts";
import { exportLayerInfo, exportOutput, exportProfile, exportTimes } from "./exports.ts";
import { refuseEngine, replayBuildFailure, TrtexecFailure } from "./failure_replay.ts";
import { flagsOf } from "./flag_table.ts";
import { type Generation, generationOf } from "./generation.ts";
import { runInference } from "./inference.ts";
import { error, formatNumber, info, plain, warning } from "./printing.ts";
import { printSummary } from "./summary.ts";

const failure = process.env["SEG_SIMULATE_FAILURE"] ?? "";

async function main(words: readonly string[]): Promise<number> {
  const generation = generationOf(process.env["SEG_SIMULATE_TENSORRT"] ?? "8.2.1");
  if (generation === undefined) {
    plain(`SEG_SIMULATE_TENSORRT=${process.env["SEG_SIMULATE_TENSORRT"]} is no simulated version`, "stderr");
    return 2;
  }
  const banner = (word: string) =>
    plain(
      `&&&& ${word} TensorRT.trtexec [TensorRT v${generation.number}]${
        generation.build === undefined ? "" : ` [b${generation.build}]`
      } # ${["trtexec_simulator", ...words].join(" ")}`,
    );
  banner("RUNNING");
  if (words.length === 0) {
    printHelp(generation);
    banner("PASSED");
    return 0;
  }
  if (words.includes("--help") || words.includes("-h")) {
    printHelp(generation);
    return 0;
  }
  try {
    await run(generation, parseArguments(generation.version, words));
  } catch (thrown) {
    if (thrown instanceof ArgumentError) {
      error(thrown.message);
      printHelp(generation);
    } else if (!(thrown instanceof TrtexecFailure)) {
      throw thrown;
    }
    banner("FAILED");
    return 1;
  }
  banner("PASSED");
  return 0;
}

async function run(generation: Generation, { values, warnings }: ParsedArguments): Promise<void> {
  for (const text of warnings) warning(text);
  const fp16 = values.has("--fp16") || values.has("--best");
  info("=== Build Options ===");
  const int8 = values.has("--int8") || values.has("--best");
  info(`Precision: FP32${fp16 ? "+FP16" : ""}${int8 ? "+INT8" : ""}`);
  info("=== Device Information ===");
  if (generation.listsDevices) {
    info("Available Devices:");
    info(`  Device 0: "${generation.device.name}" UUID: GPU-00000000-0000-0000-0000-000000000000`);
  }
  info(`Selected Device: ${generation.device.name}`);
  if (generation.listsDevices) info("Selected Device ID: 0");
  info(`Compute Capability: ${generation.device.computeCapability}`);
  info(`SMs: ${generation.device.multiprocessors}`);
  info("");
  info(`TensorRT version: ${generation.printed}`);
  const { header, onnx } = values.has("--onnx")
    ? await build(generation, values, fp16)
    : load(generation, values.get("--loadEngine") ?? "");
  const model = decodeModel(onnx);
  const layer = `{ForeignNode[${model.graphName}]}`;
  const layerInfo = values.get("--exportLayerInfo");
  if (layerInfo !== undefined) {
    const bindings = [...model.inputs, ...model.outputs].map(({ name }) => name);
    const detailed = values.get("--profilingVerbosity") === "detailed";
    exportLayerInfo(layerInfo, generation, { layer, bindings, detailed });
  }
  if (values.has("--buildOnly") || values.has("--skipInference")) return;
  const asked = parseShapes(values.get("--shapes") ?? "");
  refuseOtherShapes(model, asked, "Static dimension mismatch while setting input shape.");
  const warmUpMs = Number(values.get("--warmUp") ?? 200);
  info("Starting inference");
  const result = await runInference(generation, onnx, {
    fp16: header.fp16,
    shapes: new Map([...Object.entries(header.shapes), ...asked]),
    files: parseInputs(values.get("--loadInputs") ?? ""),
    warmUpMs,
    durationMs: 1000 * Number(values.get("--duration") ?? 3),
    iterations: Number(values.get("--iterations") ?? 10),
  });
  printSummary(generation, result, warmUpMs);
  const timed = result.queries.slice(result.warmUpQueries);
  const path = (flag: string, write: (path: string) => void) => {
    const value = values.get(flag);
    if (value !== undefined) write(value);
  };
  path("--exportTimes", (to) => exportTimes(to, generation, generation.timesWithWarmUp ? result.queries : timed));
  path(
    "--exportProfile",
    (to) => exportProfile(to, generation, layer, result.queries.map((query) => query.endCompute - query.startCompute)),
  );
  path("--exportOutput", (to) => exportOutput(to, result.outputs));
}

async function build(generation: Generation, values: ReadonlyMap<string, string>, fp16: boolean) {
  const started = performance.now();
  const path = values.get("--onnx") ?? "";
  const onnx = existsSync(path) ? readFileSync(path) : new Uint8Array();
  info("Start parsing network model");
  const model = parseModel(generation, path, onnx);
  info("Finish parsing network model");
  const shapes = buildShapes(model, values);
  readTimingCache(values.get("--timingCacheFile"));
  const pool = /workspace:(\d+)/.exec(values.get("--memPoolSize") ?? "")?.[1];
  const workspaceMiB = Number(pool ?? values.get("--workspace") ?? 16);
  const engine = values.get("--saveEngine");
  await replayBuildFailure(failure, generation, { workspaceMiB, engine });
  const header: EngineHeader = {
    version: generation.version,
    computeCapability: generation.device.computeCapability,
    fp16,
    shapes,
  };
  const cache = values.get("--timingCacheFile");
  if (cache !== undefined) {
    writeFileSync(cache, "simulated timing cache\n");
    info("Saved 23 bytes of timing cache to " + cache);
  }
  if (engine !== undefined) saveEngine(engine, encodeEngine(header, onnx));
  info(`[TRT] [GpuLayer] {ForeignNode[${model.graphName}]}`);
  info(`Engine built in ${formatNumber((performance.now() - started) / 1000)} sec.`);
  return { header, onnx };
}

function saveEngine(path: string, bytes: Uint8Array): void {
  try {
    if (failure === "save-failed") throw new Error("asked for");
    writeFileSync(path, failure === "no-engine" ? new Uint8Array() : bytes);
  } catch {
    error("Saving engine to file failed.");
    throw new TrtexecFailure();
  }
}

function load(generation: Generation, path: string) {
  const engine = existsSync(path) ? decodeEngine(readFileSync(path)) : undefined;
  if (!existsSync(path)) {
    error(`Error opening engine file: ${path}`);
    error("Engine set up failed");
    throw new TrtexecFailure();
  }
  if (failure === "other-device") refuseEngine(generation, "device");
  if (engine === undefined) refuseEngine(generation, "no engine");
  if (engine.header.version !== generation.version) refuseEngine(generation, "version");
  info("Engine loaded in 0.01 sec.");
  return engine;
}

function parseModel(generation: Generation, path: string, onnx: Uint8Array): OnnxModel {
  try {
    const model = decodeModel(onnx);
    info(`[TRT] Opset version:    ${model.opsets[""] ?? 0}`);
    return model;
  } catch {
    error(`[TRT] ModelImporter.cpp:735: Failed to parse ONNX model from file: ${path}`);
    error("Failed to parse onnx file");
    info("Finish parsing network model");
    error("Parsing model failed");
    error(generation.engineFailure);
    error("Engine set up failed");
    throw new TrtexecFailure();
  }
}

/** The shapes of inputs with open dimensions; those of a static model are refused, missing ones become 1. */
function buildShapes(model: OnnxModel, values: ReadonlyMap<string, string>): Record<string, number[]> {
  const shapes = parseShapes(values.get("--optShapes") ?? values.get("--shapes") ?? "");
  for (const name of shapes.keys()) {
    if (model.inputs.some((input) => input.name === name)) continue;
    error(
      `Cannot find input tensor with name "${name}" in the network inputs! Please make sure the input tensor names are correct.`,
    );
    throw new TrtexecFailure();
  }
  for (const input of model.inputs) {
    const open = input.shape?.some((size) => typeof size !== "number") ?? true;
    if (shapes.has(input.name) && !open) {
      error(
        "Static model does not take explicit shapes since the shape of inference tensors will be determined by the model itself",
      );
      throw new TrtexecFailure();
    }
    if (open && !shapes.has(input.name)) {
      const shape = (input.shape ?? []).map((size) => typeof size === "number" ? size : 1);
      warning(
        `Dynamic dimensions required for input: ${input.name}, but no shapes were provided. Automatically overriding shape to: ${
          shape.join("x")
        }`,
      );
      shapes.set(input.name, shape);
    }
  }
  return Object.fromEntries(shapes);
}

function refuseOtherShapes(model: OnnxModel, asked: ReadonlyMap<string, readonly number[]>, text: string): void {
  for (const input of model.inputs) {
    const wanted = asked.get(input.name);
    if (wanted?.some((size, axis) => typeof input.shape?.[axis] === "number" && input.shape[axis] !== size)) {
      error(`Error[3]: [executionContext.cpp::setInputShape::2264] Error Code 3: API Usage Error (${text}`);
      plain(")", "stderr");
      error("Inference set up failed");
      throw new TrtexecFailure();
    }
  }
}

function parseInputs(text: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const item of text.split(",").filter(Boolean)) {
    const colon = item.indexOf(":");
    files.set(item.slice(0, colon).replaceAll("'", ""), item.slice(colon + 1));
  }
  return files;
}

function readTimingCache(path: string | undefined): void {
  if (path === undefined) {
    info("[TRT] Local timing cache in use. Profiling results in this builder pass will not be stored.");
  } else if (existsSync(path)) {
    info(`Loaded ${readFileSync(path).length} bytes of timing cache from ${path}`);
  } else {
    warning(`Could not read timing cache from: ${path}. A new timing cache will be generated and written.`);
  }
}

function printHelp(generation: Generation): void {
  plain("=== Options ===");
  for (const [flag, { kind, deprecated }] of flagsOf(generation.version)) {
    plain(`  ${flag}${kind === "boolean" ? "" : "=<value>"}`.padEnd(34) + (deprecated ? "(deprecated)" : "simulated"));
  }
  plain("  --help, -h                      Print this message");
}

process.exitCode = await main(process.argv.slice(2));
