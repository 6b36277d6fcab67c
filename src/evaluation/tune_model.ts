/** Searches a model's threshold and writes it into the model's metadata. */
import { Failure } from "../failure.ts";
import { writeFileAtomic } from "../files.ts";
import { encodeMetadata, type ModelMetadata } from "../graph/onnx/metadata.ts";
import { replaceMetadata } from "../graph/onnx/replace_metadata.ts";
import { type ModelFile, readModelFile } from "../prediction/model_file.ts";
import type { NetworkOptions } from "../prediction/network.ts";
import { createPredictor } from "../prediction/predictor.ts";
import { chooseCases, type EvaluationDatasetOptions, openForModel, seenInTraining } from "./evaluation_dataset.ts";
import { searchThreshold, type ThresholdSearch, type ThresholdSearchOptions } from "./threshold_search.ts";

/** How {@link tuneModel} works. */
export interface TuneOptions extends ThresholdSearchOptions, NetworkOptions, EvaluationDatasetOptions {
  readonly split: "val" | "all";
  /** The file to write; absent: nothing is written. */
  readonly target?: string | undefined;
}

/**
 * Searches the threshold of the model in `path` on its validation cases in `dataset`.
 *
 * @throws {Failure} where the model has no threshold, or the data set does not fit it or holds no validation case.
 */
export async function tuneModel(path: string, dataset: string, options: TuneOptions): Promise<ThresholdSearch> {
  const file = readModelFile(path);
  refuseArgmax(file);
  const { bytes, metadata, model } = file;
  const { layout, map, ignore, group, spacingMm, ignoreOrigin } = options;
  const index = openForModel(dataset, metadata, { layout, map, ignore, group, spacingMm, ignoreOrigin });
  const { cases, split } = chooseCases(index, metadata, options.split);
  const seen = seenInTraining(cases, metadata);
  if (seen !== undefined) options.reporter.warn(seen);
  const predictor = await createPredictor(bytes, metadata, options);
  let search: ThresholdSearch;
  try {
    search = await searchThreshold(predictor, { index, cases }, options);
  } finally {
    await predictor.release();
  }
  if (options.target !== undefined) {
    const tuned = encodeMetadata(tunedMetadata(metadata, search, { split, mirror: options.mirror === true }));
    writeFileAtomic(options.target, replaceMetadata(bytes, { ...model.metadata, ...tuned }));
  }
  return search;
}

function refuseArgmax({ path, metadata, model }: ModelFile): void {
  const { answer } = metadata.output;
  const channels = model.outputs.find(({ name }) => name === answer)?.shape?.[1];
  if (channels === metadata.labels.length) return;
  throw new Failure(
    `${path} has no threshold to search: it has a background channel, and the most probable class wins; ` +
      `only models of one class, or with a channel per class alone, have one`,
  );
}

function tunedMetadata(
  metadata: ModelMetadata,
  { best, before, cases }: ThresholdSearch,
  { split, mirror }: { split: "val" | "all"; mirror: boolean },
): ModelMetadata {
  return {
    ...metadata,
    output: { ...metadata.output, threshold: best.threshold },
    training: {
      ...metadata.training,
      thresholdSearch: { ...best, before, cases: cases.length, split, mirror },
    },
  };
}
