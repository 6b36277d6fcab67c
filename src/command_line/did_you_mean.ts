/** The name that somebody probably meant. */

/** Names are shorter; longer texts are not compared. */
const LONGEST = 40;

/**
 * The candidate with the fewest changed letters, the first on a tie, or the only one that begins with what was typed.
 *
 * A quarter of the letters may differ; in short names one may, where the first letter is the same.
 */
export function didYouMean(typed: string, candidates: readonly string[]): string | undefined {
  if (typed.length > LONGEST) return undefined;
  const text = typed.toLowerCase();
  let best: string | undefined;
  let fewest = Infinity;
  for (const candidate of candidates) {
    const name = candidate.toLowerCase();
    const changes = editDistance(text, name);
    if (changes < fewest && isClose(text, name, changes)) [best, fewest] = [candidate, changes];
  }
  if (best !== undefined || typed.length < 3) return best;
  const longer = candidates.filter((candidate) => candidate.toLowerCase().startsWith(text));
  return longer.length === 1 ? longer[0] : undefined;
}

function isClose(typed: string, name: string, changes: number): boolean {
  const length = Math.max(typed.length, name.length);
  return changes <= Math.floor(length / 4) || (changes === 1 && length >= 3 && typed[0] === name[0]);
}

/** Levenshtein's distance, with two exchanged neighbours as one change (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...new Array<number>(b.length).fill(0)]);
  const at = (i: number, j: number) => (rows[i] as number[])[j] as number;
  for (let j = 0; j <= b.length; j++) (rows[0] as number[])[j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replace = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? at(i - 2, j - 2) + 1 : Infinity;
      (rows[i] as number[])[j] = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replace, swap);
    }
  }
  return at(a.length, b.length);
}
