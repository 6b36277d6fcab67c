/** Cases whose image files are byte for byte the same. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { hashFile, withFile } from "../files.ts";
import { sha256 } from "../sha256.ts";
import type { CaseFiles } from "./layout.ts";

/**
 * Pairs of cases with identical image files, the earlier one first.
 *
 * Only cases of equal size in bytes and with equal bytes in the middle are read whole. A missing file counts as different from all others.
 */
export function duplicateCases(root: string, cases: readonly CaseFiles[]): [CaseFiles, CaseFiles][] {
  const candidatesByKey = new Map<string, CaseFiles[]>();
  for (const files of cases) {
    const keys = imageFiles(files).map((path) => sizeAndMiddle(join(root, path)));
    if (keys.includes(undefined)) continue;
    const key = keys.join(" ");
    candidatesByKey.set(key, [...candidatesByKey.get(key) ?? [], files]);
  }
  const duplicates: [CaseFiles, CaseFiles][] = [];
  for (const candidates of candidatesByKey.values()) {
    if (candidates.length < 2) continue;
    const byHash = new Map<string, CaseFiles>();
    for (const files of candidates) {
      const hash = createHash("sha256");
      for (const path of imageFiles(files)) hashFile(join(root, path), hash);
      const digest = hash.digest("hex");
      const twin = byHash.get(digest);
      if (twin) duplicates.push([twin, files]);
      else byHash.set(digest, files);
    }
  }
  return duplicates;
}

/** The size and a hash of 4 KiB in the middle of a file; undefined where there is no regular file. */
function sizeAndMiddle(path: string): string | undefined {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  return withFile(path, ({ sizeBytes, read }) => {
    const bytes = new Uint8Array(Math.min(sizeBytes, 4096));
    read(bytes, Math.floor((sizeBytes - bytes.length) / 2));
    return `${sizeBytes}:${sha256(bytes)}`;
  });
}

/** All image files of a case, in order. */
export function imageFiles(files: CaseFiles): string[] {
  return files.slices?.map((slice) => slice.image) ?? [...files.images];
}

/** All mask files of a case, in order. */
export function maskFiles(files: CaseFiles): string[] {
  return files.slices?.map((slice) => slice.mask) ?? (files.mask === undefined ? [] : [files.mask]);
}
