import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { explainFailure, type FailureKind } from "../../src/tensorrt/failures.ts";
import { parseLog } from "../../src/tensorrt/log.ts";
import type { TrtexecLog, Verdict } from "../../src/tensorrt/log_facts.ts";
import { sharedPath } from "../shared.ts";

const PASSED = `&&&& RUNNING TensorRT.trtexec [TensorRT v8201] # trtexec --onnx=a.onnx
[01/02/2024-10:00:00] [I] Precision: FP32+FP16
[01/02/2024-10:00:00] [I] Selected Device: NVIDIA Tegra X1
[01/02/2024-10:00:00] [I] Compute Capability: 5.3
[01/02/2024-10:00:00] [I] TensorRT version: 8.2.1
[01/02/2024-10:00:01] [I] [TRT] Opset version:    13
[01/02/2024-10:00:02] [I] [TRT] [GpuLayer] conv1 + relu1
[01/02/2024-10:00:02] [I] [TRT] [GpuLayer] conv2
[01/02/2024-10:01:02] [W] [TRT] first line
second line
[01/02/2024-10:01:03] [I] Engine built in 62.5 sec.
[01/02/2024-10:01:04] [I] Created input binding for image with dimensions 1x3x64x64
[01/02/2024-10:01:08] [I] Throughput: 1.5e+03 qps
[01/02/2024-10:01:08] [I] Latency: min = 1 ms, max = 4 ms, mean = 2 ms, median = 1.5 ms, percentile(99%) = 3.5 ms
[01/02/2024-10:01:08] [I] End-to-End Host Latency: min = 1 ms, max = 5 ms, mean = 2.5 ms, median = 2 ms, percentile(99%) = 4 ms
&&&& PASSED TensorRT.trtexec [TensorRT v8201] # trtexec --onnx=a.onnx
[01/02/2024-10:01:09] [I] [TRT] [MemUsageChange] Init cuBLAS/cuBLASLt: CPU +0, GPU +0, now: CPU 866, GPU 3438 (MiB)`;

test("parseLog() reads device, build and summary, and lines behind the verdict", () => {
  const log = parseLog(PASSED);
  assert.equal(log.verdict, "passed");
  assert.equal(log.version, 80201);
  assert.equal(log.simulated, false);
  assert.deepEqual(log.device, { name: "NVIDIA Tegra X1", computeCapability: "5.3" });
  assert.equal(log.precision, "FP32+FP16");
  assert.equal(log.opset, 13);
  assert.equal(log.gpuLayers, 2);
  assert.equal(log.engineSeconds, 62.5);
  assert.deepEqual(log.bindings, [{ kind: "input", name: "image", shape: [1, 3, 64, 64] }]);
  assert.equal(log.performance.throughputQps, 1500);
  assert.equal(log.performance.latency?.median, 1.5);
  assert.deepEqual(log.performance.endToEnd?.percentiles, [{ percent: 99, ms: 4 }]);
  assert.deepEqual(log.warnings, ["first line\nsecond line"]);
});

test("parseLog() keeps a bounded number of messages", () => {
  const log = parseLog(Array.from({ length: 1000 }, (_, i) => `[E] message ${i}`).join("\n"));
  assert.equal(log.errors.length, 200);
});

