/** Scores by distances between surfaces. */

import { ruledOverlap } from "./overlap_scores.ts";
import type { Score } from "./score.ts";
import type { ScoredClass } from "./scored_class.ts";
import {
  averageSymmetricDistance,
  hausdorff,
  meanAverageDistance,
  normalizedSurfaceDistance,
} from "./surface_distance.ts";

/** A distance of a hit; without one the rule `brats` alone has a value: 0 where both are empty, else the image diagonal. */
function ofHit({ state, rules: { emptyRule, imageDiagonal } }: ScoredClass, distance: () => number): number | null {
  if (state === "hit") return distance();
  return emptyRule === "brats" ? (state === "true_empty" ? 0 : imageDiagonal) : null;
}

/** The Hausdorff distance. */
export const hd: Score<"hd", "hd"> = {
  name: "hd",
  group: "hd",
  direction: "less",
  title: "HD",
  unit: "distance",
  digits: 2,
  main: false,
  ofSurfaces: true,
  compute: (scored) => ofHit(scored, () => hausdorff(scored.surfaces)),
};

/** The 95th percentile of surface distance, over hits. */
export const hd95: Score<"hd95", "hd95"> = {
  name: "hd95",
  group: "hd95",
  direction: "less",
  title: ({ hd95Variant }) => `HD95 (${hd95Variant})`,
  unit: "distance",
  digits: 2,
  main: true,
  ofSurfaces: true,
  compute: (scored) => ofHit(scored, () => scored.hd95),
};

/** HD95 where missed structures and false alarms count the image diagonal, so that a failure never improves the mean. */
export const hd95Penalized: Score<"hd95Penalized", "hd95"> = {
  name: "hd95Penalized",
  group: "hd95",
  direction: "less",
  title: "HD95 penalized",
  unit: "distance",
  digits: 2,
  main: true,
  leading: true,
  ofSurfaces: true,
  compute: (scored) =>
    scored.state === "missed" || scored.state === "false_alarm"
      ? scored.rules.imageDiagonal
      : ofHit(scored, () => scored.hd95),
};

/** ASSD: the mean of the distances of both directions together. */
export const assd: Score<"assd", "assd"> = {
  name: "assd",
  group: "assd",
  direction: "less",
  title: "ASSD",
  unit: "distance",
  digits: 2,
  main: true,
  ofSurfaces: true,
  compute: (scored) => ofHit(scored, () => averageSymmetricDistance(scored.surfaces)),
};

/** MASD: the mean of the two directed means. */
export const masd: Score<"masd", "masd"> = {
  name: "masd",
  group: "masd",
  direction: "less",
  title: "MASD",
  unit: "distance",
  digits: 2,
  main: false,
  ofSurfaces: true,
  compute: (scored) => ofHit(scored, () => meanAverageDistance(scored.surfaces)),
};

/** The part of both surfaces that lies within the tolerance of the other. */
export const nsd: Score<"nsd", "nsd"> = {
  name: "nsd",
  group: "nsd",
  direction: "more",
  title: ({ tolerances, unit }) => {
    const ends = [...new Set([tolerances.at(0), tolerances.at(-1)])].map((one) => Number((one ?? NaN).toFixed(3)));
    return tolerances.length === 0 ? "NSD" : `NSD@${ends.join("–")}${unit}`;
  },
  unit: "none",
  digits: 3,
  main: true,
  leading: true,
  ofSurfaces: true,
  compute: (scored) => {
    const { state, rules } = scored;
    if (state === "hit") return normalizedSurfaceDistance(scored.surfels, rules.tolerance);
    // The false alarm that the rule `monai` forgives in Dice and IoU is 0 in its NSD as in every other program's.
    return state === "true_empty" ? ruledOverlap(state, rules.emptyRule) ?? null : 0;
  },
};
