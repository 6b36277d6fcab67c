/** The benchmark of an ONNX file in ONNX Runtime. */
import { cpus } from "node:os";
import { Failure, messageOf } from "../failure.ts";
import type { OnnxModel } from "../graph/onnx/model.ts";
import { importAtBatch } from "../model/import_at_batch.ts";
import { readModel } from "../model/model.ts";
import { BYTES_SHARES, type Target } from "../tensorrt/targets.ts";
import { type Reporter, silentReporter } from "../reporter.ts";
import type { BenchReport } from "./bench_report.ts";
import { runWorker } from "./bench_process.ts";
import { layerWork } from "../tensorrt/layer_work.ts";
import { latencyStatistics } from "./percentiles.ts";
import { usualPrecision } from "../tensorrt/capabilities.ts";
import { roofline, roofOf } from "../tensorrt/roofline.ts";
import type { BenchRequest } from "./worker_protocol.ts";

/** What to measure, and how. */
export interface BenchOptions {
  /** Path of an ONNX file. */
  readonly file: string;
  /** Images per run (default: 1). */
  readonly batch?: number | undefined;
  /** Sizes of other symbolic dimensions by name. */
  readonly dimensions?: Readonly<Record<string, number>> | undefined;
  /** Threads inside an op (default: all cores). */
  readonly threads?: number | undefined;
  readonly provider?: string | undefined;
  /** Uncounted time before measuring (default: 500 ms, and 10 runs at least). */
  readonly warmUpMs?: number | undefined;
  readonly warmUpRuns?: number | undefined;
  /** Default: 10 s; goes on for 100 samples. */
  readonly durationSeconds?: number | undefined;
  /** A data set folder whose images the stage times are taken on; a made-up volume where absent. */
  readonly input?: string | undefined;
  /** Leaves the stage times out. */
  readonly withoutStages?: boolean | undefined;
  /** The device of the roofline. */
  readonly target?: Target | undefined;
  readonly reporter?: Reporter | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A report of ONNX Runtime. */
export interface OnnxRuntimeReport extends BenchReport {
  readonly backend: "onnxruntime";
  readonly threads: number | "all";
  readonly provider: string;
  /** From the file's bytes to a session that can run. */
  readonly sessionMs: number;
  readonly peakMemoryBytes: number;
  /** Peak memory less that of the runtime without a model. */
  readonly modelMemoryBytes: number;
}

/**
 * Measures latency, memory and stage times of an ONNX file in a process of its own.
 *
 * @throws {Failure} where the file is no model, holds for another batch size, ONNX Runtime refuses it, or too few runs fit into the duration.
 */
export async function benchModel(options: BenchOptions): Promise<OnnxRuntimeReport> {
  const { file, batch = 1, threads, provider, durationSeconds = 10, reporter = silentReporter } = options;
  const { onnx: model } = readModel(file);
  const notes: string[] = [];
  const request: BenchRequest = {
    file,
    inputs: inputsOf(model, options),
    warmUpMs: options.warmUpMs ?? 500,
    warmUpRuns: options.warmUpRuns ?? 10,
    durationMs: durationSeconds * 1000,
    ...(threads === undefined ? {} : { threads }),
    ...(provider === undefined ? {} : { provider }),
    ...(options.withoutStages === true ? {} : { stages: stageRequest(options) }),
  };
  const measurement = await runWorker(request, {
    progress: (share) => reporter.progress(`measuring ${file}: ${Math.round(100 * share)} %`),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const latencyMs = latencyStatistics(measurement.samplesMs);
  if (latencyMs.variation > 0.2) {
    notes.push(
      `latency varies by ${
        Math.round(100 * latencyMs.variation)
      } %: other work runs on this machine, or its clocks change`,
    );
  }
  if (measurement.stageNote !== undefined) notes.push(measurement.stageNote);
  const work = workOf(model, options, notes);
  const [cpu] = cpus();
  return {
    backend: "onnxruntime",
    device: `${cpus().length} × ${cpu?.model.trim() || process.arch}`,
    model: file,
    batch,
    threads: threads ?? "all",
    provider: provider ?? "cpu",
    sessionMs: measurement.sessionMs,
    latencyMs,
    fps: 1000 * batch / latencyMs.mean,
    samples: latencyMs.samples,
    peakMemoryBytes: measurement.peakBytes,
    modelMemoryBytes: Math.max(0, measurement.peakBytes - measurement.baselineBytes),
    ...work,
    ...(measurement.stages === undefined ? {} : { stages: measurement.stages }),
    ...(measurement.volume === undefined ? {} : { volume: measurement.volume }),
    notes,
  };
}

function stageRequest({ input, batch = 1, durationSeconds = 10 }: BenchOptions) {
  const durationMs = Math.min(durationSeconds, 3) * 1000;
  return input === undefined ? { batch, durationMs } : { dataset: input, batch, durationMs };
}

function inputsOf(model: OnnxModel, { file, batch = 1, dimensions = {} }: BenchOptions): BenchRequest["inputs"] {
  return model.inputs.map(({ name, elementType, shape }) => {
    if (elementType === undefined || shape === undefined) {
      throw new Failure(
        `Cannot bench ${file}: input ${name} is no tensor with a shape; export the model with seg export`,
      );
    }
    const sizes = shape.map((dimension, axis) => {
      if (axis === 0 && typeof dimension === "number" && shape.length > 1 && dimension !== batch) {
        throw new Failure(
          `Cannot bench ${file} at batch size ${batch}: its input ${name} holds ${dimension}; use --batch ${dimension} or export it again`,
        );
      }
      const size = typeof dimension === "number"
        ? dimension
        : dimensions[dimension] ?? (axis === 0 ? batch : undefined);
      if (size === undefined) {
        throw new Failure(
          `Cannot bench ${file}: dimension ${dimension} of input ${name} is not fixed; export it with seg export`,
        );
      }
      return size;
    });
    return { name, elementType, shape: sizes };
  });
}

function workOf(
  model: OnnxModel,
  { batch = 1, dimensions = {}, target }: BenchOptions,
  notes: string[],
): Pick<BenchReport, "flops" | "bytes" | "rooflineFps" | "roof"> {
  let layers;
  try {
    layers = layerWork(importAtBatch(model, { batch, dimensions }, () => {}));
  } catch (error) {
    notes.push(`no FLOPs and no roofline: ${messageOf(error)}`);
    return {};
  }
  const work = {
    flops: layers.reduce((sum, layer) => sum + layer.flops, 0),
    bytes: layers.reduce((sum, layer) => sum + layer.bytes, 0),
  };
  const precision = target && usualPrecision(target);
  const roof = target && precision && roofOf(target, precision);
  if (roof === undefined) return work;
  const share = BYTES_SHARES[roof.precision];
  const { floorFps } = roofline(layers.map((layer) => ({ ...layer, bytes: share * layer.bytes })), roof);
  return { ...work, rooflineFps: batch * floorFps, roof };
}
