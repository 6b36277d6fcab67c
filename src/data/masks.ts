/** From the values of a mask file to class indices. */
import { regionsOfValue } from "../imaging/regions.ts";
import type { Volume } from "../imaging/volume.ts";
import { type Finding, FindingFailure } from "./finding.ts";
import { listValues, negativeValue } from "./label_values.ts";
import { ignoredClass, type Labelling } from "./selection.ts";

/** How far a float label may lie from the whole number it stands for. */
const INTEGER_TOLERANCE = 1e-3;
/** A mask with more values than this is an image. */
const MAXIMUM_VALUES = 4096;

/**
 * The label values of a mask in ascending order.
 *
 * @param options.oneLabel the mask should hold one label, so that a threshold can take the place of its values.
 * @throws {FindingFailure} E13 where a value is no whole number.
 */
export function labelValues(mask: Volume, file: string, { oneLabel = false }: { oneLabel?: boolean } = {}): number[] {
  const { data } = mask;
  const seen = new Set<number>();
  // Neighbours are mostly equal, so that the set is asked only where the value changes.
  let last = NaN;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (value === last) continue;
    last = value;
    seen.add(wholeValue(value, file, oneLabel));
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
  const oneLabel = labelling.known.length <= 2;
  const unknown = unknownLabel(labelValues(mask, file, { oneLabel }), labelling, file);
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

/** E08 with what would mend it: a map to a declared value that the file lacks, a name, or leaving the voxels out; never background. */
function unknownLabel(values: readonly number[], labelling: Labelling, file: string): Finding | undefined {
  const found = [...new Set(values.map((value) => labelling.map.get(value) ?? value))].sort((a, b) => a - b);
  const unknown = found.filter((value) => !labelling.known.includes(value));
  const [first] = unknown;
  if (first === undefined) return undefined;
  if (first < 0) return negativeValue(first, file);
  const shown = unknown.slice(0, 8);
  const absent = labelling.known.filter((value) =>
    value > 0 && !found.includes(value) && !labelling.ignored.includes(value)
  );
  const map = shown.length <= absent.length ? shown.map((value) => `${value}:${absent.pop()}`).join(",") : undefined;
  const names = shown.map((value) => `${value}:NAME${shown.length > 1 ? value : ""}`).join(",");
  return {
    code: "E08",
    file,
    found: `label values ${listValues(found)}`,
    expected: `only ${listValues(labelling.known)}`,
    remedy:
      `correct the file, ${map === undefined ? "" : `add --map ${map}, `}name what is missing with --names ${names}, ` +
      `or leave such voxels out with --ignore ${shown.join(",")}`,
  };
}

function wholeValue(value: number, file: string, oneLabel: boolean): number {
  const whole = Math.round(value);
  if (Math.abs(value - whole) <= INTEGER_TOLERANCE) return whole + 0;
  // Probabilities, as a rule; a person knows better where the largest value lies.
  throw notAMask(`the label value ${value}`, file, oneLabel ? 0.5 : undefined);
}

function notAMask(found: string, file: string, threshold?: number): FindingFailure {
  return new FindingFailure({
    code: "E13",
    file,
    found,
    expected: "whole numbers from 0",
    remedy: "export the mask again without interpolation" +
      (threshold === undefined
        ? ""
        : `, or add --mask-threshold ${threshold} to take values from there on for the label`),
  });
}
