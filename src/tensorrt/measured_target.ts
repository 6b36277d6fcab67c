/** The device that something was measured on, at the clocks that it had then. */
import type { TensorRtVersion } from "../graph/op.ts";
import { BOARDS, findBoard } from "./boards.ts";
import { boardWith, hostTarget, type ReportedDevice, type Target } from "./targets.ts";

/** What is known of a measurement. */
export interface MeasuredOn {
  /** Text of the device tree. */
  readonly model?: string | undefined;
  /** Memory that the system or trtexec counts. */
  readonly totalBytes?: number | undefined;
  /** What trtexec printed. */
  readonly device: ReportedDevice;
  readonly tensorRt: TensorRtVersion;
  /** As `nvpmodel -q` names it. */
  readonly powerMode?: string | undefined;
}

/**
 * The board that is named, else the first one of its compute capability, else a device as trtexec describes it; with the clock and memory
 * rate of the power mode where they are known.
 */
export function measuredTarget(measured: MeasuredOn): Target {
  const { model, totalBytes, device, tensorRt, powerMode } = measured;
  const bytes = totalBytes ?? (device.memoryMiB === undefined ? undefined : device.memoryMiB * 2 ** 20);
  const board = (model === undefined ? undefined : findBoard({ model, totalBytes: bytes })) ??
    BOARDS.find(({ computeCapability }) => computeCapability === device.computeCapability);
  if (board === undefined) return hostTarget(device, tensorRt);
  const target = boardWith(board, tensorRt);
  const mode = board.powerModes.find(({ name }) => name === powerMode);
  return {
    ...target,
    ...(mode?.gpuMHz !== undefined && { clockGHz: mode.gpuMHz / 1000 }),
    ...(mode?.bandwidthGBs !== undefined && { bandwidthGBs: mode.bandwidthGBs }),
  };
}
