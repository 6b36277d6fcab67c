/** `seg tune`: the threshold, or the weights of classes, with the best Dice on the validation cases, saved in the model. */
import { command } from "../command_line/command.ts";
import { nextLine } from "../command_line/next_line.ts";
import { flag, operand, option } from "../command_line/option.ts";
import { existingFile, existingFolder, oneWordOf, outputFile } from "../command_line/types.ts";
import { providerOption, threadsOption } from "./shared_options.ts";
import { countOf } from "../text.ts";
import type { ThresholdSearch } from "../evaluation/threshold_search.ts";
import type { WeightSearch } from "../evaluation/weight_search.ts";
import type { ModelMetadata } from "../graph/onnx/metadata.ts";
import { datasetOptions } from "./dataset_options.ts";

/** What decides the scores, here and of seg evaluate. */
const scored = {
  mirror: flag({
    long: "mirror",
    description: "average with the left-right mirror image, if the model is to be used so",
  }),
  split: option({
    long: "split",
    type: oneWordOf(["val", "all"]),
    default: "val",
    description: "cases: those the model was validated on, or all, for a data set of its own",
  }),
  ...datasetOptions,
};

export const tune = command({
  name: "tune",
  description:
    "Search the threshold with the best Dice on the cases that the model was validated on, or for several classes the " +
    "weight of each one's probability, and save it in the model's metadata, where seg predict, evaluate and export " +
    "find it. Without --out or --force it is shown alone",
  arguments: {
    model: operand({ type: existingFile, name: "MODEL", description: "model file (.onnx) of seg train" }),
    dataset: operand({
      type: existingFolder,
      name: "DATASET",
      description: "the data set folder that the model was trained on",
    }),
    out: option({
      long: "out",
      type: outputFile(".onnx"),
      description: "file for the tuned model",
    }),
    force: flag({ long: "force", description: "overwrite --out, or without --out the model itself" }),
    ...scored,
    threads: threadsOption,
    provider: providerOption,
  },
  examples: [
    { description: "look", command: "seg tune runs/a/best.onnx BraTS" },
    { description: "save as another file", command: "seg tune runs/a/best.onnx BraTS --out tuned.onnx" },
  ],
  stoppable: true,
  run: async (args, context) => {
    const { tuneModel } = await import("../evaluation/tune_model.ts");
    const { refuseExisting } = await import("../files.ts");
    if (args.out !== undefined) refuseExisting(args.out, args.force);
    const target = args.out ?? (args.force ? args.model : undefined);
    const tuning = await tuneModel(args.model, args.dataset, { ...args, ...context, target });
    const { json, text } = "threshold" in tuning
      ? thresholdOutcome(tuning.threshold)
      : weightOutcome(tuning.weights, tuning.labels);
    return {
      json: { model: target ?? null, ...json },
      text: text + (target === undefined ? "; nothing was saved: add --out FILE or --force" : `; saved in ${target}`),
      next: target === undefined
        ? nextLine(["seg", "tune", args.model, args.dataset, "--out", "tuned.onnx"], scored, args)
        : nextLine(["seg", "evaluate", target, args.dataset], scored, args),
    };
  },
});

function thresholdOutcome({ best, before, cases, curve }: ThresholdSearch) {
  return {
    json: { ...best, before, cases, curve },
    text: `Threshold ${best.threshold}: Dice ${best.dice.toFixed(4)} on ${countOf(cases.length, "case")}, ` +
      `${before.dice.toFixed(4)} at ${before.threshold}`,
  };
}

function weightOutcome({ best, before, cases }: WeightSearch, labels: ModelMetadata["labels"]) {
  const listed = (weights: readonly number[]) => labels.map(({ name }, k) => `${name} ${weights[k]}`).join(", ");
  return {
    json: { labels: labels.map(({ name }) => name), ...best, before, cases },
    text: `Weights ${listed(best.weights)} (background 1): Dice ${best.dice.toFixed(4)} on ` +
      `${countOf(cases.length, "case")}, ${before.dice.toFixed(4)} with ${listed(before.weights)}`,
  };
}
