/** Why trtexec failed, in one sentence with the remedy. */
import type { TrtexecLog } from "./log.ts";
import { formatVersion } from "./version.ts";

/** Classes of failures; the ladder of workspaces looks at `out-of-memory` and `killed`. */
export type FailureKind =
  | "unknown-flag"
  | "unsupported-op"
  | "model-unreadable"
  | "model-rejected"
  | "other-version"
  | "other-device"
  | "static-shapes"
  | "shape-mismatch"
  | "unknown-input"
  | "input-missing"
  | "input-size"
  | "out-of-memory"
  | "no-implementation"
  | "save-failed"
  | "cuda"
  | "killed"
  | "aborted"
  | "crashed"
  | "unexplained";

/** A failure that was recognized. */
export interface ExplainedFailure {
  readonly kind: FailureKind;
  /** Cause and remedy: the part of the message behind "Cannot … :". */
  readonly sentence: string;
}

/** How the process ended: its exit code, or the signal that ended it. */
export interface ProcessEnd {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

type Row = readonly [FailureKind, RegExp, (match: RegExpExecArray, log: TrtexecLog) => string];

/**
 * The catalogue, most specific first; a failure is of the first row that any message of the log matches. Only texts are compared, since
 * trtexec and the API loggers order their prefixes differently. The texts are those of samples/trtexec, samples/common and onnx-tensorrt
 * at 8.0 to 10.16, and of recorded logs.
 */
const CATALOGUE: readonly Row[] = [
  [
    "unknown-flag",
    /Unknown option: (\S+)/,
    ([, flag]) => `this trtexec does not know the option ${flag}; compare seg doctor with the version of the device`,
  ],
  [
    "unknown-flag",
    /Model missing or format not recognized/,
    () => "trtexec was given neither a model nor an engine; name one",
  ],
  ["unsupported-op", /No importer registered for op: (\w+)/, ([, op], log) => unsupported(op, log)],
  ["unsupported-op", /could not find plugin: (\w+) version/, ([, op], log) => unsupported(op, log)],
  [
    "unsupported-op",
    /Plugin not found, are the plugin name, version, and namespace correct/,
    (_match, log) => unsupported(undefined, log),
  ],
  ["model-rejected", /ERROR: [^\n]*In function (\w+):\n([^]*)/, ([, , reason = ""], log) => {
    const node = nodeInTrouble(log);
    return `the ONNX parser of TensorRT${versionOf(log)} refuses ${node ?? "a node"}: ${
      oneLine(reason)
    }; seg inspect --target lists what the target cannot run`;
  }],
  [
    "model-rejected",
    /While parsing node number (\d+) \[(\S+) -> "([^"]*)"\]/,
    ([, number, op, output]) =>
      `the ONNX parser refuses node ${number} (${op} → ${output}); seg inspect --target lists what the target cannot run`,
  ],
  [
    "model-unreadable",
    /(?:Failed to parse ONNX model from file|Could not open file):?\s*(\S*)/,
    ([, file]) => `the model ${file || "file"} cannot be read as ONNX; check that it exists and is complete`,
  ],
  [
    "model-rejected",
    /Failed to parse onnx file|Parsing model failed/i,
    () => "the ONNX parser refuses the model without a reason; run again with --verbose and read the log",
  ],
  [
    "other-version",
    /(?:stdVersionRead == serializationVersion|safeVersionRead == safeSerializationVersion) failed[^]*?(?:Current Version: (\d+), Serialized Engine Version: (\d+))?\)/,
    ([, current, serialized], log) =>
      `the engine was built by another TensorRT${
        current ? ` (its format is ${serialized}, this one reads ${current})` : ""
      } than this one${versionOf(log)}; rebuild it on this device from the ONNX file`,
  ],
  [
    "other-version",
    /not compatible with this version of TensorRT, expecting library version (\S+) got (\S+?)[,.]?(?:\s|$)/,
    ([, expected, got]) =>
      `the engine was built by TensorRT ${got} and this one is ${expected}; rebuild it on this device from the ONNX file`,
  ],
  [
    "other-version",
    /kPLAN_MAGIC_TAG failed|incompatible serialization version|Magic tag does not match/,
    (_match, log) =>
      `the file is no engine of this TensorRT${versionOf(log)}; rebuild it on this device from the ONNX file`,
  ],
  [
    "other-device",
    /incompatible device, expecting compute ([\d.]+) got compute ([\d.]+)/,
    ([, here, there]) =>
      `the engine was built for compute capability ${there} and this device has ${here}; rebuild it on this device from the ONNX file`,
  ],
  [
    "static-shapes",
    /Static model does not take explicit shapes/,
    () => "the model has fixed shapes and takes none on the command line; leave the shapes out",
  ],
  [
    "shape-mismatch",
    /Static dimension mismatch|engineDims\.d\[i\] == dims\.d\[i\]/,
    () => "the engine has fixed shapes that differ from those asked for; rebuild it with the wanted input size",
  ],
  [
    "shape-mismatch",
    /Must specify only --optShapes or all of --minShapes/,
    () => "the shapes of an input are incomplete; give the optimum alone or minimum, optimum and maximum",
  ],
  [
    "unknown-input",
    /Cannot find input tensor with name "([^"]*)"/,
    ([, name]) => `the model has no input named ${name}; seg inspect lists its inputs`,
  ],
  [
    "input-missing",
    /Cannot open file (.+?)!/,
    ([, file]) => `the input file ${file} cannot be opened; check that it exists and is readable`,
  ],
  [
    "input-size",
    /Unexpected file size for input file: (\S+?)\. Note: Input binding size is: (\d+) bytes but the file size is (\d+)/,
    ([, file, wanted, found]) =>
      `the input file ${file} has ${found} bytes where the engine takes ${wanted}; write it again for this engine`,
  ],
  [
    "out-of-memory",
    /OutOfMemory|out of memory|Requested amount of GPU memory \((\d+) bytes\) could not be allocated/i,
    () =>
      "the device ran out of memory; lower --workspace, stop the desktop (sudo init 3) and other programs, and try again",
  ],
  [
    "out-of-memory",
    /std::bad_alloc/,
    () => "the device ran out of host memory; stop the desktop (sudo init 3), add swap, and try again",
  ],
  [
    "no-implementation",
    /Could not find any implementation for node ([^\n]+?)\.?\)/,
    ([, node]) =>
      `no kernel fits node ${node} into the workspace; raise --workspace, or leave ArgMax and TopK out of the model`,
  ],
  [
    "save-failed",
    /Saving engine to file failed/,
    () => "trtexec cannot write the engine; check that the folder is writable and the disk has room",
  ],
  [
    "cuda",
    /Cuda failure: ([^\n]+)/i,
    ([, text]) => `CUDA fails with "${text}"; restart the device, and check that JetPack is installed completely`,
  ],
  [
    "cuda",
    /Cuda Runtime \(([^)]+)\)/i,
    ([, text]) => `CUDA fails with "${text}"; restart the device, and check that JetPack is installed completely`,
  ],
  [
    "other-version",
    /Engine deserialization failed|Got invalid engine/,
    (_match, log) =>
      `the engine cannot be loaded by this TensorRT${versionOf(log)}; rebuild it on this device from the ONNX file`,
  ],
];

