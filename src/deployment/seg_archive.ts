/**
 * This program as an archive for a Jetson: its files, the packages that they import, and the programs for arm64. The glibc 2.27 of
 * JetPack 4.6 starts no Node from 18 on; Deno up to 2.9.5 and onnxruntime-node 1.27 do start there.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { Failure, messageOf } from "../failure.ts";
import { makeFolder, readJson, writeFileAtomic } from "../files.ts";

/** Deno's arm64 build, of the last version that glibc 2.27 loads. */
export const DENO_PACKAGE = { name: "@deno/linux-arm64-glibc", version: "2.9.5" } as const;

/** Name of the archive inside a kit. */
export const SEG_ARCHIVE = "seg-arm64.tar.xz";

/** What a device without a screen and without a package manager has no use for. */
const LEFT_OUT: readonly string[] = [
  "@niivue/niivue", // of seg view
  "adm-zip", // of the installation of onnxruntime-node
  "global-agent",
];

const Manifest = v.looseObject({
  name: v.optional(v.string()),
  version: v.optional(v.string()),
  type: v.optional(v.string()),
  dependencies: v.optional(v.record(v.string(), v.string()), {}),
});

const LAUNCHER = `#!/bin/sh
# Starts seg by the Deno beside it: nothing is installed, and no network is used.
folder=$(dirname "$(readlink -f "$0")")
exec "$folder/deno" run --quiet --no-remote -A "$folder/@MAIN@" "$@"
`;

/**
 * Writes the archive, a folder `seg` with a program of that name, into `folder` and returns its path.
 *
 * @param options.packages where `deno-linux-arm64-glibc-<version>.tgz` may lie, as npm pack leaves it; npm pack is called where it is not.
 * @throws {Failure} where npm, tar or xz is missing or fails, or a package is not installed.
 */
export function writeSegArchive(folder: string, { packages = "." }: { packages?: string } = {}): string {
  const scratch = mkdtempSync(join(tmpdir(), "seg-archive-"));
  const path = join(folder, SEG_ARCHIVE);
  try {
    const place = join(scratch, "seg");
    makeFolder(place);
    putProgram(place);
    putDeno(place, { packages, scratch });
    const made = join(scratch, SEG_ARCHIVE);
    run("tar", ["-cJf", made, "-C", scratch, "seg"], "install tar and xz");
    makeFolder(folder);
    writeFileAtomic(path, readFileSync(made));
    return path;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The program's files as they are run here, compiled or not, and all packages below its package.json. */
function putProgram(place: string): void {
  const here = fileURLToPath(import.meta.url);
  const compiled = here.endsWith(".js");
  const root = join(dirname(here), ...(compiled ? ["..", "..", ".."] : ["..", ".."]));
  const source = compiled ? join("dist", "src") : "src";
  copyFiles(
    join(root, source),
    join(place, source),
    (path) => compiled ? path.endsWith(".js") : /\.(ts|cpp)$/.test(path),
  );
  // The source of the kit's runner stays in src when the program is compiled.
  const runner = join("src", "tensorrt", "runner");
  copyFiles(join(root, runner), join(place, runner), (path) => path.endsWith(".cpp"));
  copyFileSync(join(root, "LICENSE"), join(place, "LICENSE"));
  const { name, version, type, dependencies } = readManifest(root);
  const kept = Object.fromEntries(Object.entries(dependencies).filter(([one]) => !LEFT_OUT.includes(one)));
  writeFileSync(join(place, "package.json"), JSON.stringify({ name, version, type, dependencies: kept }, undefined, 2));
  const main = join(source, compiled ? "main.js" : "main.ts").split(sep).join("/");
  const launcher = join(place, "seg");
  writeFileSync(launcher, LAUNCHER.replace("@MAIN@", main));
  chmodSync(launcher, 0o755);
  putPackages(root, place, { place, from: new Map() });
}

/** Packages that lie at the top of the archive, with the folder that they came from. */
interface Placed {
  readonly place: string;
  readonly from: Map<string, string>;
}

/** Copies the dependencies of the package in `from`, and theirs; a second version of a package lies below the one that needs it. */
function putPackages(from: string, to: string, placed: Placed): void {
  for (const name of Object.keys(readManifest(from).dependencies)) {
    if (LEFT_OUT.includes(name)) continue;
    const folder = packageFolder(name, from);
    const known = placed.from.get(name);
    if (known === folder) continue;
    if (known === undefined) placed.from.set(name, folder);
    const target = join(known === undefined ? placed.place : to, "node_modules", name);
    copyFiles(folder, target, (path) => isNeeded(name, path));
    putPackages(folder, target, placed);
  }
}

/** Neither types, maps and texts, nor the libraries of other processors. */
function isNeeded(name: string, path: string): boolean {
  const parts = path.split(sep);
  if (parts[0] === "node_modules") return false;
  if (name === "onnxruntime-node" && parts[0] === "bin" && parts.length > 3) {
    return parts[2] === "linux" && parts[3] === "arm64";
  }
  return /^licen[cs]e/i.test(parts.at(-1) ?? "") || !/\.(map|md|d\.[cm]?ts|ts|tsx|flow|html)$/.test(path);
}

function putDeno(place: string, { packages, scratch }: { packages: string; scratch: string }): void {
  const { name, version } = DENO_PACKAGE;
  const packed = `${name.slice(1).replace("/", "-")}-${version}.tgz`;
  let archive = join(packages, packed);
  if (!existsSync(archive)) {
    const npm = process.platform === "win32" ? "npm.cmd" : "npm";
    const remedy =
      `where there is no network, run npm pack ${name}@${version} elsewhere and put ${packed} into this folder`;
    run(npm, ["pack", "--silent", "--pack-destination", scratch, `${name}@${version}`], remedy);
    archive = join(scratch, packed);
  }
  run("tar", ["-xzf", archive, "-C", scratch], `remove ${archive} and run the command again`);
  renameSync(join(scratch, "package", "deno"), join(place, "deno"));
  chmodSync(join(place, "deno"), 0o755);
}

function packageFolder(name: string, from: string): string {
  for (let folder = from;; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate);
    if (folder === dirname(folder)) break;
  }
  throw new Failure(`Cannot pack seg: its package ${name} is not installed above ${from}; run npm install there`);
}

/** Copies a folder's files that are wanted by their paths within it. */
function copyFiles(from: string, to: string, isWanted: (path: string) => boolean): void {
  for (const path of readdirSync(from, { recursive: true, encoding: "utf8" })) {
    if (!isWanted(path) || !statSync(join(from, path)).isFile()) continue;
    makeFolder(dirname(join(to, path)));
    copyFileSync(join(from, path), join(to, path));
  }
}

function readManifest(folder: string): v.InferOutput<typeof Manifest> {
  return readJson(join(folder, "package.json"), Manifest, "install the packages again by npm ci");
}

function run(program: string, args: readonly string[], remedy: string): void {
  const { status, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    // xz is slow: on all processors, unless the user has options of their own.
    env: { XZ_OPT: "-T0", ...process.env },
  });
  if (status === 0) return;
  const reason = error ? messageOf(error) : stderr.trim().split("\n").slice(-3).join(" ");
  throw new Failure(`Cannot pack seg: ${program} ${args[0]} failed (${reason}); ${remedy}`);
}
