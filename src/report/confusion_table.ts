/** Which class was taken for which, in voxels. */
import { type Content, markup } from "./markup.ts";
import { countText } from "./number_text.ts";
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
            shown: markup`${whole === 0 ? "–" : `${percent(share)} %`}<small>${countText(count)}</small>`,
            style: `heat-${Math.round(10 * share)}${reference === prediction ? " right" : ""}`,
          };
        }),
      ];
    }),
  });
}

function percent(share: number): string {
  const value = 100 * share;
  return value === 0 || value >= 99.995 ? String(Math.round(value)) : value < 0.01 ? "< 0.01" : value.toFixed(2);
}
