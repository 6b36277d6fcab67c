/** Reads the cases that are to be scored. */
import { allFaults, type CaseFiles, type DatasetIndex, loadCase, type LoadedCase } from "../data/dataset.ts";
import { FindingFailure } from "../data/finding.ts";
import { Failure } from "../failure.ts";

/**
 * Image and mask of a case.
 *
 * @throws {Failure} with the fault of the case, and how all faults of the data set are found; where there is no mask.
 */
export function loadScoredCase(index: DatasetIndex, files: CaseFiles): LoadedCase & Required<Pick<LoadedCase, "mask">> {
  let loaded: LoadedCase;
  try {
    loaded = loadCase(index, files);
  } catch (error) {
    if (!(error instanceof FindingFailure)) throw error;
    throw new Failure(`${error.message} (${allFaults(index)})`, { cause: error });
  }
  const { mask } = loaded;
  if (mask === undefined) throw new Failure(`Case ${files.id} has no mask, so that it cannot be scored; add the mask`);
  return { ...loaded, mask };
}
