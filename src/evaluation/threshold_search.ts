/** The threshold with the best Dice on cases that the model was not trained on. */
import type { CaseFiles, DatasetIndex } from "../data/dataset.ts";
import type { Predictor } from "../prediction/predictor.ts";
import { bestScore, tuningCases, type TuningOptions } from "./tuning_cases.ts";

/** A threshold and the mean Dice of the cases at it. */
export interface ThresholdScore {
  readonly threshold: number;
  readonly dice: number;
}

/** What was found. */
export interface ThresholdSearch {
  readonly best: ThresholdScore;
  /** At the threshold that the model has. */
  readonly before: ThresholdScore;
  readonly cases: readonly string[];
  /** In rising order. */
  readonly curve: readonly ThresholdScore[];
}

/** 0.01 to 0.99 in hundredths. */
const GRID: readonly number[] = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);

/**
 * Segments every case once and scores all thresholds on its probabilities: the mean over classes of the mean over patients, as
 * `seg evaluate --empty one` without post-processing gives it (a healthy case rewards the thresholds without a false alarm). Of equal scores the threshold nearest to the model's own wins.
 *
 * @throws {Failure} where no case has foreground: all thresholds would be equally good.
 * @throws the reason of `signal` where it is aborted.
 */
export async function searchThreshold(
  predictor: Predictor,
  data: { index: DatasetIndex; cases: readonly CaseFiles[] },
  options: TuningOptions,
): Promise<ThresholdSearch> {
  const own = predictor.metadata.output.threshold;
  const thresholds = [...new Set([...GRID, own])].sort((a, b) => a - b);
  const classes = data.index.labels.length;
  // Dice by class, patient and threshold.
  const scores = Array.from({ length: classes }, () => new Map<string, number[][]>());
  for await (const { files: { patient }, reference, probabilities } of tuningCases(predictor, data, options)) {
    const all = Array.from({ length: classes }, (_, i) => probabilities(i + 1));
    const { overlapping, members } = data.index.labelling;
    const curves = overlapping
      ? overlappingDiceCurves(all, reference, { thresholds, members })
      : diceCurves(all, reference, thresholds);
    curves.forEach((curve, i) => {
      const ofClass = scores[i] as Map<string, number[][]>;
      ofClass.set(patient, [...ofClass.get(patient) ?? [], curve]);
    });
  }
  const perClass = scores.map((ofClass) => meanCurve([...ofClass.values()].map(meanCurve)));
  const curve = meanCurve(perClass).map((dice, i) => ({ threshold: thresholds[i] as number, dice }));
  const before = curve.find(({ threshold }) => threshold === own) as ThresholdScore;
  const best = bestScore(before, curve, { distance: ({ threshold }) => Math.abs(threshold - own) });
  return { best, before, cases: data.cases.map(({ id }) => id), curve };
}

/**
 * The Dice of every class at every threshold, from one look at each voxel; 1 where mask and prediction are empty.
 *
 * A voxel belongs to its most probable class where that reaches the threshold, as `decideClasses()` has it.
 */
function diceCurves(
  probabilities: readonly Float32Array[],
  reference: Uint8Array,
  thresholds: readonly number[],
): number[][] {
  const steps = thresholds.length + 1;
  // Voxels by class and by how many thresholds their probability reaches.
  const right = probabilities.map(() => new Float64Array(steps));
  const all = probabilities.map(() => new Float64Array(steps));
  const referenceVoxels = new Float64Array(probabilities.length + 1);
  for (let voxel = 0; voxel < reference.length; voxel++) {
    const label = reference[voxel] as number;
    // Of unknown class.
    if (label > probabilities.length) continue;
    referenceVoxels[label] = (referenceVoxels[label] as number) + 1;
    let [best, probability] = [0, (probabilities[0] as Float32Array)[voxel] as number];
    for (let k = 1; k < probabilities.length; k++) {
      const value = (probabilities[k] as Float32Array)[voxel] as number;
      if (value > probability) [best, probability] = [k, value];
    }
    const reached = countReached(thresholds, probability);
    if (reached === 0) continue;
    const counts = all[best] as Float64Array;
    counts[reached] = (counts[reached] as number) + 1;
    if (label !== best + 1) continue;
    const hits = right[best] as Float64Array;
    hits[reached] = (hits[reached] as number) + 1;
  }
  return probabilities.map((_, k) => {
    const [hits, counts] = [right[k] as Float64Array, all[k] as Float64Array];
    const wanted = referenceVoxels[k + 1] as number;
    const curve = new Array<number>(thresholds.length);
    let [found, predicted] = [0, 0];
    for (let i = thresholds.length - 1; i >= 0; i--) {
      found += hits[i + 1] as number;
      predicted += counts[i + 1] as number;
      curve[i] = wanted + predicted === 0 ? 1 : 2 * found / (wanted + predicted);
    }
    return curve;
  });
}

/**
 * As {@link diceCurves} for classes that overlap: a voxel gets the value of the last class that reaches the threshold, and is of all
 * classes that this value belongs to.
 *
 * @param options.members the classes of each class index, as `Labelling` has them.
 */
function overlappingDiceCurves(
  probabilities: readonly Float32Array[],
  reference: Uint8Array,
  { thresholds, members }: { thresholds: readonly number[]; members: readonly (readonly number[])[] },
): number[][] {
  const steps = thresholds.length + 1;
  const isMember = members.map((classes) => probabilities.map((_, k) => classes.includes(k + 1)));
  // By class and threshold, the differences to the threshold before.
  const right = probabilities.map(() => new Float64Array(steps));
  const all = probabilities.map(() => new Float64Array(steps));
  const referenceVoxels = new Float64Array(probabilities.length);
  const none = probabilities.map(() => false);
  for (let voxel = 0; voxel < reference.length; voxel++) {
    const index = reference[voxel] as number;
    // Of unknown class.
    if (index > members.length) continue;
    const wanted = index === 0 ? none : isMember[index - 1] as boolean[];
    for (let k = 0; k < wanted.length; k++) if (wanted[k]) referenceVoxels[k] = (referenceVoxels[k] as number) + 1;
    let from = 0;
    for (let last = probabilities.length - 1; last >= 0; last--) {
      const reached = countReached(thresholds, (probabilities[last] as Float32Array)[voxel] as number);
      if (reached <= from) continue;
      const written = isMember[last] as boolean[];
      for (let k = 0; k < written.length; k++) {
        if (!written[k]) continue;
        addStep(all[k] as Float64Array, from, reached);
        if (wanted[k]) addStep(right[k] as Float64Array, from, reached);
      }
      from = reached;
    }
  }
  return probabilities.map((_, k) => {
    let [found, predicted] = [0, 0];
    return thresholds.map((_, i) => {
      found += (right[k] as Float64Array)[i] as number;
      predicted += (all[k] as Float64Array)[i] as number;
      const total = (referenceVoxels[k] as number) + predicted;
      return total === 0 ? 1 : 2 * found / total;
    });
  });
}

/** One more at the thresholds from position `from` to before `to`. */
function addStep(differences: Float64Array, from: number, to: number): void {
  differences[from] = (differences[from] as number) + 1;
  differences[to] = (differences[to] as number) - 1;
}

/** How many of the rising thresholds a probability reaches. */
function countReached(thresholds: readonly number[], probability: number): number {
  let [low, high] = [0, thresholds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (probability >= (thresholds[middle] as number)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function meanCurve(curves: readonly (readonly number[])[]): number[] {
  const [first = []] = curves;
  return first.map((_, i) => curves.reduce((sum, curve) => sum + (curve[i] as number), 0) / curves.length);
}
