/** The devices for which an engine can be built, with the figures that decide about flags, memory and the roofline. */
import { UsageFailure } from "../failure.ts";
import type { TensorRtVersion } from "../graph/op.ts";
import { type Board, BOARDS } from "./boards.ts";
import { jetPackNamed } from "./jetpack.ts";
import { supportedOpsets } from "./op_support.ts";
import { formatVersion, parseVersion } from "./version.ts";

/** Arithmetic in which an engine may run; `int8`: what its file quantizes, the rest in half precision where there is one. */
export type Precision = "fp32" | "fp16" | "int8";

/** Bytes of a number in memory, as a share of those of float32. */
export const BYTES_SHARES: Readonly<Record<Precision, number>> = { fp32: 1, fp16: 0.5, int8: 0.25 };

/** A device with its software. On `host` everything is undefined until trtexec has reported it. */
export interface Target {
  readonly name: string;
  readonly description: string;
  readonly board?: Board;
  readonly jetPack?: string;
  readonly tensorRt?: TensorRtVersion;
  /** CUDA compute capability, e.g. `5.3`. */
  readonly computeCapability?: string;
  readonly cudaCores?: number;
  /** Highest GPU clock of the fastest power mode. */
  readonly clockGHz?: number;
  readonly bandwidthGBs?: number;
  /** Physical memory; on a Jetson the GPU shares it with the system. */
  readonly memoryBytes?: number;
  readonly hasFp16?: boolean;
  readonly hasInt8?: boolean;
  /** Cores of the deep learning accelerator. */
  readonly dlaCores?: number;
  /** Highest opset that the ONNX parser supports officially. */
  readonly maxOpset?: number;
}

/** The target of a board with a TensorRT, at the clocks of its fastest power mode. */
function targetOf(board: Board, { name, jetPack, tensorRt }: TargetSoftware): Target {
  const { title, computeCapability, cudaCores, hasInt8, dlaCores, memoryGiB, powerModes: [mode] } = board;
  const software = jetPack === undefined ? `TensorRT ${formatVersion(tensorRt)}` : `JetPack ${jetPack}`;
  return {
    ...{ name, description: `${title}, ${software}`, board, tensorRt, computeCapability, cudaCores, hasInt8, dlaCores },
    ...(jetPack !== undefined && { jetPack }),
    ...(mode.gpuMHz !== undefined && { clockGHz: mode.gpuMHz / 1000 }),
    ...(mode.bandwidthGBs !== undefined && { bandwidthGBs: mode.bandwidthGBs }),
    memoryBytes: memoryGiB * 2 ** 30,
    hasFp16: true,
    maxOpset: supportedOpsets(tensorRt).last,
  };
}

/** The name of a target, and its software; no JetPack where none came with that TensorRT. */
interface TargetSoftware {
  readonly name: string;
  readonly jetPack?: string | undefined;
  readonly tensorRt: TensorRtVersion;
}

/** Names of version 0.1.0 for a board with another software than its usual one. */
const ALIASES: Readonly<Record<string, readonly [board: string, jetPack: string]>> = {
  "nano-4.6.0": ["nano", "4.6"],
  "orin-nano-5": ["orin-nano", "5.1"],
};

function boardNamed(name: string): Board | undefined {
  return BOARDS.find((board) => board.name === name);
}

/** All targets by the name that `--target` takes; behind the name of a board may stand `@` and another TensorRT: `orin-nano@8.6`. */
export const TARGETS: Readonly<Record<string, Target>> = {
  ...Object.fromEntries(BOARDS.map((board) => {
    const { name: jetPack, tensorRt } = jetPackNamed(board.jetPacks[0]);
    return [board.name, targetOf(board, { name: board.name, jetPack, tensorRt })];
  })),
  ...Object.fromEntries(
    Object.entries(ALIASES).map(([name, [board, jetPack]]) => [
      name,
      targetOf(boardNamed(board) as Board, { name, jetPack, tensorRt: jetPackNamed(jetPack).tensorRt }),
    ]),
  ),
  host: { name: "host", description: "this machine, as trtexec reports it" },
};

/** First TensorRT that a GPU cannot have: JetPack ended at 4.6 for the Nano and TX2, and at 5.1 for Xavier. */
const END_OF_TENSORRT: Readonly<Record<string, TensorRtVersion>> = { "5.3": 80300, "6.2": 80300, "7.2": 80700 };

/**
 * The target called `name`, e.g. `nano` or, with another TensorRT than usual, `orin-nano@8.6`.
 *
 * @throws {UsageFailure} where no target has that name, or the board never had that TensorRT.
 */
export function findTarget(name: string): Target {
  const known = Object.hasOwn(TARGETS, name) ? TARGETS[name] : undefined;
  if (known !== undefined) return known;
  const [boardName = "", versionText] = name.split("@");
  const board = boardNamed(boardName);
  if (board === undefined || versionText === undefined) {
    throw new UsageFailure(
      `Unknown target ${name}; choose one of ${Object.keys(TARGETS).join(", ")}, of a board with another TensorRT ` +
        "as BOARD@VERSION, e.g. orin-nano@8.6",
    );
  }
  const version = parseVersion(versionText) ?? parseVersion(`${versionText}.0`);
  if (version === undefined || version < 80000) {
    throw new UsageFailure(`Unknown TensorRT ${versionText} in the target ${name}; give it as 8.2, 8.6.1 or 10.3`);
  }
  const end = END_OF_TENSORRT[board.computeCapability];
  if (end !== undefined && version >= end) {
    throw new UsageFailure(
      `No ${board.title} has TensorRT ${formatVersion(version)}: its last JetPack brought an older one; leave the ` +
        `version out, as in --target ${board.name}`,
    );
  }
  return boardWith(board, version);
}

/** A board with the TensorRT that it has; 8.6 without a patch means the 8.6.2 of the board's JetPack. */
export function boardWith(board: Board, tensorRt: TensorRtVersion): Target {
  const minor = (version: TensorRtVersion) => Math.floor(version / 100);
  const releases = board.jetPacks.map(jetPackNamed);
  const release = releases.find((jetPack) => jetPack.tensorRt === tensorRt) ??
    (tensorRt % 100 === 0 ? releases.find((jetPack) => minor(jetPack.tensorRt) === minor(tensorRt)) : undefined);
  const software = { jetPack: release?.name, tensorRt: release?.tensorRt ?? tensorRt };
  if (release?.name === board.jetPacks[0]) return TARGETS[board.name] as Target;
  const alias = Object.entries(ALIASES).find(([, [name, jetPack]]) => name === board.name && jetPack === release?.name);
  const name = alias?.[0] ?? `${board.name}@${formatVersion(software.tensorRt)}`;
  return targetOf(board, { name, ...software });
}

/**
 * Peak arithmetic rate in GFLOPS: 2 · cores · clock, twice that in FP16 (half2), four times in INT8 (dp4a).
 *
 * Tensor cores are not counted, since small convolutions seldom reach them: on a device that has them a layer may exceed this peak.
 */
export function peakGflops(target: Target, precision: Precision): number | undefined {
  if (target.cudaCores === undefined || target.clockGHz === undefined) return undefined;
  const single = 2 * target.cudaCores * target.clockGHz;
  if (precision === "int8" && target.hasInt8) return 4 * single;
  return precision !== "fp32" && target.hasFp16 ? 2 * single : single;
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
  "10.0": 128,
  "11.0": 128,
  "12.0": 128,
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
