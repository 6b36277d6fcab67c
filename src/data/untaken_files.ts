/** Image files that nobody takes: they are counted and named, so that nothing is left out in silence. */
import { foreignEnding, imageEnding, isSecondOfPair } from "../imaging/endings.ts";
import { countOf } from "../text.ts";
import type { Finding } from "./finding.ts";
import type { Folder } from "./folder.ts";

/** Images without masks that come with a data set and are for nobody to train on. */
const ASIDE = /^(images|labels)Ts\//i;
const MOST_NAMES = 5;

/**
 * W11 for files that are like images and not among `taken`, and for folders that lie too deep to be looked into.
 *
 * @param taken paths as {@link Folder} has them; the second file of a pair is taken with its header.
 */
export function untakenFiles(folder: Folder, taken: Iterable<string>): Finding[] {
  const known = new Set(taken);
  const hasHeader = (path: string) => {
    const stem = path.replace(/\.img(\.gz)?$/i, "");
    return [".hdr", ".hdr.gz", ".HDR"].some((ending) => known.has(`${stem}${ending}`));
  };
  const left = folder.files.filter((path) =>
    !known.has(path) && !ASIDE.test(path) && (imageEnding(path) ?? foreignEnding(path)) !== undefined &&
    !(isSecondOfPair(path) && hasHeader(path))
  );
  const [first] = [...left, ...folder.tooDeep];
  if (first === undefined) return [];
  const found = [
    ...(left.length > 0 ? [`${countOf(left.length, "image file")} that no case takes: ${named(left)}`] : []),
    ...(folder.tooDeep.length > 0
      ? [`${countOf(folder.tooDeep.length, "folder")} too deep to be looked into: ${named(folder.tooDeep)}`]
      : []),
  ];
  return [{
    code: "W11",
    file: first,
    found: found.join("; "),
    expected: "every image in a case",
    remedy: "convert or rename them if they belong to the data, or move them away",
  }];
}

function named(paths: readonly string[]): string {
  return paths.slice(0, MOST_NAMES).join(", ") + (paths.length > MOST_NAMES ? " and further ones" : "");
}
