import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { Failure } from "../../src/failure.ts";
import { type Onnx, onnx } from "../../src/graph/onnx/proto.ts";
import { floats } from "../../src/graph/tensor_type.ts";
import { Random } from "../../src/random.ts";
import { createSession } from "../../src/runtime/session.ts";
import { type KitOptions, makeKit, writeKit } from "../../src/tensorrt/kit.ts";
import { readKitResult } from "../../src/tensorrt/kit_result.ts";
import { findTarget } from "../../src/tensorrt/targets.ts";
import { parseVersion } from "../../src/tensorrt/version.ts";
import { writeSimulator } from "../../tools/trtexec_simulator/wrapper.ts";
import { inScratch, smallModel } from "./scratch.ts";

async function kitOptions(more: Partial<KitOptions> = {}): Promise<KitOptions> {
  const random = new Random(5);
  const shape = [1, 1, 8, 8];
  const image = Float32Array.from({ length: 64 }, () => random.normal());
  const session = await createSession(smallModel());
  const { mask } = await session.run({ image: floats(image, shape) });
  await session.release();
  return {
    name: "small",
    onnx: smallModel(),
    target: findTarget("nano"),
    precision: "fp16",
    workspaceMiB: 512,
    inputs: [{ name: "image", elementType: "float32", shape, values: image }],
    outputs: [{ name: "mask", elementType: "float32", shape, values: mask?.values as Float32Array }],
    tolerance: 0.01,
    threshold: 0.5,
    flippedShare: 0.05,
    ...more,
  };
}

/** Versions of the simulator besides 8.2.1. */
const SIMULATED = ["8.0.1", "10.16", "11.1"] as const;

