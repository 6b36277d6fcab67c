/** The scores of a model card: what a training writes into a model's metadata, as a table. */
import { isObject, type JsonObject } from "../json_object.ts";
import { countOf, formatInterval, formatNumber, formatPercent, NO_VALUE } from "../text.ts";
import { table } from "./card_text.ts";

/** A mean over patients and its confidence interval; null where there are none, or too few. */
export interface CardScore {
  /** Patients with a value; absent in models of version 0.1.0. */
  readonly n?: number;
  readonly mean: number | null;
  readonly interval: readonly [lower: number, upper: number] | null;
}

/** `training.validation` in the metadata of a model. */
export interface CardScores {
  readonly cases: number;
  readonly patients: number;
  /** Of the intervals, e.g. 0.95. */
  readonly confidence: number;
  /** By class, and `mean` over the classes. */
  readonly dice: Readonly<Record<string, CardScore>>;
  readonly iou: Readonly<Record<string, CardScore>>;
}

/** The table, or a sentence where there are no scores. */
export function scoresSection(training: JsonObject): string {
  const { validation, thresholdSearch, weightSearch } = training;
  const tuned = tuningText("threshold", thresholdSearch, "of 0.5") +
    tuningText("weights", weightSearch, "without weights");
  if (!isObject(validation)) return `The file has none; seg evaluate makes them.${tuned}`;
  const { cases, patients, confidence, dice, iou } = validation;
  const [diceByClass, iouByClass] = [isObject(dice) ? dice : {}, isObject(iou) ? iou : {}];
  const rows = Object.keys(diceByClass).map((name) => [
    name,
    numberOfPatients(diceByClass[name]),
    ...scoreCells(diceByClass[name]),
    ...scoreCells(iouByClass[name]),
  ]);
  const percent = typeof confidence === "number" ? formatPercent(confidence, 0) : "";
  const head = ["class", "n", "Dice", `${percent} interval`, "IoU", `${percent} interval`];
  const whose = `${countOf(Number(cases), "validation case")} of ${countOf(Number(patients), "patient")}`;
  return `Means over ${whose}, whole volumes on their own grids, ` +
    `which the network was not trained on; intervals of the mean by the bootstrap over patients (BCa).\n\n${
      table(rows, head)
    }${tuned}`;
}

/** What seg tune has searched after the training. */
function tuningText(what: "threshold" | "weights", search: unknown, table: string): string {
  if (!isObject(search)) return "";
  const { [what]: found, cases, dice } = search;
  const value = Array.isArray(found) ? found.join(", ") : String(found);
  return `\nAfterwards the ${what} ${value} gave Dice ${number(dice)} on ${countOf(Number(cases), "case")}; ` +
    `the table is ${table}.\n`;
}

function numberOfPatients(score: unknown): string {
  const n = isObject(score) ? score["n"] : undefined;
  return typeof n === "number" ? String(n) : NO_VALUE;
}

function scoreCells(score: unknown): [string, string] {
  const { mean, interval } = isObject(score) ? score : {};
  const ends = Array.isArray(interval) && interval.length === 2 && interval.every((end) => typeof end === "number")
    ? interval as [number, number]
    : null;
  return [number(mean), formatInterval(ends, 3)];
}

function number(value: unknown): string {
  return formatNumber(typeof value === "number" ? value : null, 3);
}
