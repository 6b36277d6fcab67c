/** `seg evaluate`: scores of a model, or of masks, on the original grid. */
import { join } from "node:path";
import { command, usageFailure } from "../command_line/command.ts";
import { nextLine } from "../command_line/next_line.ts";
import { flag, grouped, operand, option } from "../command_line/option.ts";
import {
  existingFile,
  existingFolder,
  existingPath,
  list,
  listOf,
  oneWordOf,
  outputFolder,
  realNumber,
} from "../command_line/types.ts";
import { forceFlag, providerOption, threadsOption, trtexecOption } from "./shared_options.ts";
import { isEnginePath } from "../tensorrt/engine_path.ts";
import { METRICS } from "../metrics/scores.ts";
import { datasetOptions } from "./dataset_options.ts";
import { maskOptions } from "./mask_options.ts";

/** Scores and their definitions. */
const scoring = grouped("Scores", {
  metrics: option({
    long: "metrics",
    type: listOf(METRICS),
    description: `some of ${METRICS.join(", ")}, all shown in the table`,
    otherwise: "all computed, the main ones shown",
  }),
  toleranceMm: option({
    long: "tolerance-mm",
    type: realNumber(0),
    description: "tolerance of the normalized surface distance",
    otherwise: "twice the largest spacing within a slice",
  }),
  empty: option({
    long: "empty",
    type: oneWordOf(["nnunet", "one", "monai", "brats"]),
    default: "nnunet",
    description: "what empty masks score: nnunet, one, monai or brats",
  }),
  hd95: option({
    long: "hd95",
    type: oneWordOf(["max", "pooled", "surfel"]),
    default: "max",
    description: "definition of HD95: max of the directed ones, pooled, or by surfel",
  }),
});

/** Which cases and labels are scored. */
const chosen = grouped("Data set", {
  split: option({
    long: "split",
    type: oneWordOf(["val", "all"]),
    description: "cases: those the model was validated on, or all",
    otherwise: "val where the model names them",
  }),
  labels: option({
    long: "labels",
    type: list,
    description: 'with --predictions: labels by value or name, or "whole"',
    otherwise: "all",
  }),
  allowMissing: flag({
    long: "allow-missing",
    description: "with --predictions: leave out the cases that have no mask, in place of an error",
  }),
  missingAsMissed: flag({
    long: "missing-as-missed",
    description: "with --allow-missing: score such cases as empty masks, in which everything is missed",
  }),
});

const { threshold, ...cleaning } = maskOptions;
/** What has to be the same where models are compared; a threshold is a model's own. */
const compared = { ...scoring, ...chosen, ...cleaning, ...datasetOptions };

export const evaluate = command({
  name: "evaluate",
  description:
    "Score a model, or masks made before, against the masks of a data set, on the images' own grids and in mm",
  arguments: {
    model: operand({
      name: "MODEL",
      type: existingPath,
      optional: true,
      description: "model file or engine; left out with --predictions",
    }),
    dataset: operand({ name: "DATASET", type: existingFolder, optional: true, description: "data set folder" }),
    predictions: option({
      long: "predictions",
      type: existingFolder,
      description: "folder of masks named after the cases, in place of a model",
    }),
    out: option({
      long: "out",
      type: outputFolder,
      description:
        "folder for report.html, metrics.json, metrics.csv (cases) and summary.csv with means, intervals and worst cases",
    }),
    ...scoring,
    ...chosen,
    ...maskOptions,
    compare: option({
      long: "compare",
      type: existingFile,
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
  },
  usage: ["MODEL DATASET", "--predictions FOLDER DATASET"],
  rules: [
    {
      mode: "on masks",
      when: ({ predictions }) => predictions !== undefined,
      refuses: [
        "threshold",
        "mirror",
        "fillHoles",
        "minimumVolumeMl",
        "largestComponent",
        "threads",
        "provider",
        "trtexec",
      ],
      because: "it is for a model, and masks are scored as they are",
    },
    {
      mode: "on masks",
      when: ({ predictions }) => predictions !== undefined,
      refuses: ["resolutions", "ablateHead"],
      because: "it needs a model, and masks have one resolution alone",
    },
    {
      mode: "on masks",
      when: ({ predictions, split }) => predictions !== undefined && split === "val",
      refuses: ["split"],
      because: "val needs a model, which names its cases",
    },
    {
      mode: "on a model",
      when: ({ predictions }) => predictions === undefined,
      refuses: ["labels"],
      because: "a model has its own",
    },
    {
      mode: "on a model",
      when: ({ predictions }) => predictions === undefined,
      refuses: ["allowMissing", "missingAsMissed"],
      because: "a model answers for every case",
    },
    {
      mode: "without --allow-missing",
      when: ({ allowMissing }) => !allowMissing,
      refuses: ["missingAsMissed"],
      because: "cases without a mask are an error",
    },
    {
      mode: "on an engine",
      when: ({ predictions, model = "" }) => predictions === undefined && isEnginePath(model),
      refuses: ["threads", "provider"],
      because: "trtexec runs it",
    },
    {
      mode: "on an engine",
      when: ({ predictions, model = "" }) => predictions === undefined && isEnginePath(model),
      refuses: ["resolutions", "ablateHead"],
      because: "it has its answer alone; use the ONNX file",
    },
    {
      mode: "on an ONNX file",
      when: ({ predictions, model = "" }) => predictions === undefined && !isEnginePath(model),
      refuses: ["trtexec"],
      because: "trtexec runs engines alone",
    },
    {
      mode: "where nsd is not among --metrics",
      when: ({ metrics }) => metrics !== undefined && !metrics.includes("nsd"),
      refuses: ["toleranceMm"],
      because: "it is the tolerance of nsd",
    },
    {
      mode: "where hd95 is not among --metrics",
      when: ({ metrics }) => metrics !== undefined && !metrics.includes("hd95"),
      refuses: ["hd95"],
      because: "it is the definition of hd95",
    },
    {
      mode: "without --out",
      when: ({ out }) => out === undefined,
      refuses: ["force"],
      because: "nothing is written",
    },
  ],
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
  stoppable: true,
  run: async (args, context) => {
    const { predictions } = args;
    const masks = predictions !== undefined;
    // With --predictions what stands first is the data set.
    const [subject, dataset, surplus] = [...(masks ? [predictions] : []), args.model, args.dataset];
    if (surplus !== undefined) throw usageFailure("evaluate", `unexpected argument ${surplus}`);
    if (subject === undefined || dataset === undefined) {
      throw usageFailure(
        "evaluate",
        subject === undefined
          ? "MODEL is missing: model file or engine, before the data set folder; or give masks with --predictions"
          : "DATASET is missing: data set folder",
      );
    }
    const { runEvaluation } = await import("../evaluation/run_evaluation.ts");
    const { reportAfter, reportLine } = await import("./report_after.ts");
    const { programVersion } = await import("./version.ts");
    const source = masks ? { predictions } : { model: subject };
    const line = (scored: string) => ["seg", "evaluate", ...(masks ? ["--predictions"] : []), scored, dataset];
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
        ? `${nextLine([...line(subject), "--out", "scores"], { ...compared, threshold }, args)}, to keep the scores`
        : nextLine(
          [...line(masks ? "OTHER" : "OTHER.onnx"), "--compare", join(args.out, "metrics.json")],
          compared,
          args,
        ),
    };
  },
});
