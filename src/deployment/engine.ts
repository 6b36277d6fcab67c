/** The engine step of `seg export`: which trtexec, for which device, with which command line. */
import { join } from "node:path";
import { layerWork } from "../tensorrt/layer_work.ts";
import { Failure } from "../failure.ts";
import type { Graph } from "../graph/graph.ts";
import type { OnnxValue } from "../graph/onnx/model.ts";
import type { Model } from "../model/model.ts";
import { buildEngine } from "../tensorrt/build_engine.ts";
import { assumedCapabilities } from "../tensorrt/capabilities.ts";
import { buildArguments, renderCommandLine } from "../tensorrt/command_line.ts";
import { readJetson, targetOfJetson } from "../tensorrt/device.ts";
import type { RunnableEngine } from "../tensorrt/engine_runner.ts";
import { findTrtexec } from "../tensorrt/find_trtexec.ts";
import { countKernels } from "../tensorrt/kernels.ts";
import { makePassport, writePassport } from "../tensorrt/passport.ts";
import type { TensorContract } from "../tensorrt/raw_input.ts";
import { readHostGpu } from "../tensorrt/host_gpu.ts";
import { findTarget, hostTarget, type Precision, type Target } from "../tensorrt/targets.ts";
import { probeTrtexec, type Trtexec } from "../tensorrt/trtexec.ts";
import { formatVersion } from "../tensorrt/version.ts";
import type { WorkContext } from "../reporter.ts";

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

/** What decides about device and trtexec. */
export interface ToolsRequest {
  /** Name of the device; where absent, the Jetson on which the program runs, else the Nano. */
  readonly target?: string | undefined;
  readonly trt: boolean;
  readonly dryRun: boolean;
  readonly trtexec?: string | undefined;
}

/**
 * Finds the device and, where an engine is to be built, its trtexec: before anything is written.
 *
 * @throws {Failure} where there is no trtexec, or it is of another version than the device.
 */
export async function findTools(request: ToolsRequest, signal: AbortSignal): Promise<EngineTools> {
  const here = request.target === undefined || request.target === "host" ? readJetson() : undefined;
  const named = (here && targetOfJetson(here)) ?? findTarget(request.target ?? (here ? "host" : "nano"));
  if (!request.trt || (request.dryRun && named.tensorRt !== undefined)) return { target: named };
  const trtexec = await probeTrtexec(findTrtexec({ explicit: request.trtexec }), signal);
  const { version } = trtexec.capabilities;
  // A Jetson with another TensorRT than its JetPack brought is what it is.
  if (here === undefined && named.tensorRt !== undefined && named.tensorRt !== version) {
    throw new Failure(
      `Cannot build an engine for ${named.name}: it has TensorRT ${formatVersion(named.tensorRt)} and this machine ` +
        `${
          formatVersion(version)
        }, and an engine runs on the version that built it alone; build it there, or use --target host`,
    );
  }
  const gpu = named.board === undefined ? readHostGpu() : undefined;
  return { target: gpu === undefined ? { ...named, tensorRt: version } : hostTarget(gpu, version), trtexec };
}

/** What {@link makeEngine} builds. */
export interface EngineRequest {
  readonly onnx: string;
  readonly engine: string;
  /** The content of `onnx`, with static shapes. */
  readonly model: Model;
  readonly graph: Graph;
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
  const args = buildArguments(capabilities, { ...request, timingCache: timingCacheOf(request) });
  const command = renderCommandLine(trtexec?.program ?? "trtexec", args);
  return { command, version: formatVersion(capabilities.version), seconds: null };
}

/**
 * Builds an engine and writes its passport.
 *
 * @throws {Failure} where the build fails.
 */
export async function makeEngine(trtexec: Trtexec, request: EngineRequest, context: WorkContext): Promise<MadeEngine> {
  const { onnx, engine, precision, workspaceMiB } = request;
  const { onnx: content } = request.model;
  const [inputs, outputs] = [content.inputs.map(contractOf), content.outputs.map(contractOf)];
  const [input] = inputs;
  if (input === undefined) throw new Failure(`Cannot build ${engine}: ${onnx} has no input`);
  const timingCache = timingCacheOf(request);
  const built = await buildEngine(trtexec, { onnx, engine, precision, workspaceMiB, timingCache, ...context });
  const passport = makePassport(built, {
    onnx,
    engine,
    precision,
    inputs,
    outputs,
    jetson: readJetson(),
    metadata: content.metadata,
    kernels: countKernels(request.graph),
    work: layerWork(request.graph),
  });
  writePassport(engine, passport);
  const report = {
    command: renderCommandLine(trtexec.program, built.arguments),
    version: formatVersion(trtexec.capabilities.version),
    seconds: built.run.seconds,
  };
  return { report, runnable: { path: engine, input, outputs } };
}

function timingCacheOf({ folder }: EngineRequest): string {
  return join(folder, "timing.cache");
}

/** The exported file is static: every dimension is a number. */
function contractOf({ name, elementType, shape }: OnnxValue): TensorContract {
  return { name, elementType: elementType ?? "float32", shape: (shape ?? []) as readonly number[] };
}
