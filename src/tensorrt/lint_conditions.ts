/** What importers ask of a node beyond what ONNX does, as predicates: of what the file does not tell, the node counts as not examined. */
import type { OnnxNode } from "../graph/onnx/model.ts";
import type { FileFacts } from "./lint_facts.ts";
import { anyComputed, constantNumbers, type FormRule, hasInput, hasOutput, ofShape } from "./lint_rule.ts";

/** More elements than TopK of any version selects. */
const MOST_OF_TOPK = 3840;

/** The conditions; texts of onnx-tensorrt, docs/operators.md and builtin_op_importers.cpp at the tags 8.2 to 10.1. */
export const CONDITIONS: readonly FormRule[] = [
  {
    code: "axes-input",
    severity: "error",
    op: /^(Squeeze|Unsqueeze|CumSum|ReduceSum)$/,
    applies: (node, facts) => anyComputed(node, facts, [1]),
    reason: "its axes must be an initializer",
    remedy: "export with fixed axes",
  },
  {
    code: "axes-input",
    severity: "error",
    op: /^Slice$/,
    applies: (node, facts) => anyComputed(node, facts, [3]),
    reason: "its axes must be an initializer",
    remedy: "export with fixed axes",
  },
  {
    code: "clip-bounds",
    severity: "error",
    op: /^Clip$/,
    until: 80400,
    applies: (node, facts) => anyComputed(node, facts, [1, 2]),
    reason: "bounds of Clip that are computed are refused before TensorRT 8.4",
    remedy: "write it with Min and Max",
  },
  {
    code: "range-inputs",
    severity: "error",
    op: /^Range$/,
    until: 100000,
    applies: (node, facts) => {
      const type = facts.elementType(node.inputs[0] ?? "");
      if (!anyComputed(node, facts, [0, 1, 2])) return false;
      return type === undefined ? undefined : type.startsWith("float");
    },
    reason: "start, limit and step of a Range of floats must be initializers before TensorRT 10",
    remedy: "compute it in int32, or make it a constant",
  },
  {
    code: "dropout-training",
    severity: "error",
    op: /^Dropout$/,
    applies: (node, facts) =>
      anyComputed(node, facts, [2]) ||
      (hasInput(node, 2) && constantNumbers(node, facts, { position: 2 })?.some((value) => value !== 0)),
    reason: "Dropout in training mode is refused",
    remedy: "export the model for inference",
  },
  {
    code: "einsum-equation",
    severity: "error",
    op: /^Einsum$/,
    until: 100000,
    applies: einsumRefused,
    reason: "Einsum takes one or two operands without ellipsis, diagonal and broadcasting before TensorRT 10",
    remedy: "write it with MatMul, Mul and ReduceSum",
  },
  {
    code: "scatter-reduction",
    severity: "error",
    op: /^ScatterND$/,
    applies: ({ attributes }) => (attributes["reduction"] ?? "none") !== "none",
    reason: "ScatterND with a reduction is built as one without, and computes something else",
    remedy: "write it in other ops",
  },
  {
    code: "topk-k",
    severity: "error",
    op: /^TopK$/,
    applies: (node, facts) => {
      if (node.attributes["k"] === undefined && anyComputed(node, facts, [1])) return true;
      const k = constantNumbers(node, facts, { position: 1, attribute: "k" });
      return k === undefined ? undefined : k.some((count) => count > MOST_OF_TOPK);
    },
    reason: `K of TopK must be an initializer and at most ${MOST_OF_TOPK}`,
    remedy: "export with a fixed, smaller K",
  },
  {
    code: "lp-pool",
    severity: "error",
    op: /^LpPool$/,
    applies: ({ attributes }) => ![1, 2].includes((attributes["p"] as number | undefined) ?? 2),
    reason: "LpPool takes p of 1 and 2 alone",
    remedy: "write it with Pow and AveragePool",
  },
  {
    code: "lp-pool",
    severity: "error",
    op: /^LpPool$/,
    applies: ({ attributes }) => ((attributes["dilations"] as number[] | undefined) ?? []).some((size) => size !== 1),
    reason: "LpPool with dilations has no importer",
    remedy: "write it with Pow and a convolution",
  },
  {
    code: "quantization",
    severity: "error",
    op: /^(Quantize|Dequantize)Linear$/,
    applies: (node, facts) => {
      if (!hasInput(node, 2)) return false;
      const zero = constantNumbers(node, facts, { position: 2 });
      return zero?.some((value) => value !== 0);
    },
    reason: "its zero point must be 0",
    remedy: "quantize symmetrically",
  },
  {
    code: "quantization",
    severity: "error",
    op: /^(Quantize|Dequantize)Linear$/,
    applies: (node, facts) => constantNumbers(node, facts, { position: 1 })?.some((value) => !(value > 0)),
    reason: "its scales must be positive constants",
    remedy: "calibrate again",
  },
  {
    code: "quantization",
    severity: "error",
    op: /^(Quantize|Dequantize)Linear$/,
    until: 80500,
    applies: (node) => !hasInput(node, 2),
    reason: "it must have a zero point before TensorRT 8.5",
    remedy: "write a zero point of 0",
  },
  {
    code: "one-hot-depth",
    severity: "error",
    op: /^OneHot$/,
    applies: (node, facts) => anyComputed(node, facts, [1]),
    reason: "its depth must be constant",
    remedy: "export with a fixed number of classes",
  },
  {
    code: "grid-sample",
    severity: "error",
    op: /^GridSample$/,
    applies: (node, facts) => ofShape(node, facts, ({ length }) => length !== 4),
    reason: "GridSample takes tensors of four axes",
    remedy: "sample slice by slice",
  },
  {
    code: "static-shape",
    severity: "error",
    op: /^(EyeLike|ReverseSequence|Hardmax)$/,
    applies: (node, facts) => ofShape(node, facts, () => false),
    reason: "its shape must be static",
    remedy: "export with fixed sizes",
  },
  {
    code: "deform-conv",
    severity: "error",
    op: /^DeformConv$/,
    applies: (node, facts) => {
      const pads = (node.attributes["pads"] as number[] | undefined) ?? [];
      const half = pads.length / 2;
      if (pads.some((size, i) => i < half && size !== pads[i + half])) return true;
      return ofShape(node, facts, ({ length }) => length > 4);
    },
    reason: "DeformConv must have one or two spatial axes and symmetric pads",
    remedy: "pad the same on both sides",
  },
  {
    code: "recurrent-activations",
    severity: "error",
    op: /^(GRU|LSTM|RNN)$/,
    // Lists of texts are no attributes that are read.
    applies: ({ attributes, otherAttributes }) =>
      attributes["direction"] === "bidirectional" && otherAttributes.includes("activations") ? undefined : false,
    reason: "both directions must have the same activations",
    remedy: "export with the same for both",
  },
  {
    code: "if-branches",
    severity: "error",
    op: /^If$/,
    applies: branchesDiffer,
    reason: "the outputs of its branches must have equal ranks and different names",
    remedy: "export without the condition, for one of the branches",
  },
  {
    code: "loop-outputs",
    severity: "error",
    op: /^Loop$/,
    applies: (node, facts) => {
      const carried = node.inputs.length - 2;
      return node.outputs.length > carried && (!hasInput(node, 0) || anyComputed(node, facts, [0]));
    },
    reason: "a Loop that collects outputs must have a fixed number of turns",
    remedy: "export with fixed sizes, or unrolled",
  },
  {
    code: "scan-outputs",
    severity: "error",
    op: /^Scan$/,
    applies: (node, facts) => ofShape(node, facts, () => false),
    reason: "a Scan must have a fixed length",
    remedy: "export with fixed sizes, or unrolled",
  },
  {
    code: "non-max-suppression",
    severity: "error",
    op: /^NonMaxSuppression$/,
    applies: (node, facts) => anyComputed(node, facts, [2, 3, 4]),
    reason: "its sizes and thresholds must be initializers",
    remedy: "export with fixed thresholds",
  },
  {
    code: "op-condition",
    severity: "warning",
    op: /^NonMaxSuppression$/,
    applies: () => true,
    reason: "its output comes out padded to a fixed size",
    remedy: "count its entries yourself",
  },
  {
    code: "op-condition",
    severity: "warning",
    op: /^Random(Normal|Uniform)(Like)?$/,
    applies: ({ attributes }) => attributes["seed"] !== undefined,
    reason: "its seed is ignored",
    remedy: "leave the seed out, or take the numbers as an input",
  },
  {
    code: "layer-normalization-outputs",
    severity: "error",
    op: /^LayerNormalization$/,
    applies: (node) => hasOutput(node, 1) || hasOutput(node, 2),
    reason: "LayerNormalization with outputs of mean and deviation has no importer",
    remedy: "leave these outputs out",
  },
];

