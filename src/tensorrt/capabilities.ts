/** What one trtexec understands: its version and its flags. */
import { Failure } from "../failure.ts";
import type { TensorRtVersion } from "../graph/op.ts";
import type { Precision, Target } from "./targets.ts";
import { decodeVersionNumber } from "./version.ts";

/** The version and flags of a trtexec. */
export interface Capabilities {
  readonly version: TensorRtVersion;
  /** The flags of its help text; absent where no trtexec was asked and the version alone decides. */
  readonly flags?: ReadonlySet<string>;
  /** True where the program is the simulator of this project's tests: its figures say nothing of a device. */
  readonly simulated: boolean;
}

/** `&&&& PASSED TensorRT.trtexec [TensorRT v8201] # command line`; newest versions add ` [b11]` behind the version (samples/common/logging.h). */
export const BANNER =
  /^&&&& (RUNNING|PASSED|FAILED|WAIVED) TensorRT\.trtexec \[TensorRT v(\d+)\](?: \[b(\d+)\])? # (.*)$/;

/** Whether the command line in a banner is that of the simulator. */
export function isSimulated(commandLine: string): boolean {
  return /^trtexec_simulator(\s|$)/.test(commandLine);
}

/**
 * Reads the version line and the flags out of what `trtexec --help` prints.
 *
 * @throws {Failure} where no version line is there: TensorRT 7 and older print none, and are not supported.
 */
export function parseHelp(text: string, program = "trtexec"): Capabilities {
  const flags = new Set<string>();
  let banner: RegExpExecArray | null = null;
  for (const line of text.split(/\r?\n/)) {
    banner ??= BANNER.exec(line);
    const flag = /^\s{2}(--\w+)/.exec(line)?.[1];
    if (flag) flags.add(flag);
  }
  if (banner === null || flags.size === 0) {
    throw new Failure(
      `Cannot tell the version of ${program}: its help text names neither a TensorRT version nor flags; give the trtexec of TensorRT 8.0 or newer with --trtexec`,
    );
  }
  return { version: decodeVersionNumber(Number(banner[2])), flags, simulated: isSimulated(banner[4] ?? "") };
}

/** The capabilities that a version has by its documentation, for command lines that are shown and not run. */
export function assumedCapabilities(version: TensorRtVersion): Capabilities {
  return { version, simulated: false };
}

/**
 * First version with a flag, and first version without it again, where that is not "always".
 *
 * From samples/common/sampleOptions.cpp of the tags 8.0.1, 8.2.1, 8.4.1, 8.5.1, v8.6.1, v10.0.1 to v10.16 and v11.1, and from NVIDIA's
 * guides "Migrating trtexec Usage from TensorRT 8.x to 10.x" and "10.x to 11.x".
 */
const FLAG_LIFETIMES: Readonly<Record<string, { readonly since?: TensorRtVersion; readonly until?: TensorRtVersion }>> =
  {
    "--avgRuns": {},
    "--avgTiming": {},
    "--buildOnly": { until: 100000 },
    "--duration": {},
    "--exportLayerInfo": { since: 80200 },
    "--exportOutput": {},
    "--exportProfile": {},
    "--exportTimes": {},
    "--fp16": { until: 110000 },
    "--int8": { until: 110000 },
    "--includeDataTransfers": { since: 110000 },
    "--iterations": {},
    "--loadEngine": {},
    "--loadInputs": {},
    "--maxShapes": {},
    "--memPoolSize": { since: 80400 },
    "--minShapes": {},
    "--noCudaGraph": { since: 110000 },
    "--noSpinWait": { since: 110000 },
    "--onnx": {},
    "--optShapes": {},
    "--profilingVerbosity": { since: 80200 },
    "--nvtxMode": { until: 100000 },
    "--saveEngine": {},
    "--shapes": {},
    "--skipInference": { since: 80600 },
    "--timingCacheFile": {},
    "--useCudaGraph": {},
    "--useSpinWait": {},
    "--verbose": {},
    "--warmUp": {},
    "--workspace": { until: 100000 },
  };

/** Whether this trtexec has `flag`: by its help text where it was asked, else by its version. */
export function hasFlag(capabilities: Capabilities, flag: string): boolean {
  if (capabilities.flags) return capabilities.flags.has(flag);
  const lifetime = Object.hasOwn(FLAG_LIFETIMES, flag) ? FLAG_LIFETIMES[flag] : undefined;
  if (lifetime === undefined) return false;
  return capabilities.version >= (lifetime.since ?? 0) && capabilities.version < (lifetime.until ?? Infinity);
}

/** FP16 where device and TensorRT have it, else FP32: from version 11 on trtexec builds what the ONNX file says. */
export function usualPrecision({ hasFp16, tensorRt }: Target, capabilities?: Capabilities): Precision {
  const known = capabilities ?? (tensorRt === undefined ? undefined : assumedCapabilities(tensorRt));
  return hasFp16 === true && (known === undefined || hasFlag(known, "--fp16")) ? "fp16" : "fp32";
}
