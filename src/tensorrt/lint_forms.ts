/** Forms of nodes that a TensorRT parser refuses or, worse, reads wrongly, although it knows the op. */
import type { FileFacts } from "./lint_facts.ts";
import type { OnnxNode } from "../graph/onnx/model.ts";
import { CONDITIONS } from "./lint_conditions.ts";
import { anyComputed, constantNumbers, type FormRule, hasInput, hasOutput, ofShape } from "./lint_rule.ts";

/** The table: all forms that are known to fail or to be misread, and the conditions of importers. */
export const FORM_RULES: readonly FormRule[] = [
  {
    code: "reshape-allowzero",
    severity: "error",
    op: /^Reshape$/,
    until: 80402,
    applies: ({ attributes }, { opset }) => opset >= 14 && attributes["allowzero"] === undefined,
    reason: "Reshape of opset 14 or newer must carry the attribute allowzero before TensorRT 8.4.2",
    remedy: "export with opset 13",
  },
  {
    code: "reduce-axes-input",
    severity: "error",
    op: /^Reduce(?!Sum$)/,
    until: 90000,
    applies: (node, { opset }) => opset >= 18 && hasInput(node, 1),
    reason: "the parser overlooks axes that are an input and reduces all axes before TensorRT 9",
    remedy: "export with opset 17 or older",
  },
  {
    code: "pad-axes-input",
    severity: "error",
    op: /^Pad$/,
    until: 100000,
    applies: (node) => hasInput(node, 3),
    reason: "Pad with axes is misread before TensorRT 10",
    remedy: "export with opset 17 or older",
  },
  {
    code: "split-num-outputs",
    severity: "error",
    op: /^Split$/,
    until: 100000,
    applies: (node, facts) => {
      const parts = node.attributes["num_outputs"] as number | undefined;
      const axis = (node.attributes["axis"] as number | undefined) ?? 0;
      return parts === undefined ? false : ofShape(node, facts, (shape) => (shape.at(axis) ?? 0) % parts !== 0);
    },
    reason: "Split by num_outputs into unequal parts is built as one into equal parts before TensorRT 10",
    remedy: "export with opset 17 or older",
  },
  {
    code: "resize-newer-attributes",
    severity: "error",
    op: /^Resize$/,
    until: 100000,
    applies: ({ attributes }) => attributes["axes"] !== undefined,
    reason: "Resize with axes is misread before TensorRT 10",
    remedy: "export with opset 17 or older",
  },
  {
    code: "resize-newer-attributes",
    severity: "error",
    op: /^Resize$/,
    applies: ({ attributes }) =>
      (attributes["antialias"] ?? 0) !== 0 || (attributes["keep_aspect_ratio_policy"] ?? "stretch") !== "stretch",
    reason: "Resize with antialias or keep_aspect_ratio_policy has no importer",
    remedy: "export it without, or use AveragePool",
  },
  {
    code: "resize-coordinates",
    severity: "error",
    op: /^Resize$/,
    applies: ({ attributes }) => attributes["coordinate_transformation_mode"] === "tf_crop_and_resize",
    reason: "Resize with tf_crop_and_resize has no importer",
    remedy: "crop by Slice, and use half_pixel or align_corners",
  },
  {
    code: "slice-end",
    severity: "error",
    op: /^Slice$/,
    until: 90000,
    applies: sliceOverflows,
    reason: "with steps other than 1, an end beyond int32 overflows before TensorRT 9",
    remedy: "write the size of the axis as the end",
  },
  {
    code: "resize-scales",
    severity: "error",
    op: /^(Resize|Upsample)$/,
    until: 100000,
    applies: (node, facts) =>
      !hasInput(node, 3) && anyComputed(node, facts, [node.opType === "Upsample" || facts.opset < 11 ? 1 : 2]),
    reason: "its scales must be an initializer before TensorRT 10",
    remedy: "export with fixed sizes",
  },
  {
    code: "maxpool-indices",
    severity: "error",
    op: /^MaxPool$/,
    applies: (node) => hasOutput(node, 1),
    reason: "MaxPool with an output of indices has no importer",
    remedy: "use Resize or ConvTranspose in place of unpooling",
  },
  {
    code: "constant-form",
    severity: "error",
    op: /^Constant$/,
    until: 80500,
    applies: ({ attributes }) => attributes["value_int"] !== undefined || attributes["value_ints"] !== undefined,
    reason: "Constant with value_int or value_ints is read as 0 or as empty before TensorRT 8.5",
    remedy: "write a tensor",
  },
  {
    code: "constant-form",
    severity: "error",
    op: /^Constant$/,
    applies: ({ attributes, otherAttributes }) =>
      otherAttributes.length > 0 || attributes["value_string"] !== undefined,
    reason: "Constant of strings or sparse values has no importer",
    remedy: "write a dense tensor of numbers",
  },
  {
    code: "workspace",
    severity: "warning",
    op: /^(ArgMax|ArgMin)$/,
    applies: () => true,
    reason:
      "it is built as TopK, which needs much workspace and finds no implementation for large maps on a Jetson Nano",
    remedy: "export logits or probabilities and take the largest on the CPU",
  },
  ...CONDITIONS,
];

function sliceOverflows(node: OnnxNode, facts: FileFacts): boolean {
  const ends = constantNumbers(node, facts, { position: 2, attribute: "ends" }) ?? [];
  const steps = constantNumbers(node, facts, { position: 4 }) ?? [];
  return ends.some((end, i) => Math.abs(end) >= 2 ** 31 && Math.abs(steps[i] ?? 1) !== 1);
}
