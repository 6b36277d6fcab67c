import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { explainFailure, type FailureKind, rootError } from "../../src/tensorrt/failures.ts";
import { parseLog } from "../../src/tensorrt/log.ts";
import { sharedPath } from "../shared.ts";

/** File name up to its first "-", the kind ("passes" where nothing failed), and a part of the sentence. */
const CAUSES: Readonly<Record<string, readonly ["passes"] | readonly [FailureKind, RegExp]>> = {
  b01: ["model-rejected", /refuses a node of type Pad: .*pads is required to be an initializer/],
  b02: [
    "model-rejected",
    /refuses node 4 \(QuantizeLinear → \/model\.0\/conv\/_input_quantizer\/\S+\): .*must all be positive/,
  ],
  b03: ["model-rejected", /refuses node Identity_0: .*invalid weights type of Int8/],
  b04: ["unknown-flag", /10\.3\.0 does not know the options --workspace, --buildOnly, --explicitBatch;/],
  b05: ["other-version", /no engine of this TensorRT 10\.0\.1; rebuild/],
  b07: [
    "no-implementation",
    /no kernel for node \{ForeignNode\[\(Unnamed Layer\* 56\) \[Constant\]\.\.\.\/MatMul\]\};/,
  ],
  b08: ["passes"],
  b09: ["builder-fault", /"\[convBaseBuilder.*Cask convolution isConsistent check failed\.\)"; build with --no-fp16/],
  b10: ["types", /strongly typed in TensorRT 11\.2\.1 .*\/Sub: .*types Half and Float/],
  b11: ["no-implementation", /node \{ForeignNode\[emb\.weight\.\.\.\(Unnamed Layer\* 39\) \[Shuffle\]\]\};/],
  b12: ["unknown-board", /TensorRT 8\.2\.1 does not know this board.*JetPack of the board/],
  b13: ["out-of-memory", /7\.4 GiB of activations.*smaller input or batch/],
  b14: ["other-version", /its format is 237, this one reads 236.*8\.6\.1/],
  b16: ["other-version", /its format is 43, this one reads 0/],
  b17: ["passes"],
  b18: ["out-of-memory", /ran out of memory .*No results returned from cublas heuristic search.*init 3/],
  b20: ["profile", /input inputT1 holds a shape .*no values/],
  b21: ["profile", /no shape at run time/],
  b22: ["unsupported-gpu", /compute capability 6\.1/],
  b23: ["driver", /newer than the driver \(CUDA error 35\)/],
  b25: ["library", /libnvinfer_plugin\.so\.8 is missing; install TensorRT/],
  b26: ["library", /libnvinfer\.so\.8 is cut off;.*--runtime nvidia/],
  b28: ["passes"],
  b29: ["passes"],
  b30: ["no-implementation", /INT8 without calibration.*node \/model\.22\/proto\/upsample\/ConvTranspose;/],
  b32: ["out-of-memory", /init 3/],
  b33: ["killed", /memory runs out/],
  b34: ["builder-fault", /"\[checkSanity\.cpp::checkLinks.*Graph::regions\)"/],
  b35: ["unsupported-op", /node 1481 \(RoiAlign → 2570\) by a plugin/],
  b36: ["unsupported-op", /RoiAlign|ROIAlign/],
  b37: ["model-rejected", /refuses node 1 \(Resize\): .*cubic interpolation/],
  b38: ["passes"],
  b39: ["passes"],
  b40: ["model-rejected", /refuses node 12 \(Pad → 31\): .*mode == "constant"/],
};

const folder = sharedPath("cases", "trtexec-logs");

test("explainFailure() names the cause in every log of the shared cases", {
  skip: folder ? false : "shared data absent",
}, () => {
  const files = readdirSync(folder ?? "").filter((file) => file.endsWith(".txt"));
  assert.deepEqual(files.map((file) => file.split("-")[0]).sort(), Object.keys(CAUSES).sort());
  for (const file of files) {
    const log = parseLog(readFileSync(join(folder ?? "", file), "utf8"));
    const [kind, sentence] = CAUSES[file.split("-")[0] ?? ""] ?? [];
    if (kind === "passes") {
      assert.notEqual(log.verdict, "failed", file);
      assert.equal(rootError(log), undefined, file);
      continue;
    }
    const explained = explainFailure(log, { code: 1, signal: undefined });
    assert.equal(explained.kind, kind, `${file}: ${explained.sentence}`);
    assert.match(explained.sentence, sentence as RegExp, file);
  }
});

test("parseLog() reads figures and devices of the shared logs that pass", {
  skip: folder ? false : "shared data absent",
}, () => {
  const log = (name: string) => {
    const file = readdirSync(folder ?? "").find((file) => file.startsWith(name)) ?? "";
    return parseLog(readFileSync(join(folder ?? "", file), "utf8"));
  };
  assert.deepEqual([log("b08").version, log("b08").performance.throughputQps], [100300, 318.007]);
  assert.deepEqual([log("b28").device.name, log("b28").device.computeCapability], ["Orin", "8.7"]);
  assert.deepEqual([log("b29").device.name, log("b29").device.multiprocessors], ["NVIDIA GeForce RTX 3090", 82]);
  assert.deepEqual([log("b39").verdict, log("b39").performance.latency?.median], ["passed", 104]);
});
