import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import {
  jetPackOf,
  measuringCautions,
  parsePowerMode,
  parseTegraRelease,
  readJetson,
  targetOfJetson,
} from "../../src/tensorrt/device.ts";
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
      gpuClockHz: { current: 76800000, minimum: 76800000, maximum: 921600000 },
      memoryBytes: { total: 4059192 * 1024, available: 2 ** 30 },
      swapBytes: 0,
    });
    const cautions = device ? measuringCautions(device) : [];
    assert.equal(cautions.length, 2);
    assert.match(cautions[0] ?? "", /5W.*nvpmodel -m 0/);
    assert.match(cautions[1] ?? "", /921\.6 MHz.*jetson_clocks/);
  });
});

test("readJetson() leaves out what the device does not tell", () => {
  withFiles({ "proc/device-tree/model": "NVIDIA Jetson Nano Developer Kit\0" }, (root) => {
    assert.deepEqual(readJetson({ root, run: () => undefined }), { model: "NVIDIA Jetson Nano Developer Kit" });
  });
});

test("readJetson() finds no Jetson on other machines", () => {
  withFiles({ "proc/device-tree/model": "Raspberry Pi 4\0" }, (root) => {
    assert.equal(readJetson({ root, run: () => undefined }), undefined);
  });
});

test("jetPackOf() maps L4T releases", () => {
  assert.deepEqual(
    [[32, "6.1"], [32, "7.1"], [32, "7.3"], [35, "4.1"], [36, "4"], [31, "1"]].map(([release, revision]) =>
      jetPackOf(release as number, revision as string)
    ),
    ["4.6", "4.6.1", "4.6.3", "5", "6", undefined],
  );
});

const recorded = sharedPath("facts", "trtexec-logs", "21-jetson-identity-and-power.txt");

test("parseTegraRelease() and parsePowerMode() read recorded output", {
  skip: recorded ? false : "shared data absent",
}, () => {
  const text = readFileSync(recorded ?? "", "utf8");
  const releases = text.split("\n").map(parseTegraRelease).filter((release) => release !== undefined);
  assert.deepEqual(releases.map(({ release, revision }) => jetPackOf(release, revision)), ["4.6.1", "4.6.2", "4.6.3"]);
  const modes = text.split("## ").filter((part) => part.startsWith("sudo nvpmodel")).map(parsePowerMode);
  assert.deepEqual(modes, [{ name: "MAXN", id: 0 }, { name: "5W", id: 1 }]);
});

test("targetOfJetson() finds the target by model and release", () => {
  const target = (model: string, release: number, revision: string) => {
    const jetPack = jetPackOf(release, revision);
    const l4t = { release, revision, board: "" };
    return targetOfJetson({ model, l4t, ...(jetPack !== undefined && { jetPack }) })?.name;
  };
  assert.equal(target("NVIDIA Jetson Nano Developer Kit", 32, "7.1"), "nano");
  assert.equal(target("NVIDIA Jetson Nano Developer Kit", 32, "6.1"), "nano-4.6.0");
  assert.equal(target("NVIDIA Jetson Nano Developer Kit", 32, "5.1"), undefined);
  assert.equal(target("NVIDIA Jetson Xavier NX Developer Kit", 35, "4.1"), "xavier-nx");
  assert.equal(target("NVIDIA Jetson Orin Nano Developer Kit", 35, "4.1"), "orin-nano-5");
  assert.equal(target("NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super", 36, "4.3"), "orin-nano");
  assert.equal(target("NVIDIA Jetson AGX Orin", 36, "4.3"), undefined);
});
