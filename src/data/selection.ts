/** What of a data set is used: channels, label values, and how values become classes. */
import { UsageFailure } from "../failure.ts";
import { orderRegions, regionFault, regionsOfValue } from "../imaging/regions.ts";
import { listValues } from "./label_values.ts";
import type { LabelDeclaration, Region } from "./layout.ts";

/** A class that a network learns; class k is the k-th of the list, counted from 1 (0 is background). */
export interface LabelClass {
  /** The value that stands for the class in written masks. */
  readonly value: number;
  readonly name: string;
  /** The values of the mask files (after `--map`) that belong to it. */
  readonly values: readonly number[];
}

/** How the values of mask files become class indices. */
export interface Labelling {
  /** Of overlapping ones in the order in which they are written: see `imaging/regions.ts`. */
  readonly classes: readonly LabelClass[];
  /** Voxels can be of several classes, so that each class is decided by itself. */
  readonly overlapping: boolean;
  /**
   * The classes of voxels with class index i, at position i − 1. Where classes exclude each other, index k is class k; of
   * overlapping ones, index k stands for the value that is written for class k, and further indices for other combinations.
   */
  readonly members: readonly (readonly number[])[];
  /** From `--map`: value in the file → value to take it for. */
  readonly map: ReadonlyMap<number, number>;
  /** Values (after the map) of voxels whose class is unknown: they are left out of losses and scores, and no network answers them. */
  readonly ignored: readonly number[];
  /** Every value that may stand in a mask after the map, with 0. */
  readonly known: readonly number[];
}

/** The class index of voxels that are left out, one above the others; undefined where no value says so. */
export function ignoredClass({ members, ignored }: Pick<Labelling, "members" | "ignored">): number | undefined {
  return ignored.length === 0 ? undefined : members.length + 1;
}

/** The class indices of the voxels of class k. */
export function indicesOf({ members }: Pick<Labelling, "members">, k: number): number[] {
  return members.flatMap((classes, i) => classes.includes(k) ? [i + 1] : []);
}

