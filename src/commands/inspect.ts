/** `seg inspect`: what an ONNX file holds, and what can run and train it. */
import { command, usageFailure } from "../command_line/command.ts";
import { nextLine } from "../command_line/next_line.ts";
import { flag, operand, option } from "../command_line/option.ts";
import { existingFile } from "../command_line/types.ts";
import { dimensionsOption } from "./shared_options.ts";
import { Failure, messageOf } from "../failure.ts";
import type { Model } from "../model/model.ts";
import { TARGET_WORDS, targetName } from "./target_name.ts";

const targetOption = option({
  long: "target",
  type: targetName,
  default: "nano",
  description: `device: ${TARGET_WORDS}`,
});

export const inspect = command({
  name: "inspect",
  description:
    "Show layers, parameters, FLOPs, bytes and metadata of an ONNX file, what TensorRT lacks, and whether it can be trained",
  arguments: {
    model: operand({ type: existingFile, name: "MODEL", optional: true, description: "ONNX file of any origin" }),
    target: targetOption,
    layers: flag({ long: "layers", description: "list every layer" }),
    card: flag({ long: "card", description: "show the model card of a model of seg alone" }),
    ops: flag({ long: "ops", description: "list the ops that seg knows, in place of a model" }),
    dimensions: dimensionsOption,
  },
  usage: ["MODEL", "--ops"],
  rules: [
    {
      mode: "with --ops",
      when: ({ ops }) => ops,
      takes: ["ops"],
      because: "the list is of seg, not of a model",
    },
    {
      mode: "with --card",
      when: ({ card }) => card,
      refuses: ["target", "layers", "dimensions"],
      because: "the card is shown alone, as it was written",
    },
  ],
  examples: [
    {
      description: "what a Jetson Nano makes of it",
      command: "seg inspect model.onnx --target nano --layers",
    },
    { description: "what it was trained on, for people", command: "seg inspect model.onnx --card" },
    { description: "all of it for a program", command: "seg inspect model.onnx --layers --json" },
  ],
  run: async (args) => {
    if (args.ops) return await listOps();
    const { model } = args;
    if (model === undefined) {
      throw usageFailure("inspect", "MODEL is missing: ONNX file of any origin, unless --ops lists the ops");
    }
    const { readModel } = await import("../model/model.ts");
    const file = readModel(model);
    if (args.card) {
      const card = cardOf(file);
      return { json: { model, card }, text: card };
    }
    const { lookAhead } = await import("../deployment/for_target.ts");
    const { inspectModel } = await import("../model/inspect.ts");
    const { inspectionText } = await import("../model/inspection_text.ts");
    const { findTarget } = await import("../tensorrt/targets.ts");
    let inspection: ReturnType<typeof inspectModel>;
    try {
      const target = findTarget(args.target);
      const found = inspectModel(file, { ...args, target });
      inspection = { ...found, ...lookAhead(found.lint, file, { target, dimensions: args.dimensions }) };
    } catch (error) {
      throw new Failure(`Cannot inspect ${model}: ${messageOf(error)}`, { cause: error });
    }
    if (inspection.trainable) {
      const { trainingFault } = await import("../training/try_training.ts");
      const reason = await trainingFault(file, args.dimensions ?? {});
      if (reason !== undefined) inspection = { ...inspection, trainable: false, obstacles: [{ reason }] };
    }
    return {
      json: { model, ...inspection },
      text: inspectionText(inspection),
      next: inspection.trainable
        ? nextLine(["seg", "train", "DATASET", "--init", model])
        : nextLine(["seg", "export", model], { target: targetOption, dimensions: dimensionsOption }, args),
    };
  },
});

function cardOf({ path, metadata }: Model): string {
  if (metadata?.card !== undefined) return metadata.card.trimEnd();
  throw new Failure(`${path} has no model card; train or export it with this version of seg`);
}

async function listOps() {
  const { OPS } = await import("../graph/ops/registry.ts");
  const names = OPS.map(({ domain, type }) => domain === undefined ? type : `${domain}::${type}`);
  return { json: { ops: names }, text: names.join("\n") };
}
