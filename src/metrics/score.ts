/** What a score is: one constant says how it is computed, named and shown, and which direction is better. */

import type { ScoredClass } from "./scored_class.ts";
import type { Hd95Variant } from "./surface_distance.ts";

/** Is more or less better, or is 0 the best. */
export type ScoreDirection = "more" | "less" | "zero";

/** What a heading names beside the score itself. */
export interface HeadingConventions {
  /** Of distances and of the tolerance. */
  readonly unit: "mm" | "px";
  readonly hd95Variant: Hd95Variant;
  /** Of the NSD, ascending: one, or all that the cases have. */
  readonly tolerances: readonly number[];
}

/** How the values of a column are named and written. */
export interface ScoreColumn {
  /** The heading without the unit. */
  readonly title: string | ((conventions: HeadingConventions) => string);
  /** `distance`: mm, or px where the spacing is unknown. */
  readonly unit: "distance" | "ml" | "none";
  readonly digits: number;
}

/** A single number of one class in one case. */
export interface Score<Name extends string = string, Group extends string = string> extends ScoreColumn {
  /** Its key in JSON and CSV. */
  readonly name: Name;
  /** The word of `--metrics` that asks for it. */
  readonly group: Group;
  readonly direction: ScoreDirection;
  /** Shown without being asked for. */
  readonly main: boolean;
  /** One of the few that head a report and that two models are compared by. */
  readonly leading?: boolean;
  /** In the last column of tables, since it depends on the field of view. */
  readonly last?: boolean;
  /** Made of distances between surfaces, which have no unit where pixels differ in size. */
  readonly ofSurfaces?: boolean;
  /** What counts in a mean where a missed structure leaves the score undefined. */
  readonly whenMissed?: number;
  /** The value; null where it is undefined. */
  readonly compute: (scored: ScoredClass) => number | null;
}

/** A value beside the scores that no summary averages; without a column it stands in JSON alone. */
export interface Detail {
  readonly name: string;
  readonly group: string;
  readonly column?: ScoreColumn;
  readonly compute: (scored: ScoredClass) => unknown;
}

/** The heading of a column, such as `HD95 (max) mm` or `NSD@2mm`. */
export function headingOf({ title, unit }: ScoreColumn, conventions: HeadingConventions): string {
  const name = typeof title === "string" ? title : title(conventions);
  return unit === "none" ? name : `${name} ${unit === "distance" ? conventions.unit : unit}`;
}
