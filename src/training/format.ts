/** Numbers as people read them. */

/** `1 h 05 min`, `2 min 03 s` or `12 s`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  if (hours > 0) return `${hours} h ${two(minutes)} min`;
  return minutes > 0 ? `${minutes} min ${two(rest)} s` : `${rest} s`;
}

/** A score with three decimals, `–` where there is none. */
export function formatScore(score: number | null): string {
  return score === null ? "–" : score.toFixed(3);
}
