import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import {
  fastestMode,
  measuringCautions,
  parsePowerMode,
  parseTegraRelease,
  powerCautions,
  readJetson,
  targetOfJetson,
} from "../../src/tensorrt/device.ts";
import { BOARDS, findBoard } from "../../src/tensorrt/boards.ts";
import { findJetPack } from "../../src/tensorrt/jetpack.ts";
import { findTarget } from "../../src/tensorrt/targets.ts";
import { sharedPath } from "../shared.ts";

const NANO_FILES: Readonly<Record<string, string>> = {
  "proc/device-tree/model": "NVIDIA Jetson Nano Developer Kit\0",
  "etc/nv_tegra_release": "# R32 (release), REVISION: 7.1, GCID: 1, BOARD: t210ref, EABI: aarch64, DATE: x\n# rest\n",
  "sys/devices/gpu.0/devfreq/57000000.gpu/cur_freq": "76800000\n",
  "sys/devices/gpu.0/devfreq/57000000.gpu/min_freq": "76800000\n",
  "sys/devices/gpu.0/devfreq/57000000.gpu/max_freq": "921600000\n",
  "proc/meminfo":
    "MemTotal:        4059192 kB\nMemFree:  1 kB\nMemAvailable:    1048576 kB\nSwapTotal:             0 kB\n",
};

function withFiles(files: Readonly<Record<string, string>>, use: (root: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), "seg-device-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test("readJetson() reads a Nano from its files", () => {
  withFiles(NANO_FILES, (root) => {
    const device = readJetson({ root, run: () => "NVPM WARN: fan mode is not set!\nNV Power Mode: 5W\n1\n" });
    assert.deepEqual(device, {
      model: "NVIDIA Jetson Nano Developer Kit",
      l4t: { release: 32, revision: "7.1", board: "t210ref" },
      jetPack: "4.6.1",
      powerMode: { name: "5W", id: 1 },
      fastestPowerMode: { name: "MAXN", id: 0 },
      gpuClockHz: { current: 76800000, minimum: 76800000, maximum: 921600000 },
      memoryBytes: { total: 4059192 * 1024, available: 2 ** 30 },
      swapBytes: 0,
    });
    const cautions = device ? measuringCautions(device) : [];
    assert.equal(cautions.length, 2);
    assert.match(cautions[0] ?? "", /5W, which runs the GPU at 614 of 922 MHz; set MAXN.*nvpmodel -m 0$/);
    assert.match(cautions[1] ?? "", /921\.6 MHz.*jetson_clocks/);
  });
});

test("readJetson() leaves out what the device does not tell", () => {
  withFiles({ "proc/device-tree/model": "NVIDIA Jetson Nano Developer Kit\0" }, (root) => {
    assert.deepEqual(readJetson({ root, run: () => undefined }), {
      model: "NVIDIA Jetson Nano Developer Kit",
      fastestPowerMode: { name: "MAXN", id: 0 },
    });
  });
});

test("readJetson() finds no Jetson on other machines", () => {
  withFiles({ "proc/device-tree/model": "Raspberry Pi 4\0" }, (root) => {
    assert.equal(readJetson({ root, run: () => undefined }), undefined);
  });
});

test("findJetPack() maps L4T releases", () => {
  const revisions: readonly (readonly [number, string, string | undefined, number?])[] = [
    [32, "5.1", undefined],
    [32, "6.1", "4.6", 80001],
    [32, "7.1", "4.6.1", 80201],
    [32, "7.3", "4.6.3", 80201],
    [35, "1.0", "5.0.2", 80401],
    [35, "4.1", "5.1.2", 80502],
    [36, "3.0", "6.0", 80602],
    [36, "4", "6.1", 100300],
    [36, "4.7", "6.2.1", 100300],
    [38, "2.0", "7.0", 101303],
    [39, "2.0", "7.2", 101601],
    [31, "1", undefined],
    [40, "1", undefined],
  ];
  for (const [release, revision, name, tensorRt] of revisions) {
    const found = findJetPack(release, revision);
    assert.deepEqual([found?.name, found?.tensorRt], [name, tensorRt], `R${release} ${revision}`);
  }
});

const recorded = sharedPath("facts", "trtexec-logs", "21-jetson-identity-and-power.txt");