function has(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** Shells that run the script, where installed. */
// The script is the same under Deno: one shell says enough there.
const SHELLS = "Deno" in globalThis ? [["sh", []]] as const : [["busybox", ["sh"]], ["sh", []]] as const;

/** What the script calls: under busybox these are its own. */
const APPLETS = [
  "awk",
  "cat",
  "cut",
  "dirname",
  "grep",
  "mkdir",
  "cmp",
  "dd",
  "df",
  "mv",
  "rm",
  "sed",
  "sha256sum",
  "tail",
  "tr",
  "wc",
];

function runKit(folder: string, args: readonly string[], shell: readonly [string, readonly string[]] = ["sh", []]) {
  const search = [join(folder, "bin"), process.env["PATH"] ?? ""];
  const busybox = (process.env["PATH"] ?? "").split(delimiter).map((place) => join(place, "busybox")).find(existsSync);
  if (shell[0] === "busybox" && busybox !== undefined) {
    mkdirSync(join(folder, "applets"));
    for (const applet of APPLETS) symlinkSync(busybox, join(folder, "applets", applet));
    search.unshift(join(folder, "applets"));
  }
  const result = spawnSync(shell[0], [...shell[1], join(folder, "run.sh"), ...args], {
    encoding: "utf8",
    env: { ...process.env, PATH: search.join(delimiter) },
  });
  return { status: result.status, output: result.stdout, errors: result.stderr };
}

/** Puts a kit and a simulated trtexec into `folder`; the program in front of the simulator shortens the bench from 10 s to 100 queries. */
async function layOut(folder: string, options: Partial<KitOptions> = {}, failure?: string): Promise<void> {
  writeKit(folder, makeKit(await kitOptions(options)));
  mkdirSync(join(folder, "bin"));
  const simulator = writeSimulator(folder, { version: "8.2.1", ...(failure !== undefined && { failure }) });
  writeFileSync(
    join(folder, "bin", "trtexec"),
    `#!/bin/sh\nfor word do\n  shift\n  case $word in --duration=10) word=--duration=0 ;; esac\n  set -- "$@" "$word"\ndone\nexec '${simulator}' "$@"\n`,
  );
  chmodSync(join(folder, "bin", "trtexec"), 0o755);
}

for (const shell of SHELLS) {
  test(`the kit builds, checks and times under ${shell[0]}`, {
    skip: has(shell[0]) ? false : `${shell[0]} is not installed`,
  }, async () => {
    await inScratch(async (folder) => {
      await layOut(folder);
      const run = runKit(folder, [], shell);
      assert.equal(run.status, 0, run.errors);
      assert.match(run.output, /Check against the reference: passed/);
      const result = readKitResult(join(folder, "result"));
      assert.equal(result.tensorRt, 80201);
      assert.equal(result.build?.workspaceMiB, 512);
      assert.equal(result.build?.log.precision, "FP32+FP16");
      assert.equal(result.build?.log.simulated, true);
      assert.ok((result.build?.engineBytes ?? 0) > 100);
      const [check] = result.checks;
      assert.equal(result.checks.length, 1);
      assert.equal(check?.passed, true);
      assert.equal(check?.values, 64);
      // The simulated engine rounds to half precision: a difference must show.
      assert.ok((check?.largestDifference ?? 0) > 1e-6 && (check?.largestDifference ?? 1) < 0.01);
      assert.ok((result.bench?.times.latencyMs.length ?? 0) >= 100);
      assert.ok((result.profile?.runs ?? 0) >= 100);
    });
  });
}

test("the kit fails where an output differs from the reference", async () => {
  await inScratch(async (folder) => {
    const options = await kitOptions();
    const values = options.outputs[0]?.values.slice() ?? new Float32Array();
    values[17] = 1 - (values[17] ?? 0);
    await layOut(folder, { outputs: options.outputs.map((output) => ({ ...output, values })), tolerance: 1e-3 });
    assert.equal(runKit(folder, ["build"]).status, 0);
    const run = runKit(folder, ["check"]);
    assert.equal(run.status, 1, run.output);
    assert.match(run.output, /reference: failed/);
    const [check] = readKitResult(join(folder, "result")).checks;
    assert.equal(check?.passed, false);
    assert.equal(check?.flipped, 1);
  });
});

test("the kit takes smaller workspaces when memory runs out", async () => {
  await inScratch(async (folder) => {
    await layOut(folder, {}, "oom-until-256");
    const run = runKit(folder, ["build"]);
    assert.equal(run.status, 0, run.errors);
    assert.equal(readKitResult(join(folder, "result")).build?.workspaceMiB, 256);
    assert.equal(existsSync(join(folder, "model.engine.part")), false);
  });
});

/** Played failure, and what the script says. */
const FAILURES: readonly (readonly [string, RegExp])[] = [
  ["oom", /memory runs out; stop the desktop/],
  ["killed", /memory runs out; stop the desktop/],
  ["unsupported-op", /HardSwish[^]*the engine was not built/],
];

for (const [failure, message] of FAILURES) {
  test(`the kit explains ${failure}`, async () => {
    await inScratch(async (folder) => {
      await layOut(folder, { workspaceMiB: 128 }, failure);
      const run = runKit(folder, ["build"]);
      assert.equal(run.status, 1);
      assert.match(run.errors, message);
      assert.equal(existsSync(join(folder, "model.engine")), false);
      assert.equal(existsSync(join(folder, "model.engine.part")), false);
    });
  });
}

test("the kit refuses a damaged file, an old TensorRT and a wrong word", async () => {
  await inScratch(async (folder) => {
    await layOut(folder);
    assert.match(runKit(folder, ["fly"]).errors, /usage: sh run\.sh/);
    assert.match(runKit(folder, ["check"]).errors, /no model\.engine; run: sh run\.sh build/);
    const model = readFileSync(join(folder, "model.onnx"));
    writeFileSync(join(folder, "model.onnx"), model.subarray(1));
    assert.match(runKit(folder, ["build"]).errors, /damaged; copy the whole folder again/);
  });
});

/** Copies of a kit's text files as a Windows editor or an archive in text mode leaves them. */
function asOnWindows(path: string): void {
  writeFileSync(path, readFileSync(path, "latin1").replaceAll("\n", "\r\n"), "latin1");
}

for (const shell of SHELLS) {
  test(`the kit knows lines that end as on Windows under ${shell[0]}`, {
    skip: has(shell[0]) ? false : `${shell[0]} is not installed`,
  }, async () => {
    await inScratch(async (folder) => {
      await layOut(folder);
      asOnWindows(join(folder, "SHA256SUMS"));
      assert.match(runKit(folder, ["build"]).errors, /^run\.sh: the lines of SHA256SUMS end as on Windows/);
      asOnWindows(join(folder, "run.sh"));
      const { status, errors } = runKit(folder, ["build"], shell);
      assert.equal(status, 1);
      assert.match(errors, /^run\.sh: its lines end as on Windows \(CRLF\).*\n$/);
    });
  });
}

test("the kit names the program that is missing, and none that is there", async () => {
  await inScratch(async (folder) => {
    await layOut(folder);
    for (
      const [missing, message] of [["awk", /program awk is missing.*mawk/], [
        "sha256sum",
        /sha256sum is missing/,
      ]] as const
    ) {
      const search = join(folder, `without-${missing}`);
      mkdirSync(search);
      for (const applet of APPLETS) {
        const found = (process.env["PATH"] ?? "").split(delimiter).map((place) => join(place, applet)).find(existsSync);
        if (applet !== missing && found !== undefined) symlinkSync(found, join(search, applet));
      }
      const { status, stderr } = spawnSync("/bin/sh", [join(folder, "run.sh"), "build"], {
        encoding: "utf8",
        env: { ...process.env, PATH: search },
      });
      assert.equal(status, 1);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /damaged|differ/);
    }
  });
});

