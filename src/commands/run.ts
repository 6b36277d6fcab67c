/** One command line: finds the command, runs its job, prints its outcome, and turns errors into messages and exit codes. */
import process from "node:process";
import type { Job } from "../command_line/command.ts";
import { environmentVariable } from "../command_line/environment.ts";
import { type LineStream, type TerminalReporter, terminalReporter } from "../command_line/terminal_reporter.ts";
import { COMMANDS } from "./catalog.ts";
import { programVersion } from "./version.ts";
import { Failure, messageOf, UsageFailure } from "../failure.ts";
import { printable } from "../shown.ts";
import { machineFailure } from "../system_faults.ts";

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

/** Where a command line writes; a process is one. */
export interface Streams {
  readonly stdout: LineStream;
  readonly stderr: LineStream;
}

/** What the parts of one run share. */
interface Run extends Streams {
  readonly reporter: TerminalReporter;
  readonly stopping: AbortController;
}

/** Runs one command line, the program's own name not among `argv`, and returns the exit code; nothing is thrown. */
export async function run(argv: readonly string[], { stdout, stderr }: Streams): Promise<number> {
  const reporter = terminalReporter(stderr);
  const stopping = new AbortController();
  try {
    return await runCommand(argv, { stdout, stderr, reporter, stopping });
  } catch (error) {
    const { text, code } = describe(error, stopping.signal);
    reporter.clear();
    stderr.write(`${printable(text)}\n`);
    return code;
  }
}

async function runCommand(argv: readonly string[], streams: Run): Promise<number> {
  const { stdout, stderr } = streams;
  const [first, ...others] = argv[0] === "help" && argv.length > 1 ? [...argv.slice(1), "--help"] : argv;
  if (first === undefined) {
    stderr.write(HELP);
    return 2;
  }
  if (first === "--help" || first === "-h" || first === "help") {
    stdout.write(HELP);
    return 0;
  }
  if (first === "--version" || first === "-v") {
    stdout.write(`${programVersion()}\n`);
    return 0;
  }
  const entry = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  if (entry === undefined) throw new UsageFailure(await unknownCommand(first, others));
  // Behind -- nothing is an option.
  const options = others.includes("--") ? others.slice(0, others.indexOf("--")) : others;
  if (options.some((text) => text === "--help" || text === "-h")) {
    const [command, { helpColumns, helpText }] = await Promise.all([entry.load(), import("../command_line/help.ts")]);
    stdout.write(`${helpText(command, helpColumns(stdout))}\n`);
    return 0;
  }
  const [command, { parseCommand }] = await Promise.all([entry.load(), import("../command_line/parse.ts")]);
  return await runJob(await parseCommand(command, others), streams);
}

async function runJob(job: Job, { stdout, stderr, reporter, stopping }: Run): Promise<number> {
  const stop = (signal: NodeJS.Signals) => {
    if (stopping.signal.aborted) {
      // A scheduler may send several signals, and a shell pass them on once more: the state is being saved.
      if (signal === "SIGINT") process.exit(130);
      return;
    }
    reporter.warn("Stopping at the next step; press Ctrl-C again to stop at once");
    stopping.abort(new Failure("Stopped"));
  };
  if (job.stoppable) { for (const signal of SIGNALS) process.on(signal, stop); }
  try {
    const { json, text, next, failed } = await job.run({
      reporter,
      signal: stopping.signal,
      columns: stdout.isTTY ? stdout.columns : undefined,
    });
    reporter.clear();
    // Within the texts of JSON, an escape is the character itself.
    if (job.json) stdout.write(`${printable(JSON.stringify(json, undefined, 2))}\n`);
    else if (text !== "") stdout.write(`${printable(text)}\n`);
    // A work that is stopped late has its result, and no next step is wanted.
    if (next !== undefined && !stopping.signal.aborted) stderr.write(`Next: ${printable(next)}\n`);
    return stopping.signal.aborted ? 130 : failed ? 1 : 0;
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, stop);
  }
}

async function unknownCommand(name: string, others: readonly string[]): Promise<string> {
  const { shownText } = await import("../shown.ts");
  if (name.startsWith("-")) {
    return `seg: unknown option ${shownText(name)}; options stand after the command\nTry seg --help`;
  }
  const { meantCommand } = await import("../command_line/synonyms.ts");
  const meant = meantCommand(name, Object.keys(COMMANDS));
  const hint = meant === undefined ? "" : `; did you mean seg ${[meant, ...others].join(" ")}?`;
  return `seg: unknown command ${shownText(name)}${hint}\nTry seg --help`;
}

/** The message for an error, and the exit code. */
function describe(error: unknown, signal: AbortSignal): { text: string; code: number } {
  const trace = environmentVariable("SEG_DEBUG") && error instanceof Error ? `\n${error.stack}` : "";
  if (signal.aborted) {
    const { reason } = signal;
    // A failure that says how to continue takes the place of the plain reason.
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
