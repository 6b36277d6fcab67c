/** Chooses what `seg bench` measures with: ONNX Runtime, trtexec, or what a kit has measured on its device. */
import { benchEngine } from "../bench/bench_engine.ts";
import { benchModel } from "../bench/bench_model.ts";
import type { BenchReport } from "../bench/bench_report.ts";
import { engineLines } from "../bench/engine_text.ts";
import { importKit } from "../bench/kit_report.ts";
import { usageFailure } from "../command_line/command.ts";
import { UsageFailure } from "../failure.ts";
import { estimateModel } from "../deployment/for_target.ts";
import { readModel } from "../model/model.ts";
import { estimateText } from "../tensorrt/clock.ts";
import { isEnginePath } from "../tensorrt/engine_path.ts";
import { findTarget, type Target } from "../tensorrt/targets.ts";
import type { WorkContext } from "../reporter.ts";

/** What the command line says. */
export interface BenchRequest {
  readonly model: string | undefined;
  /** Folder that a kit brought back, in place of a model. */
  readonly kitResult: string | undefined;
  readonly backend: "onnxruntime" | "trtexec" | undefined;
  readonly batch: number;
  /** Seconds. */
  readonly warmUp: number | undefined;
  readonly duration: number;
  readonly input: string | undefined;
  /** Least mean Dice on the data set `input`. */
  readonly minimumDice: number | undefined;
  readonly target: string | undefined;
  readonly dimensions: Readonly<Record<string, number>> | undefined;
  readonly trtexec: string | undefined;
  readonly threads: number | undefined;
  readonly provider: string | undefined;
}

/** A report, lines that its table does not show, and whether the device's outputs were wrong. */
export interface BenchResult {
  readonly report: BenchReport;
  readonly lines: readonly string[];
  readonly failed: boolean;
}

/**
 * Measures a model.
 *
 * @throws {UsageFailure} where the backend does not suit the file.
 * @throws {Failure} where it cannot be measured.
 */
export async function runBench(request: BenchRequest, context: WorkContext): Promise<BenchResult> {
  const { model, input, minimumDice, threads, provider, trtexec } = request;
  const result = await timed(request, context);
  if (minimumDice === undefined || model === undefined || input === undefined) return result;
  const { measureAccuracy, accuracyText, isAccurate } = await import("../bench/measure_accuracy.ts");
  const accuracy = await measureAccuracy(model, input, { minimumDice, threads, provider, trtexec, ...context });
  const report = { ...result.report, accuracy };
  return {
    report,
    lines: [...result.lines, accuracyText(accuracy)],
    failed: result.failed || !isAccurate(accuracy),
  };
}

async function timed(request: BenchRequest, { reporter, signal }: WorkContext): Promise<BenchResult> {
  const { model, kitResult, warmUp, duration } = request;
  const target = request.target === undefined ? undefined : findTarget(request.target);
  if (kitResult !== undefined) {
    return importResult(kitResult, target);
  }
  if (model === undefined) {
    throw usageFailure("bench", "MODEL is missing: ONNX file or engine, unless --import names what a kit brought back");
  }
  const backend = isEnginePath(model) ? "trtexec" : "onnxruntime";
  if (request.backend !== undefined && request.backend !== backend) {
    throw new UsageFailure(
      `--backend ${request.backend} does not suit ${model}: engines run by trtexec, ONNX files by onnxruntime`,
    );
  }
  const timing = {
    ...(warmUp !== undefined && { warmUpMs: warmUp * 1000 }),
    durationSeconds: duration,
    target,
    reporter,
    signal,
  };
  if (backend === "trtexec") {
    const report = await benchEngine({ file: model, trtexec: request.trtexec, ...timing });
    return { report, lines: engineLines(report), failed: false };
  }
  const { batch, dimensions, threads, provider, input } = request;
  const report = await benchModel({ file: model, batch, dimensions, threads, provider, input, ...timing });
  const head = `${report.device}, ${report.threads} threads, batch ${report.batch}, ${report.samples} runs`;
  const estimate = target && estimateModel(readModel(model), { target, batch, dimensions });
  if (target === undefined || estimate === undefined) return { report, lines: [head], failed: false };
  const lines = [head, `On ${target.name} ${estimateText(estimate)}`];
  return { report: { ...report, estimate }, lines, failed: false };
}

function importResult(folder: string, target: Target | undefined): BenchResult {
  const { report, checkPassed } = importKit(folder, { target });
  const check = checkPassed === undefined
    ? []
    : [checkPassed ? "The outputs agree with the reference" : "The outputs are wrong"];
  const offer = report.estimate === undefined || report.simulated
    ? []
    : [`To fit the estimate to this board, too: node dist/tools/calibrate_clock.js ${folder}`];
  return { report, lines: [...check, ...engineLines(report), ...offer], failed: checkPassed === false };
}
