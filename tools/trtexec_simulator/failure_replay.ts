/** Failures that the simulator plays on demand, with the texts and exit codes of recorded logs. */
import { writeFileSync } from "node:fs";
import process from "node:process";
import type { Generation } from "./generation.ts";
import { error, info, plain, warning } from "./printing.ts";

/** trtexec ends with FAILED and exit code 1, after these lines were printed. */
export class TrtexecFailure extends Error {}

/** Stands for what happens after a build of this workspace began; `failure` is the value of SEG_SIMULATE_FAILURE. */
export async function replayBuildFailure(
  failure: string,
  generation: Generation,
  build: { readonly workspaceMiB: number; readonly engine: string | undefined },
): Promise<void> {
  const limit = /^oom-until-(\d+)$/.exec(failure);
  if (failure === "oom" || (limit && build.workspaceMiB > Number(limit[1]))) return outOfMemory(generation);
  if (failure === "killed") {
    // The real program dies while it writes, and leaves what it has written.
    if (build.engine !== undefined) writeFileSync(build.engine, "partial");
    await dieBy("SIGKILL");
  }
  if (failure === "abort") await dieBy("SIGABRT");
  if (failure === "segfault") process.exit(139); // as a shell reports it: a runtime may catch a SIGSEGV of its own
  if (failure === "hang") {
    if (build.engine !== undefined) writeFileSync(build.engine, "partial");
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  }
  if (failure === "unsupported-op") return unsupportedOp(generation);
  if (failure === "no-implementation") {
    error(
      "Error[10]: [optimizer.cpp::computeCosts::2011] Error Code 10: Internal Error (Could not find any implementation for node ArgMax_260.)",
    );
    error(
      "Error[2]: [builder.cpp::buildSerializedNetwork::609] Error Code 2: Internal Error (Assertion enginePtr != nullptr failed. )",
    );
    error("Engine could not be created from network");
    error("Building engine failed");
    throw new TrtexecFailure();
  }
}

/** The texts that a version prints for an engine that it cannot load. */
export function refuseEngine(generation: Generation, reason: "version" | "device" | "no engine"): never {
  if (reason === "device") {
    error(
      `[TRT] 6: The engine plan file is generated on an incompatible device, expecting compute ${generation.device.computeCapability} got compute 6.1, please rebuild.`,
    );
  } else if (generation.number >= 100000) {
    error(
      "Error[1]: [runtime.cpp::parsePlan::455] Error Code 1: Serialization (Serialization assertion plan->header.magicTag == rt::kPLAN_MAGIC_TAG failed.Trying to load an engine created with incompatible serialization version.)",
    );
  } else if (reason === "version") {
    error(
      "1: [stdArchiveReader.cpp::StdArchiveReader::42] Error Code 1: Serialization (Serialization assertion stdVersionRead == serializationVersion failed.Version tag does not match. Note: Current Version: 205, Serialized Engine Version: 96)",
    );
  } else {
    error(
      "1: [stdArchiveReader.cpp::StdArchiveReader::32] Error Code 1: Serialization (Serialization assertion magicTagRead == kMAGIC_TAG failed.Magic tag does not match)",
    );
  }
  error("4: [runtime.cpp::deserializeCudaEngine::50] Error Code 4: Internal Error (Engine deserialization failed.)");
  throw new TrtexecFailure();
}

/** An exception of the real program: an abort without a verdict before 8.6, FAILED from then on. */
export async function throwException(generation: Generation, text: string): Promise<never> {
  if (!generation.catchesExceptions) {
    plain("terminate called after throwing an instance of 'std::runtime_error'", "stderr");
    plain(`  what():  ${text}`, "stderr");
    await dieBy("SIGABRT");
  }
  error(`Uncaught exception detected: ${text}`);
  throw new TrtexecFailure();
}

function outOfMemory(generation: Generation): never {
  if (generation.number >= 100000) {
    error("Error[1]: [defaultAllocator.cpp::allocate::31] Error Code 1: Cuda Runtime (out of memory)");
    warning(
      "[TRT] Requested amount of GPU memory (15485030400 bytes) could not be allocated. There may not be enough free memory for allocation to succeed.",
    );
  } else {
    error("2: [virtualMemoryBuffer.cpp::resizePhysical::140] Error Code 2: OutOfMemory (no further information)");
  }
  error("Engine could not be created from network");
  throw new TrtexecFailure();
}

function unsupportedOp(generation: Generation): never {
  info("[TRT] No importer registered for op: HardSwish. Attempting to import as plugin.");
  error("[TRT] 3: getPluginCreator could not find plugin: HardSwish version: 1");
  error('[TRT] ModelImporter.cpp:720: While parsing node number 1 [HardSwish -> "407"]:');
  error("[TRT] ModelImporter.cpp:726: ERROR: builtin_op_importers.cpp:4643 In function importFallbackPluginImporter:");
  plain(
    '[8] Assertion failed: creator && "Plugin not found, are the plugin name, version, and namespace correct?"',
    "stderr",
  );
  error("Failed to parse onnx file");
  info("Finish parsing network model");
  error("Parsing model failed");
  error(generation.engineFailure);
  throw new TrtexecFailure();
}

async function dieBy(signal: "SIGKILL" | "SIGABRT"): Promise<never> {
  process.kill(process.pid, signal);
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  throw new Error(`${signal} did not end the process`);
}
