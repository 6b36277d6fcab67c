/** `seg ensemble`: several models of one contract as one. */
import { command } from "../command_line/command.ts";
import { nextLine } from "../command_line/next_line.ts";
import { option, restOperands } from "../command_line/option.ts";
import { existingFile, outputFile } from "../command_line/types.ts";
import { countOf } from "../text.ts";
import { forceFlag } from "./shared_options.ts";

export const ensemble = command({
  name: "ensemble",
  description:
    "Join models, such as those of the folds of a cross-validation, into one ONNX file that averages their logits: " +
    "seg predict, evaluate and export take it as any model. It costs as much time as all of them",
  arguments: {
    models: restOperands({
      type: existingFile,
      name: "MODEL",
      least: 1,
      description: "two or more model files with the same channels, sizes, labels and outputs",
    }),
    out: option({ long: "out", type: outputFile(".onnx"), required: true, description: "the model to write" }),
    force: forceFlag,
  },
  examples: [
    {
      description: "after seg train --fold all --out runs/cv",
      command: "seg ensemble runs/cv/fold_*/best.onnx --out ensemble.onnx",
    },
    { description: "of two seeds", command: "seg ensemble runs/a/best.onnx runs/b/best.onnx --out both.onnx --force" },
  ],
  run: async (args) => {
    const { readDescribedModel } = await import("../model/model.ts");
    const { ensembleOf } = await import("../model/ensemble.ts");
    const { refuseExisting, writeFileAtomic } = await import("../files.ts");
    const { programVersion } = await import("./version.ts");
    refuseExisting(args.out, args.force);
    const { bytes, metadata } = ensembleOf(args.models.map(readDescribedModel), programVersion());
    writeFileAtomic(args.out, bytes);
    const { threshold } = metadata.output;
    return {
      json: { model: args.out, members: args.models, averages: "logits", threshold, bytes: bytes.length },
      text: `${args.out}: the mean of the logits of ${countOf(args.models.length, "model")}, ${bytes.length} bytes`,
      next: nextLine(["seg", "predict", args.out, "INPUT...", "--out", "masks"]),
    };
  },
});
