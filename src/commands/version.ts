/** The versions of this program and of its packages. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The version in the package.json above this file, whether it is the source or its compiled form. */
export function programVersion(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, "package.json");
    if (!existsSync(path)) continue;
    const { name, version } = JSON.parse(readFileSync(path, "utf8")) as { name?: string; version?: string };
    if (name === "seg" && version !== undefined) return version;
  }
  return "unknown";
}

/** The version of an installed package, or `unknown`. */
export function packageVersion(name: string): string {
  // Some packages do not export their package.json: the file beside their modules is read.
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, "node_modules", name, "package.json");
    if (existsSync(path)) return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
  }
  return "unknown";
}
