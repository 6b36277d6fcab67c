/** Writing whole, under names that no other file has, and what killed writers leave. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { writeFileAtomic } from "../src/files.ts";
import { removeLeftovers, temporaryName } from "../src/temporary_files.ts";
import { inFolder } from "./commands/run_program.ts";

test("writeFileAtomic() replaces a file by another one, and never writes in place", async () => {
  await inFolder((folder) => {
    const path = join(folder, "a.json");
    writeFileAtomic(path, "first");
    const before = statSync(path).ino;
    writeFileAtomic(path, "second", { durable: true });
    assert.equal(readFileSync(path, "utf8"), "second");
    assert.notEqual(statSync(path).ino, before);
    assert.deepEqual(readdirSync(folder), ["a.json"]);
    return Promise.resolve();
  });
});

test("writeFileAtomic() leaves the file as it was where it cannot write", async () => {
  await inFolder((folder) => {
    const path = join(folder, "a.json");
    writeFileSync(path, "first");
    mkdirSync(join(folder, "b.json"));
    assert.throws(() => writeFileAtomic(join(folder, "b.json"), "x"), {
      name: "Failure",
      message: /^Cannot write .*b\.json: /,
    });
    assert.throws(
      () => writeFileAtomic(join(folder, "none", "c.json"), "x"),
      /its folder does not exist; create the folder first$/,
    );
    assert.deepEqual(readdirSync(folder).sort(), ["a.json", "b.json"]);
    return Promise.resolve();
  });
});

test("writeFileAtomic() writes names as long as the file system takes, and says where one is longer", async () => {
  await inFolder((folder) => {
    for (const name of ["x".repeat(255), "ä".repeat(127)]) {
      writeFileAtomic(join(folder, name), "x");
      assert.equal(readFileSync(join(folder, name), "utf8"), "x");
      assert.ok(new TextEncoder().encode(basename(temporaryName(name))).length <= 255);
    }
    assert.throws(() => writeFileAtomic(join(folder, "x".repeat(256)), "x"), {
      name: "Failure",
      message: /the name is longer than the file system allows; give a shorter one$/,
    });
    return Promise.resolve();
  });
});

test("writeFileAtomic() says that too many files are open", () => {
  const code = `
    import { openSync } from "node:fs";
    import { writeFileAtomic } from "./dist/src/files.js";
    try { for (;;) openSync("/dev/null"); } catch {}
    try { writeFileAtomic("/tmp/never", "x"); } catch (error) { console.log(error.name, error.message); }`;
  const command = 'ulimit -n 64; exec "$0" --input-type=module --eval "$1"';
  const { stdout } = spawnSync("bash", ["-c", command, nodeProgram(), code], { encoding: "utf8" });
  assert.match(
    stdout,
    /^Failure Cannot write \/tmp\/never: too many files are open; raise the limit with ulimit -n and run the command again$/m,
  );
});

test("removeLeftovers() removes what processes left that are gone, and nothing else", async () => {
  await inFolder((folder) => {
    const { pid } = spawnSync(process.execPath, ["--version"]);
    const mine = basename(temporaryName(join(folder, "a.json")));
    const left = mine.replace(`-${process.pid}-`, `-${pid}-`);
    const elsewhere = left.replace(/\.[0-9a-f]{6}-/, mine.includes(".000000-") ? ".000001-" : ".000000-");
    const kept = [mine, elsewhere, ".a.json.12345678.tmp", "a.tmp", left.slice(1)];
    for (const name of [left, ...kept]) writeFileSync(join(folder, name), "");
    const leftFolder = left.replace("a.json", "run");
    mkdirSync(join(folder, leftFolder, "inner"), { recursive: true });
    removeLeftovers(folder);
    assert.deepEqual(readdirSync(folder).sort(), [...kept].sort());
    return Promise.resolve();
  });
});

/** Node, also where Deno runs the tests. */
function nodeProgram(): string {
  return "Deno" in globalThis ? "node" : process.execPath;
}
