/** Reads what trtexec prints, line by line, into facts; of all versions from 8.0 on. */
import { BANNER, isSimulated } from "./capabilities.ts";
import type { TrtexecLog, Verdict } from "./log_facts.ts";
import { LogReport } from "./log_report.ts";
import { decodeVersionNumber, parseVersion } from "./version.ts";

const MESSAGES_KEPT = 200;
const TEXT_KEPT = 2000;

/** `[07/14/2023-11:52:09] [E] [TRT] text`; the API loggers write `[TRT] [E] text`, and some builds leave the time out. */
const PREFIX = /^(?:\[\d{2}\/\d{2}\/\d{4}-\d{2}:\d{2}:\d{2}\] )?(?:\[TRT\] )?\[([VIWEF])\] ?(?:\[TRT\] ?)?(.*)$/;

/** As the loggers of TensorRT 7 and of programs over its API write it. */
const SPELLED_PREFIX = /^(?:\[TensorRT\] |\[TRT\] )?(?:INTERNAL_)?(VERBOSE|INFO|WARNING|ERROR): (?:\[TRT\]:? ?)?(.*)$/;

/** Lines of the system, of CUDA and of the C++ library: they belong to no message before them. */
const FOREIGN =
  /^(?:.*: line \d+: +\d+ )?(?:Killed|Aborted|Segmentation fault|Bus error|Illegal instruction)\b|^(?:Cuda failure|terminate called|NvMap|NVMAP|.*error while loading shared libraries)/;

/** Takes the lines of a log in their order; standard output and standard error may be mixed. */
export class LogParser {
  readonly #log: TrtexecLog = {
    simulated: false,
    device: {},
    memory: {},
    gpuLayers: 0,
    bindings: [],
    performance: {},
    warnings: [],
    errors: [],
    remarks: [],
  };
  readonly #report = new LogReport(this.#log);
  /** Where continuation lines go, per stream: a message may span lines, of which only the first has a prefix. */
  readonly #open = new Map<string, string[] | undefined>();

  /** What the lines so far say; the same object all the time. */
  get log(): TrtexecLog {
    return this.#log;
  }

  /**
   * Takes one line without its end and returns its text without the prefix.
   *
   * @param stream a name of the stream that the line came from: `[I]`, `[V]` and banners go to standard output, the rest to standard error
   */
  push(printed: string, stream = ""): string {
    const line = printed.replace(/\r$/, "");
    const banner = BANNER.exec(line);
    const match = banner ? null : PREFIX.exec(line) ?? SPELLED_PREFIX.exec(line);
    if (banner) {
      this.#open.delete(stream);
      this.#banner(banner);
    } else if (match) {
      this.#open.set(stream, this.#message((match[1] ?? "").charAt(0), match[2] ?? ""));
    } else if (FOREIGN.test(line)) {
      this.#open.delete(stream);
      this.#unprefixed(line, undefined);
    } else {
      this.#unprefixed(line, this.#open.get(stream));
    }
    return match?.[2] ?? line;
  }

  #banner([, word = "", number = "", , commandLine = ""]: RegExpExecArray): void {
    this.#log.version = decodeVersionNumber(Number(number));
    this.#log.commandLine = commandLine;
    this.#log.simulated = isSimulated(commandLine);
    if (word !== "RUNNING") this.#log.verdict = word.toLowerCase() as Verdict;
  }

  #message(severity: string, text: string): string[] | undefined {
    if (severity === "W") return keep(this.#log.warnings, text);
    if (severity === "E" || severity === "F") return keep(this.#log.errors, text);
    // The parser reports a missing importer as information, before the error that follows from it.
    if (/No importer registered for op/.test(text)) keep(this.#log.remarks, text);
    if (severity === "I") this.#report.take(text);
    const version = /^TensorRT version: (\S+)/.exec(text)?.[1];
    const parsed = version === undefined ? undefined : parseVersion(version);
    if (parsed !== undefined) this.#log.version ??= parsed;
    return undefined;
  }

  #unprefixed(line: string, open: string[] | undefined): void {
    const last = open?.at(-1);
    if (open && last !== undefined) {
      if (last.length < TEXT_KEPT) open[open.length - 1] = `${last}\n${line}`;
    } else if (line.trim() !== "") {
      keep(this.#log.remarks, line);
    }
  }
}

/** Parses a whole recorded log. */
export function parseLog(text: string): TrtexecLog {
  const parser = new LogParser();
  for (const line of text.split(/\r?\n/)) parser.push(line);
  return parser.log;
}

function keep(list: string[], text: string): string[] | undefined {
  if (list.length >= MESSAGES_KEPT) return undefined;
  list.push(text.slice(0, TEXT_KEPT));
  return list;
}
