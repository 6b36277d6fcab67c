/** What of a data set is used: channels, label values, and how values become classes. */
import { UsageFailure } from "../failure.ts";
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
  /** Values (after the map) of voxels whose class is unknown: they are left out of losses and scores, and no network answers them. */
  readonly ignored: readonly number[];
  /** Every value that may stand in a mask after the map, with 0. */
  readonly known: readonly number[];
}

/** The class index of voxels that are left out, one above the classes; undefined where no value says so. */
export function ignoredClass({ classes, ignored }: Labelling): number | undefined {
  return ignored.length === 0 ? undefined : classes.length + 1;
}

/** What masks of class indices are scored for: the classes under their indices, and the index of what is left out. */
export function scoredClasses(labelling: Labelling): {
  readonly classes: readonly { readonly name: string; readonly value: number }[];
  readonly ignored: number | undefined;
} {
  const classes = labelling.classes.map(({ name }, i) => ({ name, value: i + 1 }));
  return { classes, ignored: ignoredClass(labelling) };
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

/** What the user may choose of the labels. */
export interface LabelOptions {
  readonly labels?: readonly (string | number)[] | undefined;
  readonly map?: ReadonlyMap<number, number> | undefined;
  /** Values or names of labels to leave out, besides one that is called "ignore". */
  readonly ignore?: readonly (string | number)[] | undefined;
}

/**
 * Chooses the classes: all declared labels, `"whole"` (everything but background), a region of the layout, or values
 * and names; everything that is declared but not chosen becomes background. A label called "ignore", as nnU-Net has it, is no class:
 * its voxels are left out.
 *
 * @throws {UsageFailure} where a label does not exist, two chosen ones share a value, or none is left.
 */
export function selectLabels(source: Declarations, options: LabelOptions = {}): Labelling {
  const map = options.map ?? new Map<number, number>();
  const all = mapDeclared(source.labels, map);
  const ignored = selectIgnored(all, options.ignore ?? []);
  const declared = all.filter(({ value }) => !ignored.includes(value));
  const regions = source.regions.filter(({ name }) => !meansIgnore(name));
  const classes = options.labels === undefined
    ? declared.map(({ value, name }) => ({ value, name, values: [value] }))
    : options.labels.map((wanted, index) =>
      selectLabel(wanted, { ...source, labels: declared, regions, map, ignored, index })
    );
  refuseOverlap(classes);
  const both = classes.find(({ values }) => values.length === 0 || values.some((value) => ignored.includes(value)));
  if (both !== undefined || classes.length === 0) {
    throw new UsageFailure(
      `--ignore ${listValues(ignored)} leaves out ${
        both?.name ?? "every label"
      }; ignore other values than those to learn`,
    );
  }
  if (classes.length > 254) {
    throw new UsageFailure(`${classes.length} classes, expected at most 254; choose some with --labels`);
  }
  const known = new Set([0, ...all.map((label) => label.value), ...classes.flatMap((one) => one.values), ...ignored]);
  return { classes, map, ignored, known: [...known].sort((a, b) => a - b) };
}

/** The value of the label that is called "ignore", and those that are asked for. */
function selectIgnored(declared: readonly LabelDeclaration[], requested: readonly (string | number)[]): number[] {
  const values = requested.map((wanted) => {
    const text = String(wanted).toLowerCase();
    const value = declared.find((one) => one.name.toLowerCase() === text)?.value ?? Number(text);
    if (Number.isInteger(value) && value > 0) return value;
    const choices = ["a value from 1", ...declared.map(({ name }) => name)];
    throw new UsageFailure(`Unknown label ${wanted} in --ignore, expected ${choices.join(", ")}`);
  });
  const named = declared.filter(({ name }) => meansIgnore(name)).map(({ value }) => value);
  return [...new Set([...named, ...values])].sort((a, b) => a - b);
}

/** nnU-Net's name for voxels without a class. */
function meansIgnore(name: string): boolean {
  return name.toLowerCase() === "ignore";
}

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
  readonly ignored: readonly number[];
  readonly index: number;
}

function selectLabel(wanted: string | number, context: SelectContext): LabelClass {
  const { labels: declared, regions, map, ignored, index } = context;
  const text = String(wanted).toLowerCase();
  const label = declared.find((one) => one.name.toLowerCase() === text || String(one.value) === text);
  if (label) return { value: label.value, name: label.name, values: [label.value] };
  const region = regions.find((one) => one.name.toLowerCase() === text);
  if (region) {
    const values = new Set(region.values.map((value) => map.get(value) ?? value));
    for (const value of [0, ...ignored]) values.delete(value);
    return { value: index + 1, name: region.name, values: [...values] };
  }
  if (text === "whole") return { value: index + 1, name: "whole", values: declared.map((one) => one.value) };
  if (context.labelsByConvention && /^[1-9]\d{0,8}$/.test(text)) {
    return { value: Number(text), name: `label ${text}`, values: [Number(text)] };
  }
  const choices = [...declared.map((one) => `${one.value} (${one.name})`), ...regions.map((one) => one.name), "whole"];
  throw new UsageFailure(`Unknown label ${wanted} in --labels, expected ${[...new Set(choices)].join(", ")}`);
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
