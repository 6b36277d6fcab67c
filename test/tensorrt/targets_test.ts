import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageFailure } from "../../src/failure.ts";
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
