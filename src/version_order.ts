/** The order of versions of three numbers. */

/** Whether version `a` is above `b`; false where one of them is no version of three numbers. */
export function isNewer(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => /^(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number));
  const at = left?.findIndex((number, i) => number !== right?.[i]) ?? -1;
  return left !== undefined && right !== undefined && at >= 0 && (left[at] as number) > (right[at] as number);
}
