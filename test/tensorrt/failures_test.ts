import assert from "node:assert/strict";
import { test } from "node:test";
import { explainFailure, type FailureKind, type ProcessEnd } from "../../src/tensorrt/failures.ts";
import { parseLog } from "../../src/tensorrt/log.ts";

/** Log, end of the process, class, and a part of the sentence. */
const CASES: readonly (readonly [string, Partial<ProcessEnd>, FailureKind, RegExp])[] = [
  ["[E] Unknown option: --skipInference ", { code: 1 }, "unknown-flag", /--skipInference/],
  [
    "[I] [TRT] No importer registered for op: GridSample. Attempting to import as plugin.\n[E] Parsing model failed",
    { code: 1 },
    "unsupported-op",
    /operator GridSample.*seg export/,
  ],
  [
    '[E] [TRT] ModelImporter.cpp:720: While parsing node number 7 [Reshape -> "out"]:\n' +
    "[E] [TRT] ModelImporter.cpp:726: ERROR: x.cpp:1 In function importReshape:\n[8] Assertion failed: Attribute not found: allowzero\n" +
    "[E] Failed to parse onnx file",
    { code: 1 },
    "model-rejected",
    /node 7 \(Reshape → out\): \[8\] Assertion failed: Attribute not found: allowzero/,
  ],
  [
    "[E] [TRT] ModelImporter.cpp:1: Failed to parse ONNX model from file: a.onnx\n[E] Failed to parse onnx file",
    { code: 1 },
    "model-unreadable",
    /a\.onnx/,
  ],
  [
    "[E] [TRT] 1: Serialization (Serialization assertion stdVersionRead == serializationVersion failed.Version tag does not match. Note: Current Version: 205, Serialized Engine Version: 96)",
    { code: 1 },
    "other-version",
    /its format is 96, this one reads 205/,
  ],
  [
    "[E] 6: The engine plan file is not compatible with this version of TensorRT, expecting library version 7.1.3 got 7.0.0, please rebuild.",
    { code: 1 },
    "other-version",
    /built by TensorRT 7\.0\.0 and this one is 7\.1\.3;/,
  ],
  [
    "[E] [TRT] 6: The engine plan file is generated on an incompatible device, expecting compute 5.3 got compute 8.7, please rebuild.",
    { code: 1 },
    "other-device",
    /capability 8\.7 and this device has 5\.3/,
  ],
  ["[E] Static model does not take explicit shapes since …", { code: 1 }, "static-shapes", /fixed shapes/],
  [
    "terminate called after throwing an instance of 'std::runtime_error'\n  what():  Cannot open file in 1.bin!",
    { signal: "SIGABRT" },
    "input-missing",
    /in 1\.bin cannot be opened/,
  ],
  ["[E] Saving engine to file failed.", { code: 1 }, "save-failed", /writable/],
  ["Cuda failure: no CUDA-capable device is detected", { code: 134 }, "cuda", /no CUDA-capable device/],
  ["Cuda failure: out of memory", { code: 134 }, "out-of-memory", /workspace/],
  ["terminate called after throwing an instance of 'std::bad_alloc'", { code: 134 }, "out-of-memory", /host memory/],
  ["", { code: 137 }, "killed", /killed trtexec, as it does when memory runs out/],
  ["", { signal: "SIGKILL" }, "killed", /killed trtexec/],
  ["Killed", { code: 1 }, "killed", /killed trtexec/],
  ["", { code: 134 }, "aborted", /aborted without a message/],
  ["", { code: 139 }, "crashed", /crashed/],
  ["[E] Something new happened", { code: 1 }, "unexplained", /"Something new happened"/],
  ["", { code: 3 }, "unexplained", /exit code 3/],
];

for (const [text, end, kind, sentence] of CASES) {
  test(`explainFailure() calls ${JSON.stringify(text.slice(0, 60))} with ${JSON.stringify(end)} ${kind}`, () => {
    const explained = explainFailure(parseLog(text), { code: undefined, signal: undefined, ...end });
    assert.equal(explained.kind, kind);
    assert.match(explained.sentence, sentence);
    assert.doesNotMatch(explained.sentence, /\.$|\n/);
  });
}

test("explainFailure() prefers a cause over what follows from it", () => {
  const log = parseLog(
    "[W] [TRT] Requested amount of GPU memory (1000 bytes) could not be allocated.\n" +
      "[E] Error[10]: (Could not find any implementation for node conv.)",
  );
  assert.equal(explainFailure(log, { code: 1, signal: undefined }).kind, "out-of-memory");
});
