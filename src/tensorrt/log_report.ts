/** The informative lines of a trtexec log: device, build, bindings and performance summary. */
import type { PerformanceSummary, SummaryRow, TrtexecLog } from "./log_facts.ts";

type Rule = readonly [RegExp, (log: TrtexecLog, match: RegExpExecArray) => void];

/**
 * One row per line form. The forms are those of samples/common/{sampleDevice,sampleEngines,sampleInference,sampleReporting}.cpp
 * of 8.0 to 10.16; a form that changed has both spellings.
 */
const RULES: readonly Rule[] = [
  [/^Selected Device: (.+)$/, (log, m) => log.device.name = m[1] ?? ""],
  [/^Compute Capability: ([\d.]+)/, (log, m) => log.device.computeCapability = m[1] ?? ""],
  [/^SMs: (\d+)/, (log, m) => log.device.multiprocessors = Number(m[1])],
  [/^(?:Application )?Compute Clock Rate: ([\d.]+) GHz/, (log, m) => log.device.clockGHz = Number(m[1])],
  [/^Device Global Memory: (\d+) MiB/, (log, m) => log.device.memoryMiB = Number(m[1])],
  [/^Memory Bus Width: (\d+) bits/, (log, m) => log.device.busWidthBits = Number(m[1])],
  [/^Precision: (\S+)/, (log, m) => log.precision = m[1] ?? ""],
  [/^Opset version:\s+(\d+)/, (log, m) => log.opset = Number(m[1])],
  [/^\[GpuLayer\] /, (log) => log.gpuLayers++],
  [/Init CUDA: .*GPU (\d+) \(MiB\)/, (log, m) => log.memory.deviceUsedAtStartMiB = Number(m[1])],
  [/^\[MemUsageStats\] Peak memory usage of TRT CPU\/GPU memory allocators: CPU (\d+) MiB, GPU (\d+) MiB/, (log, m) => {
    log.memory.peakHostMiB = Number(m[1]);
    log.memory.peakDeviceMiB = Number(m[2]);
  }],
  [/^Total Activation Memory: (\d+)/, (log, m) => log.memory.activationBytes = Number(m[1])],
  [/^Total Scratch Memory: (\d+)/, (log, m) => log.memory.scratchBytes = Number(m[1])],
  [/^Total Device Persistent Memory: (\d+)/, (log, m) => log.memory.devicePersistentBytes = Number(m[1])],
  [/^Loaded engine size: (\d+) Mi?B/, (log, m) => log.memory.engineMiB = Number(m[1])],
  [/^Engine (?:built|loaded) in ([\d.e+-]+) sec/, (log, m) => log.engineSeconds = Number(m[1])],
  [/^Created (input|output) binding for (.+) with dimensions (\d+(?:x\d+)*)$/, (log, m) => {
    log.bindings.push({
      kind: m[1] === "input" ? "input" : "output",
      name: m[2] ?? "",
      shape: (m[3] ?? "").split("x").map(Number),
    });
  }],
  [/^Warmup completed (\d+) queries/, (log, m) => log.warmUpQueries = Number(m[1])],
  [/^Timing trace has (\d+) queries over (\S+) s/, (log, m) => {
    log.queries = Number(m[1]);
    log.traceSeconds = Number(m[2]);
  }],
  [/^Throughput: (\S+) qps/, (log, m) => log.performance.throughputQps = Number(m[1])],
  [/^Total Host Walltime: (\S+) s/, (log, m) => log.performance.hostWalltimeSeconds = Number(m[1])],
  [/^Total GPU Compute Time: (\S+) s/, (log, m) => log.performance.gpuComputeSeconds = Number(m[1])],
];

const ROW_NAMES: Readonly<
  Record<string, "latency" | "endToEnd" | "enqueue" | "hostToDevice" | "gpuCompute" | "deviceToHost">
> = {
  "Latency": "latency",
  "End-to-End Host Latency": "endToEnd",
  "Enqueue Time": "enqueue",
  "H2D Latency": "hostToDevice",
  "GPU Compute Time": "gpuCompute",
  "D2H Latency": "deviceToHost",
} satisfies Record<string, keyof PerformanceSummary>;

const ROW =
  /^([A-Z][\w -]+): min = (\S+) ms, max = (\S+) ms, mean = (\S+) ms, median = (\S+) ms((?:, percentile\([\d.]+%\) = \S+ ms)*)/;

/** Writes the facts of `[I]` lines into a log. */
export class LogReport {
  readonly #log: TrtexecLog;

  constructor(log: TrtexecLog) {
    this.#log = log;
  }

  /** Takes the text of one `[I]` line. */
  take(text: string): void {
    for (const [pattern, write] of RULES) {
      const match = pattern.exec(text);
      if (match) return write(this.#log, match);
    }
    const row = ROW.exec(text);
    const name = ROW_NAMES[row?.[1] ?? ""];
    if (row && name) this.#log.performance[name] = summaryRow(row);
  }
}

function summaryRow([, , min, max, mean, median, percentiles = ""]: RegExpExecArray): SummaryRow {
  return {
    min: Number(min),
    max: Number(max),
    mean: Number(mean),
    median: Number(median),
    percentiles: Array.from(percentiles.matchAll(/percentile\(([\d.]+)%\) = (\S+) ms/g), (match) => ({
      percent: Number(match[1]),
      ms: Number(match[2]),
    })),
  };
}
