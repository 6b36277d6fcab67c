/** The time that a network needs at least, from the device's arithmetic and memory rates (Williams, Waterman, Patterson 2009). */
import { peakGflops, type Precision, type Target } from "./targets.ts";

/** Work of one layer for one inference. */
export interface LayerWork {
  readonly name: string;
  /** A multiply-add is two. */
  readonly flops: number;
  /** Bytes read and written in memory: inputs, weights, outputs. */
  readonly bytes: number;
}

/** Peak rates of a device. */
export interface DeviceRates {
  readonly gflops: number;
  readonly bandwidthGBs: number;
  /** Time of the host to start one kernel, where known: small networks on a Nano are bound by it. */
  readonly launchMs?: number;
}

/** A device with its peak rates. */
export interface Roof {
  readonly device: string;
  /** Of the arithmetic, and of the bytes in memory. */
  readonly precision: Precision;
  readonly gflops: number;
  readonly bandwidthGBs: number;
}

/** The peak rates of a device; undefined where one is unknown. */
export function roofOf(target: Target, precision: Precision): Roof | undefined {
  const { name: device, bandwidthGBs } = target;
  const gflops = peakGflops(target, precision);
  return gflops === undefined || bandwidthGBs === undefined ? undefined : { device, precision, gflops, bandwidthGBs };
}

/** What bounds a layer. */
export type Bound = "arithmetic" | "memory";

/** The floor of one layer. */
export interface LayerFloor extends LayerWork {
  readonly floorMs: number;
  readonly bound: Bound;
}

/** The floor of a network. */
export interface Roofline {
  readonly flops: number;
  readonly bytes: number;
  /** Layers with any work: the kernels that must be started at least. */
  readonly launches: number;
  /** Sum over the layers of the larger of arithmetic and memory time, or the time to start all kernels where that is larger. */
  readonly floorMs: number;
  readonly floorFps: number;
  /** Share of the floor in layers that memory bounds, 0 to 1. */
  readonly memoryBoundShare: number;
  readonly layers: readonly LayerFloor[];
  /** Floor over measured time, 0 to 1; only with a measurement. */
  readonly reached?: number;
}

/**
 * The floor of a network whose layers run one after the other.
 *
 * Layers must be those that run: an activation that is fused into a convolution has no memory traffic of its own.
 *
 * @throws {RangeError} where a rate is not positive or a layer has negative work.
 */
export function roofline(layers: readonly LayerWork[], rates: DeviceRates, measuredMs?: number): Roofline {
  if (!(rates.gflops > 0) || !(rates.bandwidthGBs > 0)) {
    throw new RangeError(`Peak rates must be positive: found ${rates.gflops} GFLOPS and ${rates.bandwidthGBs} GB/s`);
  }
  const floors = layers.map((layer): LayerFloor => {
    if (!(layer.flops >= 0) || !(layer.bytes >= 0)) {
      throw new RangeError(
        `Layer ${layer.name} has ${layer.flops} FLOPs and ${layer.bytes} bytes: both must be 0 or more`,
      );
    }
    // 1 GFLOPS is 10⁶ operations per ms, 1 GB/s is 10⁶ bytes per ms.
    const arithmeticMs = layer.flops / (rates.gflops * 1e6);
    const memoryMs = layer.bytes / (rates.bandwidthGBs * 1e6);
    return {
      ...layer,
      floorMs: Math.max(arithmeticMs, memoryMs),
      bound: arithmeticMs > memoryMs ? "arithmetic" : "memory",
    };
  });
  const sum = (of: (layer: LayerFloor) => number) => floors.reduce((total, layer) => total + of(layer), 0);
  const launches = floors.filter(({ floorMs }) => floorMs > 0).length;
  const workMs = sum((layer) => layer.floorMs);
  const floorMs = Math.max(workMs, launches * (rates.launchMs ?? 0));
  return {
    flops: sum((layer) => layer.flops),
    bytes: sum((layer) => layer.bytes),
    launches,
    floorMs,
    floorFps: floorMs > 0 ? 1000 / floorMs : Infinity,
    memoryBoundShare: workMs > 0 ? sum((layer) => layer.bound === "memory" ? layer.floorMs : 0) / workMs : 0,
    layers: floors,
    ...(measuredMs !== undefined && { reached: floorMs / measuredMs }),
  };
}
