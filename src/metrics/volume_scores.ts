/** Volumes of a class and how they differ; the ml are null where the spacing is unknown (a PNG). */

import { ratio } from "./overlap.ts";
import type { Detail, Score } from "./score.ts";
import type { ScoredClass } from "./scored_class.ts";

function inMl(voxels: number, { rules: { spacingMm } }: ScoredClass): number | null {
  if (spacingMm === undefined) return null;
  return voxels * ((spacingMm[0] * spacingMm[1] * spacingMm[2]) / 1000);
}

function voxelsOf({ counts: { truePositives, falsePositives, falseNegatives } }: ScoredClass) {
  return { reference: truePositives + falseNegatives, prediction: truePositives + falsePositives };
}

/** Prediction minus reference. */
export const volumeDifferenceMl: Score<"volumeDifferenceMl", "volume"> = {
  name: "volumeDifferenceMl",
  group: "volume",
  direction: "zero",
  title: "volume diff.",
  unit: "ml",
  digits: 3,
  main: false,
  compute: (scored) => {
    const { reference, prediction } = voxelsOf(scored);
    return inMl(prediction - reference, scored);
  },
};

/** (prediction − reference) / reference; undefined without a reference. */
export const relativeVolumeDifference: Score<"relativeVolumeDifference", "volume"> = {
  name: "relativeVolumeDifference",
  group: "volume",
  direction: "zero",
  title: "relative",
  unit: "none",
  digits: 3,
  main: false,
  compute: (scored) => {
    const { reference, prediction } = voxelsOf(scored);
    return ratio(prediction - reference, reference);
  },
};

/** The volume of the reference. */
export const referenceMl = {
  name: "referenceMl",
  group: "volume",
  column: { title: "reference", unit: "ml", digits: 2 },
  compute: (scored) => inMl(voxelsOf(scored).reference, scored),
} as const satisfies Detail;

/** The volume of the prediction. */
export const volumeMl = {
  name: "volumeMl",
  group: "volume",
  column: { title: "predicted", unit: "ml", digits: 2 },
  compute: (scored) => inMl(voxelsOf(scored).prediction, scored),
} as const satisfies Detail;
