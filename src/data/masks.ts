/** From the values of a mask file to class indices. */
import { regionsOfValue } from "../imaging/regions.ts";
import type { Volume } from "../imaging/volume.ts";
import { type Finding, FindingFailure } from "./finding.ts";
import { ignoredClass, type Labelling, listValues } from "./selection.ts";

/** How far a float label may lie from the whole number it stands for. */
const INTEGER_TOLERANCE = 1e-3;
/** A mask with more values than this is an image. */
const MAXIMUM_VALUES = 4096;

/**
 * The label values of a mask in ascending order.
 *
 * @throws {FindingFailure} E13 where a value is no whole number of at least 0.
 */
export function labelValues(mask: Volume, file: string): number[] {
  const { data } = mask;
  const seen = new Set<number>();
  // Neighbours are mostly equal, so that the set is asked only where the value changes.
  let last = NaN;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (value === last) continue;
    last = value;
    seen.add(wholeValue(value, file));
    if (seen.size > MAXIMUM_VALUES) throw notAMask(`more than ${MAXIMUM_VALUES} different values`, file);
  }
  return [...seen].sort((a, b) => a - b);
}

/**
 * Class indices of a mask: 0 for background and everything not chosen, one above the last for what is ignored, and between them those
 * of {@link Labelling.members}: k for the k-th class where classes exclude each other.
 *
 * @throws {FindingFailure} E08 where a value is not declared, E13 where it is no whole number.
 */
export function toClasses(mask: Volume, labelling: Labelling, file: string): Volume<Uint8Array> {
  const unknown = unknownLabel(labelValues(mask, file), labelling, file);
  if (unknown) throw new FindingFailure(unknown);
  const classOf = new Map<number, number>();
  const indexOf = new Map(labelling.members.map((members, i) => [members.join(), i + 1]));
  for (const value of labelling.known) {
    const members = regionsOfValue(labelling.classes, value).map((position) => position + 1);
    classOf.set(value, indexOf.get(members.join()) ?? 0);
  }
  const unknownClass = ignoredClass(labelling);
  if (unknownClass !== undefined) labelling.ignored.forEach((value) => classOf.set(value, unknownClass));
  const classes = new Uint8Array(mask.data.length);
  let last = NaN;
  let lastClass = 0;
  for (let i = 0; i < classes.length; i++) {
    const value = mask.data[i] as number;
    if (value !== last) {
      last = value;
      const whole = Math.round(value);
      lastClass = classOf.get(labelling.map.get(whole) ?? whole) ?? 0;
    }
    classes[i] = lastClass;
  }
  return { ...mask, data: classes };
}

/** E08 with the map that would mend it: an unknown value for the largest declared one that the file lacks, else for 0. */
function unknownLabel(values: readonly number[], labelling: Labelling, file: string): Finding | undefined {
  const found = [...new Set(values.map((value) => labelling.map.get(value) ?? value))].sort((a, b) => a - b);
  const unknown = found.filter((value) => !labelling.known.includes(value));
  if (unknown.length === 0) return undefined;
  const absent = labelling.known.filter((value) => value !== 0 && !found.includes(value));
  const proposal = unknown.slice(0, 8).map((value) => `${value}:${absent.pop() ?? 0}`).join(",");
  return {
    code: "E08",
    file,
    found: `label values ${listValues(found)}`,
    expected: `only ${listValues(labelling.known)}`,
    remedy: `correct the file, add --map ${proposal}, or leave such voxels out with --ignore ${
      unknown.slice(0, 8).join(",")
    }`,
  };
}

function wholeValue(value: number, file: string): number {
  const whole = Math.round(value);
  if (Math.abs(value - whole) <= INTEGER_TOLERANCE && whole >= 0) return whole + 0;
  throw notAMask(`the label value ${value}`, file);
}

function notAMask(found: string, file: string): FindingFailure {
  return new FindingFailure({
    code: "E13",
    file,
    found,
    expected: "whole numbers from 0",
    remedy: "export the mask again without interpolation",
  });
}
