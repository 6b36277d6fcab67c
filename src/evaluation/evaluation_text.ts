/** An evaluation as text: the table, what its numbers mean, and the worst cases by name. */
import type { Summary } from "../metrics/aggregate.ts";
import { alignColumns, countOf } from "../text.ts";
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
  { split, every }: { split: EvaluatedSplit; every: boolean },
): string {
  const conventions = conventionsOf(cases);
  const worst = Object.entries(summary.perClass).flatMap(([label, { scores }]) =>
    scores.dice?.worst
      ? [`Worst ${label}: ${scores.dice.worst.case} with a Dice of ${scores.dice.worst.value.toFixed(3)}`]
      : []
  );
  return [
    alignColumns(evaluationRows(summary, { ...conventions, every })),
    `${countOf(cases.length, "case")} of ${countOf(summary.patients, "patient")} (${SPLITS[split]})` +
    (summary.patients > 1 ? "; intervals of means: 95 %, BCa bootstrap" : ""),
    ...conventionLines(summary, conventions),
    ...ignoredLines(cases),
    ...worst,
  ].join("\n");
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
