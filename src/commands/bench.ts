/** `seg bench`: latency, throughput, memory and the roofline. */
import { command, usageFailure } from "../command_line/command.ts";
import { nextLine } from "../command_line/next_line.ts";
import { operand, option } from "../command_line/option.ts";
import {
  duration,
  existingFile,
  existingFolder,
  oneWordOf,
  outputFile,
  realNumber,
  wholeNumber,
} from "../command_line/types.ts";
import { dimensionsOption, forceFlag, providerOption, threadsOption, trtexecOption } from "./shared_options.ts";
import { isEnginePath } from "../tensorrt/engine_path.ts";
import { TARGET_WORDS, targetName } from "./target_name.ts";

/** What decides the figures. */
const measured = {
  batch: option({
    long: "batch",
    type: wholeNumber(1, 4096),
    default: 1,
    description: "images per run",
  }),
  warmUp: option({ long: "warm-up", type: duration, description: "uncounted time first", otherwise: "0.5s" }),
  duration: option({
    long: "duration",
    type: duration,
    default: 10,
    description: "time to measure, or longer for 100 runs",
  }),
  input: option({
    long: "input",
    type: existingFolder,
    description: "data set folder whose images the stage times are taken on",
    otherwise: "a made-up volume",
  }),
  minimumDice: option({
    long: "min-dice",
    type: realNumber(0, 1),
    description: "fail where the mean Dice on the data set of --input is less",
  }),
  target: option({
    long: "target",
    type: targetName,
    description: `device of the roofline: ${TARGET_WORDS}`,
  }),
  dimensions: dimensionsOption,
  threads: threadsOption,
  provider: providerOption,
};

export const bench = command({
  name: "bench",
  description: "Measure latency percentiles, throughput, memory and stage times, in a process of its own",
  arguments: {
    model: operand({
      type: existingFile,
      name: "MODEL",
      optional: true,
      description: "ONNX file, or engine of seg export --trt",
    }),
    import: option({
      long: "import",
      type: existingFolder,
      description: "folder result that a kit brought back, in place of a model",
    }),
    backend: option({
      long: "backend",
      type: oneWordOf(["onnxruntime", "trtexec"]),
      description: "onnxruntime for ONNX files, trtexec for engines",
      otherwise: "by the file",
    }),
    trtexec: trtexecOption,
    ...measured,
    compare: option({
      long: "compare",
      type: existingFile,
      description: "report of another seg bench --json or --out",
    }),
    out: option({ long: "out", type: outputFile(".json"), description: "file for the report" }),
    force: forceFlag,
  },
  usage: ["MODEL", "--import FOLDER"],
  rules: [
    {
      mode: "with --import",
      when: (args) => args.import !== undefined,
      takes: ["import", "target", "compare", "out", "force"],
      because: "the kit has measured on its device",
    },
    {
      mode: "on an engine",
      when: ({ model }) => model !== undefined && isEnginePath(model),
      refuses: ["batch", "threads", "provider", "dimensions"],
      because: "trtexec runs it as it was built",
    },
    {
      mode: "on an engine without --min-dice",
      when: ({ model, minimumDice }) => model !== undefined && isEnginePath(model) && minimumDice === undefined,
      refuses: ["input"],
      because: "trtexec times it on numbers of its own",
    },
    {
      mode: "on an ONNX file",
      when: ({ model }) => model !== undefined && !isEnginePath(model),
      refuses: ["trtexec"],
      because: "trtexec runs engines alone",
    },
    {
      mode: "without --out",
      when: ({ out }) => out === undefined,
      refuses: ["force"],
      because: "nothing is written",
    },
  ],
  examples: [
    {
      description: "on one thread, 20 seconds",
      command: "seg bench model.onnx --threads 1 --duration 20s --out one.json",
    },
    { description: "against figures of before", command: "seg bench model.onnx --threads 1 --compare one.json" },
  ],
  stoppable: true,
  run: async (args, context) => {
    const { readBenchReport } = await import("../bench/bench_report.ts");
    const { compareBench, comparisonTable } = await import("../bench/compare_bench.ts");
    const { refuseExisting, writeJsonAtomic } = await import("../files.ts");
    if (args.out !== undefined) refuseExisting(args.out, args.force);
    const subject = ["seg", "bench", ...(args.model === undefined ? ["--import", args.import ?? ""] : [args.model])];
    if (args.minimumDice !== undefined && args.input === undefined) {
      throw usageFailure("bench", "--min-dice needs --input, a data set with masks");
    }
    const other = args.compare === undefined ? undefined : readBenchReport(args.compare);
    const { runBench } = await import("./run_bench.ts");
    const { report, lines, failed } = await runBench({ ...args, kitResult: args.import }, context);
    if (args.out !== undefined) writeJsonAtomic(args.out, report);
    return {
      json: other === undefined ? report : { ...report, comparison: compareBench([other, report]) },
      text: [
        ...lines,
        comparisonTable(other === undefined ? [report] : [other, report], context.columns),
        ...report.notes,
      ].join("\n"),
      failed,
      next: args.out === undefined
        ? `${nextLine([...subject, "--out", "report.json"], measured, args)}, to compare others with it`
        : nextLine(["seg", "bench", "OTHER.onnx", "--compare", args.out], measured, args),
    };
  },
});
