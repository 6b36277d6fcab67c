/** The only script of a report: buttons in the heading of a table sort its rows. */

/**
 * JavaScript of browsers. Rows are sorted by the numbers in `data-value`, or by text with its numbers in order; cells without a
 * value come last in both directions, and rows with equal values keep their order.
 */
export const SORT_SCRIPT = `"use strict";
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const collator = new Intl.Collator("en", { numeric: true });
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    if (!("value" in cell.dataset)) return cell.textContent;
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  };
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const descending = heading.getAttribute("aria-sort") === "ascending";
      for (const other of headings) other.setAttribute("aria-sort", "none");
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const rows = [...body.rows].map((row) => ({ row, value: valueOf(row, column) }));
      rows.sort(({ value: a }, { value: b }) => {
        if (a === null || b === null) return (a === null) - (b === null);
        const order = typeof a === "number" ? a - b : collator.compare(a, b);
        return descending ? -order : order;
      });
      body.append(...rows.map(({ row }) => row));
    });
  });
}
`;
