/** Which cases are of one patient: by what `--group` captures, or by the usual names of repeated scans. */
import { countOf } from "../text.ts";
import { messageOf, UsageFailure } from "../failure.ts";
import type { Finding } from "./finding.ts";
import type { CaseFiles, LayoutCase } from "./layout.ts";

/** Cases with their patients, and what their names say about repeated scans. */
export interface Patients {
  readonly cases: readonly CaseFiles[];
  /** Which patients have several cases, and by which names; absent where none has. */
  readonly evidence?: string;
  /** W09 where names look like repeats that nobody grouped. */
  readonly findings: readonly Finding[];
}

/** The names that public data sets give to repeated scans; the first group is the patient. */
const REPEATED_NAMES: readonly RegExp[] = [
  // BIDS: sub-01_ses-02_run-1_T1w.
  /^(sub-[a-z0-9]+)_/i,
  // patient001_frame12, sub0_ses0, case7_visit-2, p3_ED: a word for a time, with or without its number.
  /^(.*\d.*?)[_-](?:frame|session|ses|visit|timepoint|time|tp|t|scan|run|week|month|baseline|followup|fu|ed|es)[_-]?\d*$/i,
  // case7_left, case7_R.
  /^(.*\d.*?)[_-](?:left|right|lh|rh|l|r)$/i,
  // BraTS since 2023: BraTS-GLI-00000-001.
  /^(.+-\d{4,})-\d{3}$/,
  // BraTS 2013 and 2017 to 2019: brats_2013_pat0003_1, Brats18_TCIA01_131_1.
  /^(.*pat\d+)_\d+$/i,
  /^(brats1[7-9]_.+)_\d+$/i,
];

/** Scans of one patient are few; more cases with one beginning are those of a site or a study. */
const MOST_REPEATS = 5;

/**
 * The cases with their patients: what `group` captures in a case id, what the layout knows, or the usual names of repeats.
 *
 * @param group the pattern of `--group`, see {@link parseGroup}; a case that it does not match is a patient of its own.
 * @throws {UsageFailure} where `group` matches no case.
 */
export function assignPatients(all: readonly LayoutCase[], group?: RegExp): Patients {
  if (group) {
    const first = all[0];
    if (first && !all.some((one) => one.patient !== undefined || group.test(one.id))) {
      throw new UsageFailure(
        `--group ${JSON.stringify(group.source)} matches no case, such as ${first.id}; ` +
          `write a pattern whose first group is the patient in such a name`,
      );
    }
    const cases = all.map((one) => ({ ...one, patient: one.patient ?? group.exec(one.id)?.[1] ?? one.id }));
    return { cases, ...evidenceOf(cases, "--group"), findings: [] };
  }
  const named = all.map((one) => ({ ...one, patient: one.patient ?? patientInName(one.id) ?? one.id }));
  // A rule that makes one patient of everything has met a word of the data set's own name.
  const isOne = all.length > MOST_REPEATS && patientCount(named) === 1;
  const cases = isOne ? all.map((one) => ({ ...one, patient: one.patient ?? one.id })) : named;
  return { cases, ...evidenceOf(cases, "names"), findings: likelyRepeats(cases) };
}

/** How many patients the cases are of. */
export function patientCount(cases: readonly Pick<CaseFiles, "patient">[]): number {
  return new Set(cases.map(({ patient }) => patient)).size;
}

/**
 * The pattern of `--group`.
 *
 * @throws {UsageFailure} where it is no regular expression or has no group.
 */
export function parseGroup(pattern: string): RegExp {
  let group: RegExp;
  let groups: number;
  try {
    group = new RegExp(pattern);
    // With an empty alternative every text matches, and the match tells how many groups there are.
    groups = (new RegExp(`${pattern}|`).exec("") as RegExpExecArray).length - 1;
  } catch (error) {
    throw new UsageFailure(`Cannot read --group ${JSON.stringify(pattern)}: ${messageOf(error)}`, { cause: error });
  }
  if (groups === 0) {
    throw new UsageFailure(
      `--group ${
        JSON.stringify(pattern)
      } captures nothing; put the part of the name that is the patient in parentheses`,
    );
  }
  return group;
}

function patientInName(id: string): string | undefined {
  for (const rule of REPEATED_NAMES) {
    const patient = rule.exec(id)?.[1];
    if (patient !== undefined) return patient;
  }
  return undefined;
}

function evidenceOf(cases: readonly CaseFiles[], source: string): { evidence?: string } {
  const repeated = [...byPatient(cases).values()].filter((members) => members.length > 1);
  const [example] = repeated;
  if (!example) return {};
  const all = countOf(patientCount(cases), "patient");
  const several = repeated.length === patientCount(cases) ? "each" : `${repeated.length} of them`;
  const [one, other] = example as [CaseFiles, CaseFiles];
  return { evidence: `${all}, ${several} with several cases by ${source}, such as ${one.id} and ${other.id}` };
}

/** W09 where case ids end in a number or letter of their own after a part that looks like the number of a patient. */
function likelyRepeats(cases: readonly CaseFiles[]): Finding[] {
  const alone = cases.filter(({ id, patient, slices }) => id === patient && slices === undefined);
  const groups = new Map<string, CaseFiles[]>();
  for (const one of alone) {
    const stem = /^(.*\d.*?)[_.-](?:\d{1,4}|[a-d])$/i.exec(one.id)?.[1];
    if (stem !== undefined) groups.set(stem, [...groups.get(stem) ?? [], one]);
  }
  const members = [...groups.values()].filter((group) => group.length > 1);
  const count = members.reduce((sum, group) => sum + group.length, 0);
  const [example] = members;
  if (!example || groups.size < 2 || count / members.length > MOST_REPEATS) return [];
  const [one, other] = example as [CaseFiles, CaseFiles];
  return [{
    code: "W09",
    file: one.id,
    found:
      `${count} cases whose names look like several scans of ${members.length} patients, such as ${one.id} and ${other.id}`,
    expected: "scans of one patient on one side of a split",
    remedy: `add --group '^(.+)[_.-][^_.-]+$' if they are of one patient, or --group '(.+)' if they are not`,
  }];
}

function byPatient(cases: readonly CaseFiles[]): Map<string, CaseFiles[]> {
  const patients = new Map<string, CaseFiles[]>();
  for (const one of cases) patients.set(one.patient, [...patients.get(one.patient) ?? [], one]);
  return patients;
}
