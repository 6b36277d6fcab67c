/** Lines over epochs, with their names at their ends. */
import { type Axis, extremes, linearAxis } from "./axis.ts";
import { type ChartArea, chartFigure, fillOf, round, shortened, strokeOf } from "./chart.ts";
import { type Content, Markup, markup } from "./markup.ts";

/** A line; null where there is no value. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number | null])[];
}

/** A marked point. */
export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

type Point = readonly [number, number];

const LINE_HEIGHT = 14;
/** More points than pixels are not seen. */
const MOST_POINTS = 800;

/** A chart of lines over whole numbers; the labels stand at their right ends where there are several. */
export function lineChart(
  { title, description, xLabel, y, series, mark }: {
    readonly title: string;
    readonly description: string;
    readonly xLabel: string;
    readonly y: Axis;
    readonly series: readonly Series[];
    readonly mark?: Mark | undefined;
  },
): Markup {
  const xs = series.flatMap(({ points }) => points.map(([x]) => x));
  const [first = 0, last = first] = extremes(xs);
  const longest = series.length > 1 ? Math.max(...series.map(({ name }) => name.length)) : 0;
  return chartFigure({
    title,
    description,
    x: linearAxis(xs, { label: xLabel, from: first, to: Math.max(first + 1, last), whole: true }),
    y,
    rightMargin: series.length > 1 ? Math.min(150, 22 + 6.5 * longest) : 16,
    draw: (area) => [
      series.map(({ points }, index) => lineOf(points, { area, index })),
      series.length > 1 ? endLabels(series, area) : undefined,
      mark && markOf(mark, area),
    ],
  });
}

function lineOf(points: Series["points"], { area, index }: { area: ChartArea; index: number }): Content {
  return runsOf(points).map((run) => {
    const [first] = run;
    if (run.length === 1 && first !== undefined) {
      return markup`<circle class="${fillOf(index)}" cx="${area.x(first[0])}" cy="${area.y(first[1])}" r="3" />`;
    }
    const path = thinned(run).map(([x, y]) => `${area.x(x)} ${area.y(y)}`).join("L");
    return markup`<path class="line ${strokeOf(index)}" d="M${path}" />`;
  });
}

/** Stretches without a gap. */
function runsOf(points: Series["points"]): Point[][] {
  const runs: Point[][] = [[]];
  for (const [x, y] of points) {
    if (y === null) runs.push([]);
    else runs.at(-1)?.push([x, y]);
  }
  return runs.filter((run) => run.length > 0);
}

/** The lowest and the highest point of every stretch, so that peaks stay visible. */
function thinned(run: readonly Point[]): readonly Point[] {
  if (run.length <= MOST_POINTS) return run;
  const length = Math.ceil(2 * run.length / MOST_POINTS);
  const kept = new Set<Point>([run[0] as Point, run.at(-1) as Point]);
  for (let start = 0; start < run.length; start += length) {
    const stretch = run.slice(start, start + length);
    kept.add(stretch.reduce((low, point) => point[1] < low[1] ? point : low));
    kept.add(stretch.reduce((high, point) => point[1] > high[1] ? point : high));
  }
  return run.filter((point) => kept.has(point));
}

/** Names at the ends of the lines, moved apart where they would cover each other. */
function endLabels(series: readonly Series[], area: ChartArea): Content {
  const ends = series.flatMap(({ name, points }, index) => {
    const last = points.findLast(([, y]) => y !== null);
    return last === undefined ? [] : [{ name, index, y: area.y(last[1] as number) }];
  }).sort((a, b) => a.y - b.y);
  let lowest = -Infinity;
  for (const end of ends) lowest = end.y = Math.max(end.y, lowest + LINE_HEIGHT);
  let limit = area.bottom + 4;
  for (const end of [...ends].reverse()) limit = (end.y = Math.min(end.y, limit)) - LINE_HEIGHT;
  return ends.map(({ name, index, y }) =>
    markup`<path class="line ${strokeOf(index)}" d="M${area.right + 4} ${round(y)}h12" /><text x="${
      area.right + 19
    }" y="${round(y + 4)}">${shortened(name, 20)}</text>`
  );
}

function markOf({ x, y, text }: Mark, area: ChartArea): Content {
  const [left, top] = [area.x(x), area.y(y)];
  const anchor = left < area.left + 60 ? "start" : left > area.right - 60 ? "end" : "middle";
  const below = top < area.top + 20;
  return markup`<circle class="ring" cx="${left}" cy="${top}" r="5" /><text class="halo" x="${left}" y="${
    round(top + (below ? 20 : -10))
  }" text-anchor="${anchor}">${text}</text>`;
}
