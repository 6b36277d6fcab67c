/** Explicit quantization of convolutions to INT8: what TensorRT from 8.0 on builds, and ONNX Runtime runs. */
import type { Graph, Node } from "../graph.ts";
import type { Attributes, Inputs, Value } from "../op.ts";
import { conv, convTranspose } from "../ops/convolution.ts";
import { dequantizeLinear, quantizeLinear } from "../ops/quantization.ts";
import { elementCount, floats, numbersOf, type TensorData } from "../tensor_type.ts";
import { rewrite } from "./rewrite.ts";

/** Symmetric: −128 is left out, so that a number and its negative have the same error. */
const LARGEST = 127;

/** The convolutions that {@link quantizeConvolutions} can quantize: with constant weights; transposed ones in one group. */
export function quantizableConvolutions(graph: Graph): Node[] {
  return graph.nodes.filter(({ op, inputs: [x, w], attributes }) => {
    if (x?.constant !== undefined || w?.constant?.elementType !== "float32" || op.domain !== undefined) return false;
    const { group = 1 } = attributes as Attributes<{ group: "int" }>;
    return op.type === conv.type || (op.type === convTranspose.type && group === 1);
  });
}

/**
 * Writes convolutions with INT8 weights, one scale for each output channel, and INT8 inputs, one scale for each.
 *
 * Weights are stored as INT8 behind DequantizeLinear; each input goes through QuantizeLinear and DequantizeLinear, once for all that read
 * it. Biases stay float32. All zero points are 0.
 *
 * @param largest largest magnitude of each input of `nodes` that keeps its size; over 0.
 */
export function quantizeConvolutions(
  graph: Graph,
  { nodes, largest }: { readonly nodes: ReadonlySet<Node>; readonly largest: ReadonlyMap<Value, number> },
): Graph {
  const pairs = new Map<Value, Value>();
  return rewrite(graph, {
    node: (node, inputs, target) => {
      if (!nodes.has(node)) return undefined;
      const [x, , bias] = inputs as readonly [Value, Value, Value?];
      const [source, weights] = node.inputs as readonly [Value, Value];
      const known = pairs.get(source) ?? throughInt8(target, x, (largest.get(source) as number) / LARGEST);
      pairs.set(source, known);
      const w = int8Weights(target, weights, node.op.type === convTranspose.type ? 1 : 0);
      return target.applyAll(node.op, [known, w, bias] as Inputs, node.attributes, node.name);
    },
  }).graph;
}

function throughInt8(target: Graph, x: Value, scale: number): Value {
  const numbers = [
    target.constant(floats([scale], []), `${x.name}_scale`),
    target.constant({ elementType: "int8", shape: [], values: new Int8Array(1) }, `${x.name}_zero`),
  ] as const;
  const quantized = target.apply(quantizeLinear, [x, ...numbers], {}, `${x.name}_quantized`);
  return target.apply(dequantizeLinear, [quantized, ...numbers], {}, `${x.name}_dequantized`);
}

function int8Weights(target: Graph, { name, constant, type: { shape } }: Value, axis: 0 | 1): Value {
  const w = numbersOf(constant as TensorData);
  const channels = shape[axis] as number;
  const stride = elementCount(shape.slice(axis + 1));
  const channelOf = (i: number) => Math.floor(i / stride) % channels;
  const scales = new Float32Array(channels);
  w.forEach((value, i) => scales[channelOf(i)] = Math.max(scales[channelOf(i)] as number, Math.abs(value) / LARGEST));
  // A channel of zeros is exact at any scale, and TensorRT wants it over 0.
  scales.forEach((scale, channel) => scales[channel] = scale > 0 ? scale : 1);
  const values = Int8Array.from(w, (value, i) => {
    const steps = roundToEven(value / (scales[channelOf(i)] as number));
    return Math.min(LARGEST, Math.max(-LARGEST, steps));
  });
  return target.apply(
    dequantizeLinear,
    [
      target.constant({ elementType: "int8", shape, values }, `${name}_int8`),
      target.constant(floats(scales), `${name}_scale`),
      target.constant({ elementType: "int8", shape: [channels], values: new Int8Array(channels) }, `${name}_zero`),
    ],
    { axis },
    `${name}_dequantized`,
  );
}

/** As QuantizeLinear rounds. */
function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}
