/** The folds of a cross-validation, with the ways to their reports. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { EvaluationFile } from "../evaluation/evaluation_file.ts";
import { formatNumber } from "../text.ts";
import { type Content, markup } from "./markup.ts";
import { tableHtml } from "./table.ts";

/** A row per fold of `summary.json`. */
export function foldsBody(folds: EvaluationFile["folds"], folder: string): Content {
  if (folds === undefined) return undefined;
  const number = (value: number | null | undefined, digits: number) => formatNumber(value ?? null, digits);
  const rows = folds.map(({ fold, cases, epochs, bestEpoch, mean = {} }) => {
    const link = `fold_${fold}/report.html`;
    const name = `fold ${fold}`;
    return [
      existsSync(join(folder, link)) ? markup`<a href="${link}">${name}</a>` : name,
      number(cases, 0),
      number(epochs, 0),
      number(bestEpoch, 0),
      number(mean["dice"], 3),
      number(mean["iou"], 3),
    ];
  });
  return tableHtml({
    caption: "Each fold on its validation cases",
    columns: [
      { title: "fold", text: true },
      { title: "cases" },
      { title: "epochs" },
      { title: "best epoch" },
      { title: "mean Dice" },
      { title: "mean IoU" },
    ],
    rows,
  });
}
