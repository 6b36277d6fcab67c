/** Options that several commands have. */
import { flag, option } from "../command_line/option.ts";
import { existingFile, oneWordOf, sizesByName, wholeNumber } from "../command_line/types.ts";

/** `--force`, wherever files are written. */
export const forceFlag = flag({ long: "force", description: "overwrite files that exist" });

/** `--threads`. */
export const threadsOption = option({
  long: "threads",
  type: wholeNumber(1, 1024),
  description: "threads of the network",
  otherwise: "all cores",
});

/** `--trtexec`. */
export const trtexecOption = option({
  long: "trtexec",
  type: existingFile,
  description: "path of trtexec, for engines",
  otherwise: "PATH, then that of JetPack",
});

/** `--provider`. */
export const providerOption = option({
  long: "provider",
  type: oneWordOf(["cpu", "cuda", "tensorrt", "webgpu", "coreml", "dml"]),
  description: "execution provider of ONNX Runtime: cpu, cuda, tensorrt, webgpu, coreml or dml",
  otherwise: "cpu",
});

/** `--dimensions`: sizes of symbolic dimensions by name. */
export const dimensionsOption = option({
  long: "dimensions",
  type: sizesByName,
  description: "sizes of symbolic dimensions of an ONNX file, e.g. height=256,width=256",
});
