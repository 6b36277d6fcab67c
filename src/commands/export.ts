/** `seg export`: an inference model, and a TensorRT engine where trtexec is. */
import { command, usageFailure } from "../command_line/command.ts";
import { nextLine } from "../command_line/next_line.ts";
import { flag, operand, option } from "../command_line/option.ts";
import {
  existingFile,
  existingFolder,
  list,
  oneWordOf,
  outputFolder,
  realNumber,
  wholeNumber,
} from "../command_line/types.ts";
import { dimensionsOption, forceFlag, trtexecOption } from "./shared_options.ts";
import { TARGET_WORDS, targetName } from "./target_name.ts";

export const exportModel = command({
  name: "export",
  description:
    "Make a model for inference: normalization folded, the answer alone, static shapes, an opset that the target reads; " +
    "with --trt a TensorRT engine",
  arguments: {
    model: operand({ type: existingFile, name: "MODEL", description: "ONNX file of any origin" }),
    out: option({
      long: "out",
      type: outputFolder,
      default: "export",
      description: "folder for model.onnx and model.engine",
    }),
    target: option({
      long: "target",
      type: targetName,
      description: `device: ${TARGET_WORDS}`,
      otherwise: `the Jetson this runs on, else nano`,
    }),
    trt: flag({ long: "trt", description: "build an engine with the trtexec of this machine" }),
    fp16: flag({ long: "fp16", description: "build in half precision (where the target has it)" }),
    noFp16: flag({ long: "no-fp16", description: "build in single precision" }),
    int8: flag({
      long: "int8",
      description: "quantize to INT8 with the images of --calibrate, for boards that compute in it",
    }),
    calibrate: option({
      long: "calibrate",
      type: existingFolder,
      description: "data set whose training cases show how large activations are",
    }),
    calibrationCases: option({
      long: "calibration-cases",
      type: wholeNumber(1),
      default: 16,
      description: "how many cases of it",
    }),
    workspaceMiB: option({
      long: "workspace",
      type: wholeNumber(1, 65536),
      default: 512,
      description: "memory for TensorRT's tactics in MiB",
    }),
    trtexec: trtexecOption,
    kit: option({
      long: "kit",
      type: outputFolder,
      description: "folder to write that builds, checks and times the engine where nothing but JetPack is",
    }),
    withSeg: flag({ long: "with-seg", description: "put seg itself for arm64 into the kit, with all that it needs" }),
    dryRun: flag({ long: "dry-run", description: "write nothing: show the command line and what stands in its way" }),
    parity: option({
      long: "parity",
      type: existingFolder,
      description: "data set on which the result must give the masks of the model",
    }),
    parityCases: option({
      long: "parity-cases",
      type: wholeNumber(1),
      default: 3,
      description: "how many cases of it",
    }),
    maximumDiceDrop: option({
      long: "max-dice-drop",
      type: realNumber(0, 1),
      default: 0.005,
      description: "drop of the mean Dice that is allowed",
    }),
    opset: option({
      long: "opset",
      type: wholeNumber(7, 26),
      description: "version of ONNX's operators",
      otherwise: "13",
    }),
    batch: option({
      long: "batch",
      type: wholeNumber(1, 1024),
      default: 1,
      description: "images per run",
    }),
    outputs: option({ long: "outputs", type: list, description: "outputs to keep", otherwise: "the answer" }),
    activation: option({
      long: "activation",
      type: oneWordOf(["none", "sigmoid", "softmax"]),
      default: "none",
      description: "what to compute after the logits: none, sigmoid or softmax",
    }),
    fuse: flag({ long: "fuse", description: "one transposed convolution for every chain of upsampling ones" }),
    dimensions: dimensionsOption,
    force: forceFlag,
  },
  rules: [
    {
      mode: "without --trt or --kit",
      when: ({ trt, kit }) => !trt && kit === undefined,
      refuses: ["fp16", "noFp16", "workspaceMiB"],
      because: "no engine is built",
    },
    {
      mode: "without --kit",
      when: ({ kit }) => kit === undefined,
      refuses: ["withSeg"],
      because: "there is no folder for the archive",
    },
    {
      mode: "without --trt",
      when: ({ trt }) => !trt,
      refuses: ["trtexec"],
      because: "no engine is built on this machine",
    },
    {
      mode: "without --parity",
      when: ({ parity }) => parity === undefined,
      refuses: ["parityCases"],
      because: "no masks are compared",
    },
    {
      mode: "with --dry-run for a known device",
      when: ({ dryRun, target }) => dryRun && target !== "host",
      refuses: ["trtexec"],
      because: "its TensorRT is known, and trtexec is not asked",
    },
    {
      mode: "without --parity or --int8",
      when: ({ parity, int8 }) => parity === undefined && !int8,
      refuses: ["maximumDiceDrop"],
      because: "no masks are compared",
    },
    {
      mode: "without --int8",
      when: ({ int8 }) => !int8,
      refuses: ["calibrate", "calibrationCases"],
      because: "nothing is quantized",
    },
    {
      mode: "with --int8",
      when: ({ int8 }) => int8,
      refuses: ["fp16", "noFp16"],
      because: "what is not quantized is built in half precision where the board has it",
    },
    {
      mode: "with --dry-run",
      when: ({ dryRun }) => dryRun,
      refuses: ["force"],
      because: "nothing is written",
    },
  ],
  examples: [
    { description: "for any runtime", command: "seg export runs/a/best.onnx --out export" },
    { description: "on a Jetson Nano", command: "seg export best.onnx --trt --parity DATASET" },
    {
      description: "in INT8 for a Xavier or Orin, and what it costs",
      command: "seg export best.onnx --int8 --calibrate DATASET --parity DATASET --target orin-nano",
    },
    { description: "for a Nano with JetPack alone", command: "seg export best.onnx --kit nano-kit" },
    { description: "the same with seg itself", command: "seg export best.onnx --kit nano-kit --with-seg" },
    { description: "what trtexec would be told", command: "seg export best.onnx --trt --dry-run" },
  ],
  stoppable: true,
  run: async (args, context) => {
    if (args.fp16 && args.noFp16) throw usageFailure("export", "--fp16 and --no-fp16 exclude each other");
    if (args.int8 && args.calibrate === undefined) {
      throw usageFailure("export", "--int8 needs --calibrate, a data set with the training cases of the model");
    }
    const { runExport } = await import("../deployment/export.ts");
    const { paritySentence } = await import("../deployment/parity.ts");
    const { programVersion } = await import("./version.ts");
    const { quantizationLines } = await import("../deployment/quantization/quantization_text.ts");
    const { formatBytes } = await import("../text.ts");
    const precision = args.int8 ? "int8" : args.fp16 ? "fp16" : args.noFp16 ? "fp32" : undefined;
    const report = await runExport({ ...args, precision, version: programVersion() }, context);
    const { onnx, card, engine, kit, segArchive, lint, notes, parity, parityReport, quantization, trtexec } = report;
    const failed = parity !== null && !parity.passed;
    const done = args.dryRun ? "Would write" : "Wrote";
    return {
      json: report,
      text: [
        ...notes.map((note) => `- ${note}`),
        ...lint.map(({ severity, node, reason, remedy }) =>
          `${severity}: ${node === undefined ? "" : `${node}: `}${reason}; ${remedy}`
        ),
        ...(quantization === null ? [] : quantizationLines(quantization)),
        ...(failed && !args.trt ? [] : [`${done} ${onnx} (${formatBytes(report.bytes)})`]),
        ...(card === null || (failed && !args.trt) ? [] : [`${done} ${card}`]),
        ...(engine === null ? [] : [`${done} ${engine} (${report.precision}, TensorRT ${trtexec?.version})`]),
        ...(trtexec === null ? [] : [`by ${trtexec.command}`]),
        ...(kit === null ? [] : [`${done} ${kit}: copy it to the device and run sh run.sh there`]),
        ...(segArchive === null ? [] : [`${done} ${segArchive}: tar xf it on the device and run seg/seg doctor there`]),
        ...(parity === null || failed ? [] : [paritySentence(parity)]),
        ...(parityReport === null ? [] : [`${done} ${parityReport}`]),
      ].join("\n"),
      failed,
      next: failed
        ? undefined
        : args.dryRun
        ? "the same without --dry-run"
        : nextLine(["seg", "bench", engine ?? onnx]),
    };
  },
});
