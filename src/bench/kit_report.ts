/** The report of a kit that ran on a device: its folder `result`, copied back. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { importAtBatch } from "../model/import_at_batch.ts";
import { readModel } from "../model/model.ts";
import { Failure, messageOf } from "../failure.ts";
import { findBoard } from "../tensorrt/boards.ts";
import { powerCautions } from "../tensorrt/device.ts";
import { countKernels } from "../tensorrt/kernels.ts";
import { type KitResult, readKitResult, type RunnerTimes } from "../tensorrt/kit_result.ts";
import { measuredTarget } from "../tensorrt/measured_target.ts";
import { markFile } from "../tensorrt/passport.ts";
import type { Precision, Target } from "../tensorrt/targets.ts";
import { type EngineReport, engineReport, graphWasIgnored } from "./engine_report.ts";
import { layerWork } from "../tensorrt/layer_work.ts";
import type { LayerWork } from "../tensorrt/roofline.ts";

/** A report, and whether the outputs on the device agreed with the reference. */
export interface KitReport {
  readonly report: EngineReport;
  /** `undefined` where the check did not run. */
  readonly checkPassed: boolean | undefined;
  /** Work of the model's layers, bytes of float32, and the device it ran on; absent where the model is not beside the result. */
  readonly work?: readonly LayerWork[];
  readonly target: Target;
}

/**
 * Reads what a kit has measured; the roofline needs the kit's `model.onnx` in the folder above.
 *
 * @throws {Failure} where the folder holds no timing, or too little of it.
 */
export function importKit(folder: string, options: { readonly target?: Target | undefined } = {}): KitReport {
  const result = readKitResult(folder);
  const { bench, benchGraph, checks, profile, power } = result;
  if (bench === undefined) {
    throw new Failure(`${folder} holds no timing: run sh run.sh bench on the device and copy the folder again`);
  }
  const notes: string[] = [];
  const model = join(dirname(resolve(folder)), "model.onnx");
  const { work, kernels, batch } = workOf(model, result, notes);
  const ignored = benchGraph !== undefined && graphWasIgnored(benchGraph.log);
  if (benchGraph === undefined || ignored) {
    notes.push("This engine was not captured as a CUDA graph: the figures are without one");
  }
  const failed = checks.filter(({ passed }) => !passed);
  for (const { flipped, values, largestDifference } of failed) {
    notes.push(
      `The outputs differ from the reference: ${flipped} of ${values} values flipped, by ${largestDifference} at most`,
    );
  }
  if (result.runner) notes.push(runnerNote(result.runner));
  const { device } = bench.log;
  const { powerMode } = result;
  const totalBytes = device.memoryMiB === undefined ? undefined : device.memoryMiB * 2 ** 20;
  const board = result.board === undefined ? undefined : findBoard({ model: result.board, totalBytes });
  if (powerMode !== undefined) {
    notes.push(...powerCautions(powerMode, { board }).map((caution) => `${caution} and measure again`));
  }
  const target = options.target ??
    measuredTarget({ model: result.board, device, tensorRt: result.tensorRt, powerMode });
  const report = engineReport({
    model: existsSync(model) ? model : folder,
    device: result.board ?? device.name ?? "unknown",
    tensorRt: result.tensorRt,
    precision: precisionOf(result),
    batch,
    runs: [
      { cudaGraph: false, ...bench, power },
      ...(benchGraph && !ignored ? [{ cudaGraph: true, ...benchGraph, power }] : []),
    ],
    profile,
    work,
    kernels,
    target,
    powerMode,
    notes,
  });
  return {
    report,
    checkPassed: checks.length === 0 ? undefined : failed.length === 0,
    target,
    ...(work && { work }),
  };
}

function runnerNote({ endToEndMs, networkMs, cudaGraph }: RunnerTimes): string {
  const shown = ({ median, p99 }: { median: number; p99: number }) =>
    `${median.toFixed(2)} ms (99 %: ${p99.toFixed(2)})`;
  return `From a frame to its mask the runner took ${shown(endToEndMs)} in the median, ${
    shown(networkMs)
  } of it in the ` +
    `network${cudaGraph ? ", as a CUDA graph" : ""}`;
}

function precisionOf({ build }: KitResult): Precision {
  const precision = build?.log.precision ?? "";
  return /INT8/.test(precision) ? "int8" : /FP16/.test(precision) ? "fp16" : "fp32";
}

function workOf(path: string, { modelSha256 }: KitResult, notes: string[]) {
  if (!existsSync(path) || markFile(path).sha256 !== modelSha256) {
    notes.push(`No roofline: ${path} is not the model of this result; keep the folder result inside its kit`);
    return { batch: 1 };
  }
  try {
    const { onnx: model } = readModel(path);
    const [size] = model.inputs[0]?.shape ?? [];
    const batch = typeof size === "number" ? size : 1;
    const graph = importAtBatch(model, { batch, dimensions: {} }, () => {});
    return { work: layerWork(graph), kernels: countKernels(graph), batch };
  } catch (error) {
    notes.push(`No roofline: ${messageOf(error)}`);
    return { batch: 1 };
  }
}
