/** How many kernels TensorRT starts for one inference: on a small device a small network is bound by their number. */
import type { Graph, Node } from "../graph/graph.ts";
import type { Value } from "../graph/op.ts";

/** Convolutions: a Relu behind one is part of its kernel. */
const CONVOLUTIONS = new Set(["Conv", "ConvTranspose", "Gemm"]);

/** The activations that "Convolution and ReLU Activation" means: Relu, and Clip from 0 (ReLU6). */
const RECTIFIERS = new Set(["Relu", "Clip"]);

/** Element-wise ops that "Pointwise Fusion" joins into one generated kernel, PWN(…) in a profile. */
const POINTWISE = new Set(
  ("Abs Add Ceil Clip Div Elu Erf Exp Floor HardSigmoid HardSwish LeakyRelu Log Max Min Mul Neg PRelu Pow Reciprocal " +
    "Relu Round Selu Sigmoid Sign Softplus Sqrt Sub Tanh").split(" "),
);

/** Ops that only rename a tensor in memory, and those that kernels do on the way (quantization). */
const RENAMING = new Set([
  "Identity",
  "QuantizeLinear",
  "DequantizeLinear",
  "Dropout",
  "Reshape",
  "Flatten",
  "Squeeze",
  "Unsqueeze",
]);

/**
 * The kernels of a graph, after the fusions that NVIDIA documents (TensorRT 8.2 Developer Guide, "Types of Fusions").
 *
 * A convolution takes the Relu that alone reads it; neighbouring element-wise ops of one shape become one kernel; an op that renames a
 * tensor has none. The kernels before a Concat write into the joint tensor, so that it copies only what no kernel writes: inputs of the
 * graph and constants. Copies between memory formats, which the builder chooses by timing, are not foreseen: a profile shows them.
 *
 * @param folded nodes that will be part of the convolution beside them.
 */
export function countKernels(graph: Graph, folded: ReadonlySet<Node> = new Set()): number {
  const consumers = graph.consumers();
  const outputs = new Set(graph.outputs);
  const feeder = (node: Node): Node | undefined => {
    const data = node.inputs.filter((input): input is Value => input !== undefined && input.constant === undefined);
    const [x] = data;
    if (x === undefined || outputs.has(x) || consumers.get(x)?.length !== 1) return undefined;
    const before = graph.producer(x);
    return before !== undefined && folded.has(before) ? feeder(before) : before;
  };
  let kernels = 0;
  for (const node of graph.nodes) {
    const { type } = node.op;
    if (RENAMING.has(type) || folded.has(node)) continue;
    const before = feeder(node)?.op.type ?? "";
    const fused = (RECTIFIERS.has(type) && CONVOLUTIONS.has(before)) || (POINTWISE.has(type) && POINTWISE.has(before));
    if (!fused) kernels += type === "Concat" ? copiedInputs(graph, node).length : 1;
  }
  return kernels;
}

/** The inputs of a Concat that no kernel writes in place. */
export function copiedInputs(graph: Graph, { inputs }: Node): Value[] {
  return inputs.filter((input): input is Value => input !== undefined && graph.producer(input) === undefined);
}
