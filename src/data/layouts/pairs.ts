/** Images and masks that belong together by name: two sibling folders, or one folder with `_mask` names; PNG, TIFF, NIfTI. */
import { posix } from "node:path";
import { Failure } from "../../failure.ts";
import { type Finding, missingImage, missingMask } from "../finding.ts";
import { USUAL_ENDINGS } from "../../imaging/endings.ts";
import { type Folder, foreignExtension, imageExtension, naturalOrder, stemOf } from "../folder.ts";
import type { Layout } from "../layout.ts";
import { groupSlices, type Pair } from "../slice_groups.ts";

/** The layout of image and mask files that are paired by name. */
export const pairs: Layout = {
  looksLike: "images/ and masks/ (with or without train/, val/, test/), or x.png beside x_mask.png",
  recognize(folder) {
    const { images, masks } = siblingFolders(folder);
    if (images.length > 0 && masks.length > 0) {
      const splits = [...new Set(entriesOf(folder).flatMap((entry) => entry.split ?? []))];
      return `folders ${images.join(", ")} and ${masks.join(", ")}` +
        (splits.length > 0 ? ` split into ${splits.join(", ")}` : "");
    }
    const entries = entriesOf(folder);
    const masked = new Set(entries.filter((entry) => entry.isMask).map((entry) => entry.key));
    const example = entries.find((entry) => !entry.isMask && masked.has(entry.key));
    return example && `${masked.size} files named like ${example.path} with a mask beside it`;
  },
  read(folder, { group } = {}) {
    const { images, masks } = siblingFolders(folder);
    if (images.length > 0 && masks.length > 0 && (images.length > 1 || masks.length > 1)) {
      throw new Failure(
        `${folder.root} holds the folders ${[...images, ...masks].join(", ")}, expected one with images and one with ` +
          `masks; move the others away`,
      );
    }
    const findings: Finding[] = [];
    const complete = pairUp(entriesOf(folder), findings);
    return { regions: [], ...groupSlices(complete, findings, group) };
  },
};

const IMAGE_FOLDER = /^(imgs?|images?)([_-].*)?$/i;
const MASK_FOLDER = /^(labels?|masks?|gt|ground_?truth|annotations?|segmentations?)([_-].*)?$/i;
const MASK_SUFFIX = /[_-](mask|seg|label|labels|gt|segmentation)$/i;
const IMAGE_SUFFIX = /[_-](image|img|0000)$/i;
const SPLITS: ReadonlyMap<string, Pair["split"]> = new Map([
  ["train", "train"],
  ["training", "train"],
  ["val", "val"],
  ["valid", "val"],
  ["validation", "val"],
  ["test", "test"],
  ["testing", "test"],
]);

interface Entry {
  readonly path: string;
  readonly split: Pair["split"];
  readonly isMask: boolean;
  readonly stem: string;
  /** Equal for an image and its mask. */
  readonly key: string;
}

function siblingFolders(folder: Folder): { images: string[]; masks: string[] } {
  const names = new Set(folder.files.filter((file) => file.includes("/")).map((file) => file.split("/")[0] as string));
  const matching = (pattern: RegExp) => [...names].filter((name) => pattern.test(name));
  return { images: matching(IMAGE_FOLDER), masks: matching(MASK_FOLDER) };
}

/** The image files of the layout: <folder>/[<split>/]file, or [<split>/]file where the suffix tells masks. */
function entriesOf(folder: Folder): Entry[] {
  const { images, masks } = siblingFolders(folder);
  const areSiblings = images.length > 0 && masks.length > 0;
  const entries: Entry[] = [];
  for (const path of folder.files) {
    if (imageExtension(path) === undefined && foreignExtension(path) === undefined) continue;
    const parts = path.split("/").slice(0, -1);
    const top = areSiblings ? parts.shift() : undefined;
    if (areSiblings && !images.includes(top ?? "") && !masks.includes(top ?? "")) continue;
    const split = parts[0] === undefined ? undefined : SPLITS.get(parts[0].toLowerCase());
    if (parts.length > 1 || (parts.length === 1 && split === undefined)) continue;
    const name = stemOf(path);
    const isMask = areSiblings ? masks.includes(top ?? "") : MASK_SUFFIX.test(name);
    const stem = name.replace(isMask ? MASK_SUFFIX : IMAGE_SUFFIX, "");
    entries.push({ path, split, isMask, stem, key: `${split ?? ""}/${stem}` });
  }
  return entries;
}

function pairUp(entries: readonly Entry[], findings: Finding[]): Pair[] {
  const images = byKey(entries.filter((entry) => !entry.isMask), findings);
  const masks = byKey(entries.filter((entry) => entry.isMask), findings);
  const complete: Pair[] = [];
  for (const [key, image] of images) {
    const mask = masks.get(key);
    if (!mask) findings.push(missingMask(image.path, `a mask named ${image.stem}`));
    const unreadable = [image, ...(mask ? [mask] : [])].filter((entry) => imageExtension(entry.path) === undefined);
    for (const entry of unreadable) findings.push(unreadableFormat(entry));
    if (mask && unreadable.length === 0) {
      complete.push({ stem: image.stem, image: image.path, mask: mask.path, split: image.split });
    }
  }
  for (const [key, mask] of masks) {
    if (!images.has(key)) findings.push(missingImage(mask.path, `an image named ${mask.stem}`));
  }
  return complete.sort((a, b) => naturalOrder(a.image, b.image));
}

function byKey(entries: readonly Entry[], findings: Finding[]): Map<string, Entry> {
  const map = new Map<string, Entry>();
  for (const entry of entries) {
    const twin = map.get(entry.key);
    if (!twin) {
      map.set(entry.key, entry);
      continue;
    }
    findings.push({
      code: "E12",
      file: entry.path,
      found: `the case id ${entry.stem}, which ${twin.path} has too`,
      expected: "one file per id",
      remedy: "rename one of the files or remove the copy",
    });
  }
  return map;
}

/** E13 for a mask whose compression changed the labels, E03 for an image in a format that is not read. */
function unreadableFormat(entry: Entry): Finding {
  const extension = foreignExtension(entry.path) ?? posix.extname(entry.path);
  const isLossy = entry.isMask && /jpe?g|webp/.test(extension);
  return {
    code: isLossy ? "E13" : "E03",
    file: entry.path,
    found: isLossy ? `a ${extension} mask, whose compression changes labels` : `a ${extension} file`,
    expected: USUAL_ENDINGS,
    remedy: isLossy ? "export the mask again as PNG from its source" : "convert the file to PNG or NIfTI",
  };
}
