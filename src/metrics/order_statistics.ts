/** Percentiles, and the interval of a median. */

/** Lower and upper end of a confidence interval. */
export type Interval = readonly [number, number];

/** The value at a fraction of an ascending list, linear between its elements (Hyndman and Fan 1996, definition 7). */
export function percentile(ascending: ArrayLike<number>, fraction: number): number {
  const at = (ascending.length - 1) * fraction;
  const below = Math.floor(at);
  const low = ascending[below] as number;
  return low + (at - below) * ((ascending[Math.min(below + 1, ascending.length - 1)] as number) - low);
}

/** {@link percentile} of a list in any order, without sorting it: only the elements around the place are put where they belong. */
export function selectPercentile(values: Float64Array, fraction: number): number {
  const list = values.slice();
  const below = Math.floor((list.length - 1) * fraction);
  select(list, below);
  // Behind the place nothing is smaller, so that the next element is the smallest there.
  let next = below + 1;
  for (let i = next; i < list.length; i++) if ((list[i] as number) < (list[next] as number)) next = i;
  const low = list[below] as number;
  const high = list[Math.min(next, list.length - 1)] as number;
  return low + ((list.length - 1) * fraction - below) * (high - low);
}

/** Brings the element of rank `place` to its place, none larger before it and none smaller behind it (Hoare 1961, doi 10.1145/366622.366647). */
function select(list: Float64Array, place: number): void {
  let [left, right] = [0, list.length - 1];
  while (left < right) {
    const pivot = list[(left + right) >> 1] as number;
    let [i, j] = [left, right];
    while (i <= j) {
      while ((list[i] as number) < pivot) i++;
      while ((list[j] as number) > pivot) j--;
      if (i > j) break;
      const moved = list[i] as number;
      list[i++] = list[j] as number;
      list[j--] = moved;
    }
    if (place <= j) right = j;
    else if (place >= i) left = i;
    else return;
  }
}

/**
 * The interval of the median between two elements of an ascending list, which holds whatever the distribution (David and Nagaraja,
 * Order Statistics, 2003, section 7.1): as narrow as a binomial tail of at most (1 − confidence) / 2 at each end allows.
 *
 * @returns null where the list is too short for the confidence (fewer than 6 for 0.95)
 */
export function medianInterval(ascending: ArrayLike<number>, confidence = 0.95): Interval | null {
  const n = ascending.length;
  // Binomial(n, 1/2) from 0 upwards, in logarithms so that a long list does not underflow.
  let logProbability = -n * Math.LN2;
  let tail = 0;
  let rank = 0;
  for (; rank < n / 2; rank++) {
    tail += Math.exp(logProbability);
    if (tail > (1 - confidence) / 2) break;
    logProbability += Math.log((n - rank) / (rank + 1));
  }
  if (rank === 0) return null;
  return [ascending[rank - 1] as number, ascending[n - rank] as number];
}
