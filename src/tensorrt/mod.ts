/**
 * TensorRT without its library: the devices, what their parsers refuse in an ONNX file, the command lines of trtexec from
 * version 8.0 to 11, and what it prints and writes.
 *
 * Nothing here starts a program: {@link renderCommandLine} shows what to run, and the parsers read what came of it.
 *
 * @module
 */
export {
  findTarget,
  hostTarget,
  peakGflops,
  type Precision,
  type ReportedDevice,
  type Target,
  TARGETS,
} from "./targets.ts";
export { type Board, type PowerMode, type PowerRails } from "./boards.ts";
export { type EstimatedWork, estimateText, estimateTime, type TimeEstimate } from "./clock.ts";
export { countKernels } from "./kernels.ts";
export { layerWork } from "./layer_work.ts";
export type { LayerWork } from "./roofline.ts";
export { decodeVersionNumber, encodeVersionNumber, formatVersion, parseVersion } from "./version.ts";
export type { TensorRtVersion } from "../graph/op.ts";

export { lint, type LintFinding, type LintOptions } from "./lint.ts";
export { isImported, type OpSupport, opSupport, supportedOpsets } from "./op_support.ts";

export { assumedCapabilities, type Capabilities, hasFlag, parseHelp } from "./capabilities.ts";
export {
  benchArguments,
  type BenchOptions,
  buildArguments,
  type BuildOptions,
  inferArguments,
  type InferOptions,
  type InputFile,
  type InputShape,
  profileArguments,
  type ProfileOptions,
  renderCommandLine,
} from "./command_line.ts";
export { shellWord as quoteForShell } from "../shell_words.ts";

export { LogParser, parseLog } from "./log.ts";
export type { Binding, MemoryFacts, PerformanceSummary, SummaryRow, TrtexecLog, Verdict } from "./log_facts.ts";
export { type ExplainedFailure, explainFailure, type FailureKind, type ProcessEnd } from "./failures.ts";
export { parseTimes, type QueryTimes, type TimesOptions } from "./times.ts";
export { type LayerTime, parseProfile, type Profile } from "./profile.ts";
export { type EngineLayer, type LayerInfo, type LayerTensor, parseLayerInfo } from "./layer_info.ts";
export { boardPowerMw, parseTegrastats, PowerMeter, type PowerSummary, type TegraSample } from "./tegrastats.ts";
export { Failure } from "../failure.ts";
