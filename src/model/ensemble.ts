/** Several models of one contract, such as those of the folds of a cross-validation, as one model. */
import { basename } from "node:path";
import { Failure, messageOf } from "../failure.ts";
import { encodeModel } from "../graph/onnx/encode.ts";
import { encodeMetadata, type ModelMetadata } from "../graph/onnx/metadata.ts";
import { averageGraphs } from "../graph/passes/average_graphs.ts";
import { sameNodes } from "../graph/graph.ts";
import { addModelCard } from "./card.ts";
import { described, type DescribedModel, modelOf } from "./model.ts";
import { importAtBatch } from "./import_at_batch.ts";

/**
 * One ONNX model that runs all `members` and averages their logits, level by level, as nnU-Net does over its folds.
 *
 * @throws {Failure} where there are fewer than two members, or one reads, answers or labels otherwise than the first.
 */
export function ensembleOf(members: readonly DescribedModel[], version: string): DescribedModel {
  const [first, second] = members;
  if (first === undefined || second === undefined) {
    throw new Failure(`An ensemble needs two models or more: found ${members.length}; name more of them`);
  }
  for (const member of members) refuseOtherContract(first, member);
  const opset = Math.max(13, ...members.map(({ onnx }) => onnx.opsets[""] ?? 13));
  const at = (batch: number) => {
    const graphs = members.map(({ onnx, path }) => {
      try {
        return importAtBatch(onnx, { batch, dimensions: {} }, () => {});
      } catch (error) {
        throw new Failure(`Cannot average ${path}: ${messageOf(error)}`, { cause: error });
      }
    });
    return averageGraphs(graphs);
  };
  const graph = at(1);
  const metadata = ensembleMetadata(members, first.metadata, version);
  const anyBatch = members.every(({ onnx }) => typeof onnx.inputs[0]?.shape?.[0] === "string") &&
    sameNodes(at(2), at(3));
  const encoded = encodeModel(graph, {
    opset: Math.max(opset, ...graph.nodes.map(({ op }) => op.sinceOpset)),
    graphName: "seg",
    producerVersion: version,
    metadata: encodeMetadata(metadata),
    ...(anyBatch && { batchName: "N" }),
  });
  return described(addModelCard(modelOf("the ensemble", encoded)).model);
}

/** What must be equal, and what of it. */
function contractOf({ input, output, labels, plane }: ModelMetadata): Readonly<Record<string, unknown>> {
  const { levels, answer, activation } = output;
  return {
    channels: input.channels,
    "input size": input.size,
    normalization: input.normalization,
    outputs: { levels, answer, activation },
    labels: labels.map(({ value, name, values }) => ({ value, name, ...(values && { values }) })),
    plane,
  };
}

function refuseOtherContract(first: DescribedModel, member: DescribedModel): void {
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

function ensembleMetadata(members: readonly DescribedModel[], first: ModelMetadata, version: string): ModelMetadata {
  const { input, output, labels, plane, spacing } = first;
  const idsOf = ({ metadata }: DescribedModel) => {
    const ids = metadata.training["validationCases"];
    return Array.isArray(ids) ? ids as unknown[] : [];
  };
  // A case is unseen where no member was trained on it; members of different folds leave none.
  const unseen = idsOf(members[0] as DescribedModel).filter((id) =>
    members.every((member) => idsOf(member).includes(id))
  );
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

function weightOf(label: number): (member: DescribedModel) => number {
  return ({ metadata }) => metadata.output.classWeights?.[label] ?? 1;
}

/** Averages the logarithms of the weights: a weight multiplies a probability, as a term added to its logit does. */
function geometricMean(values: readonly number[]): number {
  return Number(Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length).toPrecision(6));
}
