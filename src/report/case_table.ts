/** The table of all cases, which the reader sorts. */
import { scoreColumns } from "../evaluation/score_table.ts";
import type { ClassScores } from "../metrics/case_scores.ts";
import { formatNumber } from "../text.ts";
import { type Content, markup } from "./markup.ts";
import { type Scores, shownScores, STATES } from "./scores.ts";
import { type Cell, type Column, tableHtml } from "./table.ts";

/** More rows would make the page slow. */
const MOST_ROWS = 4000;

/** A row per case and class, the lowest Dice first. */
export function caseTable(scores: Scores): Content {
  const { cases, summary, conventions } = scores;
  const columns = scoreColumns(conventions);
  const { shown: names } = shownScores(scores);
  const several = Object.keys(summary.perClass).length > 1;
  const patients = cases.some(({ case: id, patient = id }) => patient !== id);
  const volumes = cases.some(({ rows }) => rows.some(({ referenceMl }) => referenceMl != null));
  const rows = cases.flatMap(({ case: id, patient = id, rows }) => rows.map((row) => ({ id, patient, row })));
  const badness = ({ dice }: ClassScores) => dice ?? Infinity;
  const sortedBy = names[0] === "dice";
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
        ...names.map((name) => ({ title: columns[name].title })),
        ...(volumes ? [{ title: "reference ml" }, { title: "predicted ml" }] : []),
      ],
      sortedBy: sortedBy ? heads.length : -1,
      rows: rows.slice(0, MOST_ROWS).map(({ id, patient, row }) => [
        id,
        ...(patients ? [patient] : []),
        ...(several ? [row.class] : []),
        { shown: STATES[row.state].name, style: row.state },
        ...names.map((name) => score(row[name], columns[name].digits)),
        ...(volumes ? [score(row.referenceMl, 2), score(row.volumeMl, 2)] : []),
      ]),
    }),
  ];
}
