import assert from "node:assert/strict";
import { test } from "node:test";
import { roofline } from "../../src/tensorrt/roofline.ts";
import { findTarget, peakGflops } from "../../src/tensorrt/targets.ts";

const LAYERS = [
  { name: "dense", flops: 2e9, bytes: 1e6 },
  { name: "pool", flops: 1e6, bytes: 2e7 },
  { name: "view", flops: 0, bytes: 0 },
];

test("roofline() adds up the larger time of each layer", () => {
  const result = roofline(LAYERS, { gflops: 200, bandwidthGBs: 20 }, 22);
  assert.deepEqual(result.layers.map(({ bound, floorMs }) => [bound, floorMs]), [
    ["arithmetic", 10],
    ["memory", 1],
    ["memory", 0],
  ]);
  assert.equal(result.launches, 2);
  assert.equal(result.floorMs, 11);
  assert.equal(result.floorFps, 1000 / 11);
  assert.equal(result.memoryBoundShare, 1 / 11);
  assert.equal(result.reached, 0.5);
});

test("roofline() takes the time to start the kernels where that is larger", () => {
  assert.equal(roofline(LAYERS, { gflops: 200, bandwidthGBs: 20, launchMs: 8 }).floorMs, 16);
});

test("roofline() puts ResNet-18 on a Nano below its measured time", () => {
  const nano = findTarget("nano");
  const rates = { gflops: peakGflops(nano, "fp16") ?? 0, bandwidthGBs: nano.bandwidthGBs ?? 0 };
  // 4.8 GFLOP take 18 ms in FP16 at 256 × 256 (kentaroy47/benchmark-FP32-FP16-INT8-with-TensorRT).
  const { reached = 0 } = roofline([{ name: "net", flops: 4.8e9, bytes: 4e7 }], rates, 18);
  assert.ok(reached > 0.5 && reached < 0.6, `reached ${reached}`);
});

test("roofline() refuses rates and work that make no sense", () => {
  assert.throws(() => roofline(LAYERS, { gflops: 0, bandwidthGBs: 20 }), RangeError);
  assert.throws(() => roofline([{ name: "x", flops: NaN, bytes: 0 }], { gflops: 1, bandwidthGBs: 1 }), /Layer x/);
});
