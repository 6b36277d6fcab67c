/** The only list of scores: tables, CSV, JSON, reports, comparisons and `--metrics` are read off it. */

import { assd, hd, hd95, hd95Penalized, masd, nsd } from "./distance_scores.ts";
import { lesionF1, lesions, lesionSensitivity } from "./lesion_scores.ts";
import { dice, iou, precision, sensitivity, specificity } from "./overlap_scores.ts";
import type { Detail, Score, ScoreDirection } from "./score.ts";
import { referenceMl, relativeVolumeDifference, volumeDifferenceMl, volumeMl } from "./volume_scores.ts";

/** All scores, in the order of files. */
export const SCORES = [
  dice,
  iou,
  sensitivity,
  specificity,
  precision,
  hd,
  hd95,
  hd95Penalized,
  assd,
  masd,
  nsd,
  lesionF1,
  lesionSensitivity,
  volumeDifferenceMl,
  relativeVolumeDifference,
] as const satisfies readonly Score[];

/** All values beside the scores, in the order of files. */
export const DETAILS = [referenceMl, volumeMl, lesions] as const satisfies readonly Detail[];

/** One of {@link SCORES}, as any of them may be used. */
export type NamedScore = Score & { readonly name: ScoreName };

/** Name of a score. */
export type ScoreName = (typeof SCORES)[number]["name"];

/** A word of `--metrics`: it asks for the scores of one group. */
export type Metric = (typeof SCORES)[number]["group"];

/** The scores in the order of tables. */
export const TABLE_SCORES: readonly NamedScore[] = (SCORES as readonly NamedScore[]).toSorted((a, b) =>
  Number(a.last ?? false) - Number(b.last ?? false)
);

/** What can be asked for. */
export const METRICS: readonly Metric[] = [...new Set(SCORES.map(({ group }) => group))];

/** Whether more or less of a score is better, or 0 the best. */
export const SCORE_DIRECTIONS = Object.fromEntries(SCORES.map(({ name, direction }) => [name, direction])) as Readonly<
  Record<ScoreName, ScoreDirection>
>;

const BY_NAME: ReadonlyMap<string, NamedScore> = new Map(SCORES.map((score) => [score.name, score]));

/** The score of a name; undefined where there is none. */
export function findScore(name: string): NamedScore | undefined {
  return BY_NAME.get(name);
}

/** The score of a name that is one. */
export function scoreOf(name: ScoreName): NamedScore {
  return BY_NAME.get(name) as NamedScore;
}
