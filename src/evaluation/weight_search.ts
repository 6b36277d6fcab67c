/** The weights of classes with the best Dice on cases that the model was not trained on. */
import type { CaseFiles, DatasetIndex } from "../data/dataset.ts";
import type { Predictor } from "../prediction/predictor.ts";
import { bestScore, tuningCases, type TuningOptions } from "./tuning_cases.ts";
import { type CaseVoxels, diceByWeight, unsettledVoxels } from "./weighted_dice.ts";

/** Weights of the classes in their order, and the mean Dice of the cases with them. */
export interface WeightScore {
  readonly weights: readonly number[];
  readonly dice: number;
}

/** What was found. */
export interface WeightSearch {
  readonly best: WeightScore;
  /** With the weights that the model has. */
  readonly before: WeightScore;
  readonly cases: readonly string[];
}

/** 0.05 to 20, twenty steps to a factor of ten. */
const GRID: readonly number[] = Array.from({ length: 53 }, (_, i) => Number((10 ** ((i - 26) / 20)).toPrecision(3)));
const MOST_ROUNDS = 10;

/**
 * Segments every case once and searches in turns until none gains, on the voxels that a weight can change: each class by itself, then all
 * together against the background. The score is the mean over classes of the mean over patients, as `seg evaluate --empty one` without
 * post-processing gives it.
 *
 * Of equal scores the weights nearest to those before win. A turn is exact; the turns together may miss a better combination.
 *
 * @throws {Failure} where no case has foreground: all weights would be equally good.
 * @throws the reason of `signal` where it is aborted.
 */
export async function searchWeights(
  predictor: Predictor,
  data: { index: DatasetIndex; cases: readonly CaseFiles[] },
  options: TuningOptions,
): Promise<WeightSearch> {
  const { labels, output } = predictor.metadata;
  const own = output.classWeights ?? labels.map(() => 1);
  const grid = [...new Set([...GRID, ...own])].sort((a, b) => a - b);
  const casesOf = new Map<string, number>();
  for (const { patient } of data.cases) casesOf.set(patient, (casesOf.get(patient) ?? 0) + 1);
  const cases: CaseVoxels[] = [];
  for await (const { files, reference, probabilities } of tuningCases(predictor, data, options)) {
    const channels = [0, ...labels.map((_, k) => k + 1)].map(probabilities);
    // Patients count alike, whatever the number of their cases.
    const share = 1 / (casesOf.size * (casesOf.get(files.patient) as number));
    cases.push(unsettledVoxels(channels, reference, { share, range: [grid[0] as number, grid.at(-1) as number] }));
  }
  const ofClass = (label: number, weights: readonly number[]) => diceByWeight(cases, { label, weights, grid });
  const diceWith = (weights: readonly number[]) =>
    diceByWeight(cases, { label: 1, weights, grid: weights.slice(0, 1) })[0] as number;
  const before: WeightScore = { weights: own, dice: diceWith(own) };
  let best = before;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const atStart = best.dice;
    for (let label = 1; label <= labels.length; label++) {
      options.signal.throwIfAborted();
      const { weights } = best;
      const scores = ofClass(label, weights);
      best = better(
        best,
        grid.map((weight, i) => ({ weights: weights.with(label - 1, weight), dice: scores[i] as number })),
      );
    }
    if (labels.length > 1) {
      const together = scaled(best.weights, grid);
      best = better(best, together.map((weights) => ({ weights, dice: diceWith(weights) })));
    }
    if (best.dice <= atStart) break;
  }
  return { best, before, cases: data.cases.map(({ id }) => id) };
}

/** The best of the candidates; of equal ones, the nearest to `known`. */
function better(known: WeightScore, candidates: readonly WeightScore[]): WeightScore {
  return bestScore(known, candidates, {
    distance: ({ weights }) =>
      weights.reduce((sum, weight, k) => sum + Math.abs(Math.log(weight / (known.weights[k] as number))), 0),
  });
}

/** All weights times each factor of the grid, brought to the nearest weight of the grid; none beyond its ends. */
function scaled(weights: readonly number[], grid: readonly number[]): number[][] {
  const nearest = (wanted: number) =>
    grid.reduce((found, one) => Math.abs(Math.log(one / wanted)) < Math.abs(Math.log(found / wanted)) ? one : found);
  const [least, most] = [grid[0] as number, grid.at(-1) as number];
  return GRID.filter((factor) => weights.every((weight) => weight * factor >= least && weight * factor <= most))
    .map((factor) => weights.map((weight) => nearest(weight * factor)));
}
