/** `seg predict`: masks for volumes, slices or whole folders. */
import { command, flag, optional } from "cmd-ts";
import {
  existingFile,
  existingPath,
  forceFlag,
  jsonFlag,
  outputFolder,
  providerOption,
  threadsOption,
  trtexecOption,
} from "./arguments.ts";
import { part } from "./array_arguments.ts";
import { datasetOptions } from "./dataset_arguments.ts";
import type { Job } from "./job.ts";
import { maskOptions } from "./mask_arguments.ts";
import { option, positional, restPositionals } from "./option.ts";

export const predict = command({
  name: "seg predict",
  description:
    "Make masks on the images' own grids, in the label values of the training data. Masks that exist are skipped",
  args: {
    model: positional({
      type: existingFile,
      displayName: "model",
      description: "model file (.onnx) of seg train or export, or engine (.engine) of seg export --trt",
    }),
    inputs: restPositionals({
      type: existingPath,
      displayName: "input",
      description: "volumes (.nii.gz, .nii), slices (.png, .tif), folders of them, or data set folders",
    }),
    out: option({ long: "out", type: outputFolder, description: "folder for the masks" }),
    overlay: flag({ long: "overlay", description: "write pictures with the masks on the images" }),
    probabilities: flag({
      long: "probabilities",
      description: "write the probabilities (float32, a class per channel)",
    }),
    ...maskOptions,
    part: option({
      long: "part",
      type: optional(part),
      description:
        "only part i of n of the cases, e.g. 2/4, to share the work; auto/n: by the number of the task in an " +
        "array job; seg merge joins the parts",
    }),
    layout: datasetOptions.layout,
    threads: threadsOption,
    provider: providerOption,
    trtexec: trtexecOption,
    force: forceFlag,
    json: jsonFlag,
  },
  examples: [
    { description: "one volume", command: "seg predict model.onnx scan.nii.gz --out masks --overlay" },
    {
      description: "one organ without specks",
      command: "seg predict model.onnx scans/ --out masks --fill-holes --largest-component",
    },
    { description: "a folder, on two machines", command: "seg predict model.onnx scans/ --out masks --part 1/2" },
    {
      description: "a part per task of an array job, which may be started again",
      command: "seg predict model.onnx scans/ --out masks --part auto/8",
    },
  ],
  handler: (args): Job => ({
    json: args.json,
    stoppable: true,
    run: async (context) => await (await import("./run_predict.ts")).runPredict(args, context),
  }),
});
