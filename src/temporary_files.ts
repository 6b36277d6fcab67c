/** Names of files that are being written, and what killed processes left under such names. */
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";

/**
 * The name that `path` has while it is being written; a file of the same folder, so that renaming is atomic. It says which process
 * of which machine writes it, and is no longer than a file system allows.
 */
export function temporaryName(path: string): string {
  const ending = `.${machine()}-${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
  let name = basename(path);
  while (new TextEncoder().encode(name).length > LONGEST_NAME_BYTES - ending.length - 1) name = name.slice(0, -1);
  return join(dirname(path), `.${name}${ending}`);
}

const LONGEST_NAME_BYTES = 255;
const TEMPORARY = /^\..*\.([0-9a-f]{6})-(\d{1,10})-[0-9a-f]{8}\.tmp$/;

/** Six digits that tell machines apart which share a file system. */
export function machine(): string {
  try {
    return createHash("sha256").update(hostname()).digest("hex").slice(0, 6);
  } catch {
    // Deno may forbid to ask for the name.
    return "000000";
  }
}

const swept = new Set<string>();

/** Removes what killed processes of this machine left in a folder while they were writing; once per folder and process. */
export function removeLeftovers(folder: string): void {
  if (swept.has(folder)) return;
  swept.add(folder);
  try {
    for (const name of readdirSync(folder)) {
      const [, where, id] = TEMPORARY.exec(name) ?? [];
      if (where !== machine() || id === undefined || isRunning(Number(id))) continue;
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  } catch {
    // They are only in the way: whatever is wrong with the folder is told by who writes there.
  }
}

/** Whether a process of this machine is there, as far as that can be known. */
export function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== "ESRCH";
  }
}
