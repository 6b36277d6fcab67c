/** nnU-Net raw data, version 2 (`channel_names`, `file_ending`) and version 1 (`modality`, `_0000` names). */
import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { Failure } from "../../failure.ts";
import { isNiftiName, USUAL_ENDINGS } from "../../imaging/endings.ts";
import { orderRegions, regionFault } from "../../imaging/regions.ts";
import { shown } from "../../shown.ts";
import { hasChannelNumbers, readNames, readValueNames, trainingPairs } from "../description.ts";
import { type Finding, missingImage, missingMask } from "../finding.ts";
import { isObject } from "../../json_object.ts";
import { type Folder, imageExtension, naturalOrder, pathInside, stemOf } from "../folder.ts";
import type { LabelDeclaration, Layout, LayoutCase, LayoutIndex, Region } from "../layout.ts";

/** The layout of nnU-Net raw data; one file per channel, `<case>_0000`, `<case>_0001`, … */
export const nnunet: Layout = {
  isStated: true,
  looksLike: "dataset.json with channel_names and file_ending, imagesTr/<case>_0000.nii.gz, labelsTr/<case>.nii.gz",
  recognize(folder) {
    const description = folder.description ?? {};
    if (isObject(description["channel_names"]) && typeof description["file_ending"] === "string") {
      return `dataset.json with channel_names and file_ending ${description["file_ending"]} (version 2)`;
    }
    if (isObject(description["modality"]) && hasChannelNumbers(folder)) {
      return "dataset.json with modality and images named _0000 (version 1)";
    }
    return undefined;
  },
  read(folder) {
    const description = folder.description ?? {};
    const isVersion2 = isObject(description["channel_names"]);
    const channels = isVersion2
      ? readNames(description["channel_names"], "channel_names")
      : readNames(description["modality"], "modality");
    const files = isObject(description["dataset"])
      ? explicitCases(folder)
      : namedCases(folder, channels.length, isVersion2);
    return { channels, ...readLabels(description["labels"], description["regions_class_order"]), ...files };
  },
};

type Files = Pick<LayoutIndex, "cases" | "findings">;

/** Cases by the names of the files in imagesTr and labelsTr; in version 1 only those that dataset.json lists. */
function namedCases(folder: Folder, channelCount: number, isVersion2: boolean): Files {
  const ending = isVersion2 ? String(folder.description?.["file_ending"]) : ".nii.gz";
  if (imageExtension(`x${ending}`) === undefined) {
    throw new Failure(
      `dataset.json: file_ending is ${shown(ending)}, expected one of ${USUAL_ENDINGS}; ` +
        `convert the files to .nii.gz`,
    );
  }
  const listed = isVersion2 ? undefined : new Set(trainingPairs(folder).map((pair) => stemOf(pair.label)));
  const findings: Finding[] = [];
  const images = new Map<string, string[]>();
  for (const file of filesIn(folder, "imagesTr", ending)) {
    const match = /^(.+)_(\d{4})$/.exec(stemOf(file));
    if (!match) {
      findings.push({
        code: "E07",
        file,
        found: "no channel number of four digits in the name",
        expected: `imagesTr/${stemOf(file).replace(/_\d{1,3}$/, "")}_0000${ending}`,
        remedy: "rename the file",
      });
      continue;
    }
    const [, id, channel] = match as unknown as [string, string, string];
    const files = images.get(id) ?? [];
    files[Number(channel)] = file;
    images.set(id, files);
  }
  if (images.size === 0 && findings.length === 0) {
    findings.push({
      code: "E02",
      file: "imagesTr",
      found: `no image that ends in ${ending}`,
      expected: `imagesTr/<case>_0000${ending}`,
      remedy: "put the images there, correct file_ending, or list the files of each case in dataset.json: " +
        `"dataset": {"<case>": {"images": ["path"], "label": "path"}}`,
    });
  }
  const masks = new Map(filesIn(folder, "labelsTr", ending).map((file) => [stemOf(file), file]));
  const cases: LayoutCase[] = [];
  for (const [id, files] of images) {
    if (listed && !listed.has(id)) continue;
    const mask = masks.get(id);
    const isComplete = hasAllChannels(files, { id, channelCount, ending, findings });
    if (!mask) findings.push(maskNotFound({ id, image: files.find(Boolean) ?? id, ending, masks }));
    if (mask && isComplete) cases.push({ id, images: files, mask });
  }
  for (const [id, mask] of masks) {
    if (images.has(id) || (/_\d{4}$/.test(id) && images.has(id.slice(0, -5)))) continue;
    findings.push(missingImage(mask, `imagesTr/${id}_0000${ending}`));
  }
  return { cases: cases.sort((a, b) => naturalOrder(a.id, b.id)), findings };
}

function filesIn(folder: Folder, name: string, ending: string): string[] {
  return folder.files.filter((file) => posix.dirname(file) === name && file.endsWith(ending));
}

