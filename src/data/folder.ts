/** What lies in a data set folder, and the rule that nothing of it may point outside. */
import { type Dirent, existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, isAbsolute, join, posix, sep } from "node:path";
import { Failure, messageOf } from "../failure.ts";
import { readJson } from "../files.ts";
import { foreignEnding, imageEnding, isSecondOfPair } from "../imaging/endings.ts";
import type { JsonObject } from "../json_object.ts";
import { anyObject } from "../schemas.ts";
import { shown } from "../shown.ts";

/** The listing of a data set folder. Paths are relative to `root` with "/" and in natural order. */
export interface Folder {
  /** The folder as a real, absolute path. */
  readonly root: string;
  readonly files: readonly string[];
  /** Folders that lie too deep to be looked into. */
  readonly tooDeep: readonly string[];
  /** The content of `dataset.json` in the folder itself. */
  readonly description?: JsonObject;
}

/** Folders below the data set folder that are looked into: enough for archive/HGG/patient/file. */
const MAXIMUM_DEPTH = 5;
const MAXIMUM_FILES = 1_000_000;
const MAXIMUM_DESCRIPTION_BYTES = 64 * 2 ** 20;

/** The ending of an image file that can be read, in lower case, or undefined; of a pair of files the header stands for both. */
export function imageExtension(path: string): string | undefined {
  return isSecondOfPair(path) ? undefined : imageEnding(path);
}

/** The ending of an image file that cannot be read, in lower case, or undefined. */
export function foreignExtension(path: string): string | undefined {
  return foreignEnding(path);
}

/** The file's name without folder and image extension. */
export function stemOf(path: string): string {
  const name = posix.basename(path);
  const extension = imageEnding(name) ?? foreignEnding(name) ?? posix.extname(name);
  return name.slice(0, name.length - extension.length);
}

/** Orders names as people do: digit runs by their number (2 before 10), all else by code unit. */
export function naturalOrder(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [l, r] = [left[i] as string, right[i] as string];
    const byNumber = /^\d/.test(l) && /^\d/.test(r) ? Number(l) - Number(r) : 0;
    if (byNumber !== 0) return byNumber;
    if (l !== r) return l < r ? -1 : 1;
  }
  return left.length - right.length;
}

/**
 * Lists a data set folder without hidden files, macOS `._*` files and `__MACOSX`.
 *
 * @throws {Failure} where the folder is missing, a link leads out of it, or its dataset.json cannot be parsed.
 */
export function readFolder(path: string): Folder {
  if (!existsSync(path)) throw new Failure(`Data set folder ${path} does not exist; check the path`);
  if (!statSync(path).isDirectory()) {
    throw new Failure(`${path} is a file, expected a data set folder; give the folder that holds it`);
  }
  const root = realpathSync(path);
  const files: string[] = [];
  const tooDeep: string[] = [];
  walk(root, "", { files, tooDeep });
  files.sort(naturalOrder);
  const description = files.includes("dataset.json") ? readDescription(root) : undefined;
  return { root, files, tooDeep, ...(description && { description }) };
}

/**
 * The path of a file that a data set file names, relative to `root` with "/".
 *
 * @throws {Failure} where the path leads out of the folder: by "..", by a link, or because it is an absolute one of another place.
 */
export function pathInside(root: string, path: string, source: string): string {
  const inFolder = path.startsWith(`${root}${sep}`) ? path.slice(root.length + 1) : path;
  const relative = posix.normalize(inFolder.replaceAll("\\", "/"));
  const outside = isAbsolute(inFolder) || /^[A-Za-z]:/.test(inFolder) || path.includes("\0") ||
    relative.startsWith("..") ||
    relative.startsWith("/");
  if (outside || leavesByLink(root, relative)) {
    throw new Failure(
      `${source} names ${shown(path)}, which leaves the data set folder; expected a path inside it; ` +
        `copy the file into the folder and correct the path`,
    );
  }
  return relative;
}

function walk(root: string, folder: string, found: { files: string[]; tooDeep: string[] }): void {
  const { files, tooDeep } = found;
  const depth = folder === "" ? 0 : folder.split("/").length;
  for (const entry of entriesOf(join(root, folder))) {
    if (entry.name.startsWith(".") || entry.name === "__MACOSX") continue;
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isSymbolicLink()) {
      addLink(root, path, files);
    } else if (entry.isDirectory()) {
      if (depth + 1 < MAXIMUM_DEPTH) walk(root, path, found);
      else tooDeep.push(path);
    } else if (entry.isFile()) {
      files.push(path);
    }
    if (files.length > MAXIMUM_FILES) {
      throw new Failure(`${root} holds more than ${MAXIMUM_FILES} files; give the data set folder itself`);
    }
  }
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    throw new Failure(`Cannot list ${path}: ${messageOf(error)}; make the folder readable`, { cause: error });
  }
}

/** Links to files of the folder count as files; links to folders are not followed, since they may form a circle. */
function addLink(root: string, path: string, files: string[]): void {
  const target = join(root, path);
  if (!existsSync(target)) return;
  const isFolder = statSync(target).isDirectory();
  if (!isFolder && imageEnding(path) === undefined && basename(path) !== "dataset.json") return;
  if (isFolder || leavesByLink(root, path)) {
    throw new Failure(
      `${path} in ${root} is a link to ${realpathSync(target)}; expected the ${isFolder ? "folder" : "file"} itself; ` +
        `copy it into the data set folder`,
    );
  }
  files.push(path);
}

function leavesByLink(root: string, relative: string): boolean {
  const path = join(root, relative);
  return existsSync(path) && !realpathSync(path).startsWith(root.endsWith(sep) ? root : root + sep);
}

function readDescription(root: string): JsonObject {
  const path = join(root, "dataset.json");
  return readJson(path, anyObject(), "correct the file", { largestBytes: MAXIMUM_DESCRIPTION_BYTES });
}
