/** What runs of a TensorRT engine by trtexec say, whether this machine made them or a kit on another one. */
import type { TensorRtVersion } from "../graph/op.ts";
import { estimateTime } from "../tensorrt/clock.ts";
import type { TrtexecLog } from "../tensorrt/log_facts.ts";
import type { Profile } from "../tensorrt/profile.ts";
import { BYTES_SHARES, type Precision, type Target } from "../tensorrt/targets.ts";
import type { PowerSummary } from "../tensorrt/tegrastats.ts";
import type { QueryTimes } from "../tensorrt/times.ts";
import { formatVersion } from "../tensorrt/version.ts";
import type { BenchReport } from "./bench_report.ts";
import { FEWEST_SAMPLES, type LatencyStatistics, latencyStatistics } from "./percentiles.ts";
import { type LayerWork, type Roofline, roofline, roofOf } from "../tensorrt/roofline.ts";

/** One timing run. */
export interface EngineRun {
  readonly cudaGraph: boolean;
  readonly times: QueryTimes;
  readonly log: TrtexecLog;
  readonly power?: PowerSummary | undefined;
}

/** A layer of the engine with its time, and the floor of the network's layers in it. */
export interface EngineLayerTime {
  readonly name: string;
  readonly averageMs: number;
  /** Share of the whole run, 0 to 1. */
  readonly share: number;
  readonly floorMs?: number;
}

/** The report of an engine. */
export interface EngineReport extends BenchReport {
  readonly backend: "trtexec";
  readonly tensorRt: string;
  readonly precision: Precision;
  /** True where the simulator ran it: the figures say nothing of any device. */
  readonly simulated: boolean;
  /** Whether the figures are those with a CUDA graph; both runs stand in `runs`. */
  readonly cudaGraph: boolean;
  readonly runs: readonly { readonly cudaGraph: boolean; readonly p50: number; readonly fps: number }[];
  /** Time of the GPU alone, without the copies. */
  readonly computeMs: LatencyStatistics;
  /** Median time in which the host starts a run. */
  readonly enqueueMs: number;
  /** Warm-up queries that were left out. */
  readonly droppedRows: number;
  readonly layers?: readonly EngineLayerTime[];
  readonly roofline?: Omit<Roofline, "layers">;
  readonly power?: PowerSummary;
  readonly powerMode?: string;
  readonly gpuClockMHz?: { readonly minimum: number; readonly maximum: number };
}

/** What {@link engineReport} puts together. */
export interface EngineMeasurement {
  readonly model: string;
  readonly device: string;
  readonly tensorRt: TensorRtVersion;
  readonly precision: Precision;
  readonly batch: number;
  /** With and without a CUDA graph, or one of the two. */
  readonly runs: readonly EngineRun[];
  readonly profile?: Profile | undefined;
  /** Work of the network's layers; bytes of float32. */
  readonly work?: readonly LayerWork[] | undefined;
  readonly kernels?: number | undefined;
  /** The device of the roofline. */
  readonly target?: Target | undefined;
  readonly powerMode?: string | undefined;
  readonly gpuClockMHz?: { readonly minimum: number; readonly maximum: number } | undefined;
  readonly notes: readonly string[];
}

/** Coefficient of variation above which the clocks were not steady. */
const UNSTEADY = 0.05;

/**
 * The report of the better run: the one with the smaller median latency.
 *
 * @throws {Failure} where a run has fewer than 100 timed queries.
 */
