/** The benchmark of a TensorRT engine by trtexec. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Failure, messageOf } from "../failure.ts";
import { type Reporter, silentReporter } from "../reporter.ts";
import { benchArguments, profileArguments } from "../tensorrt/command_line.ts";
import { type DeviceSource, measuringCautions } from "../tensorrt/device.ts";
import { measuredTarget } from "../tensorrt/measured_target.ts";
import { type OpenedEngine, openEngine } from "../tensorrt/open_engine.ts";
import { watchPower } from "../tensorrt/power_watch.ts";
import { type Profile, readProfile } from "../tensorrt/profile.ts";
import type { Target } from "../tensorrt/targets.ts";
import { readTimes } from "../tensorrt/times.ts";
import { runTrtexec, type TrtexecRun } from "../tensorrt/trtexec.ts";
import { ENGINE_QUERIES, type EngineReport, engineReport, type EngineRun, graphWasIgnored } from "./engine_report.ts";

/** What to measure, and how. */
export interface BenchEngineOptions {
  /** Path of an engine with its passport beside it. */
  readonly file: string;
  /** Path of trtexec; searched where absent. */
  readonly trtexec?: string | undefined;
  /** Uncounted time before measuring (default: 1 s, in which the clocks of a Jetson rise). */
  readonly warmUpMs?: number | undefined;
  /** Of each of the two timing runs, in whole seconds (default: 10); at least 100 runs in any case. */
  readonly durationSeconds?: number | undefined;
  /** The device of the roofline (default: the one that the passport names). */
  readonly target?: Target | undefined;
  readonly reporter?: Reporter | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Where the device is read from; tests give a folder. */
  readonly device?: DeviceSource;
}

/**
 * Times an engine without and with a CUDA graph, keeps the better, and then its layers in a run of their own: a profiler slows each layer.
 *
 * @throws {Failure} where the engine cannot be loaded here, trtexec fails, or fewer than 100 runs were timed.
 */
export async function benchEngine(options: BenchEngineOptions): Promise<EngineReport> {
  const { file, warmUpMs = 1000, durationSeconds = 10, reporter = silentReporter, signal } = options;
  const engine = await openEngine(file, {
    trtexec: options.trtexec,
    signal,
    ...(options.device && { device: options.device }),
  });
  const { passport, jetson } = engine;
  const notes = jetson ? measuringCautions(jetson) : [];
  const folder = mkdtempSync(join(tmpdir(), "seg-bench-"));
  try {
    const runs: EngineRun[] = [];
    for (const cudaGraph of [false, true]) {
      const timing = { cudaGraph, warmUpMs: Math.round(warmUpMs), durationSeconds: Math.round(durationSeconds) };
      const run = await timeEngine(engine, { ...timing, folder, reporter, signal });
      if (cudaGraph && graphWasIgnored(run.log)) {
        notes.push("This engine cannot be captured as a CUDA graph: the figures are without one");
      } else {
        runs.push(run);
      }
    }
    const profile = await profileEngine(engine, { folder, reporter, signal, notes });
    const { gpuClockHz: clock, powerMode } = jetson ?? {};
    return engineReport({
      model: file,
      device: passport.board ?? passport.device,
      tensorRt: engine.trtexec.capabilities.version,
      precision: passport.precision,
      batch: passport.inputs[0]?.shape[0] ?? 1,
      runs,
      profile,
      work: passport.work,
      kernels: passport.kernels,
      target: options.target ?? measuredTarget({
        model: passport.board,
        totalBytes: jetson?.memoryBytes?.total,
        device: { name: passport.device, computeCapability: passport.computeCapability },
        tensorRt: engine.trtexec.capabilities.version,
        powerMode: powerMode?.name,
      }),
      powerMode: powerMode?.name,
      gpuClockMHz: clock && { minimum: clock.minimum / 1e6, maximum: clock.maximum / 1e6 },
      notes,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Running {
  readonly folder: string;
  readonly reporter: Reporter;
  readonly signal: AbortSignal | undefined;
}

async function timeEngine(
  { path, trtexec }: OpenedEngine,
  { cudaGraph, warmUpMs, durationSeconds, ...running }: Running & {
    readonly cudaGraph: boolean;
    readonly warmUpMs: number;
    readonly durationSeconds: number;
  },
): Promise<EngineRun> {
  const times = join(running.folder, "times.json");
  rmSync(times, { force: true });
  const args = benchArguments(trtexec.capabilities, {
    engine: resolve(path),
    times,
    warmUpMs,
    durationSeconds,
    iterations: ENGINE_QUERIES,
    cudaGraph,
  });
  const watch = watchPower();
  let power;
  let run: TrtexecRun;
  try {
    run = await runOrFail(path, trtexec.program, args, {
      ...running,
      activity: `Timing ${path}${cudaGraph ? " with a CUDA graph" : ""}`,
    });
  } finally {
    power = await watch.stop();
  }
  const version = trtexec.capabilities.version;
  return { cudaGraph, times: readTimes(times, { version, warmUpMs, log: run.log }), log: run.log, power };
}

async function profileEngine(
  { path, trtexec }: OpenedEngine,
  { notes, ...running }: Running & { readonly notes: string[] },
): Promise<Profile | undefined> {
  const profile = join(running.folder, "profile.json");
  const args = profileArguments(trtexec.capabilities, { engine: resolve(path), profile, iterations: ENGINE_QUERIES });
  try {
    await runOrFail(path, trtexec.program, args, { ...running, activity: `Timing the layers of ${path}` });
    return readProfile(profile);
  } catch (error) {
    if (!(error instanceof Failure) || running.signal?.aborted) throw error;
    notes.push(`No times of the layers: ${messageOf(error)}`);
    return undefined;
  }
}

async function runOrFail(
  path: string,
  program: string,
  args: readonly string[],
  { folder, reporter, signal, activity }: Running & { readonly activity: string },
): Promise<TrtexecRun> {
  const logPath = join(folder, "trtexec.log");
  const run = await runTrtexec(program, args, { logPath, reporter, signal, activity });
  if (run.failure === undefined) return run;
  const kept = `${path}.log`;
  if (existsSync(logPath)) copyFileSync(logPath, kept);
  throw new Failure(`Cannot time ${path}: ${run.failure.sentence} (log: ${kept})`);
}
