/** What of a data set is used: channels, label values, and how values become classes. */
import { Failure, UsageFailure } from "../failure.ts";
import type { Finding } from "./finding.ts";
import type { LabelDeclaration, Region } from "./layout.ts";

/** A class that a network learns; class index k is the k-th of the list, counted from 1 (0 is background). */
export interface LabelClass {
  /** The value that stands for the class in written masks. */
  readonly value: number;
  readonly name: string;
  /** The values of the mask files (after `--map`) that belong to it. */
  readonly values: readonly number[];
}

/** How the values of mask files become class indices. */
export interface Labelling {
  readonly classes: readonly LabelClass[];
  /** From `--map`: value in the file → value to take it for. */
  readonly map: ReadonlyMap<number, number>;
  /** Every value that may stand in a mask after the map, with 0. */
  readonly known: readonly number[];
}

/**
 * Positions of the requested channels (names or indices); all where nothing is requested.
 *
 * @throws {UsageFailure} where a channel does not exist or is requested twice.
 */
export function selectChannels(all: readonly string[], requested?: readonly (string | number)[]): number[] {
  if (requested === undefined) return all.map((_, index) => index);
  const positions = requested.map((wanted) => {
    const named = all.findIndex((name) => name.toLowerCase() === String(wanted).toLowerCase());
    const position = named >= 0 ? named : Number(wanted);
    if (Number.isInteger(position) && position >= 0 && position < all.length && String(wanted) !== "") return position;
    throw new UsageFailure(
      `Unknown channel ${wanted} in --channels, expected ${all.map((name, index) => `${index} (${name})`).join(", ")}`,
    );
  });
  if (positions.length === 0 || new Set(positions).size < positions.length) {
    throw new UsageFailure(`--channels ${requested.join(",")} must name every channel once and at least one`);
  }
  return positions;
}

/**
 * Parses `4:3,5:0`.
 *
 * @throws {UsageFailure} where the text is no list of pairs of whole numbers, or a value is mapped twice.
 */
export function parseLabelMap(text: string): Map<number, number> {
  const map = new Map<number, number>();
  for (const part of text.split(",")) {
    const match = /^\s*(\d{1,9})\s*:\s*(\d{1,9})\s*$/.exec(part);
    if (!match || map.has(Number(match[1]))) {
      throw new UsageFailure(
        `Cannot read --map ${JSON.stringify(text)}, expected pairs such as 4:3,5:0, every value once`,
      );
    }
    map.set(Number(match[1]), Number(match[2]));
  }
  return map;
}

/** The labels and regions that may be chosen from; with `labelsByConvention` further values too. */
export interface Declarations {
  readonly labels: readonly LabelDeclaration[];
  readonly regions: readonly Region[];
  readonly labelsByConvention?: boolean;
}

/**
 * Chooses the classes: all declared labels, `"whole"` (everything but background), a region of the layout, or values
 * and names; everything that is declared but not chosen becomes background.
 *
 * @throws {UsageFailure} where a label does not exist or two chosen ones share a value.
 * @throws {Failure} where a label means "ignore".
 */
export function selectLabels(
  source: Declarations,
  options: { labels?: readonly (string | number)[] | undefined; map?: ReadonlyMap<number, number> | undefined } = {},
): Labelling {
  const map = options.map ?? new Map<number, number>();
  const declared = mapDeclared(source.labels, map);
  refuseIgnore(declared);
  const classes = options.labels === undefined
    ? declared.map(({ value, name }) => ({ value, name, values: [value] }))
    : options.labels.map((wanted, index) => selectLabel(wanted, { ...source, labels: declared, map, index }));
  refuseOverlap(classes);
  if (classes.length > 255) {
    throw new UsageFailure(`${classes.length} classes, expected at most 255; choose some with --labels`);
  }
  const known = new Set([0, ...declared.map((label) => label.value), ...classes.flatMap((one) => one.values)]);
  return { classes, map, known: [...known].sort((a, b) => a - b) };
}

