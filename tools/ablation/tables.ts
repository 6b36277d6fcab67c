/** The results of an ablation: means with intervals, and differences patient by patient. */
import { existsSync } from "node:fs";
import { readEvaluation } from "../../src/evaluation/evaluation_file.ts";
import { patientValues } from "../../src/metrics/aggregate.ts";
import { bcaInterval, resampleMeans } from "../../src/metrics/bootstrap.ts";
import { comparePaired } from "../../src/metrics/compare.ts";
import type { Interval } from "../../src/metrics/order_statistics.ts";
import { Random } from "../../src/random.ts";
import { type Arm, armName, type Cell, isMeant } from "./arms.ts";
import type { ArmCost } from "./costs.ts";
import type { NestedChoice } from "./nested.ts";
import { scoresOf } from "./run_cell.ts";

/** An arm's Dice over the patients that its trainings left out. */
export interface ArmResult extends Arm {
  /** Cells that are done. */
  readonly trainings: number;
  /** Mean Dice over seeds and classes by patient. */
  readonly dicePerPatient: Readonly<Record<string, number>>;
  readonly dice: number;
  readonly interval: Interval | null;
}

/** How one arm differs from another on the patients that both have. */
export interface Difference {
  readonly arm: string;
  readonly from: string;
  readonly patients: number;
  readonly mean: number;
  readonly interval: Interval | null;
  /** Two-sided p of Wilcoxon's signed-rank test. */
  readonly p: number;
}

/** The results of every arm that has at least one training done. */
export function armResults(cells: readonly Cell[], out: string): ArmResult[] {
  const results: ArmResult[] = [];
  for (const name of new Set(cells.map(armName))) {
    const done = cells.filter((cell) => armName(cell) === name && existsSync(scoresOf(cell, out)));
    const [first] = done;
    if (first === undefined) continue;
    const lists = new Map<string, number[]>();
    for (const cell of done) {
      const scored = readEvaluation(scoresOf(cell, out));
      const classes = new Set(scored.flatMap(({ rows }) => rows.map((row) => row.class)));
      for (const label of classes) {
        for (const [patient, value] of patientValues(scored, { class: label, score: "dice" })) {
          if (value !== undefined) lists.set(patient, [...lists.get(patient) ?? [], value]);
        }
      }
    }
    const patients = [...lists].sort(([a], [b]) => a < b ? -1 : 1).map(([patient, values]) =>
      [patient, mean(values)] as const
    );
    const values = Float64Array.from(patients, ([, value]) => value);
    const [resampled] = resampleMeans([values], { random: new Random(0), draws: 10_000 });
    const { net, head, inputSize, recipe } = first;
    results.push({
      ...{ net, head, inputSize, recipe, trainings: done.length },
      dicePerPatient: Object.fromEntries(patients),
      dice: mean([...values]),
      interval: resampled === undefined ? null : bcaInterval(resampled),
    });
  }
  return results;
}

/** Every arm against the arm of the same size whose head and recipe are those of `baseline`, and of the same recipe and other heads. */
export function differences(results: readonly ArmResult[], baselines: readonly string[]): Difference[] {
  return results.flatMap((result) =>
    results.filter((other) =>
      other !== result && other.inputSize === result.inputSize &&
      baselines.some((baseline) => isMeant(other, baseline))
    ).flatMap((other) => {
      const paired = comparePaired(
        new Map(Object.entries(other.dicePerPatient)),
        new Map(Object.entries(result.dicePerPatient)),
      );
      if (paired.n === 0) return [];
      return [{
        arm: armName(result),
        from: armName(other),
        patients: paired.n,
        mean: paired.meanDifference as number,
        interval: paired.meanInterval,
        p: paired.wilcoxon.pValue,
      }];
    })
  );
}

/** The tables in Markdown. */
export function markdown(
  results: readonly ArmResult[],
  compared: readonly Difference[],
  { costs, nested }: { readonly costs: ReadonlyMap<string, ArmCost>; readonly nested: readonly NestedChoice[] },
): string {
  const rows = [...results].sort((a, b) => a.inputSize - b.inputSize || b.dice - a.dice);
  return [
    "| net | head | input | recipe | trainings | patients | Dice | 95 % interval | parameters | MFLOP | kernels (head) | Nano fps |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows.map((row) =>
      `| ${row.net} | ${row.head} | ${row.inputSize} | ${row.recipe} | ${row.trainings} | ${
        Object.keys(row.dicePerPatient).length
      } | ${row.dice.toFixed(3)} | ${formatInterval(row.interval)} | ${costCells(costs.get(armName(row)))} |`
    ),
    "",
    "Nano fps: an estimate from arithmetic, memory and 0.1 ms per kernel, not a measurement.",
    "",
    "| arm | minus | patients | difference | 95 % interval | Wilcoxon p |",
    "| --- | --- | --- | --- | --- | --- |",
    ...compared.map((row) =>
      `| ${row.arm} | ${row.from} | ${row.patients} | ${signed(row.mean)} | ${formatInterval(row.interval, signed)} | ${
        row.p.toPrecision(2)
      } |`
    ),
    "",
    ...nested.flatMap(({ inputSize, from, chosen, dice, comparison }) => [
      `${inputSize} px, the arm of each fold chosen on the patients of the others (${
        [...new Set(chosen)].join(", ")
      }): Dice ${dice.toFixed(3)}, ${signed(comparison.meanDifference as number)} (${
        formatInterval(comparison.meanInterval, signed)
      }) against ${from}, ${comparison.n} patients, Wilcoxon p ${comparison.wilcoxon.pValue.toPrecision(2)}.`,
      "",
    ]),
  ].join("\n");
}

function costCells(cost: ArmCost | undefined): string {
  if (cost === undefined) return "– | – | – | –";
  const { parameters, flops, kernels, headShare, nanoFps } = cost;
  return `${parameters} | ${(flops / 1e6).toFixed(1)} | ${kernels} (${(100 * headShare).toFixed(1)} %) | ${
    nanoFps.toFixed(0)
  }`;
}

function formatInterval(interval: Interval | null, format = (value: number) => value.toFixed(3)): string {
  return interval === null ? "–" : `${format(interval[0])} to ${format(interval[1])}`;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
