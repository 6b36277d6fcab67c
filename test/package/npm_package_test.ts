/** The package as npm makes it, in an empty project: its files, its types, and the example of the documentation. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { inFolder } from "../commands/run_program.ts";
import { checkExample, libraryExample } from "./library_example.ts";

const ENTRIES = ["graph", "runtime", "training", "imaging", "metrics", "tensorrt"];

/** Lines of the package's own list; only the compiled sources, and types of what the entries reach. */
const ALLOWED = [
  /^(LICENSE|README\.md|package\.json)$/,
  /^src\/tensorrt\/runner\/runner\.cpp$/,
  /^dist\/src\/.*\.js$/,
  /^dist\/src\/.*\.d\.ts$/,
];

const skip = "Deno" in globalThis && "npm packs for Node; deno_package_test.ts runs the example under Deno";

function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: "utf8",
    // npm answers from its own settings and cache; nothing is looked up.
    env: { ...process.env, NO_COLOR: "1", npm_config_offline: "true" },
    shell: process.platform === "win32" && !program.includes("node"),
  });
  assert.equal(status, 0, `${program} ${args.join(" ")}: ${error?.message ?? ""}${stdout}${stderr}`);
  return stdout;
}

/** A copy of what packing reads: the build of this checkout stays as it is, for other tests run from it. */
function stage(folder: string): void {
  for (const name of ["package.json", "README.md", "LICENSE", "tsconfig.json", "tsconfig.build.json", "src"]) {
    cpSync(name, join(folder, name), { recursive: true });
  }
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"), "junction");
}

/** An empty project with the packed files, and the dependencies that they declare. */
function install(tarball: string, project: string): void {
  const packed = join(project, "node_modules", "seg");
  mkdirSync(packed, { recursive: true });
  run("tar", ["-xzf", tarball, "--strip-components", "1", "-C", packed], project);
  const { dependencies } = JSON.parse(readFileSync(join(packed, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of [...Object.keys(dependencies), "@types/node"]) {
    const link = join(project, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(resolve("node_modules", name), link, "junction");
  }
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "empty", type: "module" }));
}

test("npm pack makes a package that an empty TypeScript project can use", { skip }, async () => {
  await inFolder((folder) => {
    const [made, project] = [join(folder, "made"), join(folder, "project")];
    mkdirSync(made);
    mkdirSync(project);
    stage(made);
    const npm = process.env["npm_execpath"];
    const pack = ["pack", "--ignore-scripts=false", "--json", "--loglevel=error"];
    const listed = npm === undefined ? run("npm", pack, made) : run(process.execPath, [npm, ...pack], made);
    const [{ files, filename }] = JSON.parse(listed.slice(listed.indexOf("[\n"))) as [
      { files: { path: string }[]; filename: string },
    ];
    const paths = files.map(({ path }) => path);
    assert.deepEqual(paths.filter((path) => !ALLOWED.some((pattern) => pattern.test(path))), []);
    assert.deepEqual(paths.filter((path) => /^dist\/src\/(commands|report)\/.*\.d\.ts$/.test(path)), []);
    for (const path of ["dist/src/main.js", ...ENTRIES.map((entry) => `dist/src/${entry}/mod.d.ts`)]) {
      assert.ok(paths.includes(path), `${path} is missing`);
    }
    install(join(made, filename), project);
    assert.doesNotMatch(readFileSync(join(project, "node_modules/seg/dist/src/main.js"), "utf8"), /sourceMappingURL/);

    writeFileSync(join(project, "example.ts"), libraryExample());
    const everything = ENTRIES.map((entry) => `export * as ${entry} from "seg/${entry}";\n`).join("");
    writeFileSync(join(project, "everything.ts"), everything);
    const compilerOptions = { module: "nodenext", target: "es2022", types: ["node"], strict: true };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions }));
    run(process.execPath, [resolve("node_modules/typescript/bin/tsc"), "-p", "."], project);
    checkExample(run(process.execPath, ["example.js"], project));
    const names = 'import("./everything.js").then((all) => console.log(Object.keys(all).length))';
    assert.equal(run(process.execPath, ["-e", names], project).trim(), String(ENTRIES.length));
    assert.match(run(process.execPath, ["node_modules/seg/dist/src/main.js", "--version"], project), /^\d+\.\d+\.\d+/);
    return Promise.resolve();
  });
});
