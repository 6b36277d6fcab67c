/** The archive of this program for a Jetson, with a made-up Deno in the place of the one that npm would bring. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { DENO_PACKAGE, writeSegArchive } from "../../src/deployment/seg_archive.ts";
import { inFolder } from "../commands/run_program.ts";

const programs = spawnSync("sh", ["-c", "command -v tar xz"]).status === 0;

test("writeSegArchive() packs what a Jetson needs and nothing else", {
  skip: programs ? false : "tar and xz are not installed",
}, async () => {
  await inFolder((folder) => {
    mkdirSync(join(folder, "package"));
    writeFileSync(join(folder, "package", "deno"), '#!/bin/sh\necho "deno $*"\n');
    chmodSync(join(folder, "package", "deno"), 0o755);
    const packed = `deno-linux-arm64-glibc-${DENO_PACKAGE.version}.tgz`;
    assert.equal(spawnSync("tar", ["-czf", join(folder, packed), "-C", folder, "package"]).status, 0);
    // The least effort of xz: the library of ONNX Runtime is large.
    process.env["XZ_OPT"] = "-0";
    const archive = writeSegArchive(join(folder, "kit"), { packages: folder });
    delete process.env["XZ_OPT"];
    assert.equal(spawnSync("tar", ["-xf", archive, "-C", folder]).status, 0);
    const place = join(folder, "seg");
    const files = readdirSync(place, { recursive: true, encoding: "utf8" });
    const libraries = files.filter((file) => /\.(so(\.\d+)*|dylib|dll|node)$/.test(file));
    assert.ok(libraries.length >= 2, libraries.join(" "));
    assert.deepEqual(libraries.filter((file) => !/onnxruntime-node\/bin\/napi-v\d\/linux\/arm64\//.test(file)), []);
    assert.deepEqual(
      files.filter((file) => /\.d\.[cm]?ts$|\.map$|node_modules\/(typescript|@niivue|@types)\//.test(file)),
      [],
    );
    const { dependencies } = JSON.parse(readFileSync(join(place, "package.json"), "utf8")) as { dependencies: object };
    for (const name of Object.keys(dependencies)) {
      assert.ok(files.includes(join("node_modules", name, "package.json")), name);
    }

    const main = files.find((file) => /^(dist\/)?src\/main\.[jt]s$/.test(file)) ?? "";
    const { stdout } = spawnSync(join(place, "seg"), ["doctor", "--json"], { encoding: "utf8", cwd: folder });
    assert.equal(stdout, `deno run --quiet --no-remote -A ${join(place, main)} doctor --json\n`);
    // The program is whole: with ONNX Runtime for this processor it runs from there, with the packages there.
    const here = join("node_modules", "onnxruntime-node", "bin", "napi-v6", process.platform);
    mkdirSync(join(place, here), { recursive: true });
    symlinkSync(resolve(here, process.arch), join(place, here, process.arch), "junction");
    const start = "Deno" in globalThis ? ["run", "--quiet", "--no-check", "--no-remote", "-A"] : [];
    const help = spawnSync(
      process.execPath,
      [...start, join(place, main), "build", "--out", join(folder, "net.onnx")],
      {
        encoding: "utf8",
      },
    );
    assert.equal(help.status, 0, help.stderr);
    const inspected = spawnSync(process.execPath, [
      ...start,
      join(place, main),
      "inspect",
      join(folder, "net.onnx"),
      "--json",
    ], {
      encoding: "utf8",
    });
    assert.equal(inspected.status, 0, inspected.stderr);
    return Promise.resolve();
  });
});

test("writeSegArchive() says what to do where npm brings nothing", {
  skip: "Deno" in globalThis && "Deno's tests share one environment; the test runs under Node",
}, async () => {
  await inFolder((folder) => {
    const path = process.env["PATH"];
    process.env["PATH"] = folder;
    try {
      assert.throws(
        () => writeSegArchive(join(folder, "kit"), { packages: folder }),
        /npm pack failed \(.*\); where there is no network, run npm pack @deno\/linux-arm64-glibc@2\.9\.5 elsewhere/,
      );
    } finally {
      process.env["PATH"] = path;
    }
    return Promise.resolve();
  });
});
