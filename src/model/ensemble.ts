/** Several models of one contract, such as those of the folds of a cross-validation, as one model. */
import { basename } from "node:path";
import { Failure, messageOf } from "../failure.ts";
import { encodeModel } from "../graph/onnx/encode.ts";
import { encodeMetadata, type ModelMetadata } from "../graph/onnx/metadata.ts";
import { averageGraphs } from "../graph/passes/average_graphs.ts";
import { sameNodes } from "../graph/passes/same_nodes.ts";
import type { ModelFile } from "./model.ts";
import { addModelCard } from "./card.ts";
import { importAtBatch } from "./import_at_batch.ts";

/** An ensemble as a file, and what it says of itself. */
export interface Ensemble {
  readonly bytes: Uint8Array;
  readonly metadata: ModelMetadata;
}

/**
 * One ONNX model that runs all `members` and averages their logits, level by level, as nnU-Net does over its folds.
 *
 * @throws {Failure} where there are fewer than two members, or one reads, answers or labels otherwise than the first.
 */
export function ensembleOf(members: readonly ModelFile[], version: string): Ensemble {
  const [first, second] = members;
  if (first === undefined || second === undefined) {
    throw new Failure(`An ensemble needs two models or more: found ${members.length}; name more of them`);
  }
  for (const member of members) refuseOtherContract(first, member);
  const opset = Math.max(13, ...members.map(({ model }) => model.opsets[""] ?? 13));
  const at = (batch: number) => {
    const graphs = members.map(({ model, path }) => {
      try {
        return importAtBatch(model, { batch, dimensions: {} }, () => {});
      } catch (error) {
        throw new Failure(`Cannot average ${path}: ${messageOf(error)}`, { cause: error });
      }
    });
    return averageGraphs(graphs);
  };
  const graph = at(1);
  const metadata = ensembleMetadata(members, first.metadata, version);
  const anyBatch = members.every(({ model }) => typeof model.inputs[0]?.shape?.[0] === "string") &&
    sameNodes(at(2), at(3));
  const encoded = encodeModel(graph, {
    opset: Math.max(opset, ...graph.nodes.map(({ op }) => op.sinceOpset)),
    graphName: "seg",
    producerVersion: version,
    metadata: encodeMetadata(metadata),
    ...(anyBatch && { batchName: "N" }),
  });
  return { bytes: addModelCard(encoded, { file: "the ensemble" }).bytes, metadata };
}

/** What must be equal, and what of it. */
function contractOf({ input, output, labels, plane }: ModelMetadata): Readonly<Record<string, unknown>> {
  const { levels, answer, activation } = output;
  return {
    channels: input.channels,
    "input size": input.size,
    normalization: input.normalization,
    outputs: { levels, answer, activation },
    labels: labels.map(({ value, name }) => ({ value, name })),
    plane,
  };
}

function refuseOtherContract(first: ModelFile, member: ModelFile): void {
  const expected = contractOf(first.metadata);
  for (const [what, found] of Object.entries(contractOf(member.metadata))) {
    const [here, there] = [JSON.stringify(found), JSON.stringify(expected[what])];
    if (here === there) continue;
    throw new Failure(
      `Cannot average ${member.path} with ${first.path}: found ${what} ${here}, expected ${there}; ` +
        `name models of one data set with equal settings`,
    );
  }
}

function ensembleMetadata(members: readonly ModelFile[], first: ModelMetadata, version: string): ModelMetadata {
  const { input, output, labels, plane, spacing } = first;
  const idsOf = ({ metadata }: ModelFile) => {
    const ids = metadata.training["validationCases"];
    return Array.isArray(ids) ? ids as unknown[] : [];
  };
  // A case is unseen where no member was trained on it; members of different folds leave none.
  const unseen = idsOf(members[0] as ModelFile).filter((id) => members.every((member) => idsOf(member).includes(id)));
  const fingerprints = new Set(members.map(({ metadata }) => metadata.training["fingerprint"]));
  const thresholds = members.map(({ metadata }) => metadata.output.threshold);
  const weighted = members.some(({ metadata }) => metadata.output.classWeights !== undefined);
  return {
    version,
    input,
    labels,
    plane,
    ...(spacing && { spacing }),
    net: { name: "ensemble", members: members.map(({ metadata }) => metadata.net) },
    output: {
      ...output,
      threshold: Number((thresholds.reduce((sum, value) => sum + value, 0) / thresholds.length).toFixed(6)),
      ...(weighted && { classWeights: first.labels.map((_, k) => geometricMean(members.map(weightOf(k)))) }),
    },
    training: {
      ...(fingerprints.size === 1 && { fingerprint: first.training["fingerprint"] }),
      ...(fingerprints.size === 1 && first.training["dataset"] !== undefined && { dataset: first.training["dataset"] }),
      members: members.map(({ path, metadata }) => ({ file: basename(path), ...metadata.training })),
      ...(unseen.length > 0 && { validationCases: unseen }),
    },
  };
}

function weightOf(label: number): (member: ModelFile) => number {
  return ({ metadata }) => metadata.output.classWeights?.[label] ?? 1;
}

/** Weights multiply probabilities, as what is added to logits does: their logarithms are averaged with the logits. */
function geometricMean(values: readonly number[]): number {
  return Number(Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length).toPrecision(6));
}
