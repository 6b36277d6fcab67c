/** The data set on which an exported form of a model must give the model's masks. */
import type { CaseFiles, DatasetIndex } from "../data/dataset.ts";
import { openForModel, validationIds } from "../evaluation/evaluation_dataset.ts";
import { Failure } from "../failure.ts";
import type { DescribedModel, Model } from "../model/model.ts";
import { createPredictor, type Predictor } from "../prediction/predictor.ts";
import type { WorkContext } from "../reporter.ts";
import { measureParity, type Parity } from "./parity.ts";

/** The cases on which two forms of a model are compared. */
export interface ParityData {
  readonly model: DescribedModel;
  readonly index: DatasetIndex;
  readonly cases: readonly CaseFiles[];
}

/**
 * Opens the data set of `--parity`; validation cases of the model come first.
 *
 * @param count how many cases at most.
 * @throws {Failure} where the model says too little of itself, or the data set does not fit it.
 */
export function openParityData(dataset: string, model: Model, count: number): ParityData {
  const { metadata, metadataFault, path } = model;
  if (metadata === undefined) {
    throw new Failure(`Cannot compare ${path} on a data set: ${metadataFault}; leave --parity out`);
  }
  const index = openForModel(dataset, metadata, {});
  const validated = new Set(validationIds(metadata));
  const preferred = index.cases.filter(({ id }) => validated.has(id));
  const cases = (preferred.length > 0 ? preferred : index.cases).slice(0, count);
  return { model: { ...model, metadata }, index, cases };
}

/** Compares the masks of the model with those of its exported form; see {@link measureParity}. */
export async function compareForms(
  { model, index, cases }: ParityData,
  { candidate: start, maximumDiceDrop }: {
    readonly candidate: () => Promise<Predictor>;
    readonly maximumDiceDrop: number;
  },
  context: WorkContext,
): Promise<Parity> {
  const reference = await createPredictor(model);
  try {
    const candidate = await start();
    try {
      return await measureParity({ index, cases, reference, candidate, maximumDiceDrop, ...context });
    } finally {
      await candidate.release();
    }
  } finally {
    await reference.release();
  }
}
