/** Scores by counts of voxels, each in [0, 1] (Taha and Hanbury 2015, doi 10.1186/s12880-015-0068-x). */

import { diceOf, type EmptyRule, type MaskState, ratio } from "./overlap.ts";
import type { Score } from "./score.ts";
import type { ScoredClass } from "./scored_class.ts";

/** The value of an overlap-like score where the empty rule and not its formula decides; undefined where the formula holds. */
export function ruledOverlap(state: MaskState, rule: EmptyRule): number | null | undefined {
  if (state === "true_empty") return rule === "one" || rule === "brats" ? 1 : null;
  if (state === "false_alarm" && rule === "monai") return null;
  return undefined;
}

function byRule({ state, rules }: ScoredClass, formula: () => number | null): number | null {
  const ruled = ruledOverlap(state, rules.emptyRule);
  return ruled === undefined ? formula() : ruled;
}

/** 2·TP / (2·TP + FP + FN). */
export const dice: Score<"dice", "dice"> = {
  name: "dice",
  group: "dice",
  direction: "more",
  title: "Dice",
  unit: "none",
  digits: 3,
  main: true,
  leading: true,
  compute: (scored) => byRule(scored, () => diceOf(scored.counts)),
};

/** TP / (TP + FP + FN). */
export const iou: Score<"iou", "iou"> = {
  name: "iou",
  group: "iou",
  direction: "more",
  title: "IoU",
  unit: "none",
  digits: 3,
  main: true,
  leading: true,
  compute: (scored) => {
    const { truePositives, falsePositives, falseNegatives } = scored.counts;
    return byRule(scored, () => ratio(truePositives, truePositives + falsePositives + falseNegatives));
  },
};

/** TP / (TP + FN), undefined without a reference. */
export const sensitivity: Score<"sensitivity", "sensitivity"> = {
  name: "sensitivity",
  group: "sensitivity",
  direction: "more",
  title: "sens.",
  unit: "none",
  digits: 3,
  main: true,
  compute: ({ counts }) => ratio(counts.truePositives, counts.truePositives + counts.falseNegatives),
};

/** TN / (TN + FP); it grows with the field of view. */
export const specificity: Score<"specificity", "specificity"> = {
  name: "specificity",
  group: "specificity",
  direction: "more",
  title: "spec.",
  unit: "none",
  digits: 5,
  main: false,
  last: true,
  compute: ({ counts }) => ratio(counts.trueNegatives, counts.trueNegatives + counts.falsePositives),
};

/** TP / (TP + FP), undefined without a prediction; a miss counts 0 in means (Maier-Hein et al. 2024, doi 10.1038/s41592-023-02151-z). */
export const precision: Score<"precision", "precision"> = {
  name: "precision",
  group: "precision",
  direction: "more",
  title: "prec.",
  unit: "none",
  digits: 3,
  main: true,
  whenMissed: 0,
  compute: ({ counts }) => ratio(counts.truePositives, counts.truePositives + counts.falsePositives),
};
