/** Which layout a folder has. */
import { posix } from "node:path";
import { Failure, UsageFailure } from "../failure.ts";
import type { Folder } from "./folder.ts";
import type { Layout } from "./layout.ts";
import { LAYOUTS } from "./layouts/layouts.ts";
import { LAYOUT_NAMES, type LayoutName } from "./layouts/names.ts";

/** The layout of a folder and what speaks for it. */
export interface Recognized {
  readonly name: LayoutName;
  readonly layout: Layout;
  readonly evidence: string;
}

/**
 * Recognizes the layout; `chosen` (from `--layout`) overrules.
 *
 * @throws {UsageFailure} where `chosen` is no layout.
 * @throws {Failure} where no layout or more than one fits: it lists what was seen and the nearest layout.
 */
export function recognizeLayout(folder: Folder, chosen?: string): Recognized {
  if (chosen !== undefined) {
    const name = LAYOUT_NAMES.find((one) => one === chosen);
    if (!name) {
      throw new UsageFailure(`Unknown layout ${JSON.stringify(chosen)}, expected one of ${LAYOUT_NAMES.join(", ")}`);
    }
    const layout = LAYOUTS[name];
    return { name, layout, evidence: layout.recognize(folder) ?? "chosen with --layout" };
  }
  const matches = LAYOUT_NAMES.flatMap((name) => {
    const layout: Layout = LAYOUTS[name];
    const evidence = layout.recognize(folder);
    return evidence === undefined ? [] : [{ name, layout, evidence }];
  });
  const stated = matches.find((match) => match.layout.isStated);
  const [first, second] = matches;
  if (stated) return stated;
  if (first && !second) return first;
  if (first) {
    const seen = matches.map((match) => `${match.name} (${match.evidence})`).join(" and ");
    throw new Failure(
      `${folder.root} looks like ${seen}; expected one layout; give one with --layout or the folder of one data set`,
    );
  }
  throw new Failure(`No data set layout recognized in ${folder.root}: found ${summary(folder)}; ${nearest(folder)}`);
}

/** Counts of the files by extension and the first folders. */
function summary(folder: Folder): string {
  if (folder.files.length === 0) return "no files";
  const counts = new Map<string, number>();
  for (const file of folder.files) {
    const extension = file.toLowerCase().endsWith(".nii.gz")
      ? ".nii.gz"
      : posix.extname(file).toLowerCase() || "no extension";
    counts.set(extension, (counts.get(extension) ?? 0) + 1);
  }
  const files = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 4).map(([extension, count]) =>
    `${count} ${extension}`
  );
  const folders = [...new Set(folder.files.map((file) => file.split("/").slice(0, -1)[0] ?? "."))]
    .filter((name) => name !== ".");
  const shown = folders.slice(0, 6).join(", ") + (folders.length > 6 ? ` and ${folders.length - 6} more` : "");
  return `${files.join(", ")}${folders.length > 0 ? ` in ${shown}` : ""}`;
}

function nearest(folder: Folder): string {
  const has = (pattern: RegExp) => folder.files.some((file) => pattern.test(file));
  const inner = folder.files.find((file) => /^[^/]+(\/[^/]+)?\/dataset\.json$/.test(file));
  if (inner) return `dataset.json lies in ${posix.dirname(inner)}: give that folder`;
  if (folder.description) {
    return "dataset.json has neither channel_names and file_ending (nnunet) nor modality and training (msd): complete it";
  }
  if (has(/^(imagesTr|labelsTr)\//)) {
    return `the nearest layout is msd (${LAYOUTS.msd.looksLike}): dataset.json is missing, copy it into the folder`;
  }
  if (has(/[_-](flair|t1ce|t1c|t2f|t2w)\.nii(\.gz)?$/i)) {
    return `the nearest layout is brats (${LAYOUTS.brats.looksLike}): name the folders like the beginning of their files`;
  }
  if (has(/_mask\.tiff?$/i)) return `the nearest layout is lgg (${LAYOUTS.lgg.looksLike})`;
  return `the nearest layout is pairs (${LAYOUTS.pairs.looksLike})`;
}
