/** `seg bench`: latency, throughput, memory and the roofline. */
import { command, option, optional, positional } from "cmd-ts";
import { TARGETS } from "../tensorrt/targets.ts";
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
  wholeNumber,
} from "./arguments.ts";
import type { Job } from "./job.ts";

export const bench = command({
  name: "seg bench",
  description: "Measure latency percentiles, throughput, memory and stage times, in a process of its own",
  args: {
    model: positional({ type: existingFile, displayName: "model", description: "ONNX file" }),
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
      type: optional(oneWordOf(Object.keys(TARGETS))),
      description: `device of the roofline: ${Object.keys(TARGETS).join(", ")}`,
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
  examples: [{
    description: "on one thread, 20 seconds",
    command: "seg bench model.onnx --threads 1 --duration 20s --out one.json",
  }],
  handler: (args): Job => ({
    json: args.json,
    stoppable: true,
    run: async ({ reporter, signal }) => {
      const { benchModel } = await import("../bench/bench_model.ts");
      const { readBenchReport } = await import("../bench/bench_report.ts");
      const { comparisonTable } = await import("../bench/compare_bench.ts");
      const { findTarget } = await import("../tensorrt/targets.ts");
      const { refuseExisting, writeJsonAtomic } = await import("../files.ts");
      if (args.out !== undefined) refuseExisting(args.out, args.force);
      const other = args.compare === undefined ? undefined : readBenchReport(args.compare);
      const report = await benchModel({
        file: args.model,
        batch: args.batch,
        dimensions: args.dimensions,
        threads: args.threads,
        provider: args.provider,
        ...(args.warmUp !== undefined && { warmUpMs: args.warmUp * 1000 }),
        durationSeconds: args.duration,
        input: args.input,
        target: args.target === undefined ? undefined : findTarget(args.target),
        reporter,
        signal,
      });
      if (args.out !== undefined) writeJsonAtomic(args.out, report);
      return {
        json: report,
        text: [
          `${report.device}, ${report.threads} threads, batch ${report.batch}, ${report.samples} runs`,
          comparisonTable(other === undefined ? [report] : [other, report]),
          ...report.notes,
        ].join("\n"),
        next: args.out === undefined
          ? `seg bench ${args.model} --out report.json, to compare others with it`
          : `seg bench OTHER.onnx --compare ${args.out}`,
      };
    },
  }),
});
