/** Which class was taken for which, in voxels. */
import { formatCount, formatPercent, NO_VALUE } from "../text.ts";
import { type Content, markup } from "./markup.ts";
import type { Scores } from "./scores.ts";
import { tableHtml } from "./table.ts";

/** Rows are the reference, columns the prediction; darker cells hold more of the row. */
export function confusionTable({ labels, voxels }: NonNullable<Scores["confusion"]>): Content {
  return tableHtml({
    caption: "Voxels of all cases: rows by reference, columns by prediction, in percent of the row",
    style: "confusion",
    columns: [{ title: "reference", text: true }, ...labels.map((label) => ({ title: label }))],
    rows: voxels.map((row, reference) => {
      const whole = row.reduce((sum, count) => sum + count, 0);
      return [
        labels[reference],
        ...row.map((count, prediction) => {
          const share = whole === 0 ? 0 : count / whole;
          return {
            shown: markup`${whole === 0 ? NO_VALUE : formatPercent(share)}<small>${formatCount(count)}</small>`,
            style: `heat-${Math.round(10 * share)}${reference === prediction ? " right" : ""}`,
          };
        }),
      ];
    }),
  });
}