/** What masks of class indices are scored for: the classes under their indices, and the index of what is left out. */
export function scoredClasses(labelling: Labelling): {
  readonly classes: readonly { readonly name: string; readonly value: readonly number[] }[];
  readonly ignored: number | undefined;
} {
  const classes = labelling.classes.map(({ name }, i) => ({ name, value: indicesOf(labelling, i + 1) }));
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

/** The labels with the names that the user gives: known values are renamed, others come beside them. */
export function nameLabels(
  labels: readonly LabelDeclaration[],
  names: readonly LabelDeclaration[],
): LabelDeclaration[] {
  const named = new Map([...labels, ...names].map(({ value, name }) => [value, name]));
  return [...named].map(([value, name]) => ({ value, name })).sort((a, b) => a.value - b.value);
}

/** The labels and regions that may be chosen from; with `labelsByConvention` further values too. */
export interface Declarations {
  readonly labels: readonly LabelDeclaration[];
  readonly regions: readonly Region[];
  readonly labelsByConvention?: boolean;
  /** The regions are the classes where nothing is chosen. */
  readonly regionsAreClasses?: boolean;
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
 * and names; everything that is declared but not chosen becomes background. Labels and regions that share values overlap: a voxel is
 * then of all classes that its value belongs to. A label called "ignore", as nnU-Net has it, is no class: its voxels are left out.
 *
 * @throws {UsageFailure} where a label does not exist, two chosen ones are the same, or none is left.
 */
export function selectLabels(source: Declarations, options: LabelOptions = {}): Labelling {
  const map = options.map ?? new Map<number, number>();
  const all = mapDeclared(source.labels, map);
  const ignored = selectIgnored(all, options.ignore ?? []);
  const declared = all.filter(({ value }) => !ignored.includes(value));
  const regions = source.regions.filter(({ name }) => !meansIgnore(name));
  const wanted = options.labels ?? (source.regionsAreClasses ? regions : declared).map(({ name }) => name);
  const chosen = options.labels === undefined && !source.regionsAreClasses
    ? declared.map(({ value, name }) => ({ value, name, values: [value] }))
    : wanted.map((one) => selectLabel(one, { ...source, labels: declared, regions, map, ignored }));
  refuseSame(chosen);
  const overlapping = new Set(chosen.flatMap(({ values }) => values)).size <
    chosen.reduce((sum, { values }) => sum + values.length, 0);
  const classes = overlapping ? overlappingClasses(chosen, regions) : exclusiveClasses(chosen);
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
  const members = overlapping ? combinations(classes, ascending([...known])) : classes.map((_, i) => [i + 1]);
  if (members.length > 254) {
    throw new UsageFailure(
      `${members.length} combinations of regions, expected at most 254; choose fewer with --labels`,
    );
  }
  return { classes, overlapping, members, map, ignored, known: ascending([...known]) };
}

/** A chosen label or region; `value` where a file says what is written for it. */
type ChosenLabel = Omit<LabelClass, "value"> & { readonly value?: number | undefined };

/**
 * Every class with a value of its own: that of a label; of a region what the data set writes, its place in the list, its smallest
 * value, or the first number that is free.
 */
function exclusiveClasses(chosen: readonly ChosenLabel[]): LabelClass[] {
  const isLabel = ({ value, values }: ChosenLabel) => values.length === 1 && values[0] === value;
  const used = new Set(chosen.flatMap((one) => isLabel(one) ? one.values : []));
  return chosen.map((one, index) => {
    if (isLabel(one)) return { ...one, value: one.value as number };
    const candidates = [...(one.value === undefined ? [] : [one.value]), index + 1, ...ascending(one.values)];
    let value = candidates.find((candidate) => !used.has(candidate)) ?? 1;
    while (used.has(value)) value++;
    used.add(value);
    return { ...one, value };
  });
}

/** As the data set orders and numbers them, where that can be read back from a mask; else by size. */
function overlappingClasses(chosen: readonly ChosenLabel[], regions: readonly Region[]): readonly LabelClass[] {
  const place = ({ name }: ChosenLabel) => regions.findIndex((region) => region.name === name);
  const given = [...chosen].sort((a, b) => place(a) - place(b))
    .flatMap((one) => one.value === undefined ? [] : [{ ...one, value: one.value }]);
  const isGiven = given.length === chosen.length && regionFault(given) === undefined;
  return isGiven ? given : orderRegions(chosen);
}

function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

/** The classes of what is written for each class, and then of every other combination that a value has. */
function combinations(classes: readonly LabelClass[], values: readonly number[]): number[][] {
  const found = new Map<string, number[]>();
  for (const value of [...classes.map((one) => one.value), ...values]) {
    const members = regionsOfValue(classes, value).map((position) => position + 1);
    if (members.length > 0) found.set(members.join(), members);
  }
  return [...found.values()];
}

/** The value of the label that is called "ignore", and those that are asked for. */
function selectIgnored(declared: readonly LabelDeclaration[], requested: readonly (string | number)[]): number[] {
  const values = requested.map((wanted) => {
    const text = String(wanted).toLowerCase();
    const value = declared.find((one) => one.name.toLowerCase() === text)?.value ?? Number(text);
    if (Number.isInteger(value) && value !== 0) return value;
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
}

function selectLabel(wanted: string | number, context: SelectContext): ChosenLabel {
  const { labels: declared, regions, map, ignored, regionsAreClasses } = context;
  const text = String(wanted).toLowerCase();
  const region = regions.find((one) => one.name.toLowerCase() === text);
  const label = declared.find((one) => one.name.toLowerCase() === text || String(one.value) === text);
  // Where regions are the classes, the values have the names of the innermost ones, for want of their own.
  if (label && !(region && regionsAreClasses)) return { value: label.value, name: label.name, values: [label.value] };
  if (region) {
    const values = new Set(region.values.map((value) => map.get(value) ?? value));
    for (const value of [0, ...ignored]) values.delete(value);
    return {
      name: region.name,
      values: [...values],
      ...(region.value !== undefined && { value: map.get(region.value) ?? region.value }),
    };
  }
  if (text === "whole") return { name: "whole", values: declared.map((one) => one.value) };
  if (context.labelsByConvention && /^[1-9]\d{0,8}$/.test(text)) {
    return { value: Number(text), name: `label ${text}`, values: [Number(text)] };
  }
  const choices = [...declared.map((one) => `${one.value} (${one.name})`), ...regions.map((one) => one.name), "whole"];
  throw new UsageFailure(`Unknown label ${wanted} in --labels, expected ${[...new Set(choices)].join(", ")}`);
}

function refuseSame(classes: readonly ChosenLabel[]): void {
  const owner = new Map<string, string>();
  for (const { name, values } of classes) {
    const key = ascending(values).join();
    const other = owner.get(key);
    if (other !== undefined) {
      throw new UsageFailure(
        `--labels ${other} and ${name} are the same voxels (${listValues(values)}); name them once`,
      );
    }
    owner.set(key, name);
  }
}
