/** Sentences about failures that depend on more than one message, and the kinds of failures. */
import type { TrtexecLog } from "./log_facts.ts";
import { formatVersion } from "./version.ts";

/** Classes of failures; the ladder of workspaces looks at `out-of-memory` and `killed`. */
export type FailureKind =
  | "unknown-flag"
  | "unsupported-op"
  | "model-unreadable"
  | "model-rejected"
  | "types"
  | "other-version"
  | "other-device"
  | "unsupported-gpu"
  | "unknown-board"
  | "no-dla"
  | "static-shapes"
  | "shape-mismatch"
  | "profile"
  | "unknown-input"
  | "input-missing"
  | "input-size"
  | "out-of-memory"
  | "no-implementation"
  | "builder-fault"
  | "library"
  | "driver"
  | "save-failed"
  | "cuda"
  | "killed"
  | "aborted"
  | "crashed"
  | "unexplained";

/** A failure that was recognized. */
export interface ExplainedFailure {
  readonly kind: FailureKind;
  /** Cause and remedy: the part of the message behind "Cannot … :". */
  readonly sentence: string;
}

/** The remedy for want of memory. */
export const FREE_MEMORY = "lower --workspace, stop the desktop (sudo init 3) and other programs, and try again";

const MEMORY_SIGNS =
  /OutOfMemory|out of memory|insufficient memory|memory is insufficient|NvMap\w*:? .*error 12|Requested amount of GPU memory|could not be allocated/i;

/** Whether the device was short of memory, by a message of any kind: such messages alone are survivable. */
export function memoryIsShort({ errors, warnings, remarks }: TrtexecLog): boolean {
  return [errors, warnings, remarks].some((texts) => texts.some((text) => MEMORY_SIGNS.test(text)));
}

/** cudaError_t: 2 memory, 35 driver older than the runtime, 46 device in use, 100 no device, 803 driver and libraries differ. */
export function cudaStart(code: number, log: TrtexecLog): string | ExplainedFailure {
  if (code === 2) return { kind: "out-of-memory", sentence: `CUDA cannot start for want of memory; ${FREE_MEMORY}` };
  if (code === 35 || code === 803) {
    return {
      kind: "driver",
      sentence:
        `the CUDA of TensorRT${
          versionOf(log)
        } is newer than the driver (CUDA error ${code}); use the TensorRT of the device's ` +
        "JetPack, or update the driver",
    };
  }
  if (code === 100) return `CUDA finds no device (error 100); in a container, start it with --runtime nvidia`;
  if (code === 46) return `another program holds the GPU (CUDA error 46); end it, or restart the device`;
  return `CUDA does not start (error ${code}); restart the device, and check that JetPack is installed completely`;
}

/** Why no kernel was found for a node: the workspace, the memory, INT8 without calibration, or the node. */
export function noKernel({ 1: rest = "", input, index }: RegExpExecArray, log: TrtexecLog): string | ExplainedFailure {
  const node = nodeName(rest, input[index - 1] === "(");
  if (/insufficient workspace/.test(rest)) {
    return `no kernel fits node ${node} into the workspace; raise --workspace`;
  }
  if (memoryIsShort(log)) {
    return {
      kind: "out-of-memory",
      sentence: `no kernel fits node ${node} into the memory that is free; ${FREE_MEMORY}`,
    };
  }
  if (log.warnings.some((text) => /Calibrator is not being used/.test(text))) {
    return `INT8 without calibration leaves no kernel for node ${node}; build without --int8, or from a model with calibrated Q/DQ nodes`;
  }
  if (/ArgMax|ArgMin|TopK/i.test(node)) {
    return `no kernel fits node ${node} into the workspace; leave ArgMax and TopK out of the model, as seg export does, or raise --workspace`;
  }
  return `TensorRT${
    versionOf(log)
  } has no kernel for node ${node}; raise --workspace, build with --no-fp16, or take another TensorRT`;
}

/** The whole name of a node in the rest of a message: without the brackets and the place in the source that follow it. */
function nodeName(rest: string, bracketed: boolean): string {
  const place = /(?: due to insufficient workspace\b| In \w+ at \S+:\d+)/.exec(rest);
  const name = place ? rest.slice(0, place.index) : bracketed ? rest.trimEnd().replace(/\)$/, "") : rest;
  return name.trim().replace(/\.$/, "");
}

/** Words on the activations of an engine that was built but cannot run; empty where that is not the case. */
export function activations({ memory, errors }: TrtexecLog): string {
  const bytes = memory.activationBytes;
  if (bytes === undefined || !errors.some((text) => /execution context/i.test(text))) return "";
  return ` for the ${
    (bytes / 2 ** 30).toPrecision(2)
  } GiB of activations of the finished engine: take a smaller input or batch`;
}

/** The sentence on an op without an importer. */
export function unsupported(op: string | undefined, log: TrtexecLog): string {
  return `the ONNX parser of TensorRT${versionOf(log)} cannot run ${
    op ? `the operator ${op}` : "one of the operators"
  }; export the model by seg export --target, which writes such operators as simpler ones`;
}

/** The node that the parser was at, in words. */
export function nodeInTrouble(log: TrtexecLog): string | undefined {
  for (const text of log.errors) {
    const match = /While parsing node number (\d+) \[(\S+) -> "([^"]*)"/.exec(text);
    if (match) return `node ${match[1]} (${match[2]} → ${match[3]})`;
  }
  return undefined;
}

/** A message without the place in the source before its words. */
export function quoted(text: string): string {
  return oneLine(text).replace(/^Error\[\d+\]: /, "").replace(/^\d+: /, "");
}

/** TensorRT's version with a space in front; empty where the log does not tell it. */
export function versionOf(log: TrtexecLog): string {
  return log.version === undefined ? "" : ` ${formatVersion(log.version)}`;
}

/** A message in one line of bearable length. */
export function oneLine(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
