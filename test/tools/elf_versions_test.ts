import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { ARM64_DENO, arm64Libraries } from "../../tools/arm64_programs.ts";
import { compareVersions, highestVersion, neededVersions } from "../../tools/elf_versions.ts";

/** What JetPack 4.6 has: Ubuntu 18.04 with GCC 8's C++ library. */
const JETPACK = { GLIBC: [2, 27], GLIBCXX: [3, 4, 25], CXXABI: [1, 3, 11] } as const;

function assertRunsOnJetPack(path: string): void {
  const versions = neededVersions(path);
  assert.ok(highestVersion(versions, "GLIBC"), `${path} needs no C library`);
  for (const [family, highest] of Object.entries(JETPACK)) {
    const needed = highestVersion(versions, family);
    if (needed === undefined) continue;
    assert.ok(compareVersions(needed, highest) <= 0, `${path} needs ${family}_${needed.join(".")}`);
  }
}

test("onnxruntime-node's arm64 libraries load on JetPack 4.6", () => {
  const libraries = arm64Libraries();
  assert.ok(libraries.some((path) => path.endsWith(".node")) && libraries.some((path) => path.includes(".so")));
  libraries.forEach(assertRunsOnJetPack);
});

test("Deno's arm64 build loads on JetPack 4.6", {
  skip: existsSync(ARM64_DENO) ? false : `${ARM64_DENO} is absent: npm run test:arm64 says how to get it`,
}, () => assertRunsOnJetPack(ARM64_DENO));

const readelf = spawnSync("readelf", ["--version"]).status === 0;

test("neededVersions() finds what readelf finds", { skip: readelf ? false : "readelf is not installed" }, () => {
  for (const path of [process.execPath, ...arm64Libraries()]) {
    const text =
      spawnSync("readelf", ["--version-info", "--wide", path], { encoding: "utf8", maxBuffer: 2 ** 28 }).stdout;
    const needs = text.slice(text.indexOf("Version needs section"));
    const listed = new Set(Array.from(needs.matchAll(/Name: (\S+)\s+Flags/g), (match) => match[1] as string));
    assert.ok(listed.size > 2);
    assert.deepEqual(neededVersions(path), [...listed].sort());
  }
});

test("neededVersions() refuses other files", () => {
  const path = join(tmpdir(), `seg-elf-${process.pid}`);
  try {
    for (const [bytes, message] of [["no ELF", /ends early/], ["x".repeat(100), /no 64-bit/]] as const) {
      writeFileSync(path, bytes);
      assert.throws(() => neededVersions(path), message);
    }
  } finally {
    rmSync(path, { force: true });
  }
});

test("compareVersions() compares numbers, not texts", () => {
  assert.ok(compareVersions([2, 4], [2, 27]) < 0 && compareVersions([2, 27], [2, 27]) === 0);
  assert.ok(compareVersions([3, 4], [3, 4, 25]) < 0);
});