test(
  "the kit says that its folder is read-only",
  { skip: existsSync("/proc/self") ? false : "there is no /proc" },
  async () => {
    await inScratch(async (folder) => {
      await layOut(folder);
      // Where nobody may write, root neither.
      symlinkSync("/proc/self", join(folder, "result"));
      const { status, errors } = runKit(folder, ["build"]);
      assert.equal(status, 1);
      assert.match(errors, /cannot write into .*result: the folder is read-only or of another user/);
    });
  },
);

/** Mounts a small file system, which fills up as a real one does; root alone can. */
async function onSmallDisk(kibibytes: number, use: (folder: string) => Promise<void>): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "seg-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${kibibytes}k`, "tmpfs", folder]).status === 0;
  try {
    if (mounted) await use(folder);
  } finally {
    if (mounted) spawnSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  }
  return mounted;
}

test("the kit says that the disk is full, in every step", async (context) => {
  const mounted = await onSmallDisk(2048, async (folder) => {
    await layOut(folder);
    assert.equal(runKit(folder, ["build"]).status, 0);
    const before = readFileSync(join(folder, "result", "result.txt"), "utf8");
    for (const left of [0, 3, 40]) {
      const free = Number(spawnSync("df", ["-Pk", folder], { encoding: "utf8" }).stdout.split("\n")[1]?.split(/ +/)[3]);
      writeFileSync(join(folder, "filling"), new Uint8Array(1024 * (free - left)));
      for (const step of ["build", "check", "bench"]) {
        const { status, errors } = runKit(folder, [step]);
        assert.equal(status, 1);
        assert.match(errors, /run\.sh: the disk is full; free some space/, `${step} with ${left} KiB left`);
      }
      rmSync(join(folder, "filling"));
      assert.equal(readFileSync(join(folder, "result", "result.txt"), "utf8"), before, "what was known is still there");
    }
    // The disk fills up while trtexec runs.
    writeFileSync(
      join(folder, "bin", "trtexec"),
      `#!/bin/sh\ncase $* in *--help*) ;; *) dd if=/dev/zero of='${folder}/filling' 2>/dev/null ;; esac\nexec '${folder}/trtexec' "$@"\n`,
    );
    for (const step of ["build", "check", "bench"]) {
      const { errors } = runKit(folder, [step]);
      assert.match(errors, /run\.sh: the disk is full; free some space/, step);
      rmSync(join(folder, "filling"));
    }
  });
  if (!mounted) context.skip("no small file system can be mounted here: only root can");
});

