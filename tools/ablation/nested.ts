/** How good the best arm is on patients that had no say in which one that is. */
import { existsSync } from "node:fs";
import { comparePaired, type PairedComparison } from "../../src/metrics/compare.ts";
import { armName, type Cell, isMeant } from "./arms.ts";
import { scoresOf } from "./run_cell.ts";
import { type ArmResult, armResults } from "./tables.ts";

/** A choice for every fold, made on the patients of the other folds, against one arm on all patients. */
export interface NestedChoice {
  readonly inputSize: number;
  readonly from: string;
  /** The arm that the other folds choose, by fold. */
  readonly chosen: readonly string[];
  readonly dice: number;
  readonly comparison: PairedComparison;
}

/**
 * For each input size: every fold is scored by the arm that is best on the mean of all other folds' patients. Arms count that are done in
 * all folds; nothing where `from` or all others are not.
 */
export function nestedChoices(cells: readonly Cell[], out: string, from: string): NestedChoice[] {
  return [...new Set(cells.map(({ inputSize }) => inputSize))].flatMap((inputSize) => {
    const ofSize = cells.filter((cell) => cell.inputSize === inputSize);
    const folds = [...new Set(ofSize.map(({ fold }) => fold))].sort((a, b) => a - b);
    const done = ofSize.filter((cell) => existsSync(scoresOf(cell, out)));
    const complete = [...new Set(ofSize.map(armName))].filter((name) =>
      folds.every((fold) => done.some((cell) => armName(cell) === name && cell.fold === fold))
    );
    const arms = done.filter((cell) => complete.includes(armName(cell)));
    const baseline = arms.find((cell) => isMeant(cell, from));
    if (folds.length < 2 || complete.length < 2 || baseline === undefined) return [];
    const own = new Map<string, number>();
    const chosen = folds.map((fold) => {
      const others = armResults(arms.filter((cell) => cell.fold !== fold), out);
      const best = others.reduce((a, b) => b.dice > a.dice ? b : a);
      const left = armResults(arms.filter((cell) => cell.fold === fold), out);
      const result = left.find((arm) => armName(arm) === armName(best)) as ArmResult;
      for (const [patient, dice] of Object.entries(result.dicePerPatient)) own.set(patient, dice);
      return armName(best);
    });
    const reference = armResults(arms.filter((cell) => armName(cell) === armName(baseline)), out)[0] as ArmResult;
    return [{
      inputSize,
      from: armName(baseline),
      chosen,
      dice: [...own.values()].reduce((sum, dice) => sum + dice, 0) / own.size,
      comparison: comparePaired(new Map(Object.entries(reference.dicePerPatient)), own),
    }];
  });
}
