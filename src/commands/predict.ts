/** `seg predict`: masks for volumes, slices or whole folders. */
import { command, flag, optional } from "cmd-ts";
import { UsageFailure } from "../failure.ts";
import {
  datasetOptions,
  existingFile,
  existingPath,
  forceFlag,
  jsonFlag,
  maskOptions,
  outputFolder,
  part,
  providerOption,
  threadsOption,
  trtexecOption,
} from "./arguments.ts";
import type { Job } from "./job.ts";
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
      description: "only part i of n of the cases, e.g. 2/4, to share the work",
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
  ],
  handler: (args): Job => ({
    json: args.json,
    stoppable: true,
    run: async ({ reporter, signal }) => {
      if (args.inputs.length === 0) throw new UsageFailure("seg predict: INPUT is missing\nTry seg predict --help");
      const { openModel } = await import("../prediction/open_model.ts");
      const { findCases, refuseOutputAmongInputs } = await import("../prediction/prediction_cases.ts");
      const { predictCases } = await import("../prediction/predict_cases.ts");
      refuseOutputAmongInputs(args.out, args.inputs);
      const { metadata, start } = await openModel(args.model, { trtexec: args.trtexec, reporter, signal });
      const all = findCases(args.inputs, { metadata, layout: args.layout, reporter });
      const { number, of } = args.part ?? { number: 1, of: 1 };
      const cases = all.filter((_, i) => i % of === number - 1);
      const predictor = await start(args);
      try {
        const result = await predictCases(predictor, cases, { ...args, folder: args.out, reporter, signal });
        const { files, skipped, failures } = result;
        if (skipped.length > 0) {
          reporter.warn(`${skipped.length} masks exist already and were left as they are; --force makes them anew`);
        }
        const lines = files.map(({ input, output, milliseconds }) =>
          `${input} -> ${output} (${Math.round(milliseconds)} ms)`
        );
        if (failures.length > 0) lines.push(`${failures.length} of ${cases.length} cases failed`);
        return {
          json: { ...result, model: args.model },
          text: lines.join("\n"),
          failed: failures.length > 0,
          next: `seg evaluate --predictions ${args.out} DATASET`,
        };
      } finally {
        await predictor.release();
      }
    },
  }),
});
