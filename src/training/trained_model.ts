/** The network of a training as a file of its own. */
import { encodeModel } from "../graph/onnx/encode.ts";
import { encodeMetadata } from "../graph/onnx/metadata.ts";
import type { ScoredCase } from "../metrics/aggregate.ts";
import { addModelCard } from "../model/card.ts";
import { described, type DescribedModel, type Model, modelOf, withMetadata } from "../model/model.ts";
import type { Preparation } from "./runs/preparation.ts";
import type { TrainingStep } from "./step/training_step.ts";
import { cardScores } from "./validation.ts";

/** The model of the present weights, or of their moving average, with the metadata of `epoch`. */
export function encodeTrainedModel(
  { step, net, anyBatch, metadata }: Preparation,
  { epoch, averaged }: { readonly epoch: number; readonly averaged: boolean },
): DescribedModel {
  const graph = step.snapshot(net, averaged ? "average" : "weights");
  const bytes = encodeModel(graph, {
    opset: Math.max(13, ...graph.nodes.map(({ op }) => op.sinceOpset)),
    graphName: "seg",
    producerVersion: metadata.version,
    metadata: encodeMetadata({ ...metadata, training: { ...metadata.training, epoch } }),
    ...(anyBatch ? { batchName: "N" } : {}),
  });
  return described(modelOf("best.onnx", bytes));
}

/** `model` with the scores and the identity of the settings in its metadata, and the model card, in the file and beside it. */
export function scoredModel(
  model: DescribedModel,
  { metadata }: Preparation,
  { epoch, cases, settings }: {
    readonly epoch: number;
    readonly cases: readonly ScoredCase[];
    readonly settings: string;
  },
): { readonly model: Model; readonly card?: string } {
  const training = { ...metadata.training, epoch, validation: cardScores(cases), identity: settings };
  return addModelCard(withMetadata(model, { ...metadata, training }));
}

/** What of a network holds NaN or infinities: "the weights" or the name of a running average; `undefined` where all is finite. */
export function brokenPart({ store, statistics }: TrainingStep): string | undefined {
  const weights = store.address("weights");
  if (!Number.isFinite(store.kernels.sumOfSquares(weights, weights + 4 * store.length))) return "the weights";
  return [...statistics].find(([, values]) => !values.every(Number.isFinite))?.[0];
}
