/** Runs the program as users do: the source itself under Deno, its compiled form under Node. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

export interface ProgramEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunProgramOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Called as soon as the process runs. */
  readonly started?: (program: ChildProcess) => void | Promise<void>;
  /** Called with the process as soon as `stderr` so far matches. */
  readonly when?: { readonly stderr: RegExp; readonly then: (program: ChildProcess) => void };
}

const PROGRAM = "Deno" in globalThis
  ? ["run", "--quiet", "--no-check", "--allow-all", "src/main.ts"]
  : ["dist/src/main.js"];

/** Runs `seg` with these arguments to its end. */
export function runProgram(args: readonly string[], options: RunProgramOptions = {}): Promise<ProgramEnd> {
  const program = spawn(process.execPath, [...PROGRAM, ...args], {
    env: { ...process.env, NO_COLOR: "1", ...options.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  void options.started?.(program);
  let [stdout, stderr, called] = ["", "", false];
  program.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
  program.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    if (called || !options.when?.stderr.test(stderr)) return;
    called = true;
    options.when.then(program);
  });
  return new Promise((resolve, reject) => {
    program.once("error", reject);
    program.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs `use` with an empty folder, which is removed afterwards. */
export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "seg-command-")));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
