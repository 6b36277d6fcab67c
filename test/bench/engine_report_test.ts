import assert from "node:assert/strict";
import { test } from "node:test";
import { type EngineMeasurement, engineReport, graphWasIgnored } from "../../src/bench/engine_report.ts";
import { engineLines } from "../../src/bench/engine_text.ts";
import { Failure } from "../../src/failure.ts";
import { parseLog } from "../../src/tensorrt/log.ts";
import type { TrtexecLog } from "../../src/tensorrt/log_facts.ts";
import { findTarget } from "../../src/tensorrt/targets.ts";

/** A run of `count` queries of `computeMs`, a tenth of it copies, started by the host in `enqueueMs`. */
function run(
  cudaGraph: boolean,
  computeMs: number,
  { count = 100, enqueueMs = 1, log = {} as Partial<TrtexecLog> } = {},
) {
  const column = (value: number) => new Float64Array(count).fill(value);
  const whole: TrtexecLog = { ...parseLog(""), performance: { throughputQps: 1000 / computeMs }, ...log };
  const times = {
    latencyMs: column(1.1 * computeMs),
    computeMs: column(computeMs),
    hostToDeviceMs: column(0.05 * computeMs),
    deviceToHostMs: column(0.05 * computeMs),
    enqueueMs: column(enqueueMs),
    droppedRows: 7,
  };
  return { cudaGraph, times, log: whole };
}

const NANO: Omit<EngineMeasurement, "runs"> = {
  model: "net.engine",
  device: "NVIDIA Jetson Nano Developer Kit",
  tensorRt: 80201,
  precision: "fp16",
  batch: 2,
  notes: [],
};

test("engineReport() keeps the run with the smaller median, and tells one stream from throughput", () => {
  const report = engineReport({ ...NANO, runs: [run(false, 10), run(true, 8)] });
  assert.equal(report.cudaGraph, true);
  assert.ok(Math.abs(report.latencyMs.p50 - 8.8) < 1e-9);
  assert.ok(Math.abs(report.fps - 2000 / 8.8) < 1e-9 && Math.abs((report.throughputFps ?? 0) - 250) < 1e-9);
  assert.deepEqual(report.runs.map(({ cudaGraph, p50 }) => [cudaGraph, Math.round(10 * p50)]), [[false, 110], [
    true,
    88,
  ]]);
  assert.deepEqual([report.samples, report.droppedRows, report.computeMs.p50], [100, 7, 8]);
  const lines = engineLines(report).join("\n");
  assert.match(lines, /With a CUDA graph; without one the median is 11/);
  assert.match(lines, /One stream, image after image: 227\.3 per second; with overlapped copies: 250/);
  assert.equal(engineReport({ ...NANO, runs: [run(false, 8), run(true, 10)] }).cudaGraph, false);
});

test("engineReport() refuses figures of fewer than 100 queries", () => {
  assert.throws(
    () => engineReport({ ...NANO, runs: [run(false, 10, { count: 99 })] }),
    (error: unknown) => error instanceof Failure && /of 99 samples: at least 100 are needed/.test(error.message),
  );
});

test("engineReport() puts the floor of the Nano beside time and layers, in bytes of the precision", () => {
  const work = [
    { name: "conv", flops: 472e6, bytes: 1e6 },
    { name: "relu", flops: 0, bytes: 51.2e6 },
  ];
  const layers = [
    { name: "conv + relu", averageMs: 3, percentage: 75 },
    { name: "Reformatting CopyNode", averageMs: 1, percentage: 25 },
  ];
  const measurement = { ...NANO, work, kernels: 2, target: findTarget("nano"), profile: { runs: 100, layers } };
  const half = engineReport({ ...measurement, runs: [run(false, 4)] });
  // 1 ms of arithmetic at 472 GFLOPS (471.9 exactly) and 1 ms of 25.6 MB at 25.6 GB/s.
  assert.ok(Math.abs((half.floorMs ?? 0) - 2) < 1e-3 && Math.abs((half.floorShare ?? 0) - 0.5) < 1e-3);
  assert.ok(Math.abs((half.rooflineFps ?? 0) - 1000) < 1);
  assert.deepEqual([half.flops, half.bytes, half.kernels], [472e6, 26.1e6, 2]);
  const [first, second] = half.layers ?? [];
  assert.ok(Math.abs((first?.floorMs ?? 0) - 2) < 1e-3 && first?.share === 0.75);
  assert.equal(second?.floorMs, undefined);
  const single = engineReport({ ...measurement, precision: "fp32", runs: [run(false, 4)] });
  assert.ok(Math.abs((single.floorMs ?? 0) - 4) < 2e-3);
  const text = engineLines(half).join("\n");
  assert.match(
    text,
    /GPU time 4 ms, 2 kernels, started in 1 ms; the floor is 2\.000 ms \(50 % of it memory\), 50 % of it reached/,
  );
  assert.match(text, /conv \+ relu +3 +75\.0 % +2\.0/);
  const { ms = 0, lowMs = 0, highMs = 0 } = half.estimate ?? {};
  assert.ok(lowMs < ms && ms < highMs && ms > 3 && ms < 6);
  assert.match(text, /The estimate was \d\.\d+ ms \(.* to .*\): the measured time is ×\d\.\d\d of it$/m);
  const slow = engineLines(engineReport({ ...measurement, runs: [run(false, 40)] })).join("\n");
  assert.match(slow, /the measured time is ×\d+\.\d\d of it, outside of its interval$/m);
});

test("engineReport() says what makes figures less than those of the device", () => {
  const power = { samples: 9, seconds: 1, energyMj: 5, meanPowerMw: 5000, peakPowerMw: 9000, peakTemperatureC: 71 };
  const busyGpuMHz = { lowest: 614, highest: 921 };
  const simulated = { simulated: true };
  const slow = { ...run(false, 4, { enqueueMs: 3.9, log: simulated }), power: { ...power, busyGpuMHz } };
  const notes = engineReport({ ...NANO, runs: [slow] }).notes.join("\n");
  assert.match(notes, /simulator ran this/);
  assert.match(
    notes,
    /3\.90 ms to start the kernels of one run, the GPU 4\.00 ms for it: the number of kernels is the limit/,
  );
  assert.match(notes, /clock fell from 921 to 614 MHz under load, up to 71 °C/);
  assert.deepEqual(engineReport({ ...NANO, runs: [{ ...run(false, 4), power }] }).notes, []);
});

test("graphWasIgnored() reads both of trtexec's warnings", () => {
  const log = (text: string) => parseLog(`[01/01/2024-00:00:00] [W] ${text}`);
  const failed = "The CUDA graph capture on the stream has failed. The specified --useCudaGraph flag has been ignored.";
  assert.ok(graphWasIgnored(log(failed)));
  assert.ok(graphWasIgnored(log("Graph profiling only works with CUDA 11.1 and beyond. Ignored --useCudaGraph flag")));
  assert.equal(graphWasIgnored(log("* GPU compute time is unstable")), false);
});
