import assert from "node:assert/strict";
import { test } from "node:test";
import { readHostGpu } from "../../src/tensorrt/host_gpu.ts";
import { hostTarget } from "../../src/tensorrt/targets.ts";

test("readHostGpu() reads the first processor of nvidia-smi, with which a host engine knows its half precision", () => {
  const gpu = readHostGpu(() => "NVIDIA GeForce RTX 3060, 8.6, 12288\nNVIDIA T4, 7.5, 15360\n");
  assert.deepEqual(gpu, { name: "NVIDIA GeForce RTX 3060", computeCapability: "8.6", memoryMiB: 12288 });
  const { hasFp16, hasInt8, memoryBytes } = hostTarget(gpu ?? {}, 100300);
  assert.deepEqual([hasFp16, hasInt8, memoryBytes], [true, true, 12 * 2 ** 30]);
});

test("readHostGpu() gives nothing where there is no driver, or one that says something else", () => {
  for (const answer of [undefined, "", "No devices were found\n", "GRID K1, [Not Supported], 4096\n"]) {
    assert.equal(readHostGpu(() => answer), undefined);
  }
});
