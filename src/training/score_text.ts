/** Scores as people read them. */

/** A score with three decimals, `–` where there is none. */
export function formatScore(score: number | null): string {
  return score === null ? "–" : score.toFixed(3);
}
