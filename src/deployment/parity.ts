/** Whether two forms of one model give the same masks: judged by voxels and Dice on real cases, not by tensors. */
import type { CaseFiles, DatasetIndex } from "../data/dataset.ts";
import { scoredClasses } from "../data/selection.ts";
import { Failure } from "../failure.ts";
import { scoreCase } from "../metrics/case_scores.ts";
import { comparePaired } from "../metrics/compare.ts";
import type { Interval } from "../metrics/order_statistics.ts";
import type { Predictor } from "../prediction/predictor.ts";
import type { Reporter } from "../reporter.ts";
import { loadScoredCase } from "../evaluation/load_scored_case.ts";
import { countOf, formatInterval } from "../text.ts";

/** One case in both forms. Dice is the mean over its classes; it is 1 where there is nothing to find and nothing was found, so that a false alarm counts. */
export interface ParityCase {
  readonly case: string;
  readonly diceReference: number;
  readonly diceCandidate: number;
  /** Candidate minus reference. */
  readonly difference: number;
  /** Dice of the candidate's mask against that of the reference. */
  readonly diceBetween: number;
  readonly voxels: number;
  /** Voxels with another class. */
  readonly flippedVoxels: number;
  /** A detail: what rounding does to probabilities is no fault in itself. */
  readonly probabilityError: { readonly largest: number; readonly mean: number };
}

/** The answer of the comparison. */
export interface Parity {
  readonly cases: readonly ParityCase[];
  readonly voxels: number;
  readonly flippedVoxels: number;
  /** Mean Dice against the masks of the data set. */
  readonly diceReference: number;
  readonly diceCandidate: number;
  /** Reference minus candidate: what the change of form costs. */
  readonly diceDrop: number;
  /** Of the mean drop: BCa bootstrap over the cases, 95 %; null for a single case. */
  readonly dropInterval: Interval | null;
  readonly maximumDiceDrop: number;
  /** The case that lost most. */
  readonly worst: { readonly case: string; readonly diceDrop: number };
  readonly diceBetween: number;
  readonly probabilityError: { readonly largest: number; readonly mean: number };
  readonly passed: boolean;
}

