/** Forms of nodes that a TensorRT parser refuses or, worse, reads wrongly, although it knows the op. */
import type { TensorRtVersion } from "../graph/op.ts";
import type { OnnxModel, OnnxNode } from "../graph/onnx/model.ts";

/** A form to look for. */
export interface FormRule {
  readonly code: string;
  readonly severity: "error" | "warning";
  /** The op types that have the form. */
  readonly op: RegExp;
  /** First version that reads the form rightly; absent where none does. */
  readonly until?: TensorRtVersion;
  readonly applies: (node: OnnxNode, file: FileForms) => boolean;
  readonly reason: string;
  readonly remedy: string;
  /** Whether `seg export` writes another form. */
  readonly repairable: boolean;
}

/** What rules ask of the whole file. */
export interface FileForms {
  readonly opset: number;
  /** Names of initializers and of outputs of Constant nodes. */
  readonly constants: ReadonlySet<string>;
}

/** {@link FileForms} of a model. */
export function fileForms(model: OnnxModel): FileForms {
  const constants = new Set(model.initializers.keys());
  for (const { opType, outputs } of model.nodes) {
    if (opType === "Constant") outputs.forEach((name) => constants.add(name));
  }
  return { opset: model.opsets[""] ?? 0, constants };
}

function hasInput({ inputs }: OnnxNode, position: number): boolean {
  return (inputs[position] ?? "") !== "";
}

function hasOutput({ outputs }: OnnxNode, position: number): boolean {
  return (outputs[position] ?? "") !== "";
}

/** All forms that are known to fail. */
export const FORM_RULES: readonly FormRule[] = [
  {
    code: "reshape-allowzero",
    severity: "error",
    op: /^Reshape$/,
    until: 80402,
    applies: ({ attributes }, { opset }) => opset >= 14 && attributes["allowzero"] === undefined,
    reason: "Reshape of opset 14 or newer must carry the attribute allowzero before TensorRT 8.4.2",
    remedy: "export with opset 13",
    repairable: true,
  },
  {
    code: "reduce-axes-input",
    severity: "error",
    op: /^Reduce(?!Sum$)/,
    until: 90000,
    applies: (node, { opset }) => opset >= 18 && hasInput(node, 1),
    reason: "the parser overlooks axes that are an input and reduces all axes before TensorRT 9",
    remedy: "export with opset 17 or older",
    repairable: true,
  },
  {
    code: "pad-axes-input",
    severity: "error",
    op: /^Pad$/,
    until: 100000,
    applies: (node) => hasInput(node, 3),
    reason: "Pad with axes is misread before TensorRT 10",
    remedy: "export with opset 17 or older",
    repairable: true,
  },
  {
    code: "split-num-outputs",
    severity: "warning",
    op: /^Split$/,
    until: 100000,
    applies: ({ attributes }) => attributes["num_outputs"] !== undefined,
    reason: "Split takes num_outputs for equal parts alone before TensorRT 10",
    remedy: "export with opset 17 or older",
    repairable: true,
  },
  {
    code: "resize-newer-attributes",
    severity: "error",
    op: /^Resize$/,
    until: 100000,
    applies: ({ attributes }) => attributes["axes"] !== undefined,
    reason: "Resize with axes is misread before TensorRT 10",
    remedy: "export with opset 17 or older",
    repairable: true,
  },
  {
    code: "resize-newer-attributes",
    severity: "error",
    op: /^Resize$/,
    applies: ({ attributes }) =>
      (attributes["antialias"] ?? 0) !== 0 || (attributes["keep_aspect_ratio_policy"] ?? "stretch") !== "stretch",
    reason: "Resize with antialias or keep_aspect_ratio_policy has no importer",
    remedy: "export it without, or use AveragePool",
    repairable: false,
  },
  {
    code: "resize-scales",
    severity: "error",
    op: /^(Resize|Upsample)$/,
    until: 100000,
    applies: (node, { constants, opset }) => {
      const position = node.opType === "Upsample" || opset < 11 ? 1 : 2;
      return hasInput(node, position) && !hasInput(node, 3) && !constants.has(node.inputs[position] as string);
    },
    reason: "its scales must be an initializer before TensorRT 10",
    remedy: "export with fixed sizes",
    repairable: true,
  },
  {
    code: "maxpool-indices",
    severity: "error",
    op: /^MaxPool$/,
    applies: (node) => hasOutput(node, 1),
    reason: "MaxPool with an output of indices has no importer",
    remedy: "use Resize or ConvTranspose in place of unpooling",
    repairable: false,
  },
  {
    code: "layer-normalization-outputs",
    severity: "error",
    op: /^LayerNormalization$/,
    applies: (node) => hasOutput(node, 1) || hasOutput(node, 2),
    reason: "LayerNormalization with outputs of mean and deviation has no importer",
    remedy: "leave these outputs out",
    repairable: false,
  },
  {
    code: "constant-form",
    severity: "error",
    op: /^Constant$/,
    until: 80500,
    applies: ({ attributes }) => attributes["value_int"] !== undefined || attributes["value_ints"] !== undefined,
    reason: "Constant with value_int or value_ints is read as 0 or as empty before TensorRT 8.5",
    remedy: "write a tensor",
    repairable: true,
  },
  {
    code: "constant-form",
    severity: "error",
    op: /^Constant$/,
    applies: ({ attributes, otherAttributes }) =>
      otherAttributes.length > 0 || attributes["value_string"] !== undefined,
    reason: "Constant of strings or sparse values has no importer",
    remedy: "write a dense tensor of numbers",
    repairable: false,
  },
  {
    code: "workspace",
    severity: "warning",
    op: /^(ArgMax|ArgMin|TopK)$/,
    applies: () => true,
    reason:
      "it is built as TopK, which needs much workspace and finds no implementation for large maps on a Jetson Nano",
    remedy: "export logits or probabilities and take the largest on the CPU",
    repairable: false,
  },
];
