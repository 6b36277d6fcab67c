/** Builds an engine so that a file of its name is always a whole one. */
import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { basename } from "node:path";
import { Failure } from "../failure.ts";
import { writeFailure } from "../files.ts";
import { temporaryName } from "../temporary_files.ts";
import { type Reporter, silentReporter } from "../reporter.ts";
import { buildArguments, type BuildOptions } from "./command_line.ts";
import { runTrtexec, type Trtexec, type TrtexecRun } from "./trtexec.ts";

/** What {@link buildEngine} builds; `workspaceMiB` is the first workspace to try. */
export interface BuildEngineOptions extends BuildOptions {
  /** Name of the log; beside the engine unless said otherwise. */
  readonly logPath?: string;
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal;
}

/** A built engine. */
export interface BuiltEngine {
  readonly run: TrtexecRun;
  /** The arguments as they would stand for the final name, for the passport. */
  readonly arguments: readonly string[];
  readonly workspaceMiB: number;
  readonly bytes: number;
}

/** The workspaces to try one after the other when memory runs out: the asked one, then 256 and 128 MiB. */
export function workspaceLadder(workspaceMiB: number): number[] {
  return [workspaceMiB, ...[256, 128].filter((smaller) => smaller < workspaceMiB)];
}

/**
 * Builds an engine by trtexec under a temporary name and renames it.
 *
 * It counts as built when trtexec ends with exit code 0, says PASSED and leaves a non-empty file. Where memory runs out the build is
 * repeated with the next workspace of {@link workspaceLadder}.
 *
 * @throws {Failure} with the cause and the remedy; no partial file is left.
 */
export async function buildEngine(trtexec: Trtexec, options: BuildEngineOptions): Promise<BuiltEngine> {
  const reporter = options.reporter ?? silentReporter;
  const ladder = workspaceLadder(options.workspaceMiB);
  for (const [step, workspaceMiB] of ladder.entries()) {
    const attempt = await buildOnce(trtexec, { ...options, workspaceMiB });
    if (attempt.run.failure === undefined) return attempt;
    const next = ladder[step + 1];
    const { kind, sentence } = attempt.run.failure;
    if (next === undefined || !(kind === "out-of-memory" || kind === "killed")) {
      throw new Failure(
        `Cannot build ${options.engine} from ${options.onnx}: ${sentence} (log: ${logPathOf(options)})`,
      );
    }
    reporter.warn(
      `Memory ran out with a workspace of ${workspaceMiB} MiB; building again with ${next} MiB`,
    );
  }
  throw new Error("The ladder of workspaces is empty");
}

async function buildOnce(trtexec: Trtexec, options: BuildEngineOptions): Promise<BuiltEngine> {
  const final = buildArguments(trtexec.capabilities, options);
  const temporary = temporaryName(options.engine);
  // A build that is killed may leave half a cache: trtexec gets a copy, and a good one replaces the old one.
  const cache = options.timingCache;
  const temporaryCache = cache === undefined ? undefined : temporaryName(cache);
  try {
    if (cache !== undefined && temporaryCache !== undefined && existsSync(cache)) copyFileSync(cache, temporaryCache);
    const args = buildArguments(trtexec.capabilities, {
      ...options,
      engine: temporary,
      ...(temporaryCache !== undefined && { timingCache: temporaryCache }),
    });
    const run = await runTrtexec(trtexec.program, args, {
      logPath: logPathOf(options),
      reporter: options.reporter ?? silentReporter,
      activity: `Building ${basename(options.engine)}`,
      signal: options.signal,
    });
    const bytes = existsSync(temporary) ? statSync(temporary).size : 0;
    const result = { arguments: final, workspaceMiB: options.workspaceMiB, bytes };
    if (run.failure) return { run, ...result };
    if (bytes === 0) {
      const sentence = "trtexec reports success but wrote no engine; check that the disk has room";
      return { run: { ...run, failure: { kind: "save-failed", sentence } }, ...result };
    }
    moveIntoPlace(temporary, options.engine);
    if (cache !== undefined && temporaryCache !== undefined && existsSync(temporaryCache)) {
      renameSync(temporaryCache, cache);
    }
    return { run, ...result };
  } finally {
    rmSync(temporary, { force: true });
    if (temporaryCache !== undefined) rmSync(temporaryCache, { force: true });
  }
}

/** trtexec does not flush the file that it writes; a rename may reach the disk before the content otherwise. */
function moveIntoPlace(temporary: string, path: string): void {
  try {
    const file = openSync(temporary, "r+");
    fsyncSync(file);
    closeSync(file);
    renameSync(temporary, path);
  } catch (error) {
    throw writeFailure(path, error);
  }
}

function logPathOf(options: BuildEngineOptions): string {
  return options.logPath ?? `${options.engine}.log`;
}
