/** An evaluation as text: the table, what its numbers mean, and the worst cases by name. */
import type { Summary } from "../metrics/aggregate.ts";
import { type HeadingConventions, headingOf } from "../metrics/score.ts";
import { TABLE_SCORES } from "../metrics/scores.ts";
import { alignColumns, countOf, formatInterval, formatNumber } from "../text.ts";
import type { EvaluatedSplit } from "./evaluation_report.ts";
import type { EvaluatedCase } from "./score_cases.ts";
import { conventionsOf } from "./conventions.ts";
import { conventionLines, evaluationRows } from "./score_table.ts";

const SPLITS: Readonly<Record<EvaluatedSplit, string>> = {
  val: "validation",
  all: "all",
  "out-of-fold": "each by the fold that left it out",
};

/** Lines of text: table, cases, conventions, worst cases. */
export function evaluationText(
  cases: readonly EvaluatedCase[],
  summary: Summary,
  { split, every, columns }: { split: EvaluatedSplit; every: boolean; columns?: number | undefined },
): string {
  const conventions = conventionsOf(cases);
  const worst = Object.entries(summary.perClass).flatMap(([label, { scores }]) =>
    scores.dice?.worst
      ? [`Worst ${label}: ${scores.dice.worst.case} with a Dice of ${scores.dice.worst.value.toFixed(3)}`]
      : []
  );
  return [
    `${headline(summary, conventions)} on ${countOf(cases.length, "case")} of ` +
    `${countOf(summary.patients, "patient")} (${SPLITS[split]})`,
    "",
    alignColumns(evaluationRows(summary, { ...conventions, every }), { columns }),
    "",
    ...(summary.patients > 1 ? ["Intervals of means: 95 %, BCa bootstrap"] : []),
    ...conventionLines(summary, conventions),
    ...ignoredLines(cases),
    ...worst,
  ].join("\n");
}

/** What one wants to know first: `Dice 0.906 [0.850, 0.940], HD95 (max) 3.00 mm`, of several classes their mean. */
function headline(summary: Summary, conventions: HeadingConventions): string {
  const scores = TABLE_SCORES.flatMap((score) => {
    const mean = summary.mean[score.name];
    if (!score.leading || mean?.mean == null) return [];
    const { title, unit, digits } = score;
    const interval = score.name === "dice" && mean.meanInterval ? ` ${formatInterval(mean.meanInterval, 3)}` : "";
    return [
      headingOf({ title, unit: "none", digits }, conventions) + ` ${formatNumber(mean.mean, digits)}${interval}` +
      (unit === "distance" ? ` ${conventions.unit}` : ""),
    ];
  });
  const classes = Object.keys(summary.perClass).length;
  const found = scores.length === 0 ? "No score has a value" : scores.slice(0, 3).join(", ");
  return classes > 1 ? `Means of ${classes} classes: ${found},` : found;
}

/** How much was left out, where the data set has a label for it. */
function ignoredLines(cases: readonly EvaluatedCase[]): string[] {
  const counts = cases.flatMap(({ conventions }) => conventions.ignoredVoxels ?? []);
  if (counts.length === 0) return [];
  const voxels = counts.reduce((sum, count) => sum + count, 0);
  return [
    `Ignored: ${countOf(voxels, "voxel")} in ${countOf(counts.filter((count) => count > 0).length, "case")}; ` +
    "there neither mask nor prediction counts",
  ];
}
