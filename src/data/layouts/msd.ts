/** Medical Segmentation Decathlon: `dataset.json` lists pairs of files; channels are the fourth axis (Antonelli et al. 2022). */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { hasChannelNumbers, readNames, readValueNames, trainingPairs } from "../description.ts";
import { type Finding, missingImage, missingMask, repeatedId } from "../finding.ts";
import { isObject } from "../../json_object.ts";
import { imageExtension, naturalOrder, stemOf } from "../folder.ts";
import type { Layout, LayoutCase } from "../layout.ts";

/** The layout of the Medical Segmentation Decathlon. */
export const msd: Layout = {
  isStated: true,
  looksLike: "dataset.json with modality and training[], imagesTr/, labelsTr/",
  recognize(folder) {
    const training = folder.description?.["training"];
    if (!isObject(folder.description?.["modality"]) || !Array.isArray(training)) return undefined;
    if (hasChannelNumbers(folder)) return undefined;
    return `dataset.json with modality and ${training.length} training pairs`;
  },
  read(folder) {
    const description = folder.description ?? {};
    const findings: Finding[] = [];
    const cases: LayoutCase[] = [];
    const seen = new Set<string>();
    const listedMasks = new Set<string>();
    for (const pair of trainingPairs(folder)) {
      const id = stemOf(pair.image);
      listedMasks.add(pair.label);
      if (id === "" || seen.has(id)) findings.push(repeatedId(pair.image, id));
      seen.add(id);
      const hasImage = existsSync(join(folder.root, pair.image));
      const hasMask = existsSync(join(folder.root, pair.label));
      if (!hasImage) findings.push(missingImage(pair.label, pair.image));
      if (!hasMask) findings.push(missingMask(pair.image, pair.label));
      if (hasImage && hasMask) cases.push({ id, images: [pair.image], mask: pair.label });
    }
    for (const file of folder.files) {
      if (file.startsWith("labelsTr/") && imageExtension(file) && !listedMasks.has(file)) {
        findings.push({
          code: "E02",
          file,
          found: "a label that dataset.json does not list",
          expected: "every file of labelsTr in training[]",
          remedy: "add the pair to dataset.json or move the label away",
        });
      }
    }
    cases.sort((a, b) => naturalOrder(a.id, b.id));
    const labels = readValueNames(description["labels"]);
    return {
      channels: readNames(description["modality"], "modality"),
      ...(labels && { labels }),
      regions: [],
      cases,
      findings,
    };
  },
};
