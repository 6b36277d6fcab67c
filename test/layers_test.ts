/** Imports go one way, and each of four packages has one importer. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { test } from "node:test";

/** The folders of src, from the lowest layer up; a folder may import from those on a line above it, and from the files of src itself. */
const LAYERS: readonly (readonly string[])[] = [
  ["graph"],
  ["runtime", "imaging", "cluster"],
  ["metrics", "tensorrt"],
  ["model", "data"],
  ["prediction"],
  ["evaluation"],
  ["bench", "training"],
  ["deployment"],
  ["report"],
  ["view"],
  ["command_line"],
  ["commands"],
];

const IMPORTERS: Readonly<Record<string, readonly string[]>> = {
  "cmd-ts": ["command_line/words.ts"],
  "onnx-proto": ["graph/onnx/proto.ts"],
  "onnxruntime-node": ["runtime/session.ts"],
  "nifti-reader-js": ["imaging/nifti.ts"],
};

interface Import {
  readonly file: string;
  readonly specifier: string;
}

const imports: Import[] = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .flatMap((file) => {
    const text = readFileSync(join("src", file), "utf8");
    const specifiers = [...text.matchAll(/(?:^|\n)(?:import|export)[^;]*?from "([^"]+)"|import\("([^"]+)"\)/g)];
    return specifiers.map((match) => ({ file, specifier: (match[1] ?? match[2]) as string }));
  });

function layerOf(folder: string): number {
  return LAYERS.findIndex((folders) => folders.includes(folder));
}

test("LAYERS holds every folder of src", () => {
  const folders = readdirSync("src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(folders.map(({ name }) => name).filter((name) => layerOf(name) < 0), []);
});

test("imports go from higher layers to lower ones", () => {
  const wrong = imports.flatMap(({ file, specifier }) => {
    if (!specifier.startsWith(".") || !file.includes("/")) return [];
    const from = file.split("/")[0] as string;
    const target = normalize(join(file, "..", specifier));
    if (!target.includes("/")) return target === "main.ts" ? [`${file} → ${target}`] : [];
    const to = target.split("/")[0] as string;
    const allowed = from === to || layerOf(to) < layerOf(from);
    return allowed ? [] : [`${file} → ${target}`];
  });
  assert.deepEqual(wrong, []);
});

test("imports, those of types too, go in no circle", () => {
  const targets = new Map<string, string[]>();
  for (const { file, specifier } of imports) {
    if (!specifier.startsWith(".")) continue;
    targets.set(file, [...targets.get(file) ?? [], normalize(join(file, "..", specifier))]);
  }
  assert.deepEqual(circles(targets), []);
});

/** Groups of files that reach each other, each in alphabetical order. */
function circles(targets: ReadonlyMap<string, readonly string[]>): string[][] {
  const reached = new Map([...targets.keys()].map((file) => [file, reachable(file, targets)]));
  const groups = new Map<string, string[]>();
  for (const [file, files] of reached) {
    if (!files.has(file)) continue;
    const group = [...files].filter((other) => reached.get(other)?.has(file)).sort();
    groups.set(group.join(), group);
  }
  return [...groups.values()].sort((a, b) => a.join() < b.join() ? -1 : 1);
}

function reachable(start: string, targets: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set<string>();
  const pending = [...targets.get(start) ?? []];
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    pending.push(...targets.get(file) ?? []);
  }
  return found;
}

test("mod.ts, the entry of an area for other programs, is imported by no other file", () => {
  const wrong = imports.filter(({ specifier }) => /(^|\/)mod\.ts$/.test(specifier));
  assert.deepEqual(wrong, []);
});

test("each package of a file format, a runtime or a command line has one importer", () => {
  const wrong = imports.filter(({ file, specifier }) => {
    const allowed = IMPORTERS[specifier];
    if (allowed === undefined) return false;
    return !allowed.includes(file);
  });
  assert.deepEqual(wrong, []);
});

test("imports of other packages are declared in package.json", () => {
  const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: Record<string, string> };
  const packages = new Set(imports.map(({ specifier }) => specifier).filter((name) => !/^(\.|node:)/.test(name)));
  assert.deepEqual([...packages].filter((name) => !(name in dependencies)), []);
});
