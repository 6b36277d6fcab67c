/** The signed-rank test of paired differences. */

import { normalCdf } from "./normal_distribution.ts";

/** What the test found. */
export interface WilcoxonResult {
  /** Differences other than 0: those of 0 are left out, as Wilcoxon did. */
  readonly n: number;
  /** The sum of the ranks of the positive differences. */
  readonly positiveRanks: number;
  readonly negativeRanks: number;
  /** Two-sided; 1 where no difference is left. */
  readonly pValue: number;
  /** `exact`: all signs enumerated, ties included; `normal`: approximation corrected for ties, over 50 differences. */
  readonly method: "exact" | "normal";
}

const LARGEST_EXACT = 50;

/**
 * Wilcoxon's signed-rank test (Wilcoxon 1945, doi 10.2307/3001968): are positive and negative differences alike?
 *
 * @param differences one per patient
 */
export function wilcoxonSignedRank(differences: readonly number[]): WilcoxonResult {
  const left = differences.filter((d) => d !== 0).sort((a, b) => Math.abs(a) - Math.abs(b));
  const n = left.length;
  // Twice the mean rank of equal sizes is a whole number.
  const doubledRanks: number[] = [];
  let tieTerm = 0;
  for (let from = 0; from < n;) {
    let to = from + 1;
    while (to < n && Math.abs(left[to] as number) === Math.abs(left[from] as number)) to++;
    for (let i = from; i < to; i++) doubledRanks.push(from + 1 + to);
    tieTerm += (to - from) ** 3 - (to - from);
    from = to;
  }
  const all = n * (n + 1) / 2;
  const positiveRanks = doubledRanks.reduce((sum, rank, i) => sum + ((left[i] as number) > 0 ? rank : 0), 0) / 2;
  const smaller = Math.min(positiveRanks, all - positiveRanks);
  const exact = n <= LARGEST_EXACT;
  const variance = (n * (n + 1) * (2 * n + 1) - tieTerm / 2) / 24;
  const pValue = exact
    ? exactPValue(doubledRanks, 2 * smaller)
    : 2 * normalCdf((smaller - all / 2) / Math.sqrt(variance));
  return {
    n,
    positiveRanks,
    negativeRanks: all - positiveRanks,
    pValue: Math.min(1, pValue),
    method: exact ? "exact" : "normal",
  };
}

/** Twice the part of all 2^n sign patterns whose positive (doubled) ranks sum to at most `smaller`. */
function exactPValue(doubledRanks: readonly number[], smaller: number): number {
  const probability = new Float64Array(doubledRanks.reduce((sum, r) => sum + r, 0) + 1);
  probability[0] = 1;
  for (const rank of doubledRanks) {
    for (let s = probability.length - 1; s >= 0; s--) {
      const without = probability[s] as number;
      probability[s] = (without + (s >= rank ? (probability[s - rank] as number) : 0)) / 2;
    }
  }
  let tail = 0;
  for (let s = 0; s <= smaller; s++) tail += probability[s] as number;
  return 2 * tail;
}
