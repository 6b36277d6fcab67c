/** The engine step of `seg export`: which trtexec, for which device, with which command line. */
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { decodeModel } from "../graph/onnx/decode.ts";
import type { OnnxValue } from "../graph/onnx/model.ts";
import { buildEngine } from "../tensorrt/build_engine.ts";
import { assumedCapabilities } from "../tensorrt/capabilities.ts";
import { buildArguments, renderCommandLine } from "../tensorrt/command_line.ts";
import { readJetson, targetOfJetson } from "../tensorrt/device.ts";
import type { RunnableEngine } from "../tensorrt/engine_runner.ts";
import { findTrtexec } from "../tensorrt/find_trtexec.ts";
import { makePassport, writePassport } from "../tensorrt/passport.ts";
import type { TensorContract } from "../tensorrt/raw_input.ts";
import { findTarget, type Precision, type Target } from "../tensorrt/targets.ts";
import { probeTrtexec, type Trtexec } from "../tensorrt/trtexec.ts";
import { formatVersion } from "../tensorrt/version.ts";
import type { JobContext } from "./job.ts";

/** A device, and the trtexec that builds for it; a dry run for a known device needs none. */
export interface EngineTools {
  readonly target: Target;
  readonly trtexec?: Trtexec;
}

/** What was, or would be, told to trtexec. */
export interface TrtexecReport {
  readonly command: string;
  readonly version: string;
  readonly seconds: number | null;
}

/**
 * Finds the device and, where an engine is to be built, its trtexec: before anything is written.
 *
 * @throws {Failure} where there is no trtexec, or it is of another version than the device.
 */
export async function findTools(
  request: {
    readonly target: string;
    readonly trt: boolean;
    readonly dryRun: boolean;
    readonly trtexec?: string | undefined;
  },
  signal: AbortSignal,
): Promise<EngineTools> {
  const named = findTarget(request.target);
  const jetson = named.name === "host" ? readJetson() : undefined;
  const target = (jetson && targetOfJetson(jetson)) ?? named;
  if (!request.trt || (request.dryRun && target.tensorRt !== undefined)) return { target };
  const trtexec = await probeTrtexec(findTrtexec({ explicit: request.trtexec }), signal);
  const { version } = trtexec.capabilities;
  if (named.tensorRt !== undefined && named.tensorRt !== version) {
    throw new Failure(
      `Cannot build an engine for ${named.name}: it has TensorRT ${formatVersion(named.tensorRt)} and this machine ` +
        `${
          formatVersion(version)
        }, and an engine runs on the version that built it alone; build it there, or use --target host`,
    );
  }
  return { target: { ...target, tensorRt: version }, trtexec };
}

/** What {@link makeEngine} builds. */
export interface EngineRequest {
  readonly onnx: string;
  readonly engine: string;
  /** The content of `onnx`, with static shapes. */
  readonly bytes: Uint8Array;
  readonly precision: Precision;
  readonly workspaceMiB: number;
  /** Folder of the timing cache. */
  readonly folder: string;
}

/** A built engine and how it was built. */
export interface MadeEngine {
  readonly report: TrtexecReport;
  readonly runnable: RunnableEngine;
}

/** The command line that would build the engine. */
export function plannedEngine({ target, trtexec }: EngineTools, request: EngineRequest): TrtexecReport {
  const capabilities = trtexec?.capabilities ?? assumedCapabilities(target.tensorRt as number);
  const command = renderCommandLine(trtexec?.program ?? "trtexec", buildArguments(capabilities, request));
  return { command, version: formatVersion(capabilities.version), seconds: null };
}

/**
 * Builds an engine and writes its passport.
 *
 * @throws {Failure} where the build fails.
 */
export async function makeEngine(trtexec: Trtexec, request: EngineRequest, context: JobContext): Promise<MadeEngine> {
  const { onnx, engine, precision, workspaceMiB } = request;
  const model = decodeModel(request.bytes);
  const [inputs, outputs] = [model.inputs.map(contractOf), model.outputs.map(contractOf)];
  const [input] = inputs;
  if (input === undefined) throw new Failure(`Cannot build ${engine}: ${onnx} has no input`);
  const timingCache = join(request.folder, "timing.cache");
  const built = await buildEngine(trtexec, { onnx, engine, precision, workspaceMiB, timingCache, ...context });
  writePassport(engine, makePassport(built, { onnx, engine, precision, inputs, outputs, jetson: readJetson() }));
  const report = {
    command: renderCommandLine(trtexec.program, built.arguments),
    version: formatVersion(trtexec.capabilities.version),
    seconds: built.run.seconds,
  };
  return { report, runnable: { path: engine, input, outputs } };
}

/** The exported file is static: every dimension is a number. */
function contractOf({ name, elementType, shape }: OnnxValue): TensorContract {
  return { name, elementType: elementType ?? "float32", shape: (shape ?? []) as readonly number[] };
}
