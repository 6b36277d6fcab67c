/** Scores by counts of lesions: connected parts of a mask. */

import { ruledOverlap } from "./overlap_scores.ts";
import type { Detail, Score } from "./score.ts";

/** 2·TP / (2·TP + FP + FN) of lesions. */
export const lesionF1: Score<"lesionF1", "lesions"> = {
  name: "lesionF1",
  group: "lesions",
  direction: "more",
  title: "lesion F1",
  unit: "none",
  digits: 3,
  main: false,
  compute: ({ lesions: { f1 }, state, rules: { emptyRule } }) => {
    const ruled = ruledOverlap(state, emptyRule);
    return ruled === undefined ? f1 : ruled;
  },
};

/** TP / (TP + FN) of lesions, undefined without one in the reference. */
export const lesionSensitivity: Score<"lesionSensitivity", "lesions"> = {
  name: "lesionSensitivity",
  group: "lesions",
  direction: "more",
  title: "lesion sens.",
  unit: "none",
  digits: 3,
  main: false,
  compute: ({ lesions: { sensitivity } }) => sensitivity,
};

/** The counts. */
export const lesions = {
  name: "lesions",
  group: "lesions",
  compute: (scored) => scored.lesions,
} as const satisfies Detail;
