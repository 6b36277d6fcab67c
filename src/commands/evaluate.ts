/** `seg evaluate`: scores of a model, or of masks, on the original grid. */
import { command, flag, optional } from "cmd-ts";
import { UsageFailure } from "../failure.ts";
import { METRICS } from "../metrics/scores.ts";
import {
  existingFile,
  existingFolder,
  existingPath,
  forceFlag,
  jsonFlag,
  list,
  listOf,
  oneWordOf,
  outputFolder,
  providerOption,
  realNumber,
  threadsOption,
  trtexecOption,
} from "./arguments.ts";
import { datasetOptions } from "./dataset_arguments.ts";
import type { Job } from "./job.ts";
import { maskOptions } from "./mask_arguments.ts";
import { option, restPositionals } from "./option.ts";
import { optionName } from "./option_name.ts";
import { reportAfter, reportLine } from "./report_after.ts";
import { programVersion } from "./version.ts";

/** Options that change what a model answers. */
const modelOptions = ["threshold", "mirror", "fillHoles", "minimumVolumeMl", "largestComponent"] as const;

export const evaluate = command({
  name: "seg evaluate",
  description:
    "Score a model, or masks made before, against the masks of a data set, on the images' own grids and in mm",
  args: {
    paths: restPositionals({
      type: existingPath,
      displayName: "model dataset",
      description: "model file or engine, and data set folder; with --predictions the data set folder alone",
    }),
    predictions: option({
      long: "predictions",
      type: optional(existingFolder),
      description: "folder of masks named after the cases, in place of a model",
    }),
    out: option({
      long: "out",
      type: optional(outputFolder),
      description:
        "folder for report.html, metrics.json, metrics.csv (cases) and summary.csv (means, intervals, worst cases)",
    }),
    metrics: option({
      long: "metrics",
      type: optional(listOf(METRICS)),
      description: `some of ${METRICS.join(",")}, all shown in the table (all computed, the main ones shown)`,
    }),
    toleranceMm: option({
      long: "tolerance-mm",
      type: optional(realNumber(0)),
      description: "tolerance of the normalized surface distance (twice the largest spacing within a slice)",
    }),
    empty: option({
      long: "empty",
      type: { ...oneWordOf(["nnunet", "one", "monai", "brats"]), defaultValue: () => "nnunet" as const },
      description: "what empty masks score: nnunet, one, monai or brats (nnunet)",
    }),
    hd95: option({
      long: "hd95",
      type: { ...oneWordOf(["max", "pooled", "surfel"]), defaultValue: () => "max" as const },
      description: "definition of HD95: max of the directed ones, pooled, or by surfel (max)",
    }),
    split: option({
      long: "split",
      type: optional(oneWordOf(["val", "all"])),
      description: "cases: those the model was validated on, or all (val where the model names them)",
    }),
    labels: option({
      long: "labels",
      type: optional(list),
      description: 'with --predictions: labels by value or name, or "whole" (all)',
    }),
    ...maskOptions,
    compare: option({
      long: "compare",
      type: optional(existingFile),
      description: "metrics.json of another model on the same cases: paired differences, interval, Wilcoxon test",
    }),
    resolutions: flag({
      long: "resolutions",
      description: "scores at the size of the network, of the head and on the original grid, side by side",
    }),
    ablateHead: flag({
      long: "ablate-head",
      description: "what the head buys: the answer against level 0 of the same model, interpolated linearly",
    }),
    ...datasetOptions,
    threads: threadsOption,
    provider: providerOption,
    trtexec: trtexecOption,
    force: forceFlag,
    json: jsonFlag,
  },
  examples: [
    { description: "a model on its validation cases", command: "seg evaluate runs/a/best.onnx Task04_Hippocampus" },
    { description: "masks of any origin", command: "seg evaluate --predictions masks Task04_Hippocampus --out scores" },
    {
      description: "a surface metric as a paper defines it",
      command: "seg evaluate best.onnx BraTS --metrics dice,nsd --tolerance-mm 1",
    },
    {
      description: "against another model on the same cases",
      command: "seg evaluate b.onnx BraTS --compare scores_a/metrics.json",
    },
    { description: "what resolution and head do", command: "seg evaluate best.onnx BraTS --resolutions --ablate-head" },
  ],
  handler: (args): Job => ({
    json: args.json,
    stoppable: true,
    run: async (context) => {
      const [first, second, ...others] = args.paths;
      const [model, dataset] = args.predictions === undefined ? [first, second] : [undefined, first];
      const surplus = args.predictions === undefined ? others[0] : second;
      const usage = (text: string) => new UsageFailure(`seg evaluate: ${text}\nTry seg evaluate --help`);
      if (surplus !== undefined) throw usage(`unexpected argument ${surplus}`);
      if (dataset === undefined) {
        throw usage(`${args.predictions === undefined && model === undefined ? "MODEL" : "DATASET"} is missing`);
      }
      if (model === undefined && args.split === "val") throw usage("--split val needs a model, which names its cases");
      if (model !== undefined && args.labels !== undefined) {
        throw usage("--labels is for --predictions; a model has its own");
      }
      if (model === undefined && (args.resolutions || args.ablateHead)) {
        throw usage(
          `--${args.resolutions ? "resolutions" : "ablate-head"} needs a model; masks have one resolution alone`,
        );
      }
      const made = modelOptions.find((name) => args[name] !== undefined && args[name] !== false);
      if (model === undefined && made !== undefined) {
        throw usage(`${optionName(made)} is for a model; masks are scored as they are`);
      }
      const { runEvaluation } = await import("../evaluation/run_evaluation.ts");
      const source = model !== undefined ? { model } : { predictions: args.predictions as string };
      const { document, text } = await runEvaluation(
        dataset,
        source,
        {
          ...args,
          metrics: args.metrics ?? METRICS,
          every: args.metrics !== undefined,
          emptyRule: args.empty,
          hd95Variant: args.hd95,
          version: programVersion(),
        },
        context,
      );
      const report = args.out === undefined ? undefined : await reportAfter(args.out, context);
      return {
        json: document,
        text: text + reportLine(report),
        next: args.out === undefined
          ? "the same with --out DIR, to keep the scores; --compare DIR/metrics.json tells two models apart"
          : `seg evaluate OTHER.onnx ${dataset} --compare ${args.out}/metrics.json`,
      };
    },
  }),
});
