/** Counts in sentences. */

/** `1 case`, `2 cases`. */
export function countOf(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}
