/** Searches how a model decides best, its threshold or the weights of its classes, and writes it into the model's metadata. */
import type { DataReading } from "../data/data_reading.ts";
import { writeFileAtomic } from "../files.ts";
import type { ModelMetadata } from "../graph/onnx/metadata.ts";
import { addModelCard } from "../model/card.ts";
import { type DescribedModel, readDescribedModel, withMetadata } from "../model/model.ts";
import type { NetworkOptions } from "../prediction/network.ts";
import { createPredictor } from "../prediction/predictor.ts";
import { chooseCases, openForModel, seenInTraining } from "./evaluation_dataset.ts";
import { searchThreshold, type ThresholdSearch } from "./threshold_search.ts";
import type { TuningOptions } from "./tuning_cases.ts";
import { searchWeights, type WeightSearch } from "./weight_search.ts";

/** How {@link tuneModel} works. */
export interface TuneOptions extends TuningOptions, NetworkOptions, DataReading {
  readonly split: "val" | "all";
  /** The file to write; absent: nothing is written. */
  readonly target?: string | undefined;
}

/** What was tuned: a threshold, or the weights of the classes of `labels` where the most probable one wins. */
export type Tuning =
  | { readonly threshold: ThresholdSearch }
  | { readonly weights: WeightSearch; readonly labels: ModelMetadata["labels"] };

/**
 * Searches on the validation cases of the model in `path` in `dataset`.
 *
 * @throws {Failure} where the data set does not fit the model or holds no validation case.
 */
export async function tuneModel(path: string, dataset: string, options: TuneOptions): Promise<Tuning> {
  const model = readDescribedModel(path);
  const { metadata } = model;
  const index = openForModel(dataset, metadata, options);
  const { cases, split } = chooseCases(index, metadata, options.split);
  const seen = seenInTraining(cases, metadata);
  if (seen !== undefined) options.reporter.warn(seen);
  const predictor = await createPredictor(model, options);
  let tuning: Tuning;
  try {
    const data = { index, cases };
    tuning = hasBackground(model)
      ? { weights: await searchWeights(predictor, data, options), labels: metadata.labels }
      : { threshold: await searchThreshold(predictor, data, options) };
  } finally {
    await predictor.release();
  }
  if (options.target !== undefined) {
    const tuned = tunedMetadata(metadata, tuning, { split, mirror: options.mirror === true });
    writeFileAtomic(options.target, addModelCard(withMetadata({ ...model, path: options.target }, tuned)).model.bytes);
  }
  return tuning;
}

/** Whether the most probable of background and classes wins. */
function hasBackground({ metadata, onnx }: DescribedModel): boolean {
  const { answer } = metadata.output;
  return onnx.outputs.find(({ name }) => name === answer)?.shape?.[1] !== metadata.labels.length;
}

function tunedMetadata(
  metadata: ModelMetadata,
  tuning: Tuning,
  how: { split: "val" | "all"; mirror: boolean },
): ModelMetadata {
  const { output, training } = metadata;
  if ("threshold" in tuning) {
    const { best, before, cases } = tuning.threshold;
    return {
      ...metadata,
      output: { ...output, threshold: best.threshold },
      training: { ...training, thresholdSearch: { ...best, before, cases: cases.length, ...how } },
    };
  }
  const { best, before, cases } = tuning.weights;
  return {
    ...metadata,
    output: { ...output, classWeights: best.weights },
    training: { ...training, weightSearch: { ...best, before, cases: cases.length, ...how } },
  };
}
