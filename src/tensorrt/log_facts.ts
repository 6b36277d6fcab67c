/** What a log of trtexec tells. */
import type { TensorRtVersion } from "../graph/op.ts";
import type { ReportedDevice } from "./targets.ts";

/** How trtexec ended by its own word; absent in {@link TrtexecLog} where it was killed or aborted. */
export type Verdict = "passed" | "failed" | "waived";

/** One row of the performance summary, in ms. */
export interface SummaryRow {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly median: number;
  /** 8.0 to 8.4 print one (99 %), 8.5 and newer three (90, 95, 99 %). */
  readonly percentiles: readonly { readonly percent: number; readonly ms: number }[];
}

/** The block `=== Performance summary ===`. */
export interface PerformanceSummary {
  throughputQps?: number;
  /** Copy to the device, computation and copy back of one query. */
  latency?: SummaryRow;
  /** Including the wait for the query before; 8.0 to 8.2 only. */
  endToEnd?: SummaryRow;
  enqueue?: SummaryRow;
  hostToDevice?: SummaryRow;
  gpuCompute?: SummaryRow;
  deviceToHost?: SummaryRow;
  hostWalltimeSeconds?: number;
  gpuComputeSeconds?: number;
}

/** Memory of the build, where it is printed. */
export interface MemoryFacts {
  peakHostMiB?: number;
  peakDeviceMiB?: number;
  activationBytes?: number;
  scratchBytes?: number;
  devicePersistentBytes?: number;
  engineMiB?: number;
  /** Use of the GPU right after CUDA was started: on a Jetson, what all other programs take. */
  deviceUsedAtStartMiB?: number;
}

/** An input or output as trtexec binds it. */
export interface Binding {
  readonly name: string;
  readonly kind: "input" | "output";
  readonly shape: readonly number[];
}

/** Everything read from one log; a fact is absent where its line is. */
export interface TrtexecLog {
  verdict?: Verdict;
  version?: TensorRtVersion;
  commandLine?: string;
  simulated: boolean;
  device: { -readonly [K in keyof ReportedDevice]: ReportedDevice[K] };
  /** E.g. `FP32+FP16`. */
  precision?: string;
  opset?: number;
  memory: MemoryFacts;
  /** Number of `[GpuLayer]` lines: kernels of the engine, fused layers counted once. */
  gpuLayers: number;
  engineSeconds?: number;
  bindings: Binding[];
  warmUpQueries?: number;
  queries?: number;
  traceSeconds?: number;
  performance: PerformanceSummary;
  /** Text of the `[W]` lines, the first 200. */
  warnings: string[];
  /** Text of the `[E]` and `[F]` lines with their continuation lines, the first 200. */
  errors: string[];
  /** Lines that carry no severity and belong to no other message, and notes of the parser on missing importers: the first 200. */
  remarks: string[];
}
