/** What `seg predict` takes. */
import { flag, operand, option, restOperands, type Values } from "../command_line/option.ts";
import { existingFile, existingPath, outputFolder } from "../command_line/types.ts";
import { forceFlag, providerOption, threadsOption, trtexecOption } from "./shared_options.ts";
import { part } from "./array_types.ts";
import { datasetOptions } from "./dataset_options.ts";
import { maskOptions } from "./mask_options.ts";

/** All that `seg predict` takes. */
export const predictArguments = {
  model: operand({
    type: existingFile,
    name: "MODEL",
    description: "model file (.onnx) of seg train or export, or engine (.engine) of seg export --trt",
  }),
  inputs: restOperands({
    type: existingPath,
    name: "INPUT",
    least: 1,
    description: "volumes (.nii.gz, .nii), slices (.png, .tif), folders of them, or data set folders",
  }),
  out: option({ long: "out", type: outputFolder, required: true, description: "folder for the masks" }),
  overlay: flag({ long: "overlay", description: "write pictures with the masks on the images" }),
  probabilities: flag({
    long: "probabilities",
    description: "write the probabilities (float32, a class per channel)",
  }),
  ...maskOptions,
  part: option({
    long: "part",
    type: part,
    description:
      "only part i of n of the cases, e.g. 2/4, to share the work; auto/n: by the number of the task in an " +
      "array job; seg merge joins the parts",
  }),
  layout: datasetOptions.layout,
  threads: threadsOption,
  provider: providerOption,
  trtexec: trtexecOption,
  force: forceFlag,
};

/** The values of {@link predictArguments}. */
export type PredictArguments = Values<typeof predictArguments>;
