import assert from "node:assert/strict";
import { test } from "node:test";
import { explainFailure, type FailureKind, type ProcessEnd } from "../../src/tensorrt/failures.ts";
import { parseLog } from "../../src/tensorrt/log.ts";

const TIME = "[03/04/2026-10:00:00]";
const TAIL = `
${TIME} [E] Engine could not be created from network
${TIME} [E] Building engine failed
${TIME} [E] Failed to create engine from model or file.
${TIME} [E] Engine set up failed`;

/** What it is, lines after which trtexec closes as it does, the kind, and a part of the sentence. */
const CASES: readonly (readonly [string, string, FailureKind, RegExp, Partial<ProcessEnd>?])[] = [
  [
    "a library of the builder that cannot be found, 8.4",
    `${TIME} [E] [TRT] 6: [libLoader.h::DynamicLibrary::50] Error Code 6: Internal Error (Unable to load library: libnvinfer_builder_resource.so.8.4.1)`,
    "library",
    /libnvinfer_builder_resource\.so\.8\.4\.1; .*LD_LIBRARY_PATH/,
  ],
  [
    "a library of the builder that cannot be found, 10",
    `${TIME} [E] createInferBuilder: Error Code 6: API Usage Error (Unable to load library: libnvinfer_builder_resource.so.10.3.0: libnvinfer_builder_resource.so.10.3.0: cannot open shared object file: No such file or directory)`,
    "library",
    /libnvinfer_builder_resource\.so\.10\.3\.0;/,
  ],
  [
    "a cut library",
    "trtexec: error while loading shared libraries: libcudnn.so.8: invalid ELF header",
    "library",
    /libcudnn\.so\.8 is cut off/,
    { code: 127 },
  ],
  [
    "no memory to start CUDA",
    `NvMapMemAllocInternalTagged: 1075072515 error 12\n${TIME} [E] [TRT] createInferRuntime: Error Code 6: API Usage Error (CUDA initialization failure with error: 2)\nSegmentation fault (core dumped)`,
    "out-of-memory",
    /CUDA cannot start for want of memory/,
    { code: 139 },
  ],
  [
    "a GPU in other hands",
    `${TIME} [E] [TRT] 6: CUDA initialization failure with error: 46`,
    "cuda",
    /another program holds the GPU/,
  ],
  [
    "no GPU in a container",
    `${TIME} [E] [TRT] createInferBuilder: Error Code 6: API Usage Error (CUDA initialization failure with error: 100)`,
    "cuda",
    /--runtime nvidia/,
  ],
  [
    "a warning of 8.5 before it crashes",
    `${TIME} [W] [TRT] CUDA initialization failure with error: 35. Please check your CUDA installation:  http://docs.nvidia.com/cuda\nSegmentation fault`,
    "driver",
    /CUDA error 35/,
    { code: 139 },
  ],
  [
    "a serialized engine of another version, 10.11",
    `${TIME} [E] IRuntime::deserializeCudaEngine: Error Code 1: Serialization (Serialization assertion stdVersionRead == kSERIALIZATION_VERSION failed.Version tag does not match. Note: Current Version: 240, Serialized Engine Version: 239)\n${TIME} [E] Engine deserialization failed\n${TIME} [E] Got invalid engine!\n${TIME} [E] Inference set up failed`,
    "other-version",
    /its format is 239, this one reads 240/,
  ],
  [
    "a file that is no engine, 8.2",
    `${TIME} [E] [TRT] 1: [stdArchiveReader.cpp::StdArchiveReader::34] Error Code 1: Serialization (Serialization assertion magicTagRead == kMAGIC_TAG failed.Magic tag does not match)`,
    "other-version",
    /no engine of this TensorRT/,
  ],
  [
    "an engine that is not there",
    `${TIME} [E] Error opening engine file: a b.engine\n${TIME} [E] Engine set up failed`,
    "model-unreadable",
    /engine a cannot be opened/,
  ],
  [
    "no DLA on the board",
    `${TIME} [E] Cannot create DLA engine, 0 not available${TAIL}`,
    "no-dla",
    /no DLA core 0; build for the GPU/,
  ],
  [
    "a layer that the DLA lacks",
    `${TIME} [E] Error[9]: [standardEngineBuilder.cpp::isValidDLAConfig::2189] Error Code 9: Internal Error (Default DLA is enabled but layer (Unnamed Layer* 3) [Resize] is not supported on DLA and falling back to GPU is not enabled.)${TAIL}`,
    "no-dla",
    /cannot run layer \(Unnamed Layer\* 3\) \[Resize\]; .*--allowGPUFallback/,
  ],
  [
    "open dimensions without shapes",
    `${TIME} [E] Error[4]: [network.cpp::validate::2965] Error Code 4: Internal Error (Network has dynamic or shape inputs, but no optimization profile has been defined.)${TAIL}`,
    "profile",
    /open dimensions .*seg export/,
  ],
  [
    "shapes beside a fixed dimension",
    `${TIME} [E] Error[4]: [network.cpp::validate::3013] Error Code 4: Internal Error (image: for dimension number 1 in profile 0 does not match network definition (got min=1, opt=1, max=1), expected min=opt=max=3).)${TAIL}`,
    "profile",
    /image: for dimension number 1/,
  ],
  [
    "too little workspace, 8.5",
    `${TIME} [E] Error[4]: [optimizer.cpp::computeCosts::3710] Error Code 4: Internal Error (Could not find any implementation for node {ForeignNode[853...Softmax_136]} due to insufficient workspace. See verbose log for requested sizes.)${TAIL}`,
    "no-implementation",
    /node \{ForeignNode\[853\.\.\.Softmax_136\]\} into the workspace; raise --workspace$/,
  ],
  [
    "no kernel, with the place in the source, 10",
    `${TIME} [E] Error[10]: IBuilder::buildSerializedNetwork: Error Code 10: Internal Error (Could not find any implementation for node {ForeignNode[/conv1/Conv + /relu (f)]}. In computeCosts at /_src/optimizer/common/tactic/optimizer.cpp:4115)${TAIL}`,
    "no-implementation",
    /node \{ForeignNode\[\/conv1\/Conv \+ \/relu \(f\)\]\};/,
  ],
  [
    "no kernel for want of memory",
    `${TIME} [W] [TRT] Tactic Device request: 571MB Available: 215MB. Device memory is insufficient to use tactic.\n${TIME} [E] Error[10]: Could not find any implementation for node up4 + relu9.${TAIL}`,
    "out-of-memory",
    /node up4 \+ relu9 into the memory that is free; lower --workspace, stop the desktop/,
  ],
  [
    "no kernel for ArgMax",
    `${TIME} [W] [TRT] Some tactics do not have sufficient workspace memory to run.\n${TIME} [E] Error[10]: [optimizer.cpp::computeCosts::2011] Error Code 10: Internal Error (Could not find any implementation for node ArgMax_12.)${TAIL}`,
    "no-implementation",
    /node ArgMax_12 .*leave ArgMax and TopK out/,
  ],
  [
    "cuBLAS without memory",
    `NvMapMemAllocInternalTagged: 1075072515 error 12\n${TIME} [E] Error[2]: [ltWrapper.cpp::setupHeuristic::349] Error Code 2: Internal Error (Assertion cublasStatus == CUBLAS_STATUS_SUCCESS failed. )${TAIL}`,
    "out-of-memory",
    /cublasStatus/,
  ],
  [
    "cuDNN with memory",
    `${TIME} [E] Error[1]: [convolutionRunner.cpp::execute::391] Error Code 1: Cudnn (CUDNN_STATUS_EXECUTION_FAILED)${TAIL}`,
    "builder-fault",
    /CUDNN_STATUS_EXECUTION_FAILED/,
  ],
  [
    "an error of Myelin, 8.6",
    `${TIME} [E] Error[1]: [myelinBuilderUtils.cpp::getMyelinSupportType::1270] Error Code 1: Myelin (Compiler internal error)${TAIL}`,
    "builder-fault",
    /Myelin \(Compiler internal error\)/,
  ],
  [
    "a GPU without kernels",
    `${TIME} [E] Error[1]: [caskUtils.cpp::createCaskHardwareInfo::852] Error Code 1: Cuda Runtime (no kernel image is available for execution on the device)${TAIL}`,
    "unsupported-gpu",
    /has no kernels for this GPU/,
  ],
  [
    "another error of CUDA",
    `${TIME} [E] Error[1]: [runner.cpp::execute::20] Error Code 1: Cuda Runtime (an illegal memory access was encountered)`,
    "cuda",
    /illegal memory access/,
  ],
  [
    "an error of CUDA outside",
    "Cuda failure: unspecified launch failure\nAborted (core dumped)",
    "cuda",
    /unspecified launch failure/,
    { code: 134 },
  ],
  [
    "memory behind a tactic that could be skipped",
    `${TIME} [E] Error[2]: Skipping tactic 0x0000000000000000 due to exception Assertion validForDevice failed.\n${TIME} [E] Error[2]: [virtualMemoryBuffer.cpp::resizePhysical::145] Error Code 2: OutOfMemory (no further information)${TAIL}`,
    "out-of-memory",
    /init 3/,
  ],
  [
    "weights beside the file",
    `${TIME} [E] [TRT] WeightsContext.cpp:166: Failed to open file: net.onnx.data${TAIL}`,
    "model-unreadable",
    /net\.onnx\.data .*weights exist/,
  ],
  [
    "an input of uint8, 8.2",
    `${TIME} [E] [TRT] ModelImporter.cpp:781: ERROR: ModelImporter.cpp:89 In function importInput:\n[8] Assertion failed: convertDtype(input.type().tensor_type().elem_type(), &trtDtype) && "Failed to convert ONNX date type to TensorRT data type."\n${TIME} [E] Failed to parse onnx file`,
    "model-rejected",
    /node of type Input: .*TensorRT data type/,
  ],
  [
    "a plugin that is missing, 10",
    `${TIME} [I] [TRT] No checker registered for op: MyOp. Attempting to check as plugin.\n${TIME} [E] [TRT] IPluginRegistry::getCreator: Error Code 4: API Usage Error (Cannot find plugin: MyOp, version: 1, namespace:.)\n${TIME} [E] Failed to parse onnx file`,
    "unsupported-op",
    /operator MyOp/,
  ],
  [
    "mixed types in a multiplication, 10 strongly typed",
    `${TIME} [E] [TRT] ITensor::getDimensions: Error Code 4: API Usage Error (/head/Mul: ElementWiseOperation PROD must have same input types. But they are of types Float and Half.)\n${TIME} [E] Failed to parse onnx file`,
    "types",
    /\/head\/Mul: .*Float and Half/,
  ],
  ["an old flag of 11", `${TIME} [E] Unknown option: --fp16 `, "unknown-flag", /the option --fp16;/],
  [
    "an unknown device under another version",
    `${TIME} [E] Error[2]: [utils.cpp::checkMemLimit::400] Error Code 2: Internal Error (Assertion upperBound != 0 failed. Unknown embedded device detected. Using 59655MiB as the allocation cap for memory on embedded devices.)${TAIL}`,
    "unknown-board",
    /JetPack of the board/,
  ],
  [
    "a killed build of a script",
    `${TIME} [W] [TRT] onnx2trt_utils.cpp:366: Your ONNX model has been generated with INT64 weights\nrun.sh: line 80:  4321 Killed                  "$trtexec" --onnx=model.onnx`,
    "killed",
    /memory runs out/,
  ],
  [
    "a disk that is full",
    "terminate called after throwing an instance of 'std::ios_base::failure'\n  what():  basic_ios::clear: No space left on device",
    "save-failed",
    /disk has room/,
    { code: 134 },
  ],
  [
    "something new",
    `${TIME} [W] [TRT] Tactic Device request: 571MB Available: 215MB. Device memory is insufficient to use tactic.\n${TIME} [E] Error[7]: [future.cpp::turn::1] Error Code 7: Unheard Of (the moon is full)${TAIL}`,
    "unexplained",
    /^trtexec says "Error\[7\]: .*the moon is full\)"; read its log$/,
  ],
  ["nothing but closing lines", TAIL, "unexplained", /"Engine set up failed"/],
  [
    "closing lines behind a memory warning of the build",
    `${TIME} [W] [TRT] Requested amount of GPU memory (1000 bytes) could not be allocated.${TAIL}`,
    "out-of-memory",
    /init 3/,
  ],
  [
    "a refusal without a reason behind such a warning",
    `${TIME} [W] [TRT] GPU memory allocation error during getBestTactic: OutOfMemory.\n${TIME} [E] Failed to parse onnx file\n${TIME} [E] Parsing model failed`,
    "model-rejected",
    /without a reason/,
  ],
];

for (const [what, text, kind, sentence, end] of CASES) {
  test(`explainFailure() explains ${what}`, () => {
    const explained = explainFailure(parseLog(text), { code: 1, signal: undefined, ...end });
    assert.equal(explained.kind, kind, explained.sentence);
    assert.match(explained.sentence, sentence);
    assert.doesNotMatch(explained.sentence, /\n/);
  });
}

test("explainFailure() reads lines that end as Windows ends them", () => {
  const text = `${TIME} [E] Error[10]: Could not find any implementation for node conv.${TAIL}`;
  const end = { code: 1, signal: undefined };
  assert.deepEqual(explainFailure(parseLog(text.replaceAll("\n", "\r\n")), end), explainFailure(parseLog(text), end));
});
