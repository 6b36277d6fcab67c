/** `seg bench`: latency, throughput, memory and the roofline. */
import { command, optional } from "cmd-ts";
import {
  dimensionsOption,
  duration,
  existingFile,
  existingFolder,
  forceFlag,
  jsonFlag,
  oneWordOf,
  outputFile,
  providerOption,
  threadsOption,
  trtexecOption,
  wholeNumber,
} from "./arguments.ts";
import type { Job } from "./job.ts";
import { option, positional } from "./option.ts";
import { TARGET_WORDS, targetName } from "./target_name.ts";

export const bench = command({
  name: "seg bench",
  description: "Measure latency percentiles, throughput, memory and stage times, in a process of its own",
  args: {
    model: positional({
      type: optional(existingFile),
      displayName: "model",
      description: "ONNX file, or engine of seg export --trt",
    }),
    import: option({
      long: "import",
      type: optional(existingFolder),
      description: "folder result that a kit brought back, in place of a model",
    }),
    backend: option({
      long: "backend",
      type: optional(oneWordOf(["onnxruntime", "trtexec"])),
      description: "onnxruntime for ONNX files, trtexec for engines (by the file)",
    }),
    trtexec: trtexecOption,
    batch: option({
      long: "batch",
      type: { ...wholeNumber(1, 4096), defaultValue: () => 1 },
      description: "images per run (1)",
    }),
    warmUp: option({ long: "warm-up", type: optional(duration), description: "uncounted time first (0.5s)" }),
    duration: option({
      long: "duration",
      type: { ...duration, defaultValue: () => 10 },
      description: "time to measure, or longer for 100 runs (10s)",
    }),
    input: option({
      long: "input",
      type: optional(existingFolder),
      description: "data set folder whose images the stage times are taken on (a made-up volume)",
    }),
    target: option({
      long: "target",
      type: optional(targetName),
      description: `device of the roofline: ${TARGET_WORDS}`,
    }),
    dimensions: dimensionsOption,
    compare: option({
      long: "compare",
      type: optional(existingFile),
      description: "report of another seg bench --json or --out",
    }),
    out: option({ long: "out", type: optional(outputFile(".json")), description: "file for the report" }),
    threads: threadsOption,
    provider: providerOption,
    force: forceFlag,
    json: jsonFlag,
  },
  examples: [
    {
      description: "on one thread, 20 seconds",
      command: "seg bench model.onnx --threads 1 --duration 20s --out one.json",
    },
    { description: "against figures of before", command: "seg bench model.onnx --threads 1 --compare one.json" },
  ],
  handler: (args): Job => ({
    json: args.json,
    stoppable: true,
    run: async (context) => {
      const { readBenchReport } = await import("../bench/bench_report.ts");
      const { comparisonTable } = await import("../bench/compare_bench.ts");
      const { refuseExisting, writeJsonAtomic } = await import("../files.ts");
      if (args.out !== undefined) refuseExisting(args.out, args.force);
      const other = args.compare === undefined ? undefined : readBenchReport(args.compare);
      const { runBench } = await import("./run_bench.ts");
      const { report, lines, failed } = await runBench({ ...args, kitResult: args.import }, context);
      if (args.out !== undefined) writeJsonAtomic(args.out, report);
      return {
        json: report,
        text: [
          ...lines,
          comparisonTable(other === undefined ? [report] : [other, report]),
          ...report.notes,
        ].join("\n"),
        failed,
        next: args.out === undefined
          ? `seg bench ${
            args.import === undefined ? args.model : `--import ${args.import}`
          } --out report.json, to compare others with it`
          : `seg bench OTHER.onnx --compare ${args.out}`,
      };
    },
  }),
});
