/** The cases on which decisions are tuned, with their probabilities. */
import type { CaseFiles, DatasetIndex } from "../data/dataset.ts";
import { Failure } from "../failure.ts";
import type { Predictor } from "../prediction/predictor.ts";
import type { Reporter } from "../reporter.ts";
import { countOf } from "../text.ts";
import { loadScoredCase } from "./load_scored_case.ts";

/** How cases are segmented for tuning. */
export interface TuningOptions {
  readonly mirror?: boolean | undefined;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** A case with a probability per voxel. */
export interface TuningCase {
  readonly files: CaseFiles;
  /** Class indices; those above the number of classes are of unknown class. */
  readonly reference: Uint8Array;
  /** Of class k; 0 is the background, where the network has a channel for it. */
  readonly probabilities: (classIndex: number) => Float32Array;
}

/**
 * Segments every case once, one after the other.
 *
 * @throws {Failure} after the last, where no case has foreground: all decisions would be equally good.
 * @throws the reason of `signal` where it is aborted.
 */
export async function* tuningCases(
  predictor: Predictor,
  { index, cases }: { index: DatasetIndex; cases: readonly CaseFiles[] },
  { mirror, reporter, signal }: TuningOptions,
): AsyncGenerator<TuningCase> {
  const classes = index.labelling.members.length;
  let hasForeground = false;
  for (const [done, files] of cases.entries()) {
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    reporter.progress(`Segmenting case ${done + 1} of ${cases.length}: ${files.id}`);
    const { image, mask } = loadScoredCase(index, files);
    const { probabilities } = await predictor.segment(image, { mirror, signal, keepProbabilities: true });
    hasForeground ||= holdsForeground(mask.data, classes);
    yield { files, reference: mask.data, probabilities: probabilities as TuningCase["probabilities"] };
  }
  if (hasForeground) return;
  throw new Failure(
    `None of the ${countOf(cases.length, "case")} has anything to find, so that no choice is better than another; ` +
      `search on cases with foreground`,
  );
}

function holdsForeground(labels: Uint8Array, classes: number): boolean {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    if (label > 0 && label <= classes) return true;
  }
  return false;
}

/** The score with the best Dice; of equal ones the nearest to `known`, and `known` itself where no candidate is better. */
export function bestScore<S extends { readonly dice: number }>(
  known: S,
  candidates: readonly S[],
  { distance }: { distance: (score: S) => number },
): S {
  return candidates.reduce((found, one) => {
    const gain = one.dice - found.dice;
    return gain > 1e-9 || (gain > -1e-9 && distance(one) < distance(found)) ? one : found;
  }, known);
}
