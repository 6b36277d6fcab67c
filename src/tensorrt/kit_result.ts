/** Reads the folder `result` that a kit has written on a device. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import type { TensorRtVersion } from "../graph/op.ts";
import { shown } from "../shown.ts";
import { parseTegraRelease } from "./device.ts";
import { findJetPack } from "./jetpack.ts";
import { KIT_POWER_INTERVAL_MS, KIT_WARM_UP_MS } from "./kit_script.ts";
import { parseLog } from "./log.ts";
import type { TrtexecLog } from "./log_facts.ts";
import { type Profile, readProfile } from "./profile.ts";
import { PowerMeter, type PowerSummary } from "./tegrastats.ts";
import { parseNumber, type QueryTimes, readTextFile, readTimes } from "./times.ts";
import { decodeVersionNumber } from "./version.ts";

/** Comparison of one output with its reference. */
export interface OutputCheck {
  readonly passed: boolean;
  readonly values: number;
  readonly largestDifference: number;
  /** Values on the other side of the threshold than the reference. */
  readonly flipped: number;
}

/** A timing run. */
export interface KitBench {
  readonly times: QueryTimes;
  readonly log: TrtexecLog;
}

/** What the runner of the kit took, median and 99th percentile, on one frame again and again. */
export interface RunnerTimes {
  readonly frames: number;
  readonly cudaGraph: boolean;
  readonly endToEndMs: { readonly median: number; readonly p99: number };
  readonly networkMs: { readonly median: number; readonly p99: number };
}

/** What happened on the device; a part is absent where its step did not run. */
export interface KitResult {
  readonly tensorRt: TensorRtVersion;
  readonly modelSha256: string;
  readonly board?: string;
  readonly jetPack?: string;
  readonly powerMode?: string;
  readonly build?: { readonly workspaceMiB: number; readonly engineBytes: number; readonly log: TrtexecLog };
  /** One per output, in the order of the kit. */
  readonly checks: readonly OutputCheck[];
  readonly bench?: KitBench;
  /** The same with a CUDA graph; absent where the engine cannot be captured as one. */
  readonly benchGraph?: KitBench;
  readonly profile?: Profile;
  readonly power?: PowerSummary;
  /** The quicker of the runs without and with a CUDA graph. */
  readonly runner?: RunnerTimes;
}

const TEXT_LIMIT = 2 ** 26;

/** @throws {Failure} where `result.txt` is absent or incomplete, or one of the other files is damaged. */
export function readKitResult(folder: string): KitResult {
  const path = join(folder, "result.txt");
  const values = readPairs(readTextFile(path, TEXT_LIMIT));
  const [version, modelSha256] = [values.get("tensorrt"), values.get("model_sha256")];
  if (values.get("format") !== "1" || version === undefined || modelSha256 === undefined) {
    throw new Failure(`Cannot read ${path}: it is no result of a kit; copy the folder result of the device again`);
  }
  const number = (name: string, text: string | undefined): number => {
    const value = Number(text || undefined);
    if (Number.isFinite(value)) return value;
    const found = text === undefined ? "missing" : shown(text);
    throw new Failure(
      `Cannot use ${path}: ${name} is ${found}, expected a number; copy the folder result of the device again`,
    );
  };
  const tensorRt = decodeVersionNumber(number("tensorrt", version));
  const text = (name: string) => {
    const file = join(folder, name);
    return existsSync(file) ? readTextFile(file, TEXT_LIMIT) : undefined;
  };
  const board = values.get("board");
  const powerMode = values.get("power_mode");
  const release = parseTegraRelease(values.get("l4t") ?? "");
  const jetPack = release && findJetPack(release.release, release.revision)?.name;
  const workspace = values.get("workspace_mib");
  const [buildLog, tegrastats] = [text("build.log"), text("tegrastats.txt")];
  const benchOf = (logName: string, timesName: string): KitBench | undefined => {
    const [logText, timesPath] = [text(logName), join(folder, timesName)];
    if (logText === undefined || !existsSync(timesPath)) return undefined;
    const log = parseLog(logText);
    return { times: readTimes(timesPath, { version: tensorRt, warmUpMs: KIT_WARM_UP_MS, log }), log };
  };
  const bench = benchOf("bench.log", "times.json");
  const benchGraph = benchOf("bench_graph.log", "times_graph.json");
  const profilePath = join(folder, "profile.json");
  const [runner] = ["runner.txt", "runner_graph.txt"].map((name) => join(folder, name)).filter((file) =>
    existsSync(file)
  )
    .map(readRunnerTimes).sort((a, b) => a.endToEndMs.median - b.endToEndMs.median);
  const power = tegrastats === undefined ? undefined : measurePower(tegrastats);
  return {
    tensorRt,
    modelSha256,
    ...(board !== undefined && { board }),
    ...(jetPack !== undefined && { jetPack }),
    ...(powerMode !== undefined && { powerMode }),
    ...(workspace !== undefined && buildLog !== undefined && {
      build: {
        workspaceMiB: number("workspace_mib", workspace),
        engineBytes: number("engine_bytes", values.get("engine_bytes")),
        log: parseLog(buildLog),
      },
    }),
    checks: readChecks(values, number),
    ...(bench && { bench }),
    ...(benchGraph && { benchGraph }),
    ...(existsSync(profilePath) && { profile: readProfile(profilePath) }),
    ...(power && { power }),
    ...(runner && { runner }),
  };
}

/** Lines of `key=value`. */
function readPairs(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const split = line.indexOf("=");
    if (split > 0) values.set(line.slice(0, split), line.slice(split + 1).trim());
  }
  return values;
}

/** A report of runner.cpp: mean, minimum, median, 90 %, 99 % and maximum of each stage. @throws {Failure} where it is damaged. */
function readRunnerTimes(path: string): RunnerTimes {
  const values = readPairs(readTextFile(path, TEXT_LIMIT));
  const stage = (name: string) => {
    const numbers = (values.get(`${name}_ms`) ?? "").split(" ").map(Number);
    const [, , median = NaN, , p99 = NaN] = numbers;
    if (numbers.length !== 6 || !numbers.every(Number.isFinite)) {
      throw new Failure(`Cannot read ${path}: it has no times of ${name}; run sh run.sh runner again`);
    }
    return { median, p99 };
  };
  return {
    frames: Number(values.get("frames")),
    cudaGraph: values.get("cuda_graph") === "yes",
    endToEndMs: stage("end_to_end"),
    networkMs: stage("network"),
  };
}

function readChecks(
  values: ReadonlyMap<string, string>,
  number: (name: string, text: string | undefined) => number,
): OutputCheck[] {
  const checks: OutputCheck[] = [];
  for (let i = 0; values.has(`check_${i}`); i++) {
    const [verdict, count, largest, flipped] = (values.get(`check_${i}`) ?? "").split(" ");
    checks.push({
      passed: verdict === "passed",
      values: number(`check_${i}`, count),
      // A device may compute NaN.
      largestDifference: parseNumber(largest ?? ""),
      flipped: number(`check_${i}`, flipped),
    });
  }
  return checks;
}

/** Lines of R32 carry no time: they come at the interval that the script asks for. */
function measurePower(text: string): PowerSummary | undefined {
  const meter = new PowerMeter();
  for (const [i, line] of text.split("\n").entries()) meter.take(line, i * KIT_POWER_INTERVAL_MS / 1000);
  return meter.summary();
}
