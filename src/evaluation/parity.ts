/** Whether two forms of one model give the same masks: judged by voxels and Dice on real cases, not by tensors. */
import { type CaseFiles, type DatasetIndex, loadCase } from "../data/dataset.ts";
import { Failure } from "../failure.ts";
import { patientValues, type ScoredCase } from "../metrics/aggregate.ts";
import { scoreCase } from "../metrics/case_scores.ts";
import type { Predictor } from "../prediction/predictor.ts";
import type { Reporter } from "../reporter.ts";

/** The answer of the comparison. */
export interface Parity {
  readonly cases: readonly string[];
  readonly voxels: number;
  /** Voxels with another class. */
  readonly flippedVoxels: number;
  /** Mean Dice against the masks of the data set. */
  readonly diceReference: number;
  readonly diceCandidate: number;
  /** Reference minus candidate: what the change of form costs. */
  readonly diceDrop: number;
  readonly maximumDiceDrop: number;
  /** Mean Dice of the candidate's masks against those of the reference. */
  readonly diceBetween: number | null;
  /** A detail: what rounding does to probabilities is no fault in itself. */
  readonly largestProbabilityDifference: number;
  readonly passed: boolean;
}

/** What {@link measureParity} compares. */
export interface ParityOptions {
  readonly index: DatasetIndex;
  readonly cases: readonly CaseFiles[];
  readonly reference: Predictor;
  readonly candidate: Predictor;
  readonly maximumDiceDrop: number;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/**
 * Segments cases with both and compares.
 *
 * @throws {Failure} where one of the two gives NaN, or no case has anything to find, so that nothing would be proved.
 */
export async function measureParity(options: ParityOptions): Promise<Parity> {
  const { index, cases, reference, candidate, reporter, signal, maximumDiceDrop } = options;
  const classes = index.labels.map(({ name }, i) => ({ name, value: i + 1 }));
  const scored = { reference: [] as ScoredCase[], candidate: [] as ScoredCase[], between: [] as ScoredCase[] };
  let [voxels, flippedVoxels, largestProbabilityDifference] = [0, 0, 0];
  for (const [done, files] of cases.entries()) {
    reporter.progress(`Comparing case ${done + 1} of ${cases.length}: ${files.id}`);
    const { image, mask } = loadCase(index, files);
    if (mask === undefined) throw new Failure(`Case ${files.id} has no mask to compare with; add the mask`);
    const first = await reference.segment(image, { signal, keepProbabilities: true });
    const second = await candidate.segment(image, { signal, keepProbabilities: true });
    voxels += mask.data.length;
    first.mask.data.forEach((value, i) => flippedVoxels += value === second.mask.data[i] ? 0 : 1);
    for (const { value } of classes) {
      const [a, b] = [first.probabilities?.(value), second.probabilities?.(value)] as [Float32Array, Float32Array];
      for (let i = 0; i < a.length; i++) {
        const difference = Math.abs((a[i] as number) - (b[i] as number));
        if (difference > largestProbabilityDifference) largestProbabilityDifference = difference;
      }
    }
    const score = (truth: Uint8Array, prediction: Uint8Array): ScoredCase => ({
      case: files.id,
      rows: scoreCase({ reference: truth, prediction, shape: image.shape, classes, metrics: ["dice"] }).rows,
    });
    scored.reference.push(score(mask.data, first.mask.data));
    scored.candidate.push(score(mask.data, second.mask.data));
    scored.between.push(score(first.mask.data, second.mask.data));
  }
  const meanDice = (of: readonly ScoredCase[]) =>
    mean(classes.map(({ name }) => mean([...patientValues(of, { class: name, score: "dice" }).values()])));
  const [diceReference, diceCandidate] = [meanDice(scored.reference), meanDice(scored.candidate)];
  if (diceReference === null || diceCandidate === null) {
    throw new Failure(
      `The ${cases.length} cases compared have nothing to find in mask and prediction; compare on cases with foreground`,
    );
  }
  const diceDrop = diceReference - diceCandidate;
  return {
    cases: cases.map(({ id }) => id),
    voxels,
    flippedVoxels,
    diceReference,
    diceCandidate,
    diceDrop,
    maximumDiceDrop,
    diceBetween: meanDice(scored.between),
    largestProbabilityDifference,
    passed: diceDrop <= maximumDiceDrop,
  };
}

function mean(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => typeof value === "number");
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** The answer as one sentence. */
export function paritySentence(parity: Parity): string {
  const { cases, flippedVoxels, voxels, diceReference, diceCandidate, diceDrop, maximumDiceDrop, passed } = parity;
  return `${passed ? "Parity holds" : "Parity fails"} on ${cases.length} cases: Dice ${
    diceCandidate.toFixed(4)
  } where the ` +
    `model has ${diceReference.toFixed(4)} (drop ${diceDrop.toFixed(4)}, at most ${maximumDiceDrop} is allowed), ` +
    `${flippedVoxels} of ${voxels} voxels differ`;
}
