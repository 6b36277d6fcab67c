/** Rows of values on one axis: every case a dot, their mean a line with its interval. */
import { linearAxis } from "./axis.ts";
import { type ChartArea, fillOf, round, rowsFigure } from "./chart.ts";
import { type Content, Markup, markup } from "./markup.ts";

/** A row of the chart. */
export interface DotRow {
  readonly name: string;
  readonly dots: readonly { readonly name: string; readonly value: number }[];
  readonly mean?: number | undefined;
  readonly interval?: readonly [number, number] | undefined;
}

/** More dots than this lie on each other. */
const MOST_DOTS = 400;

/** A chart of rows; `from` and `to` are the ends of the axis. */
export function dotChart(
  { title, description, label, rows, from, to }: {
    readonly title: string;
    readonly description: string;
    readonly label: string;
    readonly rows: readonly DotRow[];
    readonly from: number;
    readonly to?: number;
  },
): Markup {
  const values = rows.flatMap(({ dots, interval, mean }) => [
    ...dots.map(({ value }) => value),
    ...(interval ?? []),
    ...(mean === undefined ? [] : [mean]),
  ]);
  return rowsFigure({
    title,
    description,
    x: linearAxis(values, { label, from, ...(to !== undefined && { to }) }),
    width: 500,
    names: rows.map(({ name }) => name),
    rowHeight: 46,
    mostLetters: 26,
    mostMargin: 190,
    drawRow: (index, at) => rowOf(rows[index] as DotRow, { index, ...at }),
  });
}

function rowOf(
  { dots, mean, interval }: DotRow,
  { index, area, middle }: { index: number; area: ChartArea; middle: number },
): Content {
  const shown = dots.length <= MOST_DOTS
    ? dots
    : dots.filter((_, i) => i % Math.ceil(dots.length / MOST_DOTS) === 0 || i === dots.length - 1);
  return [
    shown.map(({ name, value }, i) =>
      markup`<circle class="${fillOf(index)} soft" cx="${area.x(value)}" cy="${
        round(
          middle - 9 + SCATTER[i % SCATTER.length]!,
        )
      }" r="3.5"><title>${name}: ${value.toFixed(3)}</title></circle>`
    ),
    interval &&
    markup`<path class="mean" d="M${area.x(interval[0])} ${middle + 9}v8m0 -4H${area.x(interval[1])}m0 -4v8" />`,
    mean === undefined ? undefined : markup`<path class="mean" d="M${area.x(mean)} ${middle + 5}v16" />`,
  ];
}

/** Heights of dots that follow each other, so that equal values are seen. */
const SCATTER = [0, 5, -5, 9, -9, 2, -3, 7, -7] as const;
