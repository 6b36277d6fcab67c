#!/usr/bin/env node
/** The program: finds the command, runs its job, prints what it gives back, and turns errors into messages and exit codes. */
import process from "node:process";
import type { Job } from "./command_line/command.ts";
import { environmentVariable } from "./command_line/environment.ts";
import { terminalReporter } from "./command_line/terminal_reporter.ts";
import { COMMANDS } from "./commands/catalog.ts";
import { programVersion } from "./commands/version.ts";
import { Failure, messageOf, UsageFailure } from "./failure.ts";
import { printable } from "./shown.ts";
import { machineFailure } from "./system_faults.ts";

const HELP = `seg trains small MRI segmentation networks as ONNX, scores them, and puts them on a Jetson Nano

Usage: seg <command> [arguments]

${Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`).join("\n")}

seg <command> --help shows arguments and an example; seg --version shows the version.
New here? seg demo runs everything in a few minutes and needs no data.
`;

/** Ctrl-C; the end that an administrator, a batch system or a container asks for; a terminal that closes; the warning that Slurm's --signal sends. */
const SIGNALS: readonly NodeJS.Signals[] = process.platform === "win32"
  ? ["SIGINT", "SIGTERM"]
  : ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"];

const DENO_RUN = "deno run --allow-env --allow-ffi --allow-net=127.0.0.1 --allow-read --allow-run --allow-sys " +
  "--allow-write src/main.ts";

const reporter = terminalReporter(process.stderr);
const stopping = new AbortController();

async function main(argv: readonly string[]): Promise<number> {
  const [first, ...others] = argv[0] === "help" && argv.length > 1 ? [...argv.slice(1), "--help"] : argv;
  if (first === undefined) {
    process.stderr.write(HELP);
    return 2;
  }
  if (first === "--help" || first === "-h" || first === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  if (first === "--version" || first === "-v") {
    process.stdout.write(`${programVersion()}\n`);
    return 0;
  }
  const entry = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  if (entry === undefined) throw new UsageFailure(await unknownCommand(first, others));
  // Behind -- nothing is an option.
  const options = others.includes("--") ? others.slice(0, others.indexOf("--")) : others;
  if (options.some((text) => text === "--help" || text === "-h")) {
    const [command, { helpColumns, helpText }] = await Promise.all([entry.load(), import("./command_line/help.ts")]);
    process.stdout.write(`${helpText(command, helpColumns(process.stdout))}\n`);
    return 0;
  }
  const [command, { parseCommand }] = await Promise.all([entry.load(), import("./command_line/parse.ts")]);
  return await runJob(await parseCommand(command, others));
}

async function runJob(job: Job): Promise<number> {
  if (job.stoppable) { for (const signal of SIGNALS) process.on(signal, stop); }
  try {
    const { json, text, next, failed } = await job.run({
      reporter,
      signal: stopping.signal,
      columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    });
    reporter.clear();
    // Within the texts of JSON, an escape is the character itself.
    if (job.json) process.stdout.write(`${printable(JSON.stringify(json, undefined, 2))}\n`);
    else if (text !== "") process.stdout.write(`${printable(text)}\n`);
    // Who is stopped late has a result, and wants no more.
    if (next !== undefined && !stopping.signal.aborted) process.stderr.write(`Next: ${printable(next)}\n`);
    return stopping.signal.aborted ? 130 : failed ? 1 : 0;
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, stop);
  }
}

function stop(signal: NodeJS.Signals): void {
  if (stopping.signal.aborted) {
    // A scheduler may send several signals, and a shell pass them on once more: the state is being saved.
    if (signal === "SIGINT") process.exit(130);
    return;
  }
  reporter.warn("Stopping at the next step; press Ctrl-C again to stop at once");
  stopping.abort(new Failure("Stopped"));
}

async function unknownCommand(name: string, others: readonly string[]): Promise<string> {
  const { shownText } = await import("./shown.ts");
  if (name.startsWith("-")) {
    return `seg: unknown option ${shownText(name)}; options stand after the command\nTry seg --help`;
  }
  const { meantCommand } = await import("./command_line/synonyms.ts");
  const meant = meantCommand(name, Object.keys(COMMANDS));
  const hint = meant === undefined ? "" : `; did you mean seg ${[meant, ...others].join(" ")}?`;
  return `seg: unknown command ${shownText(name)}${hint}\nTry seg --help`;
}

/** The message for an error, and the exit code. */
function describe(error: unknown): { text: string; code: number } {
  const trace = environmentVariable("SEG_DEBUG") && error instanceof Error ? `\n${error.stack}` : "";
  if (stopping.signal.aborted) {
    const { reason } = stopping.signal;
    // Who knows how to continue says so.
    return { text: messageOf(error instanceof Failure && error.cause === reason ? error : reason), code: 130 };
  }
  if (error instanceof UsageFailure) return { text: error.message + trace, code: 2 };
  if (error instanceof Failure) return { text: error.message + trace, code: 1 };
  if (error instanceof Error && ["NotCapable", "PermissionDenied"].includes(error.name)) {
    const need = /Requires [^,]*/.exec(error.message)?.[0] ?? error.message;
    return { text: `Deno does not permit what is needed (${need}): start it with ${DENO_RUN}${trace}`, code: 1 };
  }
  const explained = machineFailure(error);
  if (explained !== undefined) return { text: explained.message + trace, code: 1 };
  const text = `This is a fault of seg: ${messageOf(error)}\n` +
    "Please report it with the command line and the output of seg doctor --json; SEG_DEBUG=1 shows where it happened";
  return { text: text + trace, code: 1 };
}

// A reader that closes its end (seg … | head) wants no more: that is no error.
process.stdout.on("error", (error: Error & { code?: string }) => process.exit(error.code === "EPIPE" ? 0 : 1));
process.stderr.on("error", () => {});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const { text, code } = describe(error);
  reporter.clear();
  process.stderr.write(`${printable(text)}\n`);
  process.exitCode = code;
}
