/** The images by which a model is quantized: cases of its training, so that those of its validation can judge the result. */
import { type CaseFiles, type DatasetIndex, loadCase } from "../../data/dataset.ts";
import { openForModel, validationIds } from "../../evaluation/evaluation_dataset.ts";
import { Failure } from "../../failure.ts";
import type { ModelMetadata } from "../../graph/onnx/metadata.ts";
import { networkSquare, prepareImage } from "../../imaging/network_input.ts";
import type { DescribedModel } from "../../model/model.ts";
import type { WorkContext } from "../../reporter.ts";

/** Cases of a data set, and slices of them as a network sees them. */
export interface CalibrationData {
  readonly index: DatasetIndex;
  readonly cases: readonly CaseFiles[];
  /** `[channels, size, size]` each. */
  readonly slices: readonly Float32Array[];
}

const SLICES_PER_CASE = 8;

/**
 * Opens the data set of `--calibrate` and takes slices evenly out of `count` of its cases, which the model was not validated on.
 *
 * @throws {Failure} where the data set does not fit the model or holds none but its validation cases.
 */
export function openCalibrationData(
  dataset: string,
  { metadata, path }: DescribedModel,
  { count, reporter, signal }: { readonly count: number } & WorkContext,
): CalibrationData {
  const index = openForModel(dataset, metadata, {});
  const validated = new Set(validationIds(metadata));
  const trained = index.cases.filter(({ id }) => !validated.has(id));
  if (trained.length === 0) {
    throw new Failure(
      `${dataset} holds none but the validation cases of ${path}, which are to judge the result; give its training data`,
    );
  }
  // Evenly out of all, which are sorted by name: scanners and sites follow each other.
  const cases = Array.from(
    { length: Math.min(count, trained.length) },
    (_, i) => trained[Math.floor(i * trained.length / Math.min(count, trained.length))] as CaseFiles,
  );
  const slices = cases.flatMap((files, done) => {
    signal.throwIfAborted();
    reporter.progress(`Reading case ${done + 1} of ${cases.length} for the calibration: ${files.id}`);
    return slicesOf(index, files, metadata);
  });
  return { index, cases, slices };
}

function slicesOf(index: DatasetIndex, files: CaseFiles, { input, plane }: ModelMetadata): Float32Array[] {
  const { image } = loadCase(index, files);
  const prepared = prepareImage(image, { normalization: input.normalization, plane });
  const { count } = prepared.geometry;
  const wanted = Math.min(SLICES_PER_CASE, count);
  return Array.from(
    { length: wanted },
    (_, i) => networkSquare(prepared, Math.floor((i + 0.5) * count / wanted), input.size),
  );
}
