/** Starts trtexec without a shell, follows its output, and says how it ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import process from "node:process";
import { StringDecoder } from "node:string_decoder";
import { Failure, messageOf } from "../failure.ts";
import { writeFailure } from "../files.ts";
import { type Reporter, silentReporter } from "../reporter.ts";
import { type Capabilities, parseHelp } from "./capabilities.ts";
import { renderCommandLine } from "./command_line.ts";
import { type ExplainedFailure, explainFailure, type ProcessEnd } from "./failures.ts";
import { LogParser } from "./log.ts";
import type { TrtexecLog } from "./log_facts.ts";

/** A trtexec with its version and capabilities. */
export interface Trtexec {
  readonly program: string;
  readonly capabilities: Capabilities;
}

/** How {@link runTrtexec} runs. */
export interface RunOptions {
  /** File that receives the whole output, as it comes. */
  readonly logPath?: string;
  readonly cwd?: string;
  /** Stops the program: SIGTERM, and SIGKILL after `killDelayMs`. */
  readonly signal?: AbortSignal | undefined;
  readonly killDelayMs?: number;
  readonly reporter?: Reporter;
  /** What is being done, for the progress line: "Building net.engine". */
  readonly activity?: string;
}

/** A finished run. */
export interface TrtexecRun {
  /** The command line, quoted for reading. */
  readonly commandLine: string;
  readonly log: TrtexecLog;
  readonly end: ProcessEnd;
  readonly seconds: number;
  /** Absent where the run succeeded: exit code 0 and trtexec's own PASSED. */
  readonly failure?: ExplainedFailure;
}

const KILL_DELAY_MS = 5000;
const LINE_LIMIT = 65536;
const HELP_LIMIT = 2 ** 20;

/**
 * Runs trtexec to its end.
 *
 * @throws {Failure} where the program cannot be started or the signal stopped it; a run that fails is returned, with its explanation.
 */
export async function runTrtexec(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<TrtexecRun> {
  const parser = new LogParser();
  const progress = new Progress(options.reporter ?? silentReporter, options.activity ?? "Running trtexec");
  const logFile = options.logPath === undefined ? undefined : openLog(options.logPath);
  const started = performance.now();
  let end: ProcessEnd;
  try {
    end = await follow(program, args, options, (line, stream) => {
      if (logFile !== undefined) writeSync(logFile, `${line}\n`);
      progress.line(parser.push(line, stream));
    });
  } finally {
    progress.stop();
    if (logFile !== undefined) closeSync(logFile);
  }
  const passed = end.code === 0 && parser.log.verdict === "passed";
  return {
    commandLine: renderCommandLine(program, args),
    log: parser.log,
    end,
    seconds: (performance.now() - started) / 1000,
    ...(!passed && { failure: explainFailure(parser.log, end) }),
  };
}

/** Asks `trtexec --help` for version and flags. @throws {Failure} where it cannot be started or is no trtexec of TensorRT 8.0 or newer. */
export async function probeTrtexec(program: string, signal?: AbortSignal): Promise<Trtexec> {
  let text = "";
  await follow(program, ["--help"], { signal }, (line) => {
    if (text.length < HELP_LIMIT) text += `${line}\n`;
  });
  return { program, capabilities: parseHelp(text, program) };
}

/** Starts the program and hands over each line of both streams until it has ended. */
function follow(
  program: string,
  args: readonly string[],
  options: RunOptions,
  take: (line: string, stream: string) => void,
): Promise<ProcessEnd> {
  const stopped = () => new Failure(`${program} was stopped before it had finished`);
  if (options.signal?.aborted) return Promise.reject(stopped());
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], {
      stdio: ["ignore", "pipe", "pipe"],
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    });
    const release = stopOnAbort(child, options.signal, options.killDelayMs ?? KILL_DELAY_MS);
    let fault: unknown;
    const guarded = (line: string, stream: string) => {
      if (fault !== undefined) return;
      try {
        take(line, stream);
      } catch (error) {
        fault = error; // The log cannot be written: there is no sense in going on.
        sendSignal(child, "SIGKILL");
      }
    };
    const output = new Lines((line) => guarded(line, "stdout"));
    const errors = new Lines((line) => guarded(line, "stderr"));
    child.stdout.on("data", (chunk: Uint8Array) => output.push(chunk));
    child.stderr.on("data", (chunk: Uint8Array) => errors.push(chunk));
    child.once("error", (error) => {
      release();
      reject(startFailure(program, error));
    });
    child.once("exit", () => {
      if (!options.signal?.aborted && fault === undefined) return;
      // A grandchild that outlives the program must not keep its output open.
      child.stdout.destroy();
      child.stderr.destroy();
    });
    child.once("close", (code, signal) => {
      release();
      output.end();
      errors.end();
      if (options.signal?.aborted) reject(stopped());
      else if (fault !== undefined) reject(options.logPath ? writeFailure(options.logPath, fault) : fault);
      else resolve({ code: code ?? undefined, signal: signal ?? undefined });
    });
  });
}