/** Einsum before TensorRT 10: letters, commas and an arrow; a letter once per operand, with one size in all of them. */
function einsumRefused({ attributes, inputs }: OnnxNode, facts: FileFacts): boolean | undefined {
  const equation = String(attributes["equation"] ?? "").replaceAll(" ", "");
  const terms = (equation.split("->")[0] ?? "").split(",");
  if (!/^[a-z,]+(->[a-z]*)?$/.test(equation) || terms.length > 2) return true;
  if (terms.some((term) => new Set(term).size !== term.length)) return true;
  const sizes = new Map<string, number>();
  let known = true;
  for (const [i, term] of terms.entries()) {
    const shape = facts.shape(inputs[i] ?? "");
    if (shape === undefined) known = false;
    for (const [axis, letter] of [...term].entries()) {
      const size = shape?.[axis];
      if (size === undefined) continue;
      if ((sizes.get(letter) ?? size) !== size) return true;
      sizes.set(letter, size);
    }
  }
  // One operand has nothing to be broadcast against.
  return known || terms.length === 1 ? false : undefined;
}

function branchesDiffer({ bodies }: OnnxNode): boolean | undefined {
  const [one, other] = [bodies?.["then_branch"], bodies?.["else_branch"]];
  if (one === undefined || other === undefined) return undefined;
  let known = true;
  for (const [i, output] of one.outputs.entries()) {
    const twin = other.outputs[i];
    if (twin === undefined || twin.name === output.name) return true;
    if (output.shape === undefined || twin.shape === undefined) known = false;
    else if (output.shape.length !== twin.shape.length) return true;
  }
  return known ? false : undefined;
}