test("parseTegraRelease() and parsePowerMode() read recorded output", {
  skip: recorded ? false : "shared data absent",
}, () => {
  const text = readFileSync(recorded ?? "", "utf8");
  const releases = text.split("\n").map(parseTegraRelease).filter((release) => release !== undefined);
  assert.deepEqual(releases.map(({ release, revision }) => findJetPack(release, revision)?.name), [
    "4.6.1",
    "4.6.2",
    "4.6.3",
  ]);
  const modes = text.split("## ").filter((part) => part.startsWith("sudo nvpmodel")).map(parsePowerMode);
  assert.deepEqual(modes, [{ name: "MAXN", id: 0 }, { name: "5W", id: 1 }]);
});

/** Model, memory in GiB that the system counts, release and revision of L4T, and the target. */
const JETSONS: readonly (readonly [string, number | undefined, number, string, string | undefined])[] = [
  ["NVIDIA Jetson Nano Developer Kit", 3.87, 32, "7.1", "nano"],
  ["NVIDIA Jetson Nano Developer Kit", undefined, 32, "6.1", "nano-4.6.0"],
  ["NVIDIA Jetson Nano Developer Kit", 3.87, 32, "5.1", undefined],
  ["NVIDIA Jetson Nano 2GB Developer Kit", 1.93, 32, "7.1", "nano-2gb"],
  ["quill", 7.67, 32, "7.1", "tx2"],
  ["NVIDIA Jetson Xavier NX Developer Kit", 6.69, 35, "4.1", "xavier-nx"],
  ["NVIDIA Jetson Xavier NX Developer Kit", 7.59, 32, "7.1", "xavier-nx@8.2.1"],
  ["Jetson-AGX", 31.2, 32, "7.1", "agx-xavier@8.2.1"],
  ["NVIDIA Orin Nano Developer Kit", 6.3, 35, "3.1", "orin-nano-5"],
  ["NVIDIA Jetson Orin Nano Developer Kit", 7.4, 36, "3.0", "orin-nano@8.6.2"],
  ["NVIDIA Jetson Orin Nano Engineering Reference Developer Kit", 3.4, 36, "4.3", "orin-nano-4gb"],
  ["NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super", 7.4, 36, "4.3", "orin-nano-super"],
  [
    "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super",
    undefined,
    39,
    "2.0",
    "orin-nano-super@10.16.1",
  ],
  ["NVIDIA Jetson Orin NX Engineering Reference Developer Kit", 15.3, 36, "4.3", "orin-nx"],
  ["NVIDIA Jetson Orin NX Engineering Reference Developer Kit", 7.4, 36, "5.0", "orin-nx-8gb"],
  ["NVIDIA Jetson AGX Orin Developer Kit", 61.4, 36, "4.3", "agx-orin"],
  ["NVIDIA Jetson AGX Orin Developer Kit", 29.9, 35, "1.0", "agx-orin-32gb@8.4.1"],
  ["NVIDIA Jetson AGX Thor Developer Kit", 122.8, 38, "2.0", "thor"],
  ["NVIDIA Jetson AGX Thor Developer Kit", 122.8, 39, "2.0", "thor@10.16.1"],
  ["NVIDIA Jetson TX1", 3.9, 32, "7.1", undefined],
];

for (const [model, memoryGiB, release, revision, name] of JETSONS) {
  test(`targetOfJetson() of ${model}, ${memoryGiB ?? "?"} GiB, R${release} ${revision}`, () => {
    const total = (memoryGiB ?? 0) * 2 ** 30;
    const target = targetOfJetson({
      model,
      l4t: { release, revision, board: "" },
      ...(memoryGiB !== undefined && { memoryBytes: { total, available: total } }),
    });
    assert.equal(target?.name, name);
    // A name that the program prints is one that it takes.
    if (name !== undefined) assert.deepEqual(findTarget(name), target);
  });
}

test("BOARDS have different names and no mode twice, the fastest first", () => {
  assert.equal(new Set(BOARDS.map(({ name }) => name)).size, BOARDS.length);
  for (const { name, powerModes } of BOARDS) {
    assert.equal(new Set(powerModes.map(({ id }) => id)).size, powerModes.length, name);
    const clocks = powerModes.map(({ gpuMHz }) => gpuMHz).filter((clock) => clock !== undefined);
    assert.deepEqual(clocks, clocks.toSorted((a, b) => b - a), name);
    assert.ok((clocks[0] ?? 0) > 0 && (powerModes[0].bandwidthGBs ?? 0) > 0, name);
  }
});

