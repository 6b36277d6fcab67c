/** Turns paired files into cases: a NIfTI file is a case, slices of one patient are stacked into one. */
import type { Finding } from "./finding.ts";
import { isNiftiName } from "../imaging/endings.ts";
import { naturalOrder } from "./folder.ts";
import type { GivenSplits, LayoutCase, LayoutIndex } from "./layout.ts";

/** An image file with its mask. */
export interface Pair {
  readonly stem: string;
  readonly image: string;
  readonly mask: string;
  readonly split: "train" | "val" | "test" | undefined;
}

/**
 * Groups slices by what `pattern` captures first, else by the stem up to its last number (`case07_12` → `case07`).
 *
 * Where all files would fall into one group the number is taken for that of the case, and every file is its own case.
 * Groups in several splits are kept apart (`case07@train`) and reported as W07: a name is no proof of a patient.
 */
export function groupSlices(
  pairs: readonly Pair[],
  findings: readonly Finding[],
  pattern?: RegExp,
): Pick<LayoutIndex, "cases" | "givenSplits" | "findings"> {
  const slices = pairs.filter((pair) => !isVolume(pair));
  const names = new Set(slices.map((pair) => groupName(pair.stem, pattern)));
  const areGrouped = pattern !== undefined || (names.size > 1 && !names.has(""));
  const groups = new Map<string, Map<Pair["split"], Pair[]>>();
  for (const pair of pairs) {
    const name = areGrouped && !isVolume(pair) ? groupName(pair.stem, pattern) : pair.stem;
    const bySplit = groups.get(name) ?? new Map<Pair["split"], Pair[]>();
    bySplit.set(pair.split, [...bySplit.get(pair.split) ?? [], pair]);
    groups.set(name, bySplit);
  }
  const cases: LayoutCase[] = [];
  const warnings: Finding[] = [];
  const splits: { [split in "train" | "val" | "test"]: string[] } = { train: [], val: [], test: [] };
  for (const [name, bySplit] of groups) {
    if (bySplit.size > 1) warnings.push(straddling(name, [...bySplit.keys()]));
    for (const [split, members] of bySplit) {
      const id = bySplit.size > 1 ? `${name}@${split ?? "rest"}` : name;
      if (split) splits[split].push(id);
      // What --group captures is the patient of a stack, and the parts of a group that spans splits stay apart.
      const isPatient = pattern !== undefined || bySplit.size > 1;
      cases.push({ ...caseOf(id, members), ...(isPatient && !isVolume(members[0] as Pair) && { patient: id }) });
    }
  }
  cases.sort((a, b) => naturalOrder(a.id, b.id));
  const given: GivenSplits | undefined = pairs.some((pair) => pair.split) ? splits : undefined;
  return { cases, ...(given && { givenSplits: given }), findings: [...findings, ...warnings] };
}

function isVolume(pair: Pair): boolean {
  return isNiftiName(pair.image);
}

function groupName(stem: string, pattern = /^(.*?)(?:[_.-](?:slice|s|z))?[_.-]?\d+\D*$/i): string {
  return pattern.exec(stem)?.[1] ?? stem;
}

function caseOf(id: string, members: readonly Pair[]): LayoutCase {
  const [first] = members as [Pair, ...Pair[]];
  if (members.length === 1 && isVolume(first)) return { id, images: [first.image], mask: first.mask };
  return { id, images: [], slices: members.map(({ image, mask }) => ({ image, mask })) };
}

function straddling(name: string, splits: readonly Pair["split"][]): Finding {
  return {
    code: "W07",
    file: name,
    found: `slices of this group in ${splits.join(", ")}`,
    expected: "all slices of a patient in one split",
    remedy: "move them into one split if they are of one patient, else the score is too good",
  };
}
