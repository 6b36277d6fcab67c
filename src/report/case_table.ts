/** The table of all cases, which the reader sorts. */
import type { ClassScores } from "../metrics/case_scores.ts";
import { headingOf, type ScoreColumn } from "../metrics/score.ts";
import { DETAILS } from "../metrics/scores.ts";
import { formatNumber } from "../text.ts";
import { type Content, markup } from "./markup.ts";
import { type Scores, shownScores, STATES } from "./scores.ts";
import { type Cell, type Column, tableHtml } from "./table.ts";

/** More rows would make the page slow. */
const MOST_ROWS = 4000;

/** A row per case and class, the lowest Dice first. */
export function caseTable(scores: Scores): Content {
  const { cases, summary, conventions } = scores;
  const { shown } = shownScores(scores);
  const several = Object.keys(summary.perClass).length > 1;
  const patients = cases.some(({ case: id, patient = id }) => patient !== id);
  const details = DETAILS.filter((detail) => "column" in detail)
    .filter(({ name }) => cases.some(({ rows }) => rows.some((row) => row[name] != null)));
  const rows = cases.flatMap(({ case: id, patient = id, rows }) => rows.map((row) => ({ id, patient, row })));
  const badness = ({ dice }: ClassScores) => dice ?? Infinity;
  const sortedBy = shown[0]?.name === "dice";
  if (sortedBy) rows.sort((a, b) => badness(a.row) < badness(b.row) ? -1 : badness(a.row) > badness(b.row) ? 1 : 0);
  const heads: Column[] = [
    { title: "case", text: true },
    ...(patients ? [{ title: "patient", text: true }] : []),
    ...(several ? [{ title: "class", text: true }] : []),
    { title: "state", text: true },
  ];
  const score = (value: number | null | undefined, digits: number): Cell => ({
    shown: formatNumber(value, digits),
    value: value ?? null,
  });
  return [
    rows.length > MOST_ROWS
      ? markup`<p>The ${MOST_ROWS} rows with the lowest Dice of ${rows.length}; all are in metrics.csv.</p>`
      : undefined,
    tableHtml({
      caption: "Scores by case; the buttons in the headings sort",
      columns: [
        ...heads,
        ...[...shown, ...details.map(({ column }): ScoreColumn => column)]
          .map((column) => ({ title: headingOf(column, conventions) })),
      ],
      sortedBy: sortedBy ? heads.length : -1,
      rows: rows.slice(0, MOST_ROWS).map(({ id, patient, row }) => [
        id,
        ...(patients ? [patient] : []),
        ...(several ? [row.class] : []),
        { shown: STATES[row.state].name, style: row.state },
        ...shown.map(({ name, digits }) => score(row[name], digits)),
        ...details.map(({ name, column: { digits } }) => score(row[name], digits)),
      ]),
    }),
  ];
}
