/** Charts as inline SVG with their axes; colours come from the style of the page. */
import type { Axis } from "./axis.ts";
import { type Content, Markup, markup } from "./markup.ts";

/** What stands in the middle of a chart. */
export interface ChartArea {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** Places in the picture, in its own units. */
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

/** Number of colours and of dash patterns in the style. */
export const SERIES_COLOURS = 6;
const DASHES = 4;

/** A line chart, dot chart or anything else with two axes. */
export interface Chart {
  readonly title: string;
  /** What the chart shows, in words, for those who do not see it. */
  readonly description: string;
  readonly x: Axis;
  /** Absent where rows stand in place of a vertical axis. */
  readonly y?: Axis;
  readonly width?: number;
  readonly height?: number;
  /** Room for labels. */
  readonly leftMargin?: number;
  readonly rightMargin?: number;
  readonly draw: (area: ChartArea) => Content;
}

/** The chart as a figure. */
export function chartFigure(
  { title, description, x, y, width = 400, height = 250, leftMargin = 60, rightMargin = 16, draw }: Chart,
): Markup {
  const [left, right, top, bottom] = [leftMargin, width - rightMargin, 30, height - 42];
  const area: ChartArea = {
    left,
    right,
    top,
    bottom,
    x: (value) => round(left + x.share(value) * (right - left)),
    y: (value) => round(bottom - (y?.share(value) ?? 0) * (bottom - top)),
  };
  return markup`<figure><svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"
        aria-label="${title}. ${description}"><text class="title" x="${
    y === undefined ? 4 : left
  }" y="16">${title}</text>
    ${
    x.ticks.map(({ value, text }) =>
      markup`<path class="grid" d="M${area.x(value)} ${top}V${bottom}" /><text class="tick" x="${area.x(value)}" y="${
        bottom + 15
      }" text-anchor="middle">${text}</text>`
    )
  }
    ${
    y?.ticks.map(({ value, text }) =>
      markup`<path class="grid" d="M${left} ${area.y(value)}H${right}" /><text class="tick" x="${left - 6}" y="${
        round(area.y(value) + 4)
      }" text-anchor="end">${text}</text>`
    )
  }
    <path class="axis" d="M${left} ${bottom}H${right}"/><text x="${round((left + right) / 2)}" y="${
    height - 8
  }" text-anchor="middle">${x.label}</text>
    ${
    y &&
    markup`<text transform="translate(12 ${
      round((top + bottom) / 2)
    }) rotate(-90)" text-anchor="middle">${y.label}</text>`
  }
    ${draw(area)}
      </svg></figure>`;
}

/** A chart of rows below each other with their names on the left; `drawRow` gets the height of a row's middle. */
export function rowsFigure(
  { names, rowHeight, mostLetters, mostMargin, drawRow, ...chart }:
    & Pick<Chart, "title" | "description" | "x" | "width">
    & {
      readonly names: readonly string[];
      readonly rowHeight: number;
      /** Of a name. */
      readonly mostLetters: number;
      readonly mostMargin: number;
      readonly drawRow: (index: number, at: { readonly area: ChartArea; readonly middle: number }) => Content;
    },
): Markup {
  return chartFigure({
    ...chart,
    height: 72 + rowHeight * names.length,
    leftMargin: Math.min(mostMargin, 18 + 7 * Math.max(...names.map((name) => name.length))),
    rightMargin: 20,
    draw: (area) =>
      names.map((name, index) => {
        const middle = area.top + rowHeight * (index + 0.5);
        return [
          markup`<text x="${area.left - 8}" y="${middle + 4}" text-anchor="end">${shortened(name, mostLetters)}</text>`,
          drawRow(index, { area, middle }),
        ];
      }),
  });
}

/** The name, shortened with an ellipsis where it is too long. */
export function shortened(name: string, mostLetters: number): string {
  return name.length > mostLetters ? `${name.slice(0, mostLetters - 1)}…` : name;
}

/** The classes of the stroke of series `index`. */
export function strokeOf(index: number): string {
  const dash = Math.floor(index / SERIES_COLOURS) + index;
  return `stroke-${index % SERIES_COLOURS} dash-${dash % DASHES}`;
}

/** The class of the filling of series `index`. */
export function fillOf(index: number): string {
  return `fill-${index % SERIES_COLOURS}`;
}

/** Coordinates to a tenth. */
export function round(value: number): number {
  return Math.round(10 * value) / 10;
}
