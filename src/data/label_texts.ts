/** The texts of `--map` and `--names`. */
import { UsageFailure } from "../failure.ts";
import type { LabelDeclaration } from "./layout.ts";

/**
 * Parses `4:3,5:0`.
 *
 * @throws {UsageFailure} where the text is no list of pairs of whole numbers, or a value is mapped twice.
 */
export function parseLabelMap(text: string): Map<number, number> {
  const map = new Map<number, number>();
  for (const part of text.split(",")) {
    const match = /^\s*(-?\d{1,9})\s*:\s*(\d{1,9})\s*$/.exec(part);
    if (!match || map.has(Number(match[1]))) {
      throw new UsageFailure(
        `Cannot read --map ${JSON.stringify(text)}, expected pairs such as 4:3,5:0, every value once`,
      );
    }
    map.set(Number(match[1]), Number(match[2]));
  }
  return map;
}

/**
 * Parses `1:edema,2:core`.
 *
 * @throws {UsageFailure} where the text is no list of values with names, or a value or name stands twice.
 */
export function parseLabelNames(text: string): LabelDeclaration[] {
  const labels = text.split(",").map((part) => /^\s*([1-9]\d{0,8})\s*:\s*(\S.*?)\s*$/.exec(part))
    .map((match) => match && { value: Number(match[1]), name: match[2] as string });
  const known = labels.filter((label) => label !== null);
  if (
    known.length < labels.length || new Set(known.map(({ value }) => value)).size < labels.length ||
    new Set(known.map(({ name }) => name.toLowerCase())).size < labels.length
  ) {
    throw new UsageFailure(
      `Cannot read --names ${JSON.stringify(text)}, expected pairs such as 1:edema,2:core, every value and name once`,
    );
  }
  return known;
}
