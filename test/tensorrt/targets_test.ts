import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageFailure } from "../../src/failure.ts";
import { measuredTarget } from "../../src/tensorrt/measured_target.ts";
import { findTarget, hostTarget, peakGflops, TARGETS } from "../../src/tensorrt/targets.ts";

test("findTarget() gives the Nano with its published peak", () => {
  const nano = findTarget("nano");
  assert.equal(nano.tensorRt, 80201);
  assert.equal(Math.round(peakGflops(nano, "fp32") ?? 0), 236);
  assert.equal(Math.round(peakGflops(nano, "fp16") ?? 0), 472);
  assert.equal(findTarget("nano-4.6.0").tensorRt, 80001);
});

test("findTarget() names all targets where the name is wrong", () => {
  assert.throws(() => findTarget("toString"), (error: unknown) => {
    assert.ok(error instanceof UsageFailure);
    for (const name of Object.keys(TARGETS)) assert.ok(error.message.includes(name));
    return true;
  });
});

test("findTarget() takes a board with another TensorRT", () => {
  const software = (name: string) => {
    const { name: known, tensorRt, jetPack } = findTarget(name);
    return [known, tensorRt, jetPack];
  };
  assert.deepEqual(software("orin-nano@8.6"), ["orin-nano@8.6.2", 80602, "6.0"]);
  assert.deepEqual(software("orin-nano@10.3"), ["orin-nano", 100300, "6.1"]);
  assert.deepEqual(software("orin-nano@8.5"), ["orin-nano-5", 80502, "5.1"]);
  assert.deepEqual(software("agx-orin@10.7.0"), ["agx-orin@10.7.0", 100700, undefined]);
  assert.deepEqual(software("nano@8.0"), ["nano-4.6.0", 80001, "4.6"]);
  assert.deepEqual(software("thor@11"), ["thor@11.0.0", 110000, undefined]);
  for (
    const [name, reason] of [
      ["nano@10.3", /No Jetson Nano 4 GB has TensorRT 10\.3/],
      ["nano@7.1", /Unknown TensorRT 7\.1/],
      ["pi@8.2", /Unknown target pi@8\.2/],
      ["nano@x", /Unknown TensorRT x/],
    ] as const
  ) {
    assert.throws(() => findTarget(name), (error) => error instanceof UsageFailure && reason.test(error.message));
  }
});

test("TARGETS hold what each board can", () => {
  const can = Object.fromEntries(
    Object.values(TARGETS).map(({ name, hasInt8, dlaCores }) => [name, [hasInt8, dlaCores]]),
  );
  assert.deepEqual(can["nano"], [false, 0]);
  assert.deepEqual(can["nano-2gb"], [false, 0]);
  assert.deepEqual(can["tx2"], [false, 0]);
  assert.deepEqual(can["xavier-nx"], [true, 2]);
  assert.deepEqual(can["orin-nano-super"], [true, 0]);
  assert.deepEqual(can["agx-orin"], [true, 2]);
  assert.deepEqual(can["thor"], [true, 0]);
  assert.deepEqual([findTarget("nano").maxOpset, findTarget("orin-nano-5").maxOpset, findTarget("thor").maxOpset], [
    13,
    17,
    20,
  ]);
});

test("measuredTarget() takes board and power mode, else what trtexec prints", () => {
  const nano = { device: { computeCapability: "5.3", memoryMiB: 3964 }, tensorRt: 80201 };
  assert.equal(measuredTarget(nano).name, "nano");
  assert.equal(measuredTarget({ ...nano, powerMode: "5W" }).clockGHz, 0.6144);
  const orin = { device: { computeCapability: "8.7", memoryMiB: 30000 }, tensorRt: 80401 };
  assert.equal(measuredTarget({ ...orin, model: "NVIDIA Jetson AGX Orin Developer Kit" }).name, "agx-orin-32gb@8.4.1");
  const other = measuredTarget({
    device: { name: "NVIDIA GeForce RTX 3090", computeCapability: "8.6", multiprocessors: 82, clockGHz: 1.695 },
    tensorRt: 101000,
  });
  assert.deepEqual([other.name, other.cudaCores, other.bandwidthGBs], ["host", 82 * 128, undefined]);
});

test("hostTarget() takes over what trtexec reports", () => {
  const host = hostTarget(
    { name: "Orin", computeCapability: "8.7", multiprocessors: 8, clockGHz: 1.173, memoryMiB: 15536 },
    101602,
  );
  assert.equal(host.cudaCores, 1024);
  assert.equal(host.hasInt8, true);
  assert.ok(Math.abs((peakGflops(host, "fp32") ?? 0) - 2402.3) < 0.1);
  assert.equal(peakGflops(hostTarget({}, undefined), "fp32"), undefined);
});