/** Signals by the exit code 128 + number under which a shell reports them. */
const SIGNALS: Readonly<Record<number, string>> = { 134: "SIGABRT", 137: "SIGKILL", 139: "SIGSEGV", 143: "SIGTERM" };

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

/** The most specific explanation that log and end of the process allow. */
export function explainFailure(log: TrtexecLog, end: ProcessEnd): ExplainedFailure {
  const messages = [...log.remarks, ...log.errors, ...log.warnings];
  for (const [kind, pattern, sentence] of CATALOGUE) {
    for (const message of messages) {
      const match = pattern.exec(message);
      if (match) return { kind, sentence: sentence(match, log) };
    }
  }
  const signal = end.signal ?? SIGNALS[end.code ?? 0];
  const bySignal = signal === undefined ? undefined : SIGNAL_FAILURES[signal];
  if (bySignal) return bySignal;
  if (log.remarks.some((line) => line.trim() === "Killed")) return SIGNAL_FAILURES["SIGKILL"] as ExplainedFailure;
  const last = log.errors.at(-1) ?? log.remarks.at(-1);
  return {
    kind: "unexplained",
    sentence: last
      ? `trtexec says "${oneLine(last)}"; read its log`
      : `trtexec ended with ${signal ?? `exit code ${end.code ?? "unknown"}`} and said nothing; read its log`,
  };
}

function unsupported(op: string | undefined, log: TrtexecLog): string {
  return `the ONNX parser of TensorRT${versionOf(log)} cannot run ${
    op ? `the operator ${op}` : "one of the operators"
  }; export the model by seg export --target, which writes such operators as simpler ones`;
}

function nodeInTrouble(log: TrtexecLog): string | undefined {
  for (const text of log.errors) {
    const match = /While parsing node number (\d+) \[(\S+) -> "([^"]*)"\]/.exec(text);
    if (match) return `node ${match[1]} (${match[2]} → ${match[3]})`;
  }
  return undefined;
}

function versionOf(log: TrtexecLog): string {
  return log.version === undefined ? "" : ` ${formatVersion(log.version)}`;
}

function oneLine(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
