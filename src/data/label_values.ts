/** Label values that masks hold, and what is said of those that are no classes. */
import type { Finding } from "./finding.ts";
import type { LabelDeclaration } from "./layout.ts";

/**
 * Label values of masks without declaration: {0, 255} is one class, {0..K} are K classes.
 *
 * @param found values of every file, by file.
 * @param ignored values (after the map) that are no classes.
 * @returns a finding in place of the labels where the values are something else.
 */
export function labelsFromValues(
  found: ReadonlyMap<string, readonly number[]>,
  map: ReadonlyMap<number, number>,
  ignored: readonly number[] = [],
): { labels: LabelDeclaration[] } | { finding: Finding } {
  const all = new Set<number>();
  for (const values of found.values()) for (const value of values) all.add(map.get(value) ?? value);
  const foreground = [...all].filter((value) => value !== 0 && !ignored.includes(value)).sort((a, b) => a - b);
  const negative = foreground.find((value) => value < 0);
  if (negative !== undefined) {
    return { finding: negativeValue(negative, fileWith(found, (value) => (map.get(value) ?? value) === negative)) };
  }
  const [only] = foreground;
  if (only === undefined) return { labels: [{ value: 1, name: "foreground" }] };
  if (foreground.length === 1 && (only === 1 || only === 255)) return { labels: [{ value: only, name: "foreground" }] };
  if (foreground.every((value, index) => value === index + 1)) {
    return { labels: foreground.map((value) => ({ value, name: `label ${value}` })) };
  }
  if (foreground.length > MOST_LIKELY_LABELS) {
    return { finding: greyEdges(foreground, fileWithOddValue(found, map)) };
  }
  const proposal = foreground.flatMap((value, index) => value === index + 1 ? [] : [`${value}:${index + 1}`]).slice(
    0,
    8,
  );
  return {
    finding: {
      code: "E08",
      file: fileWithOddValue(found, map),
      found: `label values ${listValues([0, ...foreground])} in the masks`,
      expected: "{0, 1}, {0, 255} or {0, 1, …, K} over all masks",
      remedy: `add --map ${proposal.join(",")} to number them, or name them with --labels`,
    },
  };
}

/** Masks with more values than this, which are not numbered in order, are likely pictures of a mask: antialiased, resized, or lossy. */
const MOST_LIKELY_LABELS = 8;

function greyEdges(values: readonly number[], file: string): Finding {
  return {
    code: "E13",
    file,
    found: `${values.length} label values from ${values[0]} to ${values.at(-1)} in the masks, as grey edges make them`,
    expected: "{0, 1}, {0, 255} or {0, 1, …, K} over all masks",
    remedy: `export the masks again without smooth edges, add --mask-threshold ${
      Math.ceil((values.at(-1) as number) / 2)
    } to take values from there on for one label, or, if they are labels, choose some with --labels`,
  };
}

/** E08 for a value below 0, which no class can have: voxels without a class, as a rule. */
export function negativeValue(value: number, file: string): Finding {
  return {
    code: "E08",
    file,
    found: `the label value ${value}`,
    expected: "values from 0",
    remedy: `leave such voxels out with --ignore=${value}, or add --map=${value}:0 if they are background`,
  };
}

function fileWith(found: ReadonlyMap<string, readonly number[]>, is: (value: number) => boolean): string {
  return [...found].find(([, values]) => values.some(is))?.[0] ?? "";
}

/** At most twelve values for a message. */
export function listValues(values: readonly number[]): string {
  const shown = values.slice(0, 12).join(", ");
  return values.length > 12 ? `${shown} and ${values.length - 12} more` : shown;
}

/** The first file with a value that does not continue the sequence, for the message. */
function fileWithOddValue(found: ReadonlyMap<string, readonly number[]>, map: ReadonlyMap<number, number>): string {
  let file = "";
  let largest = -1;
  for (const [path, values] of found) {
    const top = Math.max(0, ...values.map((value) => map.get(value) ?? value));
    if (top > largest) [file, largest] = [path, top];
  }
  return file;
}