test("powerCautions() advise the mode that is the fastest on each board", () => {
  const advice = (model: string, mode: string) => powerCautions(mode, { board: findBoard({ model }) });
  const superKit = "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super";
  assert.deepEqual(advice(superKit, "MAXN_SUPER"), []);
  assert.match(advice(superKit, "15W")[0] ?? "", /15W.*612 of 1020 MHz; set MAXN_SUPER.*nvpmodel -m 2$/);
  assert.match(advice(superKit, "25W")[0] ?? "", /918 of 1020 MHz.*nvpmodel -m 2$/);
  assert.deepEqual(advice("NVIDIA Jetson Orin Nano Developer Kit", "15W"), []);
  assert.match(advice("NVIDIA Jetson Xavier NX Developer Kit", "MODE_15W_6CORE")[0] ?? "", /20W_6CORE.*-m 8$/);
  assert.match(advice("NVIDIA Jetson AGX Orin Developer Kit", "MODE_30W")[0] ?? "", /MAXN.*-m 0$/);
  assert.deepEqual(powerCautions("15W", {}), []);
  // A carrier that does not call itself Super, with the modes of one.
  assert.deepEqual(advice("NVIDIA Jetson Orin Nano Developer Kit", "MAXN_SUPER"), []);
});

const CONFIGURATION = `# < POWER_MODEL ID=9 NAME=COMMENT >
< POWER_MODEL ID=0 NAME=15W >
CPU_ONLINE CORE_0 1
GPU MAX_FREQ 612000000
EMC MAX_FREQ 2133000000
< POWER_MODEL ID=1 NAME=25W >
CPU_ONLINE CORE_0 1
GPU MAX_FREQ 918000000
EMC MAX_FREQ 0
< POWER_MODEL ID=2 NAME=MAXN_SUPER >
CPU_ONLINE CORE_0 1
GPU MAX_FREQ -1
EMC MAX_FREQ 0
`;

test("fastestMode() reads nvpmodel.conf by the clocks of GPU and memory, then cores", () => {
  assert.deepEqual(fastestMode(CONFIGURATION)?.id, 2);
  const mode = (id: number, gpu: number, memory: number, cores: readonly number[]) =>
    `< POWER_MODEL ID=${id} NAME=M${id} >\n${cores.map((on, i) => `CPU_ONLINE CORE_${i} ${on}\n`).join("")}` +
    `GPU MIN_FREQ 0\nGPU MAX_FREQ ${gpu}\nEMC MAX_FREQ ${memory}\n`;
  const xavier = [
    mode(0, 1109, 1600, [1, 0]),
    mode(2, 1109, 1600, [1, 1]),
    mode(6, 1109, 1866, [1, 0]),
    mode(8, 1109, 1866, [1, 1]),
    mode(3, 803, 9999, [1, 1]),
  ];
  assert.equal(fastestMode(xavier.join(""))?.id, 8);
  assert.equal(fastestMode("< POWER_MODEL ID=0 NAME=15W >\n< POWER_MODEL ID=2 NAME=MAXN_SUPER >\n"), undefined);
  assert.equal(fastestMode(""), undefined);
});

test("readJetson() finds the clock of other boards, and the fastest mode in the board's own file", () => {
  withFiles({
    "proc/device-tree/model": "NVIDIA Jetson Orin Nano Developer Kit\0",
    "etc/nvpmodel.conf": CONFIGURATION,
    "sys/class/devfreq/17000000.gpu/cur_freq": "306000000\n",
    "sys/class/devfreq/17000000.gpu/min_freq": "306000000\n",
    "sys/class/devfreq/17000000.gpu/max_freq": "918000000\n",
  }, (root) => {
    const device = readJetson({ root, run: () => "NV Power Mode: 25W\n1\n" });
    assert.equal(device?.gpuClockHz?.maximum, 918e6);
    assert.deepEqual(device?.fastestPowerMode, { name: "MAXN_SUPER", id: 2 });
    assert.match(
      device ? measuringCautions(device)[0] ?? "" : "",
      /25W; set MAXN_SUPER, the fastest, by sudo nvpmodel -m 2$/,
    );
  });
});
