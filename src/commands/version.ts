/** The versions of this program, of its packages, and of what runs it. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { jsonOf } from "../json.ts";
import { isObject, type JsonObject } from "../json_object.ts";

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: JsonObject;
}

/** The version in the package.json above this file, whether it is the source or its compiled form. */
export function programVersion(): string {
  return programManifest().version ?? "unknown";
}

/** The version of an installed package, or `unknown`. */
export function packageVersion(name: string): string {
  // Some packages do not export their package.json: the file beside their modules is read.
  for (const { version } of manifestsAbove("node_modules", name)) if (version !== undefined) return version;
  return "unknown";
}

/** The versions of the packages that this program is made of. */
export function packageVersions(): Record<string, string> {
  const names = Object.keys(programManifest().dependencies ?? {});
  return Object.fromEntries(names.map((name) => [name, packageVersion(name)]));
}

/** What runs this program. */
export function runtimeVersion(): { readonly name: "node" | "deno"; readonly version: string } {
  const deno = (globalThis as { readonly Deno?: { readonly version: { readonly deno: string } } }).Deno;
  return deno === undefined
    ? { name: "node", version: process.versions.node }
    : { name: "deno", version: deno.version.deno };
}

function programManifest(): Manifest {
  for (const manifest of manifestsAbove()) if (manifest.name === "seg") return manifest;
  return {};
}

/** The package.json in `path` of each folder above this file. */
function* manifestsAbove(...path: readonly string[]): Generator<Manifest> {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, ...path, "package.json");
    const manifest = existsSync(file) ? manifestOf(readFileSync(file, "utf8")) : undefined;
    if (manifest !== undefined) yield manifest;
  }
}

function manifestOf(text: string): Manifest | undefined {
  const read = jsonOf(text);
  if (!("value" in read) || !isObject(read.value)) return undefined;
  const { name, version, dependencies } = read.value;
  return {
    ...(typeof name === "string" && { name }),
    ...(typeof version === "string" && { version }),
    ...(isObject(dependencies) && { dependencies }),
  };
}
