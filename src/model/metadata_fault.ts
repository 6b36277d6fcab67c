/** Whether a model's metadata can be believed: they come from a file that anybody may have written. */
import { isObject } from "../json_object.ts";
import type { ModelMetadata } from "../graph/onnx/metadata.ts";
import type { OnnxValue } from "../graph/onnx/model.ts";

/** The part of a model or engine that its metadata describe. */
export interface ModelInterface {
  readonly inputs: readonly Pick<OnnxValue, "name" | "shape">[];
  readonly outputs: readonly Pick<OnnxValue, "name" | "shape">[];
}

/** The first key of `metadata` that is malformed or does not fit the graph, with what was found; `undefined` where all is well. */
export function metadataFault(metadata: ModelMetadata, model: ModelInterface): string | undefined {
  const { input, output, labels, plane } = metadata as { readonly [K in keyof ModelMetadata]: unknown };
  if (!isObject(input) || !isTexts(input["channels"]) || input["channels"].length === 0) {
    return "seg.input has no list of channel names";
  }
  const size = input["size"];
  if (!isWhole(size) || size < 1) return `seg.input has the size ${JSON.stringify(size)}, expected a number of pixels`;
  const normalization = normalizationFault(input["normalization"]);
  if (normalization !== undefined) return `seg.input has ${normalization}`;
  if (!isObject(output) || !isTexts(output["levels"]) || typeof output["answer"] !== "string") {
    return "seg.output names no levels and answer";
  }
  const { activation, threshold, answer } = output as Record<string, unknown>;
  if (activation !== "sigmoid" && activation !== "softmax" && activation !== "none") {
    return `seg.output has the activation ${JSON.stringify(activation)}, expected sigmoid, softmax or none`;
  }
  if (typeof threshold !== "number" || !(threshold >= 0 && threshold <= 1)) {
    return `seg.output has the threshold ${JSON.stringify(threshold)}, expected a number of 0 to 1`;
  }
  const weights = output["classWeights"];
  if (weights !== undefined && !isWeights(weights, labels)) {
    return `seg.output has the class weights ${JSON.stringify(weights)}, expected a number over 0 for each label`;
  }
  const outputNames = model.outputs.map(({ name }) => name);
  if (!outputNames.includes(answer as string)) {
    return `seg.output names the answer ${JSON.stringify(answer)}, but the outputs are ${outputNames.join(", ")}`;
  }
  if (!Array.isArray(labels) || labels.length === 0 || !labels.every(isLabel)) {
    return "seg.labels is no list of labels with a value of 1 to 65535 and a name";
  }
  if (plane !== "axial" && plane !== "coronal" && plane !== "sagittal") {
    return `seg.plane is ${JSON.stringify(plane)}, expected axial, coronal or sagittal`;
  }
  return shapeFault(metadata, model);
}

function normalizationFault(value: unknown): string | undefined {
  const mode = isObject(value) ? value["mode"] : undefined;
  if (!isObject(value) || (mode !== "none" && mode !== "range" && mode !== "zscore")) {
    return `the normalization ${JSON.stringify(mode)}, expected none, range or zscore`;
  }
  const numbers = { none: [], range: ["low", "high"], zscore: ["lowerPercentile", "upperPercentile"] }[mode];
  const missing = numbers.find((name) => !Number.isFinite(value[name]));
  return missing === undefined ? undefined : `no number ${missing} in the normalization ${mode}`;
}

function shapeFault(metadata: ModelMetadata, model: ModelInterface): string | undefined {
  const { channels, size } = metadata.input;
  const [input, second] = model.inputs;
  const [, ...image] = input?.shape ?? [];
  if (input === undefined || second !== undefined || image.join() !== [channels.length, size, size].join()) {
    const found = model.inputs.map(({ name, shape }) => `${name} [${shape?.join(", ")}]`).join(" and ");
    return `seg.input describes one input [N, ${channels.length}, ${size}, ${size}], but the graph has ${found}`;
  }
  const activation: string = metadata.output.activation;
  const labels = metadata.labels.length;
  const answer = model.outputs.find(({ name }) => name === metadata.output.answer);
  const [, found, height, width] = answer?.shape ?? [];
  const possible = { sigmoid: [labels], softmax: [labels + 1] }[activation] ?? [labels, labels + 1];
  if (!possible.includes(found as number) || typeof height !== "number" || height !== width) {
    return `seg.labels describes ${
      possible.join(" or ")
    } output channels of a square, but output ${metadata.output.answer} has ` +
      `the shape [${answer?.shape?.join(", ")}]`;
  }
  return undefined;
}

function isLabel(value: unknown): boolean {
  if (!isObject(value)) return false;
  const number = value["value"];
  return isWhole(number) && number >= 1 && number <= 65535 && typeof value["name"] === "string";
}

function isWeights(value: unknown, labels: unknown): boolean {
  return Array.isArray(value) && Array.isArray(labels) && value.length === labels.length &&
    value.every((weight) => Number.isFinite(weight) && weight > 0);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

function isWhole(value: unknown): value is number {
  return Number.isInteger(value);
}
