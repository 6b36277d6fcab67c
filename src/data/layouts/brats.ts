/**
 * Folders of the Brain Tumour Segmentation challenge: one folder per case whose name begins all its files.
 *
 * Spellings of the years: `_flair _t1 _t1ce _t2 _seg` until 2021, `-t2f -t1n -t1c -t2w -seg` since 2023.
 */
import { posix } from "node:path";
import { type Finding, missingMask, repeatedId } from "../finding.ts";
import { isNiftiName } from "../../imaging/endings.ts";
import { type Folder, imageExtension, naturalOrder, stemOf } from "../folder.ts";
import type { LabelDeclaration, Layout, LayoutCase, LayoutIndex, Region } from "../layout.ts";

/** The layout of the BraTS challenge. */
export const brats: Layout = {
  looksLike: "one folder per case with <case>_flair.nii.gz, <case>_t1ce.nii.gz, … and <case>_seg.nii.gz",
  recognize(folder) {
    const groups = caseFolders(folder);
    const example = groups.find((group) => group.mask !== undefined && group.channels.size > 0);
    if (!example) return undefined;
    const channels = [...example.channels.keys()].join(", ");
    return `${groups.length} case folders such as ${example.path} with a segmentation and ${channels}`;
  },
  read(folder) {
    const groups = caseFolders(folder);
    const channels = CHANNELS.filter((channel) => groups.some((group) => group.channels.has(channel)));
    const findings: Finding[] = [];
    const cases: LayoutCase[] = [];
    const seen = new Set<string>();
    for (const group of groups) {
      if (seen.has(group.id)) findings.push(repeatedId(group.path, group.id));
      seen.add(group.id);
      const images = channels.map((channel) => group.channels.get(channel));
      const missing = channels.filter((channel) => !group.channels.has(channel));
      if (missing.length > 0) {
        findings.push({
          code: "E07",
          file: group.path,
          found: `no file for ${missing.join(", ")}`,
          expected: `${channels.join(", ")} in every case folder`,
          remedy: "add the missing channel or move the folder away",
        });
      }
      if (!group.mask) findings.push(oddMask(folder, group));
      if (group.mask && missing.length === 0) {
        cases.push({ id: group.id, images: images as string[], mask: group.mask });
      }
    }
    cases.sort((a, b) => naturalOrder(a.id, b.id));
    return { channels, ...labelsOf(groups), labelsByConvention: true, cases, findings };
  },
};

/** The channels by one name each, in the order of the files before 2023. */
const CHANNELS = ["flair", "t1", "t1ce", "t2"];

const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ["flair", "flair"],
  ["fla", "flair"],
  ["t2f", "flair"],
  ["t1", "t1"],
  ["t1n", "t1"],
  ["t1ce", "t1ce"],
  ["t1c", "t1ce"],
  ["t1gd", "t1ce"],
  ["t2", "t2"],
  ["t2w", "t2"],
]);

interface CaseFolder {
  readonly id: string;
  readonly path: string;
  readonly channels: Map<string, string>;
  mask?: string;
}

/** Folders that hold at least one channel named after themselves. */
function caseFolders(folder: Folder): CaseFolder[] {
  const groups = new Map<string, CaseFolder>();
  for (const file of folder.files) {
    const path = posix.dirname(file);
    const id = posix.basename(path === "." ? folder.root : path);
    const stem = stemOf(file);
    if (
      imageExtension(file) === undefined || !isNiftiName(file) || !stem.startsWith(id) ||
      !/^[_-]/.test(stem.slice(id.length))
    ) {
      continue;
    }
    const kind = stem.slice(id.length + 1).toLowerCase();
    const group = groups.get(path) ?? { id, path, channels: new Map<string, string>() };
    const channel = SPELLINGS.get(kind);
    if (channel !== undefined) group.channels.set(channel, file);
    else if (kind === "seg") group.mask = file;
    else continue;
    groups.set(path, group);
  }
  return [...groups.values()].filter((group) => group.channels.size > 0);
}

/** One case of 2020 has a segmentation under a foreign name; the remedy names such a file where there is one. */
function oddMask(folder: Folder, group: CaseFolder): Finding {
  const example = [...group.channels.values()][0] as string;
  const separator = stemOf(example).charAt(group.id.length);
  const expected = `${group.path}/${group.id}${separator}seg${imageExtension(example)}`;
  const odd = folder.files.find((file) =>
    posix.dirname(file) === group.path && /seg/i.test(stemOf(file).replace(group.id, "")) && imageExtension(file)
  );
  const finding = missingMask(example, expected);
  return odd
    ? { ...finding, found: `no mask for this image but ${odd}`, remedy: "rename it if it is the mask" }
    : finding;
}

/** What the values of a year's masks mean. */
interface Convention {
  readonly labels: LabelDeclaration[];
  readonly regions: Region[];
}

function convention(names: Readonly<Record<number, string>>, core: number[], enhancing: number): Convention {
  return {
    labels: Object.entries(names).map(([value, name]) => ({ value: Number(value), name })),
    regions: [{ name: "core", values: core }, { name: "enhancing", values: [enhancing] }],
  };
}

/** Since 2023; post-treatment gliomas and metastases of 2024 have the cavity of the resection besides. */
const SINCE_2023 = convention({ 1: "necrosis", 2: "edema", 3: "enhancing" }, [1, 3], 3);
const WITH_CAVITY = convention(
  { 1: "necrosis", 2: "edema", 3: "enhancing", 4: "resection cavity" },
  [1, 3],
  3,
);
/** Paediatric tumours of 2024: other parts under the same numbers, edema last. */
const PAEDIATRIC = convention(
  { 1: "enhancing", 2: "non-enhancing", 3: "cystic component", 4: "edema" },
  [1, 2, 3],
  1,
);

/**
 * Meaning of the values by the spelling of the year, for want of a declaration: 4 is the enhancing tumour until 2021, 3 since 2023.
 * Where masks hold the value 4 under a name of 2023, another convention is taken.
 */
function labelsOf(groups: readonly CaseFolder[]): Convention & Pick<LayoutIndex, "otherConventions"> {
  const id = groups[0]?.id ?? "";
  if (/^BraTS-PED-/i.test(id)) return { ...SINCE_2023, otherConventions: [PAEDIATRIC] };
  if (/^BraTS-/i.test(id)) return { ...SINCE_2023, otherConventions: [WITH_CAVITY] };
  if (/^BraTS(18|19|20|2021)_/i.test(id)) {
    return convention({ 1: "necrosis", 2: "edema", 4: "enhancing" }, [1, 4], 4);
  }
  return convention({ 1: "necrosis", 2: "edema", 3: "non-enhancing", 4: "enhancing" }, [1, 3, 4], 4);
}