/** One file with several channels (RGB) is allowed to stand for all of them; the reader compares the numbers. */
function hasAllChannels(
  files: readonly string[],
  { id, channelCount, ending, findings }: { id: string; channelCount: number; ending: string; findings: Finding[] },
): boolean {
  const isOneRgbFile = !isNiftiName(ending) && files.length === 1;
  const last = isOneRgbFile ? 1 : Math.max(channelCount, files.length);
  let complete = true;
  for (let channel = 0; channel < last; channel++) {
    if ((files[channel] !== undefined) === (channel < channelCount)) continue;
    complete = false;
    findings.push({
      code: "E07",
      file: files[channel] ?? `imagesTr/${id}_${String(channel).padStart(4, "0")}${ending}`,
      found: files[channel] ? `channel ${channel}` : "no such file",
      expected: `channels 0 to ${channelCount - 1} of dataset.json for every case`,
      remedy: files[channel] ? "declare the channel in channel_names or move the file away" : "add the channel",
    });
  }
  return complete;
}

function maskNotFound(
  { id, image, ending, masks }: { id: string; image: string; ending: string; masks: ReadonlyMap<string, string> },
): Finding {
  const withNumber = masks.get(`${id}_0000`);
  const finding = missingMask(image, `labelsTr/${id}${ending}`);
  return withNumber ? { ...finding, found: withNumber, remedy: "rename it: masks carry no channel number" } : finding;
}

/** Version 2 may list the files of each case, which replaces the two folders. */
function explicitCases(folder: Folder): Files {
  const findings: Finding[] = [];
  const cases: LayoutCase[] = [];
  for (const [id, entry] of Object.entries(folder.description?.["dataset"] ?? {})) {
    const images: unknown = isObject(entry) ? entry["images"] : undefined;
    const label: unknown = isObject(entry) ? entry["label"] : undefined;
    if (!Array.isArray(images) || !images.every((path) => typeof path === "string") || typeof label !== "string") {
      throw new Failure(
        `dataset.json: dataset[${shown(id)}] is ${shown(entry)}, ` +
          `expected {"images": [paths], "label": path}; correct the entry`,
      );
    }
    const mask = pathInside(folder.root, label, "dataset.json");
    const paths = images.map((path: string) => pathInside(folder.root, path, "dataset.json"));
    const missing = paths.filter((path) => !existsSync(join(folder.root, path)));
    const hasMask = existsSync(join(folder.root, mask));
    if (!/^[^/\\\0.][^/\\\0]*$/.test(id)) {
      throw new Failure(`dataset.json: case id ${shown(id)} is no file name; rename the case`);
    }
    for (const path of missing) findings.push(missingImage(mask, path));
    if (!hasMask) findings.push(missingMask(paths[0] ?? id, mask));
    if (missing.length === 0 && hasMask) cases.push({ id, images: paths, mask });
  }
  return { cases: cases.sort((a, b) => naturalOrder(a.id, b.id)), findings };
}

/**
 * Labels as {"edema": 1}, as regions {"whole tumour": [1, 2]} (with `regions_class_order`, whose numbers stand in the
 * masks), or in the style of version 1.
 */
function readLabels(
  labels: unknown,
  order: unknown,
): { labels?: LabelDeclaration[]; regions: Region[]; regionsAreClasses?: boolean } {
  if (!isObject(labels)) return { regions: [] };
  if (Object.values(labels).every((value) => typeof value === "string")) {
    const declared = readValueNames(labels);
    return { ...(declared && { labels: declared }), regions: [] };
  }
  const regions = Object.entries(labels).map(([name, value]) => {
    const values: unknown[] = Array.isArray(value) ? value : [value];
    if (values.length === 0 || !values.every((one): one is number => Number.isInteger(one) && (one as number) >= 0)) {
      throw new Failure(
        `dataset.json: label ${shown(name)} is ${shown(value)}, ` +
          `expected a whole number or a list of them; correct the entry`,
      );
    }
    return { name, values };
  }).filter((region) => region.values.some((value) => value !== 0));
  const foreground = [...new Set(regions.flatMap((region) => region.values))].filter((value) => value !== 0);
  foreground.sort((a, b) => a - b);
  const named = foreground.map((value) => ({ value, name: innermostRegion(regions, value)?.name ?? String(value) }));
  return order === undefined
    ? { labels: named, regions: regions.filter((region) => region.values.length > 1) }
    : { labels: named, regions: writtenRegions(regions, order), regionsAreClasses: true };
}

/** The regions with what `regions_class_order` writes for each; voxels to ignore are no region. */
function writtenRegions(regions: readonly Region[], order: unknown): Region[] {
  const classes = regions.filter(({ name }) => name.toLowerCase() !== "ignore");
  const isOrder = Array.isArray(order) && order.length === classes.length &&
    order.every((value) => Number.isInteger(value) && value > 0);
  const written = classes.map((region, i) => ({ ...region, value: isOrder ? order[i] as number : 0 }));
  const fault = isOrder ? regionFault(written) : undefined;
  if (isOrder && fault === undefined) return written;
  const example = orderRegions(classes);
  throw new Failure(
    `dataset.json: regions_class_order is ${shown(order)}${
      fault === undefined ? "" : ` (${fault})`
    }, expected a value ` +
      `for each of ${
        classes.map(({ name }) => name).join(", ")
      } that lies in no region after it; write the regions in the ` +
      `order ${example.map(({ name }) => name).join(", ")} with "regions_class_order": ` +
      JSON.stringify(example.map(({ value }) => value)),
  );
}

function innermostRegion(regions: readonly Region[], value: number): Region | undefined {
  return regions.filter((region) => region.values.includes(value))
    .reduce<Region | undefined>((best, one) => best && best.values.length <= one.values.length ? best : one, undefined);
}
