/** Numbers, times and sizes as people read them. */

/** With `digits` behind the point; a dash where there is no number. */
export function numberText(value: number | null | undefined, digits: number): string {
  return value == null || Number.isNaN(value) ? "–" : value.toFixed(digits);
}

/** `0.80 to 0.91`, or a dash. */
export function intervalText(ends: readonly [number, number] | null | undefined, digits: number): string {
  return ends == null ? "–" : `${ends[0].toFixed(digits)} to ${ends[1].toFixed(digits)}`;
}

/** A whole number with thin spaces between thousands. */
export function countText(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** `95 s`, `12 min`, `3.4 h`. */
export function durationText(seconds: number): string {
  if (seconds < 120) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** `3.1 MB`. */
export function bytesText(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
