/** `seg evaluate`: scores of a model, or of masks, on the original grid. */
import { command, flag, option, optional, restPositionals } from "cmd-ts";
import { UsageFailure } from "../failure.ts";
import { METRICS } from "../metrics/case_scores.ts";
import {
  datasetOptions,
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
} from "./arguments.ts";
import type { Job } from "./job.ts";

export const evaluate = command({
  name: "seg evaluate",
  description:
    "Score a model, or masks made before, against the masks of a data set, on the images' own grids and in mm",
  args: {
    paths: restPositionals({
      type: existingPath,
      displayName: "model dataset",
      description: "model file and data set folder; with --predictions the data set folder alone",
    }),
    predictions: option({
      long: "predictions",
      type: optional(existingFolder),
      description: "folder of masks named after the cases, in place of a model",
    }),
    out: option({ long: "out", type: optional(outputFolder), description: "folder for metrics.json and metrics.csv" }),
    metrics: option({
      long: "metrics",
      type: { ...listOf(METRICS), defaultValue: (): typeof METRICS[number][] => [...METRICS] },
      description: `some of ${METRICS.join(",")} (all)`,
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
    threshold: option({
      long: "threshold",
      type: optional(realNumber(0, 1)),
      description: "probability from which on a voxel belongs to a class (the model's own)",
    }),
    largestComponent: flag({ long: "largest-component", description: "keep the largest part of every class alone" }),
    mirror: flag({ long: "mirror", description: "average with the left-right mirror image" }),
    compare: option({
      long: "compare",
      type: optional(existingFile),
      description: "metrics.json of another model on the same cases: paired differences",
    }),
    ...datasetOptions,
    threads: threadsOption,
    provider: providerOption,
    force: forceFlag,
    json: jsonFlag,
  },
  examples: [
    { description: "a model on its validation cases", command: "seg evaluate runs/a/best.onnx Task04_Hippocampus" },
    { description: "masks of any origin", command: "seg evaluate --predictions masks Task04_Hippocampus --out scores" },
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
      const { runEvaluation } = await import("../evaluation/run_evaluation.ts");
      const { alignColumns } = await import("../align_columns.ts");
      const source = model !== undefined ? { model } : { predictions: args.predictions as string };
      const result = await runEvaluation(
        dataset,
        source,
        { ...args, emptyRule: args.empty, hd95Variant: args.hd95 },
        context,
      );
      const { document, rows, notes } = result;
      return {
        json: document,
        text: [alignColumns(rows), ...notes].join("\n"),
        next: args.out === undefined
          ? "the same with --out DIR, to keep the scores; --compare DIR/metrics.json tells two models apart"
          : `seg evaluate OTHER.onnx ${dataset} --compare ${args.out}/metrics.json`,
      };
    },
  }),
});