/**
 * Label values of masks without declaration: {0, 255} is one class, {0..K} are K classes.
 *
 * @param found values of every file, by file.
 * @returns a finding in place of the labels where the values are something else.
 */
export function labelsFromValues(
  found: ReadonlyMap<string, readonly number[]>,
  map: ReadonlyMap<number, number>,
): { labels: LabelDeclaration[] } | { finding: Finding } {
  const all = new Set<number>();
  for (const values of found.values()) for (const value of values) all.add(map.get(value) ?? value);
  const foreground = [...all].filter((value) => value !== 0).sort((a, b) => a - b);
  const [only] = foreground;
  if (only === undefined) return { labels: [{ value: 1, name: "foreground" }] };
  if (foreground.length === 1 && (only === 1 || only === 255)) return { labels: [{ value: only, name: "foreground" }] };
  if (foreground.every((value, index) => value === index + 1)) {
    return { labels: foreground.map((value) => ({ value, name: `label ${value}` })) };
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

/** At most twelve values for a message. */
export function listValues(values: readonly number[]): string {
  const shown = values.slice(0, 12).join(", ");
  return values.length > 12 ? `${shown} and ${values.length - 12} more` : shown;
}

/** The declaration as it is after the map: 4 → 3 declares 3 under the name of 4, where 3 had no name. */
function mapDeclared(labels: readonly LabelDeclaration[], map: ReadonlyMap<number, number>): LabelDeclaration[] {
  const mapped = new Map<number, string>();
  for (const { value, name } of labels) if (!map.has(value)) mapped.set(value, name);
  for (const { value, name } of labels) {
    const target = map.get(value);
    if (target !== undefined && target !== 0 && !mapped.has(target)) mapped.set(target, name);
  }
  return [...mapped].map(([value, name]) => ({ value, name })).sort((a, b) => a.value - b.value);
}

interface SelectContext extends Declarations {
  readonly map: ReadonlyMap<number, number>;
  readonly index: number;
}

function selectLabel(wanted: string | number, context: SelectContext): LabelClass {
  const { labels: declared, regions, map, index } = context;
  const text = String(wanted).toLowerCase();
  const label = declared.find((one) => one.name.toLowerCase() === text || String(one.value) === text);
  if (label) return { value: label.value, name: label.name, values: [label.value] };
  const region = regions.find((one) => one.name.toLowerCase() === text);
  if (region) {
    const values = [...new Set(region.values.map((value) => map.get(value) ?? value))].filter((value) => value !== 0);
    return { value: index + 1, name: region.name, values };
  }
  if (text === "whole") return { value: index + 1, name: "whole", values: declared.map((one) => one.value) };
  if (context.labelsByConvention && /^[1-9]\d{0,8}$/.test(text)) {
    return { value: Number(text), name: `label ${text}`, values: [Number(text)] };
  }
  const choices = [...declared.map((one) => `${one.value} (${one.name})`), ...regions.map((one) => one.name), "whole"];
  throw new UsageFailure(`Unknown label ${wanted} in --labels, expected ${[...new Set(choices)].join(", ")}`);
}

function refuseIgnore(declared: readonly LabelDeclaration[]): void {
  const ignore = declared.find((label) => label.name.toLowerCase() === "ignore");
  if (ignore) {
    throw new Failure(
      `dataset.json declares value ${ignore.value} as "ignore", but voxels cannot be left out of training; ` +
        `add --map ${ignore.value}:0 to count them as background`,
    );
  }
}

function refuseOverlap(classes: readonly LabelClass[]): void {
  const owner = new Map<number, string>();
  for (const { name, values } of classes) {
    for (const value of values) {
      const other = owner.get(value);
      if (other !== undefined) {
        throw new UsageFailure(
          `--labels ${other} and ${name} share the value ${value}, expected labels without common voxels; ` +
            `train one network for each`,
        );
      }
      owner.set(value, name);
    }
  }
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
