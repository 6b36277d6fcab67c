/** The devices for which an engine can be built, with the figures that decide about flags, memory and the roofline. */
import { UsageFailure } from "../failure.ts";
import type { TensorRtVersion } from "../graph/op.ts";

/** Arithmetic in which an engine may run. */
export type Precision = "fp32" | "fp16";

/** A device with its software. On `host` everything is undefined until trtexec has reported it. */
export interface Target {
  readonly name: string;
  readonly description: string;
  readonly jetPack?: string;
  readonly tensorRt?: TensorRtVersion;
  /** CUDA compute capability, e.g. `5.3`. */
  readonly computeCapability?: string;
  readonly cudaCores?: number;
  /** Highest GPU clock of the default power mode. */
  readonly clockGHz?: number;
  readonly bandwidthGBs?: number;
  /** Physical memory; on a Jetson the GPU shares it with the system. */
  readonly memoryBytes?: number;
  readonly hasFp16?: boolean;
  readonly hasInt8?: boolean;
  /** Highest opset that the ONNX parser supports officially. */
  readonly maxOpset?: number;
}

const GIB = 2 ** 30;

/** Tegra X1: 1 SM of 128 cores, half2 arithmetic, no tensor cores, no dp4a; 64-bit LPDDR4-1600 (trtexec's device block). */
const TEGRA_X1 = {
  computeCapability: "5.3",
  cudaCores: 128,
  clockGHz: 0.9216,
  bandwidthGBs: 25.6,
  memoryBytes: 4 * GIB,
  hasFp16: true,
  hasInt8: false,
  maxOpset: 13,
} as const;

/** Jetson Orin Nano 8 GB module data sheet: 1024 cores at 625 MHz, 128-bit LPDDR5. */
const ORIN_NANO = {
  computeCapability: "8.7",
  cudaCores: 1024,
  clockGHz: 0.625,
  bandwidthGBs: 68,
  memoryBytes: 8 * GIB,
  hasFp16: true,
  hasInt8: true,
} as const;

/** All targets by the name that `--target` takes. */
export const TARGETS: Readonly<Record<string, Target>> = {
  nano: {
    name: "nano",
    description: "Jetson Nano 4 GB, JetPack 4.6.1 to 4.6.6",
    jetPack: "4.6.1",
    tensorRt: 80201,
    ...TEGRA_X1,
  },
  "nano-4.6.0": {
    name: "nano-4.6.0",
    description: "Jetson Nano 4 GB, JetPack 4.6 (L4T 32.6.1)",
    jetPack: "4.6",
    tensorRt: 80001,
    ...TEGRA_X1,
  },
  "xavier-nx": {
    name: "xavier-nx",
    description: "Jetson Xavier NX, JetPack 5.1",
    jetPack: "5.1",
    tensorRt: 80502,
    computeCapability: "7.2",
    cudaCores: 384,
    clockGHz: 1.109,
    bandwidthGBs: 59.7,
    memoryBytes: 8 * GIB,
    hasFp16: true,
    hasInt8: true,
    maxOpset: 17,
  },
  "orin-nano-5": {
    name: "orin-nano-5",
    description: "Jetson Orin Nano, JetPack 5.1",
    jetPack: "5.1",
    tensorRt: 80502,
    ...ORIN_NANO,
    maxOpset: 17,
  },
  "orin-nano": {
    name: "orin-nano",
    description: "Jetson Orin Nano, JetPack 6.1 or newer",
    jetPack: "6.1",
    tensorRt: 100300,
    ...ORIN_NANO,
    maxOpset: 20,
  },
  host: { name: "host", description: "this machine, as trtexec reports it" },
};

/** The target called `name`. @throws {UsageFailure} where no target has that name. */
export function findTarget(name: string): Target {
  const target = Object.hasOwn(TARGETS, name) ? TARGETS[name] : undefined;
  if (target === undefined) {
    throw new UsageFailure(`Unknown target ${name}; choose one of ${Object.keys(TARGETS).join(", ")}`);
  }
  return target;
}

/**
 * Peak arithmetic rate in GFLOPS: 2 · cores · clock, twice that in FP16 (half2).
 *
 * Tensor cores are not counted, since small convolutions seldom reach them: on a device that has them a layer may exceed this peak.
 */
export function peakGflops(target: Target, precision: Precision): number | undefined {
  if (target.cudaCores === undefined || target.clockGHz === undefined) return undefined;
  const single = 2 * target.cudaCores * target.clockGHz;
  return precision === "fp16" && target.hasFp16 ? 2 * single : single;
}

/** CUDA cores per multiprocessor (CUDA C++ Programming Guide, "Arithmetic Instructions": FP32 results per clock). */
const CORES_PER_MULTIPROCESSOR: Readonly<Record<string, number>> = {
  "5.3": 128,
  "6.1": 128,
  "6.2": 128,
  "7.0": 64,
  "7.2": 64,
  "7.5": 64,
  "8.0": 64,
  "8.6": 128,
  "8.7": 128,
  "8.9": 128,
  "9.0": 128,
};

/** What trtexec prints of its device. */
export interface ReportedDevice {
  readonly name?: string;
  readonly computeCapability?: string;
  readonly multiprocessors?: number;
  readonly clockGHz?: number;
  readonly memoryMiB?: number;
  readonly busWidthBits?: number;
}

/** The target `host`, filled with what trtexec reports; the memory bandwidth stays open, since the printed memory clock is wrong on a Jetson. */
export function hostTarget(device: ReportedDevice, tensorRt: TensorRtVersion | undefined): Target {
  const cores = CORES_PER_MULTIPROCESSOR[device.computeCapability ?? ""];
  const capability = device.computeCapability;
  return {
    name: "host",
    description: device.name ?? "this machine",
    ...(tensorRt !== undefined && { tensorRt }),
    ...(capability !== undefined && {
      computeCapability: capability,
      // Fast FP16 arithmetic: 5.3, 6.0, 6.2 and 7.0 on; int8 (dp4a): 6.1 and 7.0 on (TensorRT support matrix, "Hardware and Precision").
      hasFp16: ["5.3", "6.0", "6.2"].includes(capability) || Number(capability) >= 7,
      hasInt8: capability === "6.1" || Number(capability) >= 7,
    }),
    ...(cores !== undefined && device.multiprocessors !== undefined && { cudaCores: cores * device.multiprocessors }),
    ...(device.clockGHz !== undefined && { clockGHz: device.clockGHz }),
    ...(device.memoryMiB !== undefined && { memoryBytes: device.memoryMiB * 2 ** 20 }),
  };
}
