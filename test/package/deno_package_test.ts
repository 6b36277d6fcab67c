/** The package as Deno sees it: the entries by name, types that need no inference, docstrings, and what publishing would send. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { inFolder } from "../commands/run_program.ts";
import { checkExample, libraryExample } from "./library_example.ts";

const skip = "Deno" in globalThis ? false : "this is about Deno; npm_package_test.ts is about Node";

/** Members that their name and type describe: `readonly width: number;`. */
const MEMBER = /^\s+(readonly |override )*"?\w+"?\??\s*[:=]/;

interface DenoEnd {
  readonly status: number | null;
  readonly output: string;
}

function deno(...args: string[]): DenoEnd {
  const env = { ...process.env, NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", env });
  return { status, output: `${stdout}${stderr}` };
}

function manifest(): { readonly name: string; readonly exports: Readonly<Record<string, string>> } {
  return JSON.parse(readFileSync("deno.json", "utf8")) as ReturnType<typeof manifest>;
}

test("the example of docs/library.md runs under Deno by the exports of deno.json", { skip }, async () => {
  await inFolder((folder) => {
    const path = join(folder, "example.ts");
    writeFileSync(path, libraryExample().replaceAll('"seg/', `"${manifest().name}/`));
    const { status, output } = deno("run", "--quiet", "--allow-all", "--config", resolve("deno.json"), path);
    assert.equal(status, 0, output);
    checkExample(output);
    return Promise.resolve();
  });
});

test("deno publish finds no slow types and sends sources alone", { skip }, () => {
  // Types are checked by `npm run check`.
  const { status, output } = deno("publish", "--dry-run", "--allow-dirty", "--no-check");
  assert.equal(status, 0, output);
  const root = resolve(".").replaceAll("\\", "/");
  const files = [...output.matchAll(/file:\/\/(\S+)/g)].map(([, path = ""]) =>
    path.slice(path.indexOf(root) + root.length + 1)
  );
  assert.ok(files.includes("src/graph/mod.ts"), output);
  // The runner's source goes into kits as it is.
  const source = /^(src\/.*\.ts|src\/tensorrt\/runner\/runner\.cpp|LICENSE|README\.md|deno\.json)$/;
  assert.deepEqual(files.filter((path) => !source.test(path)), []);
  assert.deepEqual(files.filter((path) => /^src\/(main|commands)/.test(path)), []);
});

test("the entries export every type that they name, and describe what needs a description", { skip }, () => {
  const { output } = deno("doc", "--lint", ...Object.values(manifest().exports));
  const faults = output.split(/^error\[/m).slice(1);
  const undescribed = faults.filter((fault) => {
    const [, path, line] = /--> (.+?):(\d+):/.exec(fault) ?? [];
    if (!fault.includes("missing-jsdoc") || path === undefined) return true;
    return !MEMBER.test(readFileSync(path, "utf8").split("\n")[Number(line) - 1] as string);
  });
  assert.deepEqual(undescribed.map((fault) => fault.split("\n").slice(0, 4).join(" ")), []);
  assert.ok(faults.length > 0, output);
});