/** Kills the child when the signal fires; the function that is returned takes the watch off again. */
function stopOnAbort(child: ChildProcess, signal: AbortSignal | undefined, killDelayMs: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    sendSignal(child, "SIGTERM");
    timer = setTimeout(() => sendSignal(child, "SIGKILL"), killDelayMs);
  };
  const killWithProgram = () => sendSignal(child, "SIGKILL");
  signal?.addEventListener("abort", stop, { once: true });
  process.once("exit", killWithProgram);
  child.once("exit", () => clearTimeout(timer));
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    process.removeListener("exit", killWithProgram);
  };
}

/** Not `child.kill()`: Deno sends one signal with it and no second one. */
function sendSignal(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(child.pid, signal);
  } catch {
    // It has ended in the meantime.
  }
}

function openLog(path: string): number {
  try {
    return openSync(path, "w");
  } catch (error) {
    throw writeFailure(path, error);
  }
}

function startFailure(program: string, error: unknown): Failure {
  const code = (error as { code?: string }).code;
  const reason = code === "ENOENT"
    ? "the program or its interpreter does not exist"
    : code === "EACCES"
    ? "it is not executable"
    : messageOf(error);
  return new Failure(`Cannot start ${program}: ${reason}; give the path of trtexec with --trtexec`);
}

/** Cuts a stream of bytes into lines; what exceeds 64 KiB without an end of line is cut, so that no program can fill the memory. */
class Lines {
  readonly #decoder = new StringDecoder("utf8");
  readonly #take: (line: string) => void;
  #rest = "";

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.write(chunk as Buffer)).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(line.replace(/\r$/, ""));
    while (this.#rest.length > LINE_LIMIT) {
      this.#take(this.#rest.slice(0, LINE_LIMIT));
      this.#rest = this.#rest.slice(LINE_LIMIT);
    }
  }

  end(): void {
    this.#rest += this.#decoder.end();
    if (this.#rest !== "") this.#take(this.#rest);
    this.#rest = "";
  }
}

/** First words of trtexec's lines, and the phase that they open. */
const PHASES: readonly (readonly [RegExp, string])[] = [
  [/^Start parsing network model/, "reading the model"],
  [/^Finish(?:ed)? parsing network model/, "preparing the layers"],
  [/^(?:Local|Global) timing cache in use/, "choosing kernels, which takes minutes on a Jetson"],
  [/^Loaded engine size/, "loading the engine"],
  [/^Starting inference/, "running"],
];

/** One live line: activity, phase, seconds; it moves on even where trtexec is silent for minutes. */
class Progress {
  readonly #reporter: Reporter;
  readonly #activity: string;
  readonly #started = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;
  #phase = "starting";
  #tactics = 0;

  constructor(reporter: Reporter, activity: string) {
    this.#reporter = reporter;
    this.#activity = activity;
    this.#timer = setInterval(() => this.#show(), 1000);
  }

  line(text: string): void {
    const phase = PHASES.find(([pattern]) => pattern.test(text))?.[1];
    if (phase !== undefined) {
      this.#phase = phase;
      this.#show();
    }
    // With --verbose one such line comes per layer and kernel family.
    if (text.includes("Timing Runner:")) this.#tactics++;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #show(): void {
    const seconds = Math.round((performance.now() - this.#started) / 1000);
    const tactics = this.#tactics > 0 ? `, ${this.#tactics} kernel families timed` : "";
    this.#reporter.progress(`${this.#activity}: ${this.#phase}${tactics}, ${seconds} s`);
  }
}