test("run.sh passes dash -n", { skip: has("dash") ? false : "dash is not installed" }, async () => {
  await inScratch(async (folder) => {
    writeKit(folder, makeKit(await kitOptions()));
    const result = spawnSync("dash", ["-n", join(folder, "run.sh")], { encoding: "utf8" });
    assert.equal(result.status, 0, result.stderr);
  });
});

test("run.sh passes shellcheck", { skip: has("shellcheck") ? false : "shellcheck is not installed" }, async () => {
  await inScratch(async (folder) => {
    const frame = {
      rows: 1,
      columns: 1,
      spacingMm: [1, 1],
      values: new Float32Array(1),
      mask: new Uint8Array(1),
    } as const;
    for (const target of ["nano", "nano-4.6.0", "orin-nano"]) {
      const runner = target === "nano" ? { settings: "seg-runner 1\n", frame } : undefined;
      writeKit(folder, makeKit(await kitOptions({ target: findTarget(target), runner })));
      const result = spawnSync("shellcheck", [join(folder, "run.sh")], { encoding: "utf8" });
      assert.equal(result.status, 0, result.stdout);
    }
  });
});

for (const version of SIMULATED) {
  test(`a kit made for a Nano runs with TensorRT ${version}`, async () => {
    await inScratch(async (folder) => {
      await layOut(folder);
      writeSimulator(folder, { version });
      const run = runKit(folder, []);
      assert.equal(run.status, 0, run.errors + run.output);
      const { tensorRt, checks, bench } = readKitResult(join(folder, "result"));
      assert.equal(Math.floor(tensorRt / 100), Math.floor((parseVersion(version) ?? 0) / 100));
      assert.equal(checks[0]?.passed, true);
      assert.ok((bench?.times.latencyMs.length ?? 0) >= 100);
    });
  });
}

test("a kit says which TensorRT its model needs", async () => {
  await inScratch(async (folder) => {
    const options = await kitOptions();
    const proto = onnx.ModelProto.decode(options.onnx);
    const [node] = proto.graph?.node ?? [];
    (node as Onnx.INodeProto).opType = "HardSwish";
    writeKit(folder, makeKit({ ...options, onnx: onnx.ModelProto.encode(proto).finish() }));
    writeSimulator(folder, { version: "8.2.1" });
    mkdirSync(join(folder, "bin"));
    symlinkSync(join(folder, "trtexec"), join(folder, "bin", "trtexec"));
    const { status, errors } = runKit(folder, ["build"]);
    assert.equal(status, 1);
    assert.match(
      errors,
      /needs TensorRT 8\.4 or newer \(HardSwish has no importer before TensorRT 8\.4\.0\) and trtexec is version 8201/,
    );
  });
});

test("the kit's README advises the fastest power mode of its board", async () => {
  const options = await kitOptions();
  const readme = (target: string) => {
    const file = makeKit({ ...options, target: findTarget(target) }).find(({ path }) => path === "README.md");
    return new TextDecoder().decode(file?.content);
  };
  assert.match(readme("nano"), /nvpmodel -m 0 && sudo jetson_clocks/);
  assert.match(readme("orin-nano-super"), /nvpmodel -m 2 && .*\(MAXN_SUPER\)/);
  assert.match(readme("xavier-nx"), /nvpmodel -m 8 &&/);
  assert.doesNotMatch(readme("host"), /nvpmodel -m/);
});

test("makeKit() refuses references that do not fit", async () => {
  const options = await kitOptions();
  const outputs = options.outputs.map((output) => ({ ...output, values: new Float32Array(3) }));
  assert.throws(
    () => makeKit({ ...options, outputs }),
    (error) => error instanceof Failure && /mask has 3 values where its shape is \[1, 1, 8, 8\]/.test(error.message),
  );
});

test("readKitResult() refuses a folder of something else", async () => {
  await inScratch((folder) => {
    assert.throws(() => readKitResult(folder), /Cannot read .*result\.txt/);
    writeFileSync(join(folder, "result.txt"), "hello=1\n");
    assert.throws(() => readKitResult(folder), /no result of a kit/);
    return Promise.resolve();
  });
});