/** File, verdict, class of the failure, and figures that must come out. */
const RECORDED: readonly {
  readonly file: string;
  readonly verdict?: Verdict;
  readonly failure?: FailureKind;
  readonly says?: RegExp;
  readonly check?: (log: TrtexecLog) => void;
}[] = [
  {
    file: "01-8.2.1-nano-pass-build.txt",
    verdict: "passed",
    check(log) {
      assert.equal(log.version, 80201);
      assert.equal(log.opset, 14);
      assert.deepEqual(log.device, {
        name: "NVIDIA Tegra X1",
        computeCapability: "5.3",
        multiprocessors: 1,
        clockGHz: 0.9216,
        memoryMiB: 3955,
        busWidthBits: 64,
      });
      assert.deepEqual(log.memory, {
        peakHostMiB: 113,
        peakDeviceMiB: 1112,
        activationBytes: 22118400,
        scratchBytes: 0,
        devicePersistentBytes: 61892096,
        engineMiB: 186,
        deviceUsedAtStartMiB: 3325,
      });
      assert.equal(log.engineSeconds, 184.708);
      assert.equal(log.gpuLayers, 3);
      assert.deepEqual(log.bindings.map(({ kind, name, shape }) => [kind, name, shape.join("x")]), [
        ["input", "input", "1x3x288x800"],
        ["output", "output", "1x201x18x4"],
      ]);
      assert.deepEqual([log.warmUpQueries, log.queries, log.traceSeconds], [2, 35, 3.16419]);
      assert.equal(log.performance.throughputQps, 11.0613);
      assert.equal(log.performance.gpuCompute?.median, 90.0183);
      assert.equal(log.performance.endToEnd?.max, 91.5049);
      assert.equal(log.performance.enqueue?.mean, 6.19246);
      assert.equal(log.warnings.length, 1);
    },
  },
  {
    file: "02-8.2.1-nano-pass-summary-best.txt",
    verdict: "passed",
    check(log) {
      assert.equal(log.performance.latency?.mean, 13.8259);
      assert.equal(log.performance.hostToDevice?.median, 0.119202);
      assert.equal(log.performance.deviceToHost?.percentiles[0]?.ms, 0.0100098);
    },
  },
  {
    file: "03-8.0.1-nano-pass-loadengine-profiler.txt",
    verdict: "passed",
    check(log) {
      assert.equal(log.version, 80001);
      assert.equal(log.engineSeconds, 3.86437);
      assert.equal(log.memory.engineMiB, 10);
      assert.equal(log.performance.hostWalltimeSeconds, 4.07195);
      assert.match(log.warnings[0] ?? "", /bound by Enqueue Time/);
    },
  },
  {
    file: "04-8.2.5-fail-parse-invalid-weights.txt",
    verdict: "failed",
    failure: "model-rejected",
    says: /node 0 \(Identity → onnx::QuantizeLinear_491\).*invalid weights type of Int8/,
  },
  {
    file: "05-8.x-fail-unsupported-op-hardswish.txt",
    verdict: "failed",
    failure: "unsupported-op",
    says: /the operator HardSwish/,
  },
  { file: "06-8.2.0-fail-argmax-workspace.txt", failure: "no-implementation", says: /node ArgMax_260 / },
  {
    file: "07-8.2.1-nano-fail-engine-wrong-device.txt",
    failure: "other-device",
    says: /capability 6\.1 and this device has 5\.3/,
  },
  {
    file: "08-engine-version-mismatch.txt",
    verdict: "failed",
    failure: "other-version",
    says: /its format is 213, this one reads 232/,
    check: (log) => assert.equal(log.version, 100001),
  },
  { file: "09-10.3.0-fail-oom.txt", failure: "out-of-memory", says: /lower --workspace/ },
  { file: "10-8.2.x-oom-strings.txt", failure: "out-of-memory" },
  {
    file: "11-8.4.0-xavier-pass-summary.txt",
    verdict: "passed",
    check(log) {
      assert.equal(log.version, 80400);
      assert.equal(log.performance.throughputQps, 41087.7);
      assert.equal(log.performance.endToEnd, undefined);
    },
  },
  {
    file: "12-8.2.x-xaviernx-pass-summary.txt",
    check(log) {
      assert.equal(log.performance.throughputQps, 27207);
      assert.equal(log.performance.endToEnd?.min, 0.574707);
    },
  },
  {
    file: "13-10.x-pass-three-percentiles.txt",
    check(log) {
      assert.deepEqual(log.performance.latency?.percentiles, [
        { percent: 90, ms: 10.2996 },
        { percent: 95, ms: 10.8698 },
        { percent: 99, ms: 12.9675 },
      ]);
    },
  },
  { file: "14-8.4.1-fail-pad-parse.txt", verdict: "failed", failure: "model-rejected", says: /Pad_13/ },
  { file: "15-8.6.1-fail-static-shape-mismatch.txt", verdict: "failed", failure: "shape-mismatch" },
  {
    file: "16-10.16-orin-device-info.txt",
    check(log) {
      assert.equal(log.version, 101602);
      assert.equal(log.device.name, "Orin");
      assert.equal(log.device.multiprocessors, 8);
      assert.equal(log.device.clockGHz, 1.173);
    },
  },
];

const logs = sharedPath("facts", "trtexec-logs");

for (const row of RECORDED) {
  test(`parseLog() reads the recorded log ${row.file}`, { skip: logs ? false : "shared data absent" }, () => {
    const log = parseLog(readFileSync(`${logs}/${row.file}`, "utf8").replace(/^#.*$/gm, ""));
    assert.equal(log.verdict, row.verdict);
    row.check?.(log);
    if (row.failure !== undefined) {
      const explained = explainFailure(log, { code: 1, signal: undefined });
      assert.equal(explained.kind, row.failure);
      assert.match(explained.sentence, row.says ?? /./);
    }
  });
}
