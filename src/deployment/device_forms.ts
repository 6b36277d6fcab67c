/** Writes nodes in the forms that TensorRT's parser reads rightly. */
import { type Graph, inputOf, type Node } from "../graph/graph.ts";
import type { Attributes, Inputs, Value } from "../graph/op.ts";
import { reshape } from "../graph/ops/movement.ts";
import { argMax } from "../graph/ops/reduce_extremum.ts";
import { resize } from "../graph/ops/resize.ts";
import { rewrite } from "../graph/passes/rewrite.ts";
import type { TensorData } from "../graph/tensor_type.ts";

/** Ops that may stand between an ArgMax and the output without changing which class it names. */
const CARRIERS = new Set(["Cast", "Identity", "Squeeze", "Unsqueeze", "Reshape", "Flatten"]);

/**
 * Ends the graph in front of every ArgMax that only an output follows: the classes are then found on the CPU.
 *
 * TensorRT builds ArgMax as TopK, for which a Jetson Nano finds no kernel at usual map sizes (NVIDIA/TensorRT#3677).
 */
export function cutFinalArgMax(graph: Graph, note: (text: string) => void): Graph {
  const outputs: Value[] = [];
  for (const output of graph.outputs) {
    const scores = scoresBehind(graph, output);
    const kept = scores ?? output;
    if (scores !== undefined) {
      note(`the ArgMax behind output ${output.name} is left to the CPU: the output is now its input ${scores.name}`);
    }
    if (!outputs.includes(kept)) outputs.push(kept);
  }
  return outputs.every((output, i) => output === graph.outputs[i]) ? graph : rewrite(graph, { outputs }).graph;
}

function scoresBehind(graph: Graph, output: Value): Value | undefined {
  let node: Node | undefined = graph.producer(output);
  while (node !== undefined && node.op.domain === undefined && CARRIERS.has(node.op.type)) {
    node = graph.producer(inputOf(node));
  }
  const scores = node?.op.type === argMax.type ? node.inputs[0] : undefined;
  return scores === undefined || graph.producer(scores) === undefined ? undefined : scores;
}

/** What {@link plainForms} writes for. */
export interface PlainFormOptions {
  readonly opset: number;
  readonly note: (text: string) => void;
}

/**
 * `graph` with Resize by scales where they give the same sizes, allowzero written out, and int64 numbers within int32.
 *
 * From opset 14 on the parser before TensorRT 8.4.2 wants allowzero (onnx-tensorrt, builtin_op_importers.cpp); int64 becomes int32 there.
 */
export function plainForms(graph: Graph, { opset, note }: PlainFormOptions): Graph {
  const counts = { scales: 0, allowzero: 0, int64: 0 };
  const rewritten = rewrite(graph, {
    node: (node, inputs, target) => {
      const attributes = plainAttributes(node, opset, counts);
      return attributes && target.applyAll(node.op, inputs as Inputs, attributes, node.name);
    },
    source: (value, target) => {
      const data = value.constant && withinInt32(value.constant);
      if (data === undefined) return undefined;
      counts.int64++;
      return target.constant(data, value.name);
    },
  }).graph;
  if (counts.scales > 0) note(`${counts.scales} Resize now have constant scales in place of sizes`);
  if (counts.allowzero > 0) note(`${counts.allowzero} Reshape now carry allowzero, which TensorRT before 8.4.2 needs`);
  if (counts.int64 > 0) {
    note(`${counts.int64} int64 weights were cut to the range of int32, which TensorRT computes in`);
  }
  return counts.scales + counts.allowzero + counts.int64 === 0 ? graph : rewritten;
}

function plainAttributes(
  { op, inputs, outputs, attributes }: Node,
  opset: number,
  counts: { scales: number; allowzero: number },
): Attributes | undefined {
  if (op.type === reshape.type && opset >= 14 && attributes["allowzero"] === undefined) {
    counts.allowzero++;
    return { ...attributes, allowzero: 0 };
  }
  if (op.type !== resize.type || attributes["sizes"] === undefined) return undefined;
  const input = inputs[0]?.type.shape ?? [];
  const output = outputs[0]?.type.shape ?? [];
  const scales = output.map((size, axis) => Math.fround(size / (input[axis] as number)));
  // Resize-13 takes ⌊size · scale⌋ and interpolates by the scale; both must come out as from the sizes.
  const equal = scales.every((scale, axis) =>
    Math.floor(Math.fround((input[axis] as number) * scale)) === output[axis]
  );
  if (!equal) return undefined;
  counts.scales++;
  return { ...attributes, sizes: undefined, scales };
}

function withinInt32(data: TensorData): TensorData | undefined {
  if (data.elementType !== "int64") return undefined;
  const values = data.values as BigInt64Array;
  if (values.every((value) => BigInt.asIntN(32, value) === value)) return undefined;
  const [low, high] = [-(2n ** 31n), 2n ** 31n - 1n];
  return { ...data, values: values.map((value) => value < low ? low : value > high ? high : value) } as TensorData;
}
