/**
 * Runs what a Jetson Nano runs, with the arm64 builds of Deno and ONNX Runtime: `npm run test:arm64`.
 *
 * On another processor QEMU's user-mode emulation runs them. What is missing is named with the commands that fetch it; nothing is
 * fetched here.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { tmpdir } from "node:os";
import process from "node:process";
import { writePhantom } from "../src/data/phantom.ts";
import { DENO_PACKAGE } from "../src/deployment/seg_archive.ts";
import { ARM64_DENO, ARM64_FOLDER, ARM64_ROOT, arm64Libraries } from "./arm64_programs.ts";
import { highestVersion, neededVersions } from "./elf_versions.ts";

const EMULATOR = "qemu-aarch64-static";
/** Where the C and C++ libraries for arm64 may be: those of the system, or copies that need no rights. */
const ROOTS = ["/", resolve(ARM64_ROOT)];
const LIBRARY = "usr/lib/aarch64-linux-gnu/libstdc++.so.6";
/** The whole run takes no longer: what is not done by then has failed. */
const LIMIT_SECONDS = 15 * 60;
const emulated = process.arch !== "arm64";

function missing(): string[] {
  const path = (process.env["PATH"] ?? "").split(delimiter);
  const found: string[] = [];
  if (emulated && !path.some((folder) => existsSync(join(folder, EMULATOR)))) {
    found.push(`${EMULATOR} is absent: sudo apt-get install qemu-user-static`);
  }
  if (emulated && libraryRoot() === undefined) {
    found.push(
      "the arm64 C and C++ libraries are absent: sudo dpkg --add-architecture arm64 && sudo apt-get update && " +
        "sudo apt-get install libc6:arm64 libstdc++6:arm64 libgcc-s1:arm64, or with these packages downloaded " +
        `(apt-get download): for package in *.deb; do dpkg -x "$package" ${ARM64_ROOT}; done`,
    );
  }
  const { version } = DENO_PACKAGE;
  if (!existsSync(ARM64_DENO)) {
    found.push(
      `${ARM64_DENO} is absent: mkdir -p ${ARM64_FOLDER} && (cd ${ARM64_FOLDER} && ` +
        `npm pack ${DENO_PACKAGE.name}@${version} && tar xzf deno-linux-arm64-glibc-${version}.tgz)`,
    );
  }
  if (arm64Libraries().length === 0) found.push("onnxruntime-node is absent: npm install");
  return found;
}

function libraryRoot(): string | undefined {
  return ROOTS.find((root) => existsSync(join(root, LIBRARY)));
}

function makeFolder(parent: string, name: string): string {
  const folder = join(parent, name);
  mkdirSync(folder);
  return folder;
}

function main(): void {
  const absent = missing();
  if (absent.length > 0) {
    console.error(`The arm64 test cannot run:\n${absent.map((text) => `  ${text}`).join("\n")}`);
    process.exitCode = 2;
    return;
  }
  for (const file of [ARM64_DENO, ...arm64Libraries()]) {
    const highest = highestVersion(neededVersions(file), "GLIBC") ?? [];
    console.log(`${file} needs GLIBC_${highest.join(".")}; JetPack 4.6 has 2.27`);
  }
  const folder = mkdtempSync(join(tmpdir(), "seg-arm64-"));
  try {
    const runtime = join(folder, "deno");
    const start = `${emulated ? `${EMULATOR} ` : ""}'${resolve(ARM64_DENO)}'`;
    writeFileSync(runtime, `#!/bin/sh\nexec ${start} "$@"\n`);
    for (const program of [runtime, ARM64_DENO]) chmodSync(program, 0o755);
    writePhantom(makeFolder(folder, "data"), { seed: 0, cases: 1, side: 48 });
    const started = performance.now();
    // One process for all: under emulation most of the time goes into the start.
    const { status, signal } = spawnSync(runtime, ["run", "--quiet", "-A", resolve("tools/arm64_main.ts"), folder], {
      stdio: "inherit",
      timeout: 1000 * LIMIT_SECONDS,
      killSignal: "SIGKILL",
      env: { ...process.env, QEMU_LD_PREFIX: libraryRoot() ?? "/", SEG_ARM64_RUNTIME: runtime },
    });
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(
      signal === null
        ? `It took ${seconds} s${emulated ? " under emulation" : ""}, by Deno ${DENO_PACKAGE.version}`
        : `FAILED  ended by ${signal} after ${seconds} s: what is not listed above is not covered`,
    );
    console.log(
      "Not covered: the GPU, TensorRT and trtexec, and a system as old as JetPack's beyond the versions of symbols",
    );
    if (status !== 0) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();
