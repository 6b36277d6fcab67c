/** The folds of a cross-validation, with the ways to their reports. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "../json_object.ts";
import { formatNumber } from "../text.ts";
import { type Content, markup } from "./markup.ts";
import { tableHtml } from "./table.ts";

/** A row per fold of `summary.json`. */
export function foldsBody(folds: unknown, folder: string): Content {
  if (!Array.isArray(folds)) return undefined;
  const number = (value: unknown, digits: number) => formatNumber(typeof value === "number" ? value : null, digits);
  const rows = folds.filter(isObject).map((one) => {
    const fold = Number(one["fold"]);
    const link = `fold_${fold}/report.html`;
    const mean = isObject(one["mean"]) ? one["mean"] : {};
    const name = `fold ${fold}`;
    return [
      existsSync(join(folder, link)) ? markup`<a href="${link}">${name}</a>` : name,
      number(one["cases"], 0),
      number(one["epochs"], 0),
      number(one["bestEpoch"], 0),
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
