/** What a benchmark says, whatever ran the network; written as JSON by `seg bench --json` and read again by `--compare`. */
import { readFileSync, statSync } from "node:fs";
import { Failure, messageOf } from "../failure.ts";
import { isObject } from "../json_object.ts";
import type { LatencyStatistics } from "./percentiles.ts";
import type { Roof } from "./roofline.ts";

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
  /** The device of the roofline with its peak rates. */
  readonly roof?: Roof;
  /** Kernels that a run starts. */
  readonly kernels?: number;
  /** The time that arithmetic and memory need at least for a run, and its share of the measured time, 0 to 1. */
  readonly floorMs?: number;
  readonly floorShare?: number;
  /** Time per image: from the file's voxels to the network's input, in the network, and from its output to the mask. */
  readonly stages?: StageTimes;
  readonly notes: readonly string[];
}

/** Times in ms per image. */
export interface StageTimes {
  readonly pre: number;
  readonly net: number;
  readonly post: number;
}

// A report is a few kB; whatever is larger is another file.
const LARGEST_REPORT_BYTES = 10 * 2 ** 20;
const LATENCIES = ["min", "mean", "p50", "p90", "p99", "max"] as const;

/** A report that `seg bench --json` wrote. @throws {Failure} where the file cannot be read or is no such report. */
export function readBenchReport(path: string): BenchReport {
  let value: unknown;
  try {
    const { size } = statSync(path);
    if (size > LARGEST_REPORT_BYTES) throw new RangeError(`it has ${size} bytes`);
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Failure(`Cannot read ${path}: ${messageOf(error)}; give a file that seg bench --json wrote`, {
      cause: error,
    });
  }
  const fault = reportFault(value);
  if (fault !== undefined) {
    throw new Failure(`Cannot compare with ${path}: ${fault}; give a file that seg bench --json wrote`);
  }
  const defaults = { notes: [], batch: 1, model: path };
  return { ...defaults, ...value as BenchReport };
}

function reportFault(value: unknown): string | undefined {
  if (!isObject(value)) return "it holds no JSON object";
  if (typeof value["backend"] !== "string" || typeof value["device"] !== "string") {
    return "it names no backend and device";
  }
  const latencies = value["latencyMs"];
  if (!isObject(latencies)) return "it has no latencyMs";
  for (const name of LATENCIES) {
    if (!isPositive(latencies[name])) return `latencyMs.${name} is ${latencies[name]}, no time`;
  }
  for (const name of ["fps", "samples"]) {
    if (!isPositive(value[name])) return `${name} is ${value[name]}, no positive number`;
  }
  const { notes, roof } = value;
  if (notes !== undefined && !(Array.isArray(notes) && notes.every((note) => typeof note === "string"))) {
    return `notes is ${JSON.stringify(notes)}, no list of texts`;
  }
  if (roof !== undefined && !isRoof(roof)) return `roof is ${JSON.stringify(roof)}, no device with peak rates`;
  return undefined;
}

function isRoof(value: unknown): value is Roof {
  return isObject(value) && typeof value["device"] === "string" &&
    (value["precision"] === "fp32" || value["precision"] === "fp16") &&
    ["gflops", "bandwidthGBs"].every((name) => isPositive(value[name]));
}

function isPositive(value: unknown): boolean {
  return typeof value === "number" && value > 0 && Number.isFinite(value);
}
