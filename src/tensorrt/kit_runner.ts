/** The runner of a kit: a C++ program that stays, and what the model says of its use in lines that it reads. */
import { readFileSync } from "node:fs";
import type { ModelMetadata, Normalization } from "../graph/onnx/metadata.ts";
import type { TensorContract } from "./raw_input.ts";

/** What the runner of a kit is made of. */
export interface KitRunner {
  /** The lines of {@link runnerSettings}. */
  readonly settings: string;
  /** A frame with its mask, to try the program on. */
  readonly frame: ReferenceFrame;
}

/** A slice as a screen shows it, row 0 at the top, and its mask by ONNX Runtime. */
export interface ReferenceFrame {
  readonly rows: number;
  readonly columns: number;
  /** Distance of rows and of columns. */
  readonly spacingMm: readonly [number, number];
  /** Intensities `[channels, rows, columns]`. */
  readonly values: Float32Array;
  /** Label values `[rows, columns]`. */
  readonly mask: Uint8Array | Uint16Array;
}

/** The program's source, which the device compiles. */
export function runnerSource(): Uint8Array {
  // tsc leaves it where it is: a compiled module finds it in src, beside dist.
  const path = import.meta.url.endsWith(".ts") ? "runner/runner.cpp" : "../../../src/tensorrt/runner/runner.cpp";
  return readFileSync(new URL(path, import.meta.url));
}

/**
 * The settings of the runner: a key and its values on each line, numbers with all their digits.
 *
 * @param tensors the engine's input `[N, channels, size, size]` and its answer `[N, classes, size, size]`.
 */
export function runnerSettings(
  { input, output, labels, plane }: ModelMetadata,
  tensors: { readonly input: TensorContract; readonly answer: TensorContract },
): string {
  const [, classes, size] = tensors.answer.shape;
  const { classWeights } = output;
  const lines = [
    ["seg-runner", 1],
    ["input", tensors.input.name, input.channels.length, input.size],
    ["normalization", ...normalizationWords(input.normalization)],
    ["output", tensors.answer.name, classes, size, output.activation],
    ["threshold", output.threshold],
    ["labels", ...labels.map(({ value }) => value)],
    ...(classWeights === undefined ? [] : [["weights", ...classWeights]]),
    ...(labels.some(({ values }) => values !== undefined) ? [["overlapping"]] : []),
    ["plane", plane],
  ];
  return lines.map((words) => `${words.join(" ")}\n`).join("");
}

function normalizationWords(normalization: Normalization): readonly (string | number)[] {
  if (normalization.mode === "none") return ["none"];
  if (normalization.mode === "range") return ["range", normalization.low, normalization.high];
  const { lowerPercentile, upperPercentile, nonZero } = normalization;
  return ["zscore", lowerPercentile, upperPercentile, nonZero ? "nonzero" : "all"];
}
