/** The network of a training as a file of its own. */
import { encodeModel } from "../graph/onnx/encode.ts";
import { encodeMetadata } from "../graph/onnx/metadata.ts";
import { replaceMetadata } from "../graph/onnx/replace_metadata.ts";
import type { ScoredCase } from "../metrics/aggregate.ts";
import { addModelCard } from "../model/card.ts";
import type { Preparation } from "./runs/preparation.ts";
import type { TrainingStep } from "./step/training_step.ts";
import { cardScores } from "./validation.ts";

/** The bytes of an ONNX file of the present weights, or of their moving average, with the metadata of `epoch`. */
export function encodeTrainedModel(
  { step, net, anyBatch, metadata }: Preparation,
  { epoch, averaged }: { readonly epoch: number; readonly averaged: boolean },
): Uint8Array {
  const graph = step.snapshot(net, averaged ? "average" : "weights");
  return encodeModel(graph, {
    opset: Math.max(13, ...graph.nodes.map(({ op }) => op.sinceOpset)),
    graphName: "seg",
    producerVersion: metadata.version,
    metadata: encodeMetadata({ ...metadata, training: { ...metadata.training, epoch } }),
    ...(anyBatch ? { batchName: "N" } : {}),
  });
}

/** `bytes` with the scores and the identity of the settings in its metadata, and the model card, for the file and beside it. */
export function scoredModel(
  bytes: Uint8Array,
  { metadata }: Preparation,
  { epoch, cases, settings }: {
    readonly epoch: number;
    readonly cases: readonly ScoredCase[];
    readonly settings: string;
  },
): { readonly bytes: Uint8Array; readonly card?: string } {
  const training = { ...metadata.training, epoch, validation: cardScores(cases), identity: settings };
  return addModelCard(replaceMetadata(bytes, encodeMetadata({ ...metadata, training })), { file: "best.onnx" });
}

/** What of a network holds NaN or infinities: "the weights" or the name of a running average; `undefined` where all is finite. */
export function brokenPart({ store, statistics }: TrainingStep): string | undefined {
  const weights = store.address("weights");
  if (!Number.isFinite(store.kernels.sumOfSquares(weights, weights + 4 * store.length))) return "the weights";
  return [...statistics].find(([, values]) => !values.every(Number.isFinite))?.[0];
}
