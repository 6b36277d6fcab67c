/** Why trtexec failed, in one sentence with the remedy. */
import { CLOSING_ROWS, FAILURE_ROWS, type FailureRow } from "./failure_rows.ts";
import { type ExplainedFailure, oneLine } from "./failure_words.ts";
import type { TrtexecLog } from "./log_facts.ts";

export type { ExplainedFailure, FailureKind } from "./failure_words.ts";

/** How the process ended: its exit code, or the signal that ended it. */
export interface ProcessEnd {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** What trtexec says after a failure whose cause stands above (samples/trtexec, samples/common/sampleEngines.cpp), and what the library adds. */
const CLOSING = new RegExp(
  [
    "^(?:\\[TRT\\] )?Failed to parse onnx file",
    "^Parsing model failed",
    "^Failed to create engine from model",
    "^Engine (?:creation|set up|deserialization) failed",
    "^Engine could not be created from network",
    "^(?:Building|Deserializing|Building serialized) (?:engine|network) failed",
    "^Unable to create execution context for stream",
    "^Network And Config setup failed",
    "^Inference set up failed",
    "^Error occurred during inference",
    "^Got invalid engine",
    "\\(Assertion (?:enginePtr|engine) != nullptr failed",
    "\\(Engine deserialization failed",
  ].join("|"),
  "i",
);

/** Lines of the ONNX parser that lead up to its error, or show the node. */
const CONTEXT =
  /While parsing node number|--- (?:Begin|End) node ---|ModelImporter\.cpp:\d+: (?:input|output|name|op_type|domain|doc_string|attribute)\b/;

/** Errors after which TensorRT goes on: one way of computing a layer fell away. */
const SURVIVABLE = /Skipping tactic/i;

/** The first error that is the cause of those behind it; `undefined` where none is. */
export function rootError(log: TrtexecLog): string | undefined {
  return log.errors.find((text) => !CLOSING.test(text) && !CONTEXT.test(text) && !SURVIVABLE.test(text));
}

/** Signals by the exit code 128 + number under which a shell reports them. */
const SIGNALS: Readonly<Record<number, string>> = { 134: "SIGABRT", 137: "SIGKILL", 139: "SIGSEGV", 143: "SIGTERM" };

/** Words of a shell for the same. */
const DEATHS: readonly (readonly [RegExp, string])[] = [
  [/\bKilled\b/, "SIGKILL"],
  [/\bSegmentation fault\b/, "SIGSEGV"],
  [/\bAborted\b/, "SIGABRT"],
];

const SIGNAL_FAILURES: Readonly<Record<string, ExplainedFailure>> = {
  SIGKILL: {
    kind: "killed",
    sentence:
      "the system killed trtexec, as it does when memory runs out; stop the desktop (sudo init 3), add swap, lower --workspace, and try again",
  },
  SIGABRT: {
    kind: "aborted",
    sentence: "trtexec aborted without a message, as it does on CUDA errors and missing input files; read its log",
  },
  SIGSEGV: {
    kind: "crashed",
    sentence:
      "trtexec crashed, as some versions do where no kernel fits a layer; raise --workspace or simplify the model",
  },
};

/**
 * The explanation of a failure.
 *
 * The first error decides that is not one of the closing lines; where there is none, lines without a severity, then the signal that ended
 * the program, then closing lines, then warnings. What no row of the table explains is quoted.
 */
export function explainFailure(log: TrtexecLog, end: ProcessEnd): ExplainedFailure {
  const root = rootError(log);
  if (root !== undefined) return explainedBy(FAILURE_ROWS, [root], log) ?? quote(root);
  const ended = end.signal ?? SIGNALS[end.code ?? 0];
  const signal = ended ?? DEATHS.find(([word]) => log.remarks.some((line) => word.test(line)))?.[1];
  const bySignal = signal === undefined ? undefined : SIGNAL_FAILURES[signal];
  const killed = bySignal?.kind === "killed" ? bySignal : undefined;
  const last = log.errors.at(-1) ?? log.remarks.at(-1);
  return explainedBy(FAILURE_ROWS, log.remarks.filter((line) => !/\berror 12\b/.test(line)), log) ??
    killed ??
    explainedBy(CLOSING_ROWS, log.errors, log) ??
    explainedBy(FAILURE_ROWS, [...log.remarks, ...log.warnings], log) ??
    bySignal ??
    (last === undefined
      ? {
        kind: "unexplained",
        sentence: `trtexec ended with ${signal ?? `exit code ${end.code ?? "unknown"}`} and said nothing; read its log`,
      }
      : quote(last));
}

function quote(text: string): ExplainedFailure {
  return { kind: "unexplained", sentence: `trtexec says "${oneLine(text)}"; read its log` };
}

function explainedBy(
  rows: readonly FailureRow[],
  messages: readonly string[],
  log: TrtexecLog,
): ExplainedFailure | undefined {
  for (const message of messages) {
    for (const [kind, pattern, explain] of rows) {
      const match = pattern.exec(message);
      if (match === null) continue;
      const explained = explain(match, log);
      return typeof explained === "string" ? { kind, sentence: explained } : explained;
    }
  }
  return undefined;
}
