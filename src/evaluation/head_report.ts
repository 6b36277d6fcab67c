/** The views of a head study side by side, and what the head buys, patient by patient. */
import { aggregate, type Summary } from "../metrics/aggregate.ts";
import { type NamedScore, type ScoreName, SCORES } from "../metrics/scores.ts";
import { alignColumns } from "../text.ts";
import { compareEvaluations, type Comparison, comparisonLines } from "./compare_evaluations.ts";
import type { HeadView } from "./head_study.ts";
import type { EvaluatedCase } from "./score_cases.ts";
import { conventionsOf } from "./conventions.ts";
import { evaluationRows } from "./score_table.ts";

/** Scores of one view. */
export interface ViewScores {
  readonly grid: string;
  /** Side of its squares in pixels; null on the images' own grids. */
  readonly size: number | null;
  readonly mean: Partial<Record<ScoreName, number | null>>;
  readonly perClass: Readonly<Record<string, Partial<Record<ScoreName, number | null>>>>;
  readonly counts: Summary["counts"];
}

/** What a head study adds to the results. */
export interface HeadReport {
  readonly document: {
    readonly resolutions?: readonly ViewScores[];
    /** Level 0 on the original grid, and the whole model minus level 0. */
    readonly headAblation?: ViewScores & { readonly comparison: Comparison };
  };
  readonly lines: readonly string[];
}

/** @param cases scored on their own grids with the whole model, as `summary` is. */
export function headReport(
  views: readonly HeadView[],
  cases: readonly EvaluatedCase[],
  { summary, every, columns }: { summary: Summary; every: boolean; columns?: number | undefined },
): HeadReport {
  const conventions = { ...conventionsOf(cases), only: every ? undefined : isLeading, every };
  const squares = views.filter(({ view }) => view !== "level 0");
  const levelZero = views.find(({ view }) => view === "level 0");
  const original = { grid: "original grid", size: null, summary };
  const grids = squares.map(({ view, size = 0, cases: scored }) => ({
    grid: `${view} ${size}×${size}`,
    size,
    summary: aggregate(scored),
  }));
  const below = levelZero && { grid: "level 0, linear", size: null, summary: aggregate(levelZero.cases) };
  const table = (title: string, rows: readonly { readonly grid: string; readonly summary: Summary }[]) => [
    `\n${title}`,
    alignColumns(
      rows.flatMap(({ grid, summary: scores }, i) => {
        const [heading = [], ...lines] = evaluationRows(scores, conventions);
        return [...(i === 0 ? [["grid", ...heading]] : []), ...lines.map((line) => [grid, ...line])];
      }),
      { left: 2, columns },
    ),
  ];
  const comparison = levelZero && compareEvaluations(cases, levelZero.cases, "level 0");
  return {
    document: {
      ...(squares.length > 0 && { resolutions: [...grids, original].map(viewScores) }),
      ...(below && comparison && { headAblation: { ...viewScores(below), comparison } }),
    },
    lines: [
      ...(squares.length > 0
        ? table("The same cases at each resolution (masks brought to squares by area):", [...grids, original])
        : []),
      ...(below && comparison
        ? [
          ...table("With and without the head, both on the original grid:", [below, {
            ...original,
            grid: "with the head",
          }]),
          "\nWith the head minus level 0, linear:",
          ...comparisonLines(comparison, { ...conventions, columns }),
        ]
        : []),
    ],
  };
}

/** What is shown of each view where nothing was asked for by name: the leading scores with all of their groups. */
function isLeading({ group }: NamedScore): boolean {
  return SCORES.some((score: NamedScore) => score.leading && score.group === group);
}

function viewScores({ grid, size, summary }: { grid: string; size: number | null; summary: Summary }): ViewScores {
  const means = (scores: Partial<Record<ScoreName, { readonly mean: number | null }>>) =>
    Object.fromEntries(Object.entries(scores).map(([name, { mean }]) => [name, mean]));
  return {
    grid,
    size,
    mean: means(summary.mean),
    perClass: Object.fromEntries(Object.entries(summary.perClass).map(([label, { scores }]) => [label, means(scores)])),
    counts: summary.counts,
  };
}
