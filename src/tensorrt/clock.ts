/** The time that a network needs on a board: an estimate, fitted to 20 published Jetson Nano times (tools/calibrate_clock.ts). */
import { formatNumber } from "../text.ts";
import { type LayerWork, roofline, roofOf } from "./roofline.ts";
import { BYTES_SHARES, type Precision, type Target } from "./targets.ts";

/** Times of a network's work at a device's peak rates, in ms. */
export interface WorkTimes {
  readonly arithmeticMs: number;
  readonly memoryMs: number;
  /** Sum over the layers of the larger of both. */
  readonly floorMs: number;
}

/** The times of `work`, whose bytes are of float32; `undefined` where a rate of the device is not known. */
export function workTimes(
  work: readonly LayerWork[],
  target: Target,
  precision: Precision,
): WorkTimes | undefined {
  const roof = roofOf(target, precision);
  if (roof === undefined) return undefined;
  const share = BYTES_SHARES[precision];
  const { flops, bytes, floorMs } = roofline(work.map((layer) => ({ ...layer, bytes: share * layer.bytes })), roof);
  return { arithmeticMs: flops / (roof.gflops * 1e6), memoryMs: bytes / (roof.bandwidthGBs * 1e6), floorMs };
}

/**
 * Time = arithmetic · a + memory · b + kernels · c + d, with the times at the peak rates, and at least the time in which the board's
 * processor starts the kernels.
 *
 * Of the candidates that tools/calibrate_clock.ts compares this one errs least on networks that it was not fitted to: 11.1 % (root of the
 * mean square, leaving one of 20 out). Without a whole source of times it errs by 36 %: devices, releases and ways of timing differ.
 */
export const CLOCK = {
  arithmetic: 0.8791,
  memory: 2.182,
  kernelMs: 0.019,
  constantMs: 1.0887,
  /** 90 % of the times of a source that it was not fitted to lie within this factor. */
  spread: 1.64,
  /** The least arithmetic and memory time of a network that it was fitted to: below, it is an extrapolation. */
  smallestMs: 2,
} as const;

/**
 * Time of the processor to start a kernel, by the compute capability of the board: recorded enqueue times over the number of kernels,
 * 6 to 7 ms for 60 to 70 on a Nano and 0.87 ms for the 72 of ResNet-50 on an Orin; those between are taken to be like the Orin.
 */
const LAUNCH_MS: Readonly<Record<string, number>> = { "5.3": 0.1 };
const LAUNCH_MS_ELSEWHERE = 0.012;

/** On boards without published times at hand an interval is this much wider, each way. */
const FOREIGN_FACTOR = 2;

/** An estimate of the time of one run; no measurement. */
export interface TimeEstimate {
  readonly device: string;
  readonly precision: Precision;
  readonly ms: number;
  /** Where the time lies with 90 % of such networks, and for a small one between the best and the worst that is known. */
  readonly lowMs: number;
  readonly highMs: number;
  /** Images per second, each finished before the next begins. */
  readonly fps: number;
  /** Whether starting the kernels takes longer than running them. */
  readonly boundBy: "work" | "kernels";
  /** Whether the network is smaller than all that the clock was fitted to. */
  readonly extrapolated: boolean;
  /** Whether the clock was fitted to times of this kind of board. */
  readonly calibrated: boolean;
}

/** What is estimated. */
export interface EstimatedWork {
  /** Layers as they run; bytes of float32. */
  readonly work: readonly LayerWork[];
  readonly kernels: number;
  /** Images per run (default: 1). */
  readonly batch?: number;
}

/** The time of one run of a network on a board; `undefined` where the rates of the device are not known. */
export function estimateTime(
  { work, kernels, batch = 1 }: EstimatedWork,
  target: Target,
  precision: Precision,
): TimeEstimate | undefined {
  const times = workTimes(work, target, precision);
  if (times === undefined) return undefined;
  const { arithmeticMs, memoryMs } = times;
  const calibrated = target.computeCapability === "5.3";
  const launchMs = LAUNCH_MS[target.computeCapability ?? ""] ?? LAUNCH_MS_ELSEWHERE;
  // What kernels cost besides their work follows the speed at which the processor starts them.
  const pace = launchMs / (LAUNCH_MS["5.3"] as number);
  const workMs = CLOCK.arithmetic * arithmeticMs + CLOCK.memory * memoryMs;
  const gpuMs = workMs + pace * (CLOCK.kernelMs * kernels + CLOCK.constantMs);
  const startMs = launchMs * kernels;
  const ms = Math.max(gpuMs, startMs);
  const factor = CLOCK.spread * (calibrated ? 1 : FOREIGN_FACTOR);
  const extrapolated = arithmeticMs + memoryMs < CLOCK.smallestMs;
  // A CUDA graph starts all kernels at once, and of a small network the constant is most of the time.
  const lowMs = (extrapolated ? workMs + pace * CLOCK.kernelMs * kernels : gpuMs) / factor;
  return {
    ...{ device: target.name, precision, ms, lowMs, highMs: ms * factor },
    fps: 1000 * batch / ms,
    boundBy: startMs > gpuMs ? "kernels" : "work",
    extrapolated,
    calibrated,
  };
}

/** The estimate in words: "about 6.9 ms (1.2 to 12) in fp16, 145 images per second; an estimate, …". */
export function estimateText(
  { ms, lowMs, highMs, fps, precision, boundBy, extrapolated, calibrated }: TimeEstimate,
): string {
  const digits = (value: number) => formatNumber(value, value < 10 ? 1 : 0);
  const reasons = [
    boundBy === "kernels" ? "starting the kernels takes longest" : undefined,
    extrapolated ? "the network is smaller than all that the estimate was fitted to" : undefined,
    calibrated ? undefined : "fitted to the Nano alone",
  ].filter((reason) => reason !== undefined);
  return `about ${digits(ms)} ms (${digits(lowMs)} to ${digits(highMs)}) in ${precision}, ${
    Math.round(fps)
  } images per second: an estimate${reasons.length === 0 ? "" : `; ${reasons.join("; ")}`}`;
}
