/** The table of causes: what a message of trtexec or TensorRT means, and what to do about it. */
import {
  activations,
  cudaStart,
  type ExplainedFailure,
  type FailureKind,
  FREE_MEMORY,
  memoryIsShort,
  nodeInTrouble,
  noKernel,
  oneLine,
  quoted,
  unsupported,
  versionOf,
} from "./failure_words.ts";
import type { TrtexecLog } from "./log_facts.ts";

/** A message that fits `pattern` means this; a row may give another kind by what else the log holds. */
export type FailureRow = readonly [
  FailureKind,
  RegExp,
  (match: RegExpExecArray, log: TrtexecLog) => string | ExplainedFailure,
];

/**
 * The table. Of one message the first row that fits counts, so that more specific ones stand above. Only texts are compared, since trtexec
 * and the API loggers order their prefixes differently. They are those of samples/trtexec, samples/common and onnx-tensorrt at 8.0 to 11,
 * and of recorded logs.
 */
export const FAILURE_ROWS: readonly FailureRow[] = [
  // The command line and files.
  ["unknown-flag", /Unknown option: (\S+)/, (_match, log) => {
    const flags = [...new Set(log.errors.flatMap((text) => /Unknown option: (\S+)/.exec(text)?.[1] ?? []))];
    const named = `option${flags.length > 1 ? "s" : ""} ${flags.join(", ")}`;
    return `this trtexec${
      versionOf(log)
    } does not know the ${named}; compare seg doctor with the version of the device`;
  }],
  [
    "unknown-flag",
    /Model missing or format not recognized/,
    () => "trtexec was given neither a model nor an engine; name one",
  ],
  [
    "model-unreadable",
    /Error opening engine file: (\S+)|Failed to open engine file:? ?(\S*)/,
    ([, one, other]) => `the engine ${one ?? other ?? "file"} cannot be opened; check the path, or build it`,
  ],
  [
    "model-unreadable",
    /(?:Failed to parse ONNX model from file|Could not open file|Failed to open file):?\s*(\S*)/,
    ([, file]) =>
      `the model ${file || "file"} cannot be read as ONNX; check that it and its weights exist and are complete`,
  ],
  [
    "input-missing",
    /Cannot open file (.+?)!/,
    ([, file]) => `the input file ${file} cannot be opened; check that it exists and is readable`,
  ],
  [
    "input-size",
    /Unexpected file size for input file: (\S+?)\. Note: Input binding size is: (\d+) bytes but the file size is (\d+)/,
    ([, file, wanted, found]) =>
      `the input file ${file} has ${found} bytes where the engine takes ${wanted}; write it again for this engine`,
  ],
  [
    "save-failed",
    /Saving engine to file failed|No space left on device/,
    () => "trtexec cannot write the engine; check that the folder is writable and the disk has room",
  ],

  // The installation.
  [
    "library",
    /error while loading shared libraries: (\S+): (file too short|invalid ELF header)/,
    ([, file]) =>
      `the library ${file} is cut off; install TensorRT again (sudo apt install --reinstall tensorrt), or start the container with --runtime nvidia`,
  ],
  [
    "library",
    /error while loading shared libraries: (\S+?):/,
    ([, file]) =>
      `the library ${file} is missing; install TensorRT (sudo apt install tensorrt), or name its folder in LD_LIBRARY_PATH`,
  ],
  [
    "library",
    /Unable to load library: ([^\s:)]+)/,
    ([, file]) =>
      `TensorRT cannot load its library ${file}; name the folder of this TensorRT alone in LD_LIBRARY_PATH, or install it again`,
  ],
  ["cuda", /CUDA initialization failure with error: (\d+)/, ([, code], log) => cudaStart(Number(code), log)],
  [
    "unsupported-gpu",
    /Target GPU SM (\d+) is not supported/,
    ([, sm = ""], log) =>
      `TensorRT${versionOf(log)} does not support GPUs of compute capability ${sm.slice(0, -1)}.${
        sm.slice(-1)
      }; use the TensorRT that the device's own JetPack or driver brings`,
  ],
  [
    "unsupported-gpu",
    /no kernel image is available/,
    (_match, log) =>
      `TensorRT${versionOf(log)} has no kernels for this GPU; use the TensorRT that the device's own JetPack brings`,
  ],
  [
    "unknown-board",
    /Unknown embedded device detected/,
    (_match, log) =>
      `TensorRT${
        versionOf(log)
      } does not know this board, which is newer; use the JetPack of the board, or a container made for it`,
  ],
  [
    "no-dla",
    /Cannot create DLA engine, (\d+) not available|DLA core (\d+) (?:is )?not available/i,
    ([, one, other]) => `this board has no DLA core ${one ?? other}; build for the GPU`,
  ],
  [
    "no-dla",
    /layer (.+?) is not supported on DLA and falling back to GPU is not enabled/,
    ([, layer]) => `the DLA cannot run layer ${layer}; allow the GPU for such layers by --allowGPUFallback`,
  ],

  // The ONNX file.
  ["unsupported-op", /No importer registered for op: (\w+)/, ([, op], log) => unsupported(op, log)],
  ["unsupported-op", /could not find plugin:? (\w+) version/i, ([, op], log) => unsupported(op, log)],
  ["unsupported-op", /Cannot find plugin: (\w+)/i, ([, op], log) => unsupported(op, log)],
  [
    "unsupported-op",
    /Plugin not found, are the plugin name, version, and namespace correct/,
    (_match, log) => unsupported(undefined, log),
  ],
  ["unsupported-op", /(\w+) plugin was not found in the plugin registry/i, ([text, op], log) => {
    const node = nodeInTrouble(log) ?? /operator: (\w+)/.exec(text)?.[1];
    return `the ONNX parser of TensorRT${versionOf(log)} runs ${
      node ?? op
    } by a plugin that is not there: install libnvinfer_plugin, ` +
      "or write the model without it";
  }],
  ["model-rejected", /ERROR: [^\n]*In function (\w+):\n([^]*)/, ([, importer = "", reason = ""], log) => {
    const op = /^import(\w+)$/.exec(importer)?.[1];
    const named = /Invalid Node - (\S+)/.exec(reason)?.[1];
    const node = nodeInTrouble(log) ?? (op ? `a node of type ${op}` : named ? `node ${named}` : "a node");
    return `the ONNX parser of TensorRT${versionOf(log)} refuses ${node}: ${
      oneLine(reason)
    }; seg inspect --target lists what the target cannot run`;
  }],
  [
    "model-rejected",
    /In node (\d+)(?: with name: (.*?) and operator: (\w+))? \((?:import)?(\w+)\): (\w+): ([^\n]+)/,
    ([, number, , , importer, , reason = ""], log) =>
      `the ONNX parser of TensorRT${versionOf(log)} refuses node ${number} (${importer}): ${
        oneLine(reason)
      }; seg inspect --target lists what the target cannot run`,
  ],
  [
    "types",
    /must have same input types|must have the same (?:input )?type|are of types? \w+ and \w+/,
    ([text], log) => {
      const message = log.errors.find((error) => error.includes(text)) ?? text;
      const detail = /\(([^()]*(?:\([^()]*\)[^()]*)*)\)\s*$/.exec(message.trim())?.[1] ?? message;
      return `the network is strongly typed in TensorRT${versionOf(log)} and mixes types: ${
        oneLine(detail)
      }; export one type alone, as seg export does with float32`;
    },
  ],

  // Engines.
  [
    "other-version",
    /(?:stdVersionRead == (?:serializationVersion|kSERIALIZATION_VERSION)|safeVersionRead == safeSerializationVersion) failed[^]*?(?:Current Version: (\d+), Serialized Engine Version: (\d+))?\)/,
    ([, current, serialized], log) =>
      `the engine was built by another TensorRT${
        current ? ` (its format is ${serialized}, this one reads ${current})` : ""
      } than this one${versionOf(log)}; rebuild it on this device from the ONNX file`,
  ],
  [
    "other-version",
    /not compatible with this version of TensorRT, expecting library version (\S+) got (\S+?)[,.]?(?:\s|$)/,
    ([, expected, got]) =>
      `the engine was built by TensorRT ${got} and this one is ${expected}; rebuild it on this device from the ONNX file`,
  ],
  [
    "other-version",
    /kPLAN_MAGIC_TAG failed|kMAGIC_TAG failed|incompatible serialization version|Magic tag does not match/i,
    (_match, log) =>
      `the file is no engine of this TensorRT${versionOf(log)}; rebuild it on this device from the ONNX file`,
  ],
  [
    "other-device",
    /incompatible device, expecting compute ([\d.]+) got compute ([\d.]+)/,
    ([, here, there]) =>
      `the engine was built for compute capability ${there} and this device has ${here}; rebuild it on this device from the ONNX file`,
  ],

  // Shapes.
  [
    "static-shapes",
    /Static model does not take explicit shapes/,
    () => "the model has fixed shapes and takes none on the command line; leave the shapes out",
  ],
  [
    "shape-mismatch",
    /Static dimension mismatch|engineDims\.d\[i\] == dims\.d\[i\]/,
    () => "the engine has fixed shapes that differ from those asked for; rebuild it with the wanted input size",
  ],
  [
    "shape-mismatch",
    /Must specify only --optShapes or all of --minShapes/,
    () => "the shapes of an input are incomplete; give the optimum alone or minimum, optimum and maximum",
  ],
  [
    "profile",
    /no optimization profile has been defined/,
    () =>
      "the model has open dimensions and was given no shapes; export it with fixed sizes by seg export, or give --shapes",
  ],
  [
    "profile",
    /\(?([^\s(]+): optimization profile is missing values for shape input/,
    ([, name]) =>
      `the input ${name} holds a shape and its optimization profile has no values; export the model with fixed sizes by seg export`,
  ],
  [
    "profile",
    /([^\s(]+): (?:kMIN|kOPT|kMAX|dynamic input|for dimension)[^\n]*(?:profile|dimension)[^\n]*/i,
    ([text]) =>
      `the shapes given do not fit the model (${
        oneLine(text).replace(/\)$/, "")
      }); export it with fixed sizes by seg export, or correct --shapes`,
  ],
  [
    "profile",
    /allInputShapesSpecified|allInputDimensionsSpecified|input shapes? (?:is|are) not (?:fully )?specified/,
    () =>
      "an input of the engine has no shape at run time; give --shapes for every open input, or export with fixed sizes",
  ],
  [
    "unknown-input",
    /Cannot find input tensor with name "([^"]*)"/,
    ([, name]) => `the model has no input named ${name}; seg inspect lists its inputs`,
  ],

  // Building and running.
  ["no-implementation", /Could not find any implementation for node ([^\n]+)/, (match, log) => noKernel(match, log)],
  ["out-of-memory", /std::bad_alloc/, () => `the device ran out of host memory; ${FREE_MEMORY}, or add swap`],
  [
    "out-of-memory",
    /OutOfMemory|out of memory|CUDA error 2 |NvMap\w*:? .*error 12|(?:Requested amount of GPU memory|could not be allocated)/i,
    (_match, log) => `the device ran out of memory${activations(log)}; ${FREE_MEMORY}`,
  ],
  [
    "builder-fault",
    /Myelin|cublas|cudnn|Cask|checkLinks|Assertion [^]*failed/i,
    ({ input }, log) =>
      memoryIsShort(log) &&
        /Myelin|cublas|cudnn/i.test(input)
        ? {
          kind: "out-of-memory",
          sentence: `the device ran out of memory (TensorRT says "${quoted(input)}"); ${FREE_MEMORY}`,
        }
        : `TensorRT${versionOf(log)} fails within itself: "${
          quoted(input)
        }"; build with --no-fp16, or take another TensorRT`,
  ],
  [
    "cuda",
    /Cuda failure: ([^\n]+)/i,
    ([, text]) => `CUDA fails with "${text}"; restart the device, and check that JetPack is installed completely`,
  ],
  [
    "cuda",
    /Cuda (?:Runtime|Driver) \(([^)]+)\)/i,
    ([, text]) => `CUDA fails with "${text}"; restart the device, and check that JetPack is installed completely`,
  ],
];

/** What trtexec says last tells little, but stands alone at times. */
export const CLOSING_ROWS: readonly FailureRow[] = [
  [
    "model-rejected",
    /While parsing node number (\d+) \[(\S+) -> "([^"]*)"/,
    ([, number, op, output]) =>
      `the ONNX parser refuses node ${number} (${op} → ${output}); seg inspect --target lists what the target cannot run`,
  ],
  [
    "model-rejected",
    /Failed to parse onnx file|Parsing model failed/i,
    () => "the ONNX parser refuses the model without a reason; run again with --verbose and read the log",
  ],
  [
    "other-version",
    /Engine deserialization failed|Got invalid engine/,
    (_match, log) =>
      `the engine cannot be loaded by this TensorRT${versionOf(log)}; rebuild it on this device from the ONNX file`,
  ],
];
