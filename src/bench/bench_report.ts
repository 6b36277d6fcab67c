/** What a benchmark says, whatever ran the network; written as JSON by `seg bench --json` and read again by `--compare`. */
import * as v from "valibot";
import { readJson } from "../files.ts";
import { listOf, oneOf, realNumber, wholeNumber } from "../schemas.ts";
import type { LatencyStatistics } from "./percentiles.ts";
import type { TimeEstimate } from "../tensorrt/clock.ts";
import type { Roof } from "../tensorrt/roofline.ts";

/** A finished benchmark. Times in ms, sizes in bytes; `latencyMs` is that of one run with `batch` images. */
export interface BenchReport {
  readonly backend: "onnxruntime" | "trtexec";
  readonly device: string;
  readonly model: string;
  readonly batch: number;
  readonly latencyMs: LatencyStatistics;
  /** Images per second of a single stream, each image finished before the next begins: batch over mean latency. */
  readonly fps: number;
  /** Images per second where copies of one run overlap with the computation of another, as trtexec does. */
  readonly throughputFps?: number;
  readonly samples: number;
  /** Of the process; of a Jetson, whose GPU shares the memory, that of the whole board. Absent where nothing measures it. */
  readonly peakMemoryBytes?: number;
  readonly powerMw?: number;
  /** Of one run, where every op is known. */
  readonly flops?: number;
  readonly bytes?: number;
  /** Images per second that the target's arithmetic and memory rates allow at most. */
  readonly rooflineFps?: number;
  /** What the run was estimated to take on the target. */
  readonly estimate?: TimeEstimate;
  /** The device of the roofline with its peak rates. */
  readonly roof?: Roof;
  /** Kernels that a run starts. */
  readonly kernels?: number;
  /** The time that arithmetic and memory need at least for a run, and its share of the measured time, 0 to 1. */
  readonly floorMs?: number;
  readonly floorShare?: number;
  /** Time per image: from the file's voxels to the network's input, in the network, and from its output to the mask. */
  readonly stages?: StageTimes;
  /** The whole way of a volume, from its voxels in memory to the mask on its own grid. */
  readonly volume?: VolumeTime;
  /** The accuracy that was asked for, on a data set. */
  readonly accuracy?: Accuracy;
  readonly notes: readonly string[];
}

// A report is a few kB; whatever is larger is another file.
const LARGEST_REPORT_BYTES = 10 * 2 ** 20;

const positive = (expected: string) => v.pipe(realNumber(), v.gtValue(0, expected));
const time = positive("a time in ms");

/** Times in ms per image. */
export const StageTimes = v.object({ pre: realNumber(0), net: realNumber(0), post: realNumber(0) });

export type StageTimes = Readonly<v.InferOutput<typeof StageTimes>>;

/** Mean time in ms and mean number of slices of a volume. */
export const VolumeTime = v.object({ ms: realNumber(0), slices: realNumber(0) });

export type VolumeTime = Readonly<v.InferOutput<typeof VolumeTime>>;

/** Mean Dice over classes and patients, and the least that passes. */
const Accuracy = v.object({
  dice: v.nullable(realNumber(0, 1)),
  minimumDice: realNumber(0, 1),
  cases: wholeNumber(1),
  split: oneOf(["val", "all"]),
});

export type Accuracy = Readonly<v.InferOutput<typeof Accuracy>>;

/** What later versions add is left out. */
const BenchReportSchema: v.GenericSchema<unknown, Omit<BenchReport, "model"> & { readonly model?: string }> = v.object({
  backend: oneOf(["onnxruntime", "trtexec"]),
  device: v.string(),
  model: v.exactOptional(v.string()),
  batch: v.optional(wholeNumber(1), 1),
  latencyMs: v.object({
    min: time,
    mean: time,
    p50: time,
    p90: time,
    p99: time,
    max: time,
    p95: time,
    samples: wholeNumber(1),
    variation: realNumber(0),
  }),
  fps: positive("a number over 0"),
  throughputFps: v.exactOptional(realNumber(0)),
  samples: wholeNumber(1),
  peakMemoryBytes: v.exactOptional(realNumber(0)),
  powerMw: v.exactOptional(realNumber(0)),
  flops: v.exactOptional(realNumber(0)),
  bytes: v.exactOptional(realNumber(0)),
  rooflineFps: v.exactOptional(realNumber(0)),
  roof: v.exactOptional(v.object({
    device: v.string(),
    precision: oneOf(["fp32", "fp16", "int8"]),
    gflops: positive("a number over 0"),
    bandwidthGBs: positive("a number over 0"),
  })),
  kernels: v.exactOptional(realNumber(0)),
  floorMs: v.exactOptional(realNumber(0)),
  floorShare: v.exactOptional(realNumber(0)),
  stages: v.exactOptional(StageTimes),
  volume: v.exactOptional(VolumeTime),
  accuracy: v.exactOptional(Accuracy),
  notes: v.optional(listOf(v.string()), []),
});

/** A report that `seg bench --json` wrote. @throws {Failure} where the file cannot be read or is no such report. */
export function readBenchReport(path: string): BenchReport {
  const report = readJson(path, BenchReportSchema, "give a file that seg bench --json wrote", {
    largestBytes: LARGEST_REPORT_BYTES,
  });
  return { ...report, model: report.model ?? path };
}
