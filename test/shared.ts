/** Finds the folder of shared facts and data, which a user's checkout does not have. */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** A path below `SEG_SHARED` (default `../shared`), or `undefined` where it is absent: the test is then to be skipped. */
export function sharedPath(...parts: string[]): string | undefined {
  const path = join(process.env["SEG_SHARED"] ?? "../shared", ...parts);
  return existsSync(path) ? path : undefined;
}