/** What {@link measureParity} compares. */
export interface ParityOptions {
  readonly index: DatasetIndex;
  readonly cases: readonly CaseFiles[];
  readonly reference: Predictor;
  readonly candidate: Predictor;
  /** Largest drop of the mean Dice that passes. */
  readonly maximumDiceDrop: number;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** A model that finds less than this has little to lose. */
const LOW_DICE = 0.1;

/**
 * Segments cases with both and compares.
 *
 * @throws {Failure} where one of the two gives NaN, or where no case has foreground: the comparison would prove nothing.
 */
export async function measureParity(options: ParityOptions): Promise<Parity> {
  const { cases: files, reporter, maximumDiceDrop } = options;
  const cases: ParityCase[] = [];
  let foreground = false;
  for (const [done, one] of files.entries()) {
    reporter.progress(`Comparing case ${done + 1} of ${files.length}: ${one.id}`);
    const compared = await compareCase(one, options);
    cases.push(compared.result);
    foreground ||= compared.foreground;
  }
  const scores = (of: "diceReference" | "diceCandidate") => new Map(cases.map((one) => [one.case, one[of]]));
  const { meanDifference, meanInterval } = comparePaired(scores("diceReference"), scores("diceCandidate"));
  if (meanDifference === null || !foreground) {
    throw new Failure(
      `The ${files.length} cases compared have nothing to find in mask and prediction; compare on cases with foreground`,
    );
  }
  const worst = cases.reduce((worst, one) => one.difference < worst.difference ? one : worst);
  const total = (of: (one: ParityCase) => number) => cases.reduce((sum, one) => sum + of(one), 0);
  const voxels = total((one) => one.voxels);
  const diceReference = total((one) => one.diceReference) / cases.length;
  if (diceReference < LOW_DICE) {
    reporter.warn(
      `The model has a Dice of ${
        diceReference.toFixed(3)
      } on the cases compared: that both forms agree there proves little`,
    );
  }
  const diceDrop = 0 - meanDifference;
  return {
    cases,
    voxels,
    flippedVoxels: total((one) => one.flippedVoxels),
    diceReference,
    diceCandidate: total((one) => one.diceCandidate) / cases.length,
    diceDrop,
    dropInterval: meanInterval && [0 - meanInterval[1], 0 - meanInterval[0]],
    maximumDiceDrop,
    worst: { case: worst.case, diceDrop: 0 - worst.difference },
    diceBetween: total((one) => one.diceBetween) / cases.length,
    probabilityError: {
      largest: Math.max(...cases.map(({ probabilityError }) => probabilityError.largest)),
      mean: total((one) => one.voxels * one.probabilityError.mean) / voxels,
    },
    passed: diceDrop <= maximumDiceDrop,
  };
}

async function compareCase(
  files: CaseFiles,
  options: ParityOptions,
): Promise<{ readonly result: ParityCase; readonly foreground: boolean }> {
  const { index, reference, candidate, signal } = options;
  const { image, mask } = loadScoredCase(index, files);
  const { classes, ignored } = scoredClasses(index.labelling);
  const first = await reference.segment(image, { signal, keepProbabilities: true });
  const second = await candidate.segment(image, { signal, keepProbabilities: true });
  const dice = (truth: Uint8Array, prediction: Uint8Array) => {
    const request = { reference: truth, prediction, shape: image.shape, classes, ignored, emptyRule: "one" as const };
    const { rows } = scoreCase({ ...request, metrics: ["dice"] });
    return rows.reduce((sum, row) => sum + (row.dice ?? NaN), 0) / rows.length;
  };
  const [diceReference, diceCandidate] = [dice(mask.data, first.mask.data), dice(mask.data, second.mask.data)];
  let [flippedVoxels, largest, sum] = [0, 0, 0];
  for (let i = 0; i < first.mask.data.length; i++) if (first.mask.data[i] !== second.mask.data[i]) flippedVoxels++;
  for (let k = 1; k <= classes.length; k++) {
    const [a, b] = [first.probabilities?.(k), second.probabilities?.(k)] as [Float32Array, Float32Array];
    for (let i = 0; i < a.length; i++) {
      const error = Math.abs((a[i] as number) - (b[i] as number));
      sum += error;
      if (error > largest) largest = error;
    }
  }
  const voxels = mask.data.length;
  const result = {
    case: files.id,
    diceReference,
    diceCandidate,
    difference: diceCandidate - diceReference,
    diceBetween: dice(first.mask.data, second.mask.data),
    voxels,
    flippedVoxels,
    probabilityError: { largest, mean: sum / (voxels * classes.length) },
  };
  return {
    result,
    foreground: [mask, first.mask, second.mask].some(({ data }) => holdsForeground(data, ignored)),
  };
}

function holdsForeground(labels: Uint8Array, ignored: number | undefined): boolean {
  for (let i = 0; i < labels.length; i++) if (labels[i] !== 0 && labels[i] !== ignored) return true;
  return false;
}

/** The answer as one sentence. */
export function paritySentence(parity: Parity): string {
  const { cases, flippedVoxels, voxels, diceReference, diceCandidate, diceDrop, dropInterval, worst } = parity;
  const count = countOf(cases.length, "case");
  const interval = dropInterval === null ? "" : ` ${formatInterval(dropInterval, 4)}`;
  return `${parity.passed ? "Parity holds" : "Parity fails"} on ${count}: Dice ${diceCandidate.toFixed(4)} where the ` +
    `model has ${diceReference.toFixed(4)} (drop ${
      diceDrop.toFixed(4)
    }${interval}, at most ${parity.maximumDiceDrop} ` +
    `is allowed; worst case ${worst.case} with ${worst.diceDrop.toFixed(4)}), ` +
    `${flippedVoxels} of ${voxels} voxels differ`;
}
