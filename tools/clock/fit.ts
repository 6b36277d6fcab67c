/** Candidates for the estimate of a network's time, fitted to published times and judged by times that they were not fitted to. */

/** What is known of one network, and its published time. */
export interface Observation {
  readonly name: string;
  readonly source: string;
  /** Arithmetic and memory traffic at the device's peak rates, in ms; `floorMs` adds up the larger of both for each layer. */
  readonly arithmeticMs: number;
  readonly memoryMs: number;
  readonly floorMs: number;
  readonly kernels: number;
  readonly ms: number;
}

/** A sum of terms with a coefficient each, or a rule without any. */
export interface Candidate {
  readonly name: string;
  readonly terms: (seen: Observation) => readonly number[];
  /** Time below which the sum cannot fall. */
  readonly least?: (seen: Observation) => number;
  /** True where the coefficients are 1 and not fitted. */
  readonly fixed?: boolean;
}

/** Time of the Nano's processor to start a kernel: 6 to 7 ms for the 60 to 70 kernels of recorded networks. */
export const LAUNCH_MS = 0.1;
const launches = ({ kernels }: Observation) => LAUNCH_MS * kernels;

/** All candidates. */
export const CANDIDATES: readonly Candidate[] = [
  {
    name: "max(floor, 0.1 kernels), as in version 0.1.0",
    terms: (seen) => [Math.max(seen.floorMs, launches(seen))],
    fixed: true,
  },
  { name: "a floor", terms: ({ floorMs }) => [floorMs] },
  { name: "a floor + c", terms: ({ floorMs }) => [floorMs, 1] },
  { name: "a floor + b kernels", terms: ({ floorMs, kernels }) => [floorMs, kernels] },
  { name: "a floor + b kernels + c", terms: ({ floorMs, kernels }) => [floorMs, kernels, 1] },
  { name: "a (arithmetic + memory) + c", terms: ({ arithmeticMs, memoryMs }) => [arithmeticMs + memoryMs, 1] },
  { name: "a arithmetic + b memory", terms: ({ arithmeticMs, memoryMs }) => [arithmeticMs, memoryMs] },
  { name: "a arithmetic + b memory + d", terms: ({ arithmeticMs, memoryMs }) => [arithmeticMs, memoryMs, 1] },
  {
    name: "a arithmetic + b memory + c kernels",
    terms: ({ arithmeticMs, memoryMs, kernels }) => [arithmeticMs, memoryMs, kernels],
  },
  {
    name: "a arithmetic + b memory + c kernels + d",
    terms: ({ arithmeticMs, memoryMs, kernels }) => [arithmeticMs, memoryMs, kernels, 1],
  },
  {
    name: "max(a arithmetic + b memory + c kernels + d, 0.1 kernels)",
    terms: ({ arithmeticMs, memoryMs, kernels }) => [arithmeticMs, memoryMs, kernels, 1],
    least: launches,
  },
];

/** The one that `src/tensorrt/clock.ts` holds. */
export const CHOSEN = CANDIDATES.at(-1) as Candidate;

/**
 * The coefficients with the smallest sum of squared relative errors, none below 0: the terms of negative ones are left out, one after
 * the other.
 */
export function fit({ terms, fixed }: Candidate, seen: readonly Observation[]): number[] {
  const rows = seen.map((one) => terms(one).map((term) => term / one.ms));
  const count = rows[0]?.length ?? 0;
  if (fixed) return new Array<number>(count).fill(1);
  let kept = Array.from({ length: count }, (_, i) => i);
  for (;;) {
    const solved = leastSquares(rows.map((row) => kept.map((i) => row[i] as number)));
    const lowest = solved.indexOf(Math.min(...solved));
    if ((solved[lowest] ?? 0) >= 0) {
      const coefficients = new Array<number>(count).fill(0);
      kept.forEach((i, place) => coefficients[i] = solved[place] as number);
      return coefficients;
    }
    kept = kept.filter((_, place) => place !== lowest);
  }
}

/** The time that a candidate with these coefficients predicts, in ms. */
export function predict({ terms, least }: Candidate, coefficients: readonly number[], seen: Observation): number {
  const sum = terms(seen).reduce((total, term, i) => total + term * (coefficients[i] as number), 0);
  return Math.max(sum, least?.(seen) ?? 0);
}

/** Predicted over published time of each observation, fitted to the others: without it alone, or without all of its group. */
export function heldOut(
  candidate: Candidate,
  seen: readonly Observation[],
  groupOf: (one: Observation) => string,
): number[] {
  return seen.map((one) => {
    const coefficients = fit(candidate, seen.filter((other) => groupOf(other) !== groupOf(one)));
    return predict(candidate, coefficients, one) / one.ms;
  });
}

/** Root of the mean squared relative error. */
export function rmsError(ratios: readonly number[]): number {
  return Math.sqrt(ratios.reduce((sum, ratio) => sum + (ratio - 1) ** 2, 0) / ratios.length);
}

/** The factor within which a share of the ratios lie, above and below 1. */
export function spread(ratios: readonly number[], share: number): number {
  const sizes = ratios.map((ratio) => Math.abs(Math.log(ratio))).sort((a, b) => a - b);
  return Math.exp(sizes[Math.ceil(share * sizes.length) - 1] ?? 0);
}

/** Coefficients whose rows come closest to 1: the normal equations by Gauss and Jordan, with pivots. */
function leastSquares(rows: readonly (readonly number[])[]): number[] {
  const count = rows[0]?.length ?? 0;
  const matrix = Array.from({ length: count }, (_, i) => [
    ...Array.from({ length: count }, (_, j) => sumOf(rows, (row) => (row[i] as number) * (row[j] as number))),
    sumOf(rows, (row) => row[i] as number),
  ]);
  for (let column = 0; column < count; column++) {
    let pivot = column;
    for (let i = column + 1; i < count; i++) {
      if (Math.abs(matrix[i]?.[column] ?? 0) > Math.abs(matrix[pivot]?.[column] ?? 0)) pivot = i;
    }
    [matrix[column], matrix[pivot]] = [matrix[pivot] as number[], matrix[column] as number[]];
    const head = matrix[column] as number[];
    const scale = head[column] as number;
    for (let j = column; j <= count; j++) head[j] = (head[j] as number) / scale;
    for (let i = 0; i < count; i++) {
      const row = matrix[i] as number[];
      const factor = row[column] as number;
      if (i === column || factor === 0) continue;
      for (let j = column; j <= count; j++) row[j] = (row[j] as number) - factor * (head[j] as number);
    }
  }
  return matrix.map((row) => row[count] as number);
}

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
