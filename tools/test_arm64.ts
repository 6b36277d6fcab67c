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

/** A command of the program with what must stand on its standard output, and what it shows to work. */
interface Step {
  readonly covers: string;
  readonly args: readonly string[];
  readonly expected: RegExp;
}

/** Runs one command within `seconds`; whether it ended well and said what is expected. */
function run(runtime: string, { args, expected }: Step, seconds: number): boolean {
  const started = performance.now();
  const { status, signal, stdout, stderr } = spawnSync(runtime, [
    "run",
    "--quiet",
    "-A",
    resolve("tools/arm64_main.ts"),
    ...args,
  ], {
    encoding: "utf8",
    timeout: Math.ceil(1000 * seconds),
    killSignal: "SIGKILL",
    env: { ...process.env, QEMU_LD_PREFIX: libraryRoot() ?? "/", SEG_ARM64_RUNTIME: runtime },
  });
  const taken = ((performance.now() - started) / 1000).toFixed(0);
  const command = ["seg", ...args].join(" ");
  if (status === 0 && expected.test(stdout)) {
    console.log(`ok      ${command} (${taken} s)`);
    return true;
  }
  const end = signal === null ? `exit code ${status}` : `ended by ${signal} after ${taken} s`;
  console.log(`FAILED  ${command}: ${end}, expected ${expected} on stdout`);
  console.log(stdout.slice(-4000) + stderr.slice(-4000));
  return false;
}

/** What is run, in the order in which each takes what the one before has written. */
function steps(folder: string): Step[] {
  const [model, data] = [join(folder, "net.onnx"), join(folder, "data")];
  const exported = join(folder, "export");
  const size = "--width 4 --input-size 16 --output-size 32".split(" ");
  return [
    {
      covers: "the start, and a sum in ONNX Runtime",
      args: ["doctor", "--json"],
      expected: /"architecture": "arm64"[^]*"inference": "works"/,
    },
    { covers: "networks", args: ["build", ...size, "--out", model], expected: /parameters/ },
    {
      covers: "the command line of a build",
      args: ["export", model, "--trt", "--target", "nano", "--dry-run", "--out", exported],
      expected: /--fp16 --workspace=512/,
    },
    {
      covers: "a kit with its reference",
      args: ["export", model, "--kit", join(folder, "kit"), "--out", exported],
      expected: /run\.sh/,
    },
    {
      covers: "the lint and the estimate",
      args: ["inspect", join(exported, "net.onnx"), "--target", "nano"],
      expected: /TensorRT of nano runs it[^]*images per second: an estimate/,
    },
    {
      covers: "masks of a volume",
      args: ["predict", model, join(data, "imagesTr"), "--out", join(folder, "masks"), "--json"],
      expected: /"output": /,
    },
    {
      covers: "timing in a process of its own",
      args: ["bench", model, "--duration", "10s", "--threads", "1", "--json"],
      expected: /"latencyMs": /,
    },
  ];
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
    const data = join(folder, "data");
    mkdirSync(data);
    writePhantom(data, { seed: 0, cases: 1, side: 48 });
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    const all = steps(folder);
    const covered = all.filter((step) => run(runtime, step, Math.max(1, LIMIT_SECONDS - seconds())));
    console.log(
      `Covered in ${Math.round(seconds())} s: ${covered.length} of ${all.length} commands (${
        covered.map(({ covers }) => covers).join("; ")
      }), by Deno ${DENO_PACKAGE.version} and ONNX Runtime for arm64${emulated ? ", emulated" : ""}`,
    );
    console.log(
      "Not covered: the GPU, TensorRT and trtexec, and a system as old as JetPack's beyond the versions of symbols",
    );
    if (covered.length < all.length) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();