export function engineReport(measurement: EngineMeasurement): EngineReport {
  const { batch, precision, target, profile } = measurement;
  const runs = measurement.runs.map((run) => ({ run, latencyMs: latencyStatistics(run.times.latencyMs) }));
  const best = runs.reduce((best, other) => other.latencyMs.p50 < best.latencyMs.p50 ? other : best);
  const { run, latencyMs } = best;
  const { times, log, power } = run;
  const computeMs = latencyStatistics(times.computeMs);
  const enqueueMs = latencyStatistics(times.enqueueMs).p50;
  const bytesShare = BYTES_SHARES[precision];
  const work = measurement.work?.map((layer) => ({ ...layer, bytes: bytesShare * layer.bytes }));
  const floor = rooflineOf(work, { target, precision, computeMs: computeMs.p50 });
  const estimate = target && measurement.work && measurement.kernels !== undefined
    ? estimateTime({ work: measurement.work, kernels: measurement.kernels, batch }, target, precision)
    : undefined;
  const throughput = log.performance.throughputQps;
  return {
    backend: "trtexec",
    device: measurement.device,
    model: measurement.model,
    tensorRt: formatVersion(measurement.tensorRt),
    precision,
    simulated: log.simulated,
    batch,
    latencyMs,
    fps: 1000 * batch / latencyMs.mean,
    ...(throughput !== undefined && { throughputFps: batch * throughput }),
    samples: latencyMs.samples,
    droppedRows: times.droppedRows,
    computeMs,
    enqueueMs,
    cudaGraph: run.cudaGraph,
    runs: runs.map(({ run: { cudaGraph }, latencyMs: { p50, mean } }) => ({
      cudaGraph,
      p50,
      fps: 1000 * batch / mean,
    })),
    ...(measurement.kernels !== undefined && { kernels: measurement.kernels }),
    ...(work && {
      flops: work.reduce((sum, { flops }) => sum + flops, 0),
      bytes: work.reduce((sum, { bytes }) => sum + bytes, 0),
    }),
    ...(floor && { ...floor.figures, rooflineFps: batch * floor.roofline.floorFps, roofline: floor.roofline }),
    ...(estimate && { estimate }),
    ...(profile && { layers: layerTimes(profile, floor?.floors ?? []) }),
    ...(power && { power, powerMw: power.meanPowerMw }),
    ...(power?.peakRamMB !== undefined && { peakMemoryBytes: power.peakRamMB * 2 ** 20 }),
    ...(measurement.powerMode !== undefined && { powerMode: measurement.powerMode }),
    ...(measurement.gpuClockMHz && { gpuClockMHz: measurement.gpuClockMHz }),
    notes: [...measurement.notes, ...remarks({ run, computeMs, enqueueMs })],
  };
}

function rooflineOf(
  work: readonly LayerWork[] | undefined,
  { target, precision, computeMs }: { target: Target | undefined; precision: Precision; computeMs: number },
) {
  const roof = target && roofOf(target, precision);
  if (work === undefined || roof === undefined) return undefined;
  const { layers, ...sums } = roofline(work, roof, computeMs);
  const { floorMs, reached } = sums;
  return {
    roofline: sums,
    floors: layers,
    figures: { roof, floorMs, ...(reached !== undefined && { floorShare: reached }) },
  };
}

/** TensorRT names a fused layer after its parts, joined by " + ". */
function layerTimes({ layers }: Profile, floors: Roofline["layers"]): EngineLayerTime[] {
  const floorOf = new Map(floors.map(({ name, floorMs }) => [name, floorMs]));
  return layers.map(({ name, averageMs, percentage }) => {
    const found = name.split(" + ").map((part) => floorOf.get(part)).filter((floorMs) => floorMs !== undefined);
    const floorMs = found.reduce((sum, one) => sum + one, 0);
    return { name, averageMs, share: percentage / 100, ...(found.length > 0 && { floorMs }) };
  });
}

function remarks({ run, computeMs, enqueueMs }: { run: EngineRun; computeMs: LatencyStatistics; enqueueMs: number }) {
  const notes: string[] = [];
  if (run.log.simulated) notes.push("The trtexec simulator ran this: its figures say nothing of any device");
  if (computeMs.variation > UNSTEADY) {
    notes.push(
      `The GPU time varies by ${
        Math.round(100 * computeMs.variation)
      } %: pin the clocks by sudo jetson_clocks and end other programs`,
    );
  }
  // trtexec's own rule for "Throughput may be bound by Enqueue Time" (sampleReporting.cpp).
  if (enqueueMs > 0.8 * computeMs.p50) {
    notes.push(
      `The host needs ${enqueueMs.toFixed(2)} ms to start the kernels of one run, the GPU ${
        computeMs.p50.toFixed(2)
      } ms for it: the number of kernels is the limit`,
    );
  }
  const clock = run.power?.busyGpuMHz;
  if (clock && clock.lowest < 0.95 * clock.highest) {
    notes.push(
      `The GPU clock fell from ${clock.highest} to ${clock.lowest} MHz under load, up to ${
        run.power?.peakTemperatureC ?? "?"
      } °C: cool the device, or measure shorter`,
    );
  }
  return notes;
}

/** Whether trtexec said that it ran without the CUDA graph it was asked for. */
export function graphWasIgnored(log: TrtexecLog): boolean {
  return log.warnings.some((text) => /useCudaGraph.*ignored|Ignored.*useCudaGraph/i.test(text));
}

/** trtexec's smallest number of queries that {@link engineReport} accepts. */
export const ENGINE_QUERIES = FEWEST_SAMPLES;
