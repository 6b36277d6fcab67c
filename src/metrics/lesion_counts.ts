/** Detection of lesions: how many of the reference are found, and how many found ones are not there. */

import { connectedComponents } from "../imaging/components.ts";
import type { MaskPair } from "./mask_pair.ts";

/** Counts of lesions (connected parts) of one class in one case. */
export interface LesionScores {
  readonly reference: number;
  readonly prediction: number;
  /** Lesions of the reference that a predicted one matches. */
  readonly truePositives: number;
  readonly falseNegatives: number;
  /** Predicted lesions that match none of the reference. */
  readonly falsePositives: number;
  /** 2·TP / (2·TP + FP + FN); null without any lesion. */
  readonly f1: number | null;
  /** TP / (TP + FN); null without a lesion in the reference. */
  readonly sensitivity: number | null;
}

/**
 * Matches the lesions of two masks, connected by 26 neighbours in 3-D and 8 in 2-D.
 *
 * Two lesions match if they share a voxel, or have at least an IoU of `minimumIou`; above 0.5 no lesion can match twice.
 *
 * @param masks undefined where both are empty
 */
export function lesionScores(
  masks: MaskPair | undefined,
  options: { minimumIou?: number | undefined } = {},
): LesionScores {
  const { minimumIou = 0 } = options;
  if (masks === undefined) return countLesions({ found: 0, reference: 0, wrong: 0, prediction: 0 });
  const reference = connectedComponents(masks.reference, masks.shape);
  const prediction = connectedComponents(masks.prediction, masks.shape);
  const common = new Map<number, number>();
  const predictions = prediction.sizes.length + 1;
  for (let i = 0; i < masks.reference.length; i++) {
    if (masks.reference[i] === 0 || masks.prediction[i] === 0) continue;
    const key = (reference.numbers[i] as number) * predictions + (prediction.numbers[i] as number);
    common.set(key, (common.get(key) ?? 0) + 1);
  }
  const found = new Set<number>();
  const right = new Set<number>();
  for (const [key, voxels] of common) {
    const r = Math.floor(key / predictions);
    const p = key % predictions;
    const union = (reference.sizes[r - 1] as number) + (prediction.sizes[p - 1] as number) - voxels;
    if (voxels / union < minimumIou) continue;
    found.add(r);
    right.add(p);
  }
  return countLesions({
    found: found.size,
    reference: reference.sizes.length,
    wrong: prediction.sizes.length - right.size,
    prediction: prediction.sizes.length,
  });
}

function countLesions(lesions: { found: number; reference: number; wrong: number; prediction: number }): LesionScores {
  const { found, reference, wrong, prediction } = lesions;
  const missed = reference - found;
  const all = 2 * found + wrong + missed;
  return {
    reference,
    prediction,
    truePositives: found,
    falseNegatives: missed,
    falsePositives: wrong,
    f1: all === 0 ? null : (2 * found) / all,
    sensitivity: reference === 0 ? null : found / reference,
  };
}
