/** Tables of a report: plain ones, and those whose rows the reader sorts. */
import { type Content, Markup, markup } from "./markup.ts";

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Left aligned and broken over lines, such as names. */
  readonly text?: boolean;
}

/** A cell: what is shown, and by what it is sorted where that differs; `null` has no value. */
export type Cell = Content | { readonly shown: Content; readonly value?: number | null; readonly style?: string };

/** A table whose first cells are the headings of their rows. */
export interface Table {
  readonly caption: Content;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** The position of the column by which the rows are in ascending order, or -1; buttons sort them anew. */
  readonly sortedBy?: number;
  readonly style?: string;
}

/** The table, in a box that scrolls sideways where it is too wide and can be reached by keyboard. */
export function tableHtml({ caption, columns, rows, sortedBy, style = "" }: Table): Markup {
  const heading = ({ title, text }: Column, position: number): Markup => {
    const kind = text ? "text" : "";
    if (sortedBy === undefined) return markup`<th scope="col" class="${kind}">${title}</th>`;
    return markup`<th scope="col" class="${kind}" aria-sort="${
      position === sortedBy ? "ascending" : "none"
    }"><button type="button">${title}</button></th>`;
  };
  const name = typeof caption === "string" ? caption : "Table";
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${name}"><table class="${style}"${
    sortedBy === undefined ? undefined : markup` data-sortable`
  }><caption>${caption}</caption><thead><tr>${columns.map(heading)}</tr></thead><tbody>${
    rows.map((row) =>
      markup`<tr>${row.map((cell, i) => cellHtml(cell, { column: columns[i] as Column, first: i === 0 }))}</tr>`
    )
  }</tbody></table></div>`;
}

/** Characters of a name that is not broken over lines. */
const SHORT_NAME = 30;

function cellHtml(cell: Cell, { column, first }: { column: Column; first: boolean }): Markup {
  const { shown, value, style } = isPlain(cell)
    ? { shown: cell } as { shown: Content; value?: number; style?: string }
    : cell;
  const short = typeof shown === "string" && shown.length <= SHORT_NAME;
  const name = column.text ? (short ? "short" : "name") : "";
  const classes = [column.text ? "text" : "", name, style ?? ""].filter((one) => one !== "").join(" ");
  const attributes = [
    classes === "" ? undefined : markup` class="${classes}"`,
    value === undefined ? undefined : markup` data-value="${value ?? ""}"`,
  ];
  return first ? markup`<th scope="row"${attributes}>${shown}</th>` : markup`<td${attributes}>${shown}</td>`;
}

function isPlain(cell: Cell): cell is Content {
  return typeof cell !== "object" || cell instanceof Markup || Array.isArray(cell);
}
