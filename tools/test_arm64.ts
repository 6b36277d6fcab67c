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
import { ARM64_DENO, ARM64_FOLDER, arm64Libraries, DENO_VERSION } from "./arm64_programs.ts";
import { highestVersion, neededVersions } from "./elf_versions.ts";

const EMULATOR = "qemu-aarch64-static";
const LIBRARIES = "/lib/aarch64-linux-gnu/libstdc++.so.6 /usr/lib/aarch64-linux-gnu/libstdc++.so.6".split(" ");
const emulated = process.arch !== "arm64";

function missing(): string[] {
  const path = (process.env["PATH"] ?? "").split(delimiter);
  const found: string[] = [];
  if (emulated && !path.some((folder) => existsSync(join(folder, EMULATOR)))) {
    found.push(`${EMULATOR} is absent: sudo apt-get install qemu-user-static`);
  }
  if (emulated && !LIBRARIES.some((file) => existsSync(file))) {
    found.push(
      "the arm64 C and C++ libraries are absent: sudo dpkg --add-architecture arm64 && sudo apt-get update && " +
        "sudo apt-get install libc6:arm64 libstdc++6:arm64 libgcc-s1:arm64",
    );
  }
  if (!existsSync(ARM64_DENO)) {
    found.push(
      `${ARM64_DENO} is absent: mkdir -p ${ARM64_FOLDER} && (cd ${ARM64_FOLDER} && ` +
        `npm pack @deno/linux-arm64-glibc@${DENO_VERSION} && tar xzf deno-linux-arm64-glibc-${DENO_VERSION}.tgz)`,
    );
  }
  if (arm64Libraries().length === 0) found.push("onnxruntime-node is absent: npm install");
  return found;
}

/** Runs one command; it must end with `status` and say what `expected` matches. */
function run(runtime: string, args: readonly string[], expected: RegExp): void {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(runtime, [
    "run",
    "--quiet",
    "-A",
    resolve("tools/arm64_main.ts"),
    ...args,
  ], {
    encoding: "utf8",
    env: { ...process.env, QEMU_LD_PREFIX: "/", SEG_ARM64_RUNTIME: runtime },
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const command = ["seg", ...args].join(" ");
  if (status === 0 && expected.test(stdout)) return console.log(`ok      ${command} (${seconds} s)`);
  console.log(`FAILED  ${command}: exit code ${status}, expected ${expected} on stdout`);
  console.log(stdout.slice(-4000) + stderr.slice(-4000));
  process.exitCode = 1;
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
    const [model, data] = [join(folder, "net.onnx"), join(folder, "data")];
    mkdirSync(data);
    writePhantom(data, { seed: 0, cases: 1, side: 48 });
    const scan = join(data, "imagesTr");
    const exported = join(folder, "export");
    run(runtime, ["doctor", "--json"], /"architecture": "arm64"/);
    run(runtime, ["build", ..."--width 4 --input-size 16 --output-size 32".split(" "), "--out", model], /parameters/);
    run(
      runtime,
      ["export", model, "--trt", "--target", "nano", "--dry-run", "--out", exported],
      /--fp16 --workspace=512/,
    );
    run(runtime, ["export", model, "--kit", join(folder, "kit"), "--out", exported], /run\.sh/);
    run(runtime, ["inspect", join(exported, "net.onnx"), "--target", "nano"], /TensorRT of nano runs it/);
    run(runtime, ["predict", model, scan, "--out", join(folder, "masks"), "--json"], /"output": /);
    run(runtime, ["bench", model, "--duration", "10s", "--threads", "1", "--json"], /"latencyMs": /);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();
