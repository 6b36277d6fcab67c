/** `seg predict`: masks for volumes, slices or whole folders. */
import { command } from "../command_line/command.ts";
import { isEnginePath } from "../tensorrt/engine_path.ts";
import { predictArguments } from "./predict_arguments.ts";

export const predict = command({
  name: "predict",
  description:
    "Make masks on the images' own grids, in the label values of the training data. Masks that exist are skipped",
  arguments: predictArguments,
  rules: [
    {
      mode: "on an ONNX file",
      when: ({ model }) => !isEnginePath(model),
      refuses: ["trtexec"],
      because: "trtexec runs engines alone",
    },
    {
      mode: "on an engine",
      when: ({ model }) => isEnginePath(model),
      refuses: ["threads", "provider"],
      because: "trtexec runs it",
    },
  ],
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
  stoppable: true,
  run: async (args, context) => await (await import("./run_predict.ts")).runPredict(args, context),
});
