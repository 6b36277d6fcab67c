/** Scores by counts of lesions: connected parts of a mask. */

import { ruledOverlap } from "./overlap_scores.ts";
import type { Detail, Score } from "./score.ts";

/** 2·TP / (2·TP + FP + FN) of lesions. */
export const lesionF1 = {
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
} as const satisfies Score;

/** TP / (TP + FN) of lesions, undefined without one in the reference. */
export const lesionSensitivity = {
  name: "lesionSensitivity",
  group: "lesions",
  direction: "more",
  title: "lesion sens.",
  unit: "none",
  digits: 3,
  main: false,
  compute: ({ lesions: { sensitivity } }) => sensitivity,
} as const satisfies Score;

/** The counts. */
export const lesions = {
  name: "lesions",
  group: "lesions",
  compute: (scored) => scored.lesions,
} as const satisfies Detail;
