/** Whether a model's metadata can be believed: they come from a file that anybody may have written. */
import { messageOf } from "../failure.ts";
import { decodeMetadata, type ModelMetadata } from "../graph/onnx/metadata.ts";
import type { OnnxModel, OnnxValue } from "../graph/onnx/model.ts";
import { regionFault } from "../imaging/regions.ts";

/** The part of a model or engine that its metadata describe. */
export interface ModelInterface {
  readonly inputs: readonly Pick<OnnxValue, "name" | "shape">[];
  readonly outputs: readonly Pick<OnnxValue, "name" | "shape">[];
}

/** The metadata of a model or engine, or the first key that is missing, malformed or does not fit the graph, with what was found. */
export function readMetadata(
  properties: OnnxModel["metadata"],
  model: ModelInterface,
): { readonly metadata: ModelMetadata } | { readonly metadataFault: string } {
  let metadata: ModelMetadata;
  try {
    metadata = decodeMetadata({ metadata: properties });
  } catch (error) {
    return { metadataFault: messageOf(error) };
  }
  const fault = labelsFault(metadata) ?? answerFault(metadata, model) ?? inputFault(metadata, model);
  return fault === undefined ? { metadata } : { metadataFault: `metadata key ${fault}` };
}

function inputFault({ input: { channels, size } }: ModelMetadata, { inputs }: ModelInterface): string | undefined {
  const [input, second] = inputs;
  const [, ...image] = input?.shape ?? [];
  if (input !== undefined && second === undefined && image.join() === [channels.length, size, size].join()) {
    return undefined;
  }
  const found = inputs.map(({ name, shape }) => `${name} [${shape?.join(", ")}]`).join(" and ");
  return `seg.input describes one input [N, ${channels.length}, ${size}, ${size}], but the graph has ${found}`;
}

function answerFault({ output, labels }: ModelMetadata, { outputs }: ModelInterface): string | undefined {
  const { answer: name, activation, classWeights } = output;
  if (classWeights !== undefined && classWeights.length !== labels.length) {
    return `seg.output.classWeights has ${classWeights.length} numbers, expected one for each of ${labels.length} labels`;
  }
  const answer = outputs.find((one) => one.name === name);
  if (answer === undefined) {
    return `seg.output.answer is ${JSON.stringify(name)}, but the outputs are ${
      outputs.map((one) => one.name).join(", ")
    }`;
  }
  const [, channels, height, width] = answer.shape ?? [];
  const possible = { sigmoid: [labels.length], softmax: [labels.length + 1], none: [labels.length, labels.length + 1] };
  if (possible[activation].includes(channels as number) && typeof height === "number" && height === width) {
    return undefined;
  }
  return `seg.labels describes ${
    possible[activation].join(" or ")
  } output channels of a square, but output ${name} has ` +
    `the shape [${answer.shape?.join(", ")}]`;
}

/** Output values are unique, and those of regions that overlap can be read back. */
function labelsFault({ labels, output: { activation } }: ModelMetadata): string | undefined {
  const twin = labels.find(({ value }, i) => labels.findIndex((other) => other.value === value) < i);
  if (twin) {
    const names = labels.filter(({ value }) => value === twin.value).map(({ name }) => name);
    return `seg.labels gives ${names.join(" and ")} the same value ${twin.value}`;
  }
  const overlapping = labels.filter(({ values }) => values !== undefined);
  if (overlapping.length === 0) return undefined;
  if (overlapping.length < labels.length || activation === "softmax") {
    return "seg.labels has labels that overlap beside others that do not";
  }
  const fault = regionFault(labels.map(({ name, value, values = [value] }) => ({ name, value, values })));
  return fault && `seg.labels has regions that cannot be told apart: ${fault}`;
}
