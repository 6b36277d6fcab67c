/** What other programs can import is said once for npm and once for Deno: the two agree, and nothing else is exported. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { ops } from "../../src/graph/mod.ts";
import { OPS } from "../../src/graph/ops/registry.ts";

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, string>>;
}

function manifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, "utf8")) as Manifest;
}

test("exports of package.json and deno.json are the mod.ts of the same folders", () => {
  const [npm, deno] = [manifest("package.json"), manifest("deno.json")];
  const folders = readdirSync("src").filter((name) => existsSync(`src/${name}/mod.ts`));
  assert.deepEqual(Object.keys(deno.exports).sort(), folders.map((name) => `./${name}`).sort());
  for (const name of folders) {
    assert.equal(deno.exports[`./${name}`], `./src/${name}/mod.ts`);
    assert.equal(npm.exports[`./${name}`], `./dist/src/${name}/mod.js`);
  }
  assert.deepEqual(Object.keys(npm.exports).length, folders.length + 1);
  assert.deepEqual([deno.version, deno.license], [npm.version, npm.license]);
});

test("docs/library.md names every entry", () => {
  const text = readFileSync("docs/library.md", "utf8");
  for (const entry of Object.keys(manifest("deno.json").exports)) {
    assert.match(text, new RegExp(`\\| \`seg/${entry.slice(2)}\``));
  }
});

test("ops of seg/graph holds every op that a file of src/graph/ops defines", async () => {
  const folder = new URL("../../src/graph/ops/", import.meta.url);
  const files = readdirSync(folder).filter((name) => /\.[jt]s$/.test(name) && !/^(ops|registry)\./.test(name));
  assert.ok(files.length > 20, `${files.length} files`);
  const defined = new Set<unknown>();
  for (const file of files) {
    const values: unknown[] = Object.values(await import(new URL(file, folder).href) as object);
    for (const value of values) {
      if (typeof value === "object" && value !== null && "type" in value && "sinceOpset" in value) defined.add(value);
    }
  }
  assert.deepEqual(new Set<unknown>(Object.values(ops)), defined);
  assert.deepEqual(new Set<unknown>(OPS), defined);
});
