import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { boardPowerMw, parseTegrastats, PowerMeter } from "../../src/tensorrt/tegrastats.ts";
import { sharedPath } from "../shared.ts";

test("parseTegrastats() reads a line of a Nano", () => {
  const sample = parseTegrastats(
    "RAM 1923/3964MB (lfb 2x2MB) SWAP 191/1982MB (cached 6MB) IRAM 0/252kB(lfb 252kB) CPU [5%@1224,off,3%@1224,off] EMC_FREQ 1%@1600 GR3D_FREQ 99%@921 PLL@37C CPU@40.5C PMIC@50C POM_5V_IN 1750/1628 POM_5V_GPU 0/0",
  );
  assert.deepEqual(sample, {
    ramMB: { used: 1923, total: 3964 },
    swapMB: { used: 191, total: 1982 },
    cpuPercent: [5, 3],
    gpuPercent: 99,
    gpuMHz: 921,
    memoryControllerPercent: 1,
    temperaturesC: { pll: 37, cpu: 40.5 },
    railsMw: { POM_5V_IN: 1750, POM_5V_GPU: 0 },
  });
  assert.equal(boardPowerMw(sample), 1750);
});

test("parseTegrastats() gives no field for a line of anything else", () => {
  assert.deepEqual(parseTegrastats("hello"), { temperaturesC: {}, railsMw: {} });
});

test("PowerMeter integrates momentary power by the trapezium rule", () => {
  const meter = new PowerMeter();
  assert.equal(meter.summary(), undefined);
  for (const [seconds, power] of [[10, 1000], [10.5, 3000], [11.5, 3000]] as const) {
    meter.take(`RAM ${power}/3964MB (lfb 2x2MB) GPU@${seconds}C POM_5V_IN ${power}/9999`, seconds);
  }
  meter.take("a line without power", 12);
  assert.deepEqual(meter.summary(), {
    samples: 3,
    seconds: 1.5,
    energyMj: 1000 + 3000,
    meanPowerMw: 4000 / 1.5,
    peakPowerMw: 3000,
    peakRamMB: 3000,
    peakTemperatureC: 11.5,
  });
});

test("PowerMeter counts the time alone in which the GPU is busy", () => {
  const meter = new PowerMeter();
  // Two runs of trtexec, which start and end with the GPU idle.
  const loads = [0, 3, 97, 99, 98, 2, 0, 96, 99, 1, 0];
  loads.forEach((load, i) => {
    meter.take(`GR3D_FREQ ${load}%@921 POM_5V_IN ${load > 50 ? 6000 : 1500}/1`, i / 5);
  });
  const { samples, seconds, meanPowerMw, energyMj } = meter.summary() ?? {};
  assert.equal(samples, 5);
  assert.ok(Math.abs((seconds ?? 0) - 0.6) < 1e-12);
  assert.ok(Math.abs((meanPowerMw ?? 0) - 6000) < 1e-9);
  assert.ok(Math.abs((energyMj ?? 0) - 3600) < 1e-9);
  // A network that leaves the GPU half idle is busy at its own load.
  const light = new PowerMeter();
  for (const [i, load] of [0, 30, 31, 29, 0].entries()) light.take(`GR3D_FREQ ${load}% VDD_IN ${load + 1000}mW/1mW`, i);
  assert.ok(Math.abs((light.summary()?.meanPowerMw ?? 0) - 1030.25) < 1e-9);
});

const recorded = sharedPath("facts", "trtexec-logs", "20-tegrastats-samples.txt");

test("parseTegrastats() reads recorded lines of five boards", { skip: recorded ? false : "shared data absent" }, () => {
  const lines = readFileSync(recorded ?? "", "utf8").split("\n").filter((line) => line && !line.startsWith("#"));
  const samples = lines.map(parseTegrastats);
  assert.deepEqual(samples.map(({ ramMB }) => ramMB?.total), [3964, 3956, 7771, 6851, 62817]);
  assert.deepEqual(samples.map(({ cpuPercent }) => cpuPercent?.length), [4, 4, 6, 6, 12]);
  assert.deepEqual(samples.map(({ gpuMHz }) => gpuMHz), [76, undefined, 1109, 114, 1300]);
  assert.deepEqual(samples.map(({ gpuPercent }) => gpuPercent), [0, 0, 0, 0, 12]);
  assert.deepEqual(samples.map(({ temperaturesC }) => temperaturesC["gpu"]), [40, 28, 31.5, 45.5, 47.625]);
  assert.deepEqual(samples.map(boardPowerMw), [1750, undefined, 6140, 2763, 5139 + 3268 + 5500]);
  assert.deepEqual(samples.map(({ time }) => time?.slice(0, 10)), [
    undefined,
    undefined,
    undefined,
    "07-09-2024",
    "07-25-2026",
  ]);
});

/** Boards' lines that the shared file lacks, cut to what matters: power in mW and the GPU's clock. */
const LINES: readonly (readonly [string, string, number | undefined, number | undefined])[] = [
  [
    "AGX Xavier R32",
    "GR3D_FREQ 99%@1377 GPU 18401/18525 CPU 2301/2330 SOC 4602/4602 CV 0/0 VDDRQ 2914/2911 SYS5V 4632/4620",
    18401 + 2301 + 4602 + 2914 + 4632,
    1377,
  ],
  [
    "AGX Xavier R35",
    "RAM 4/5MB GR3D_FREQ 9%@[1377,1377] GPU@40C GPU 100mW/1mW CPU 20mW/2mW SOC 3mW/3mW CV 0mW/0mW VDDRQ 4mW/4mW SYS5V 5mW/5mW",
    132,
    1377,
  ],
  [
    "Thor",
    "GR3D_FREQ @[1098,1098,1098] VDD_GPU 4000mW/4000mW/4000mW VDD_CPU_SOC_MSS 6510mW/6500mW VIN_SYS_5V0 6520mW/6500mW VIN 23000mW/22000mW",
    23000,
    1098,
  ],
  ["Thor without its total", "VDD_GPU -392mW/0mW VDD_CPU_SOC_MSS 3924mW/1mW VIN_SYS_5V0 6000mW/1mW", 9532, undefined],
  ["TX2", "GR3D_FREQ 40%@1300 VDD_IN 5123/5000 VDD_CPU 700/700 VDD_GPU 1000/900 VDD_SOC 800/800", 5123, 1300],
  ["TX1 R28", "RAM 1/3995MB (lfb 1x4MB) cpu [17%,11%,65%,0%]@1734 EMC 1%@1600 GR3D 39%@76", undefined, 76],
];

for (const [board, line, powerMw, clockMHz] of LINES) {
  test(`boardPowerMw() of ${board}`, () => {
    const sample = parseTegrastats(line);
    assert.equal(boardPowerMw(sample), powerMw);
    assert.equal(sample.gpuMHz, clockMHz);
  });
}
