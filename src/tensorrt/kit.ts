/** The kit: a folder that builds, checks and times a network on a Jetson which has nothing but JetPack. */
import { chmodSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "../failure.ts";
import { makeFolder, writeFileAtomic } from "../files.ts";
import { decodeModel } from "../graph/onnx/decode.ts";
import type { TensorRtVersion } from "../graph/op.ts";
import { elementCount, formatShape } from "../graph/tensor_type.ts";
import { sha256 } from "../sha256.ts";
import { workspaceLadder } from "./build_engine.ts";
import { fullSpeedCommand } from "./boards.ts";
import { oldestTensorRt } from "./kit_commands.ts";
import { type KitRunner, runnerSource } from "./kit_runner.ts";
import { kitScript } from "./kit_script.ts";
import type { TensorContract } from "./raw_input.ts";
import type { Precision, Target } from "./targets.ts";
import { formatVersion } from "./version.ts";

/** An input or output with its values for the reference run. */
export interface ReferenceTensor extends TensorContract {
  readonly values: Float32Array;
}

/** What goes into a kit. */
export interface KitOptions {
  /** Name of the model, for the README. */
  readonly name: string;
  readonly onnx: Uint8Array;
  readonly target: Target;
  readonly precision: Precision;
  readonly workspaceMiB: number;
  readonly inputs: readonly ReferenceTensor[];
  /** The outputs that ONNX Runtime computes from these inputs. */
  readonly outputs: readonly ReferenceTensor[];
  /** Largest difference to the reference that passes the check. */
  readonly tolerance: number;
  /** Value that separates the classes in the outputs: 0.5 for probabilities, 0 for logits. */
  readonly threshold: number;
  /** Share of values that may lie on the other side of the threshold than the reference, 0 to 1. */
  readonly flippedShare: number;
  /** Absent where the model does not say how images become its input. */
  readonly runner?: KitRunner | undefined;
}

/** A file of the kit, its path relative to the kit's folder. */
export interface KitFile {
  readonly path: string;
  readonly content: Uint8Array;
  readonly executable: boolean;
}

/**
 * The files of a kit: model, script, reference data, checksums and README.
 *
 * The script runs with any TensorRT from 8.0 on that reads the model; the target decides about advice alone.
 *
 * @throws {Failure} where a reference does not fit its shape.
 */
export function makeKit(options: KitOptions): KitFile[] {
  for (const { name, shape, values } of [...options.inputs, ...options.outputs]) {
    if (values.length !== elementCount(shape)) {
      throw new Failure(
        `Cannot make a kit: the reference of ${name} has ${values.length} values where its shape is ${
          formatShape(shape)
        }`,
      );
    }
  }
  const model = decodeModel(options.onnx);
  const script = kitScript({
    model,
    precision: options.precision,
    workspacesMiB: workspaceLadder(options.workspaceMiB),
    inputs: options.inputs,
    outputs: options.outputs,
    tolerance: options.tolerance,
    threshold: options.threshold,
    flippedShare: options.flippedShare,
    runner: options.runner,
  });
  const data: KitFile[] = [
    file("model.onnx", options.onnx),
    file("run.sh", script, true),
    ...options.inputs.map(({ values }, i) => file(`reference/input_${i}.bin`, bytesOf(values))),
    ...options.outputs.map(({ values }, i) => file(`reference/expected_${i}.txt`, printValues(values))),
    ...(options.runner === undefined ? [] : runnerFiles(options.runner)),
  ];
  const sums = data.map(({ path, content }) => `${sha256(content)}  ${path}\n`);
  return [
    ...data,
    file("SHA256SUMS", sums.join("")),
    file("README.md", readme(options, oldestTensorRt(model)?.version)),
  ];
}

/** Writes a kit into `folder`, which is made where it is absent. @throws {Failure} where a file cannot be written. */
export function writeKit(folder: string, files: readonly KitFile[]): void {
  for (const { path, content, executable } of files) {
    const target = join(folder, path);
    makeFolder(dirname(target));
    writeFileAtomic(target, content);
    if (executable) chmodSync(target, 0o755);
  }
}

function file(path: string, content: Uint8Array | string, executable = false): KitFile {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { path, content: bytes, executable };
}

function runnerFiles({ settings, frame }: KitRunner): KitFile[] {
  return [
    file("runner.cpp", runnerSource()),
    file("runner.txt", settings),
    file("reference/frame.raw", bytesOf(frame.values)),
    file("reference/frame_mask.raw", bytesOf(frame.mask)),
  ];
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Uint8Array | Uint16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** One value per line with nine digits: all that a float32 has. */
function printValues(values: Float32Array): string {
  return `${Array.from(values, (value) => value.toPrecision(9)).join("\n")}\n`;
}

function readme(
  { name, target, precision, inputs, outputs, tolerance, runner }: KitOptions,
  oldestVersion: TensorRtVersion = 80000,
): string {
  const oldest = formatVersion(oldestVersion).replace(/\.\d+$/, "");
  const fullSpeed = target.board === undefined
    ? "sudo jetson_clocks                         # on a Jetson, in its fastest power mode, for the timing"
    : `${fullSpeedCommand(target.board)}   # full speed (${target.board.powerModes[0].name}), for the timing`;
  const tensors = (list: readonly TensorContract[]) =>
    list.map((tensor) => `- \`${tensor.name}\`: ${tensor.elementType}, ${formatShape(tensor.shape)}`).join("\n");
  return `# ${name} on ${target.description}

This folder builds ${name} as a TensorRT engine (${precision}), compares it with reference outputs, and times it. It needs nothing but
TensorRT, as JetPack brings it: no Node, no Python, no network. Any version builds it from ${oldest} on.

\`\`\`sh
${fullSpeed}
sh run.sh                                  # or: sh run.sh build | check | bench | runner
\`\`\`

The build takes minutes. Where memory runs out it is repeated with a smaller workspace; \`sudo init 3\` stops the desktop and frees most.
The check passes where no value differs from the reference by more than ${tolerance} and the masks agree. Copy the folder \`result\` back
afterwards: it holds the logs, the times of all queries and of the layers, and \`result.txt\`.
${runner === undefined ? "" : RUNNER_TEXT}
Inputs (dense, C order, little-endian):

${tensors(inputs)}

Outputs:

${tensors(outputs)}
`;
}

const RUNNER_TEXT = `
\`sh run.sh runner\` compiles a program that loads the engine once and segments frames as they come, with seg's own preparation:

\`\`\`sh
./runner --input frames --output masks     # a folder of PNG or PGM files; ./runner --help lists the rest
\`\`\`
`;
