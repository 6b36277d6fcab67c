/** The shell functions of a kit that start trtexec: the one script runs on every TensorRT from 8.0 on, each with its own flags. */
import type { OnnxModel } from "../graph/onnx/model.ts";
import type { TensorRtVersion } from "../graph/op.ts";
import { shellWord } from "../shell_words.ts";
import { assumedCapabilities, type Capabilities, hasFlag } from "./capabilities.ts";
import { benchArguments, buildArguments, inferArguments, profileArguments } from "./command_line.ts";
import { lint } from "./lint.ts";
import type { Precision } from "./targets.ts";
import { encodeVersionNumber, formatVersion } from "./version.ts";

/** The versions at which flags or the parser changed. */
const VERSIONS: readonly TensorRtVersion[] = [80000, 80200, 80400, 80500, 80600, 90000, 100000, 110000];

/** What the functions are written for. */
export interface KitCommandOptions {
  readonly model: OnnxModel;
  readonly precision: Precision;
  /** Names of the inputs, in the order of the reference files. */
  readonly inputs: readonly string[];
  readonly warmUpMs: number;
  readonly durationSeconds: number;
}

/** The oldest TensorRT that builds the model, and what an older one lacks; `undefined` where none builds it. */
export function oldestTensorRt(
  model: OnnxModel,
): { readonly version: TensorRtVersion; readonly lacking?: string } | undefined {
  let lacking: string | undefined;
  for (const version of VERSIONS) {
    const fault = lint({ model, version }).find(({ severity }) => severity === "error");
    if (fault === undefined) return { version, ...(lacking !== undefined && { lacking }) };
    lacking = fault.reason;
  }
  return undefined;
}

/**
 * Functions `trtexec_build` (with `$workspace` set), `trtexec_infer`, `trtexec_bench`, `trtexec_bench_graph`, `trtexec_profile` and
 * `require_version`, which take `$trtexec` and its `$version`, a number as trtexec prints it.
 *
 * @throws {Failure} where a tensor name cannot be written on trtexec's command line.
 */
export function kitCommands(options: KitCommandOptions): string {
  const inputs = options.inputs.map((name, i) => ({ name, path: `reference/input_${i}.bin` }));
  const engine = "model.engine";
  const bench = (capabilities: Capabilities, cudaGraph: boolean) => {
    const { warmUpMs, durationSeconds } = options;
    const times = cudaGraph ? "result/times_graph.json" : "result/times.json";
    return benchArguments(capabilities, { engine, times, warmUpMs, durationSeconds, cudaGraph });
  };
  const functions = {
    trtexec_build: (capabilities: Capabilities) => {
      // From 11 on networks are strongly typed: a float32 file becomes a float32 engine.
      const precision = hasFlag(capabilities, "--fp16") ? options.precision : "fp32";
      return buildArguments(capabilities, {
        onnx: "model.onnx",
        engine: `${engine}.part`,
        precision,
        workspaceMiB: 512,
      })
        .map((argument) => argument.replace(/^(--workspace=|--memPoolSize=workspace:)\d+$/, '$1"$workspace"'));
    },
    trtexec_infer: (capabilities: Capabilities) =>
      inferArguments(capabilities, { engine, inputs, output: "result/output.json" }),
    trtexec_bench: (capabilities: Capabilities) => bench(capabilities, false),
    trtexec_bench_graph: (capabilities: Capabilities) => bench(capabilities, true),
    trtexec_profile: (capabilities: Capabilities) =>
      profileArguments(capabilities, { engine, profile: "result/profile.json" }),
  };
  return [
    requireVersion(options),
    ...Object.entries(functions).map(([name, argumentsFor]) => shellFunction(name, argumentsFor)),
  ].join("\n\n");
}

function shellFunction(name: string, argumentsFor: (capabilities: Capabilities) => readonly string[]): string {
  const lines = VERSIONS.map((version) => ({
    version,
    line: `"$trtexec" ${
      argumentsFor(assumedCapabilities(version)).map((word) => word.includes("$") ? word : shellWord(word)).join(" ")
    }`,
  }));
  const changes = lines.filter(({ line }, i) => line !== lines[i - 1]?.line);
  const branches = changes.map(({ line }, i) => {
    const next = changes[i + 1];
    if (next === undefined) return `    ${line}`;
    return `${i === 0 ? "  if" : "  elif"} [ "$version" -lt ${encodeVersionNumber(next.version)} ]; then\n    ${line}`;
  });
  const body = branches.length === 1 ? branches : [...branches.slice(0, -1), "  else", branches.at(-1), "  fi"];
  return `${name}() {\n${body.join("\n")}\n}`;
}

function requireVersion({ model, precision }: KitCommandOptions): string {
  const oldest = oldestTensorRt(model);
  const { version, lacking } = oldest ?? { version: 80000 };
  const wanted = `TensorRT ${formatVersion(version).replace(/\.\d+$/, "")} or newer`;
  const reason = lacking === undefined ? "" : ` (${lacking.replace(/["$`\\]/g, "'")})`;
  return [
    "require_version() {",
    `  if [ "$version" -lt ${encodeVersionNumber(version)} ]; then`,
    `    fail "this kit needs ${wanted}${reason} and trtexec is version $version; export it again with --target of this device"`,
    "  fi",
    ...(precision === "fp16"
      ? [
        `  if [ "$version" -ge 110000 ]; then`,
        `    echo "TensorRT 11 and newer build what model.onnx holds: the engine computes in float32"`,
        "  fi",
      ]
      : []),
    "}",
  ].join("\n");
}
