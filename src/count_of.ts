/** Counts in sentences. */

/** `1 case`, `2 cases`; `things` is the plural where it has no plain s. */
export function countOf(count: number, thing: string, things = `${thing}s`): string {
  return `${count} ${count === 1 ? thing : things}`;
}
