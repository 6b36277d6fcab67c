/** Normalization within each image: over its pixels, over trailing axes, over groups of channels. */
import type { GraphBuilder, OpDefinition, Value } from "../op.ts";
import { elementCount, floats, formatShape, normalizeAxis, sameShape, type TensorType } from "../tensor_type.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { sqrt } from "./elementwise.ts";
import { reshape } from "./movement.ts";
import { perChannel } from "./normalization.ts";
import { reduceMean, reduceSum } from "./reduce.ts";

/** x̂ = (x − mean) / √(variance + epsilon) with mean and variance over `axes`, and 1 / √(variance + epsilon). */
function standardize(
  graph: GraphBuilder,
  x: Value,
  { axes, epsilon }: { readonly axes: readonly number[]; readonly epsilon: number },
): { standard: Value; deviation: Value } {
  const centred = graph.apply(sub, [x, graph.apply(reduceMean, [x], { axes, keepdims: 1 })]);
  const variance = graph.apply(reduceMean, [graph.apply(mul, [centred, centred])], { axes, keepdims: 1 });
  const deviation = graph.apply(sqrt, [graph.apply(add, [variance, graph.scalar(epsilon)])]);
  return { standard: graph.apply(div, [centred, deviation]), deviation };
}

// dx = (g − mean g − x̂ · mean(g · x̂)) / deviation, where g is the gradient of x̂
function standardGradient(
  graph: GraphBuilder,
  g: Value,
  { standard, deviation, axes }: {
    readonly standard: Value;
    readonly deviation: Value;
    readonly axes: readonly number[];
  },
): Value {
  const mean = (value: Value) => graph.apply(reduceMean, [value], { axes, keepdims: 1 });
  const along = graph.apply(mul, [standard, mean(graph.apply(mul, [g, standard]))]);
  return graph.apply(div, [graph.apply(sub, [graph.apply(sub, [g, mean(g)]), along]), deviation]);
}

function otherAxes(x: Value, kept: (axis: number) => boolean): number[] {
  return x.type.shape.map((_, axis) => axis).filter((axis) => !kept(axis));
}

function refuseShape(op: string, value: Value, shape: readonly number[]): void {
  if (sameShape(value.type.shape, shape)) return;
  throw new RangeError(
    `${op} needs ${value.name} of shape ${formatShape(shape)}: found ${formatShape(value.type.shape)}`,
  );
}

/** y = scale · x̂ + bias with x̂ over the pixels of each image and channel; x `[N, C, ...]`, scale and bias `[C]`. */
export const instanceNormalization: OpDefinition<readonly [Value, Value, Value], { epsilon: "float" }> = {
  type: "InstanceNormalization",
  sinceOpset: 6,
  attributes: { epsilon: "float" },
  channelParameters: [
    { position: 1, inputAxis: 0, start: 1 },
    { position: 2, inputAxis: 0, start: 0 },
  ],
  outputTypes: ([x, scale, bias]) => {
    for (const value of [scale, bias]) refuseShape("InstanceNormalization", value, [x.type.shape[1] as number]);
    return [x.type];
  },
  flops: (_inputs, [y]) => 8 * elementCount((y as TensorType).shape),
  tensorRtLimit: ([x, scale, bias], _attributes, version) => {
    if (version >= 100000) return undefined;
    if (scale.constant === undefined || bias.constant === undefined) {
      return "InstanceNormalization needs its scale and bias as initializers before TensorRT 10; make them constants";
    }
    return x.type.shape.length < 3 || x.type.shape.length > 5
      ? "InstanceNormalization takes tensors of 3 to 5 axes before TensorRT 10; reshape its input"
      : undefined;
  },
  // dscale = Σ dy · x̂, dbias = Σ dy; dx = standardGradient(dy · scale)
  gradient: ({ graph, inputs: [x, scale], attributes: { epsilon = 1e-5 }, needed, outputGradients }) => {
    const dy = outputGradients[0] as Value;
    const axes = otherAxes(x, (axis) => axis < 2);
    const channelSum = (value: Value) =>
      graph.apply(reduceSum, [value], { axes: otherAxes(x, (axis) => axis === 1), keepdims: 0 });
    const parts = standardize(graph, x, { axes, epsilon });
    const g = () => graph.apply(mul, [dy, perChannel(graph, scale, x)]);
    return [
      needed[0] ? standardGradient(graph, g(), { ...parts, axes }) : undefined,
      needed[1] ? channelSum(graph.apply(mul, [dy, parts.standard])) : undefined,
      needed[2] ? channelSum(dy) : undefined,
    ];
  },
};

/** y = scale · x̂ + bias with x̂ over the axes from `axis` on; scale and bias broadcast to these. Further outputs: mean and 1 / deviation. */
export const layerNormalization: OpDefinition<
  readonly [Value, Value, Value?],
  { axis: "int"; epsilon: "float"; stash_type: "int" }
> = {
  type: "LayerNormalization",
  sinceOpset: 17,
  attributes: { axis: "int", epsilon: "float", stash_type: "int" },
  optionalOutputs: true,
  outputTypes: ([x], attributes) => {
    const axes = trailingAxes(x, attributes.axis);
    const shape = x.type.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    return [x.type, { elementType: "float32", shape }, { elementType: "float32", shape }];
  },
  flops: (_inputs, [y]) => 8 * elementCount((y as TensorType).shape),
  tensorRtLimit: (_inputs, _attributes, version) =>
    version < 80600
      ? "LayerNormalization has no importer before TensorRT 8.6; write it with ReduceMean, Sub, Mul, Sqrt and Div"
      : undefined,
  // dscale = Σ dy · x̂, dbias = Σ dy (summed to their shapes by differentiate); dx = standardGradient(dy · scale)
  gradient: ({ graph, inputs: [x, scale], attributes: { axis, epsilon = 1e-5 }, needed, outputGradients }) => {
    const dy = outputGradients[0] as Value;
    const axes = trailingAxes(x, axis);
    const parts = standardize(graph, x, { axes, epsilon });
    return [
      needed[0] ? standardGradient(graph, graph.apply(mul, [dy, scale]), { ...parts, axes }) : undefined,
      needed[1] ? graph.apply(mul, [dy, parts.standard]) : undefined,
      needed[2] ? dy : undefined,
    ];
  },
  expand: (graph, [x, scale, bias], { axis, epsilon = 1e-5 }) => {
    const { standard } = standardize(graph, x, { axes: trailingAxes(x, axis), epsilon });
    const scaled = graph.apply(mul, [standard, scale]);
    return [bias === undefined ? scaled : graph.apply(add, [scaled, bias])];
  },
};

function trailingAxes(x: Value, axis = -1): number[] {
  const first = normalizeAxis(axis, x.type.shape.length);
  return otherAxes(x, (other) => other < first);
}

/** y = scale · x̂ + bias with x̂ over the pixels and channels of each group; x `[N, C, ...]`, scale and bias `[C]` (in files of opset 18 to 20: one per group). */
export const groupNormalization: OpDefinition<
  readonly [Value, Value, Value],
  { num_groups: "int"; epsilon: "float"; stash_type: "int" }
> = {
  type: "GroupNormalization",
  sinceOpset: 21,
  attributes: { num_groups: "int", epsilon: "float", stash_type: "int" },
  outputTypes: ([x, scale, bias], { num_groups = 1 }) => {
    const channels = x.type.shape[1] as number;
    if (channels % num_groups !== 0) {
      throw new RangeError(`GroupNormalization cannot divide ${channels} channels into ${num_groups} groups`);
    }
    const perGroup = sameShape(scale.type.shape, [num_groups]) && sameShape(bias.type.shape, [num_groups]);
    if (!perGroup) { for (const value of [scale, bias]) refuseShape("GroupNormalization", value, [channels]); }
    return [x.type];
  },
  flops: (_inputs, [y]) => 8 * elementCount((y as TensorType).shape),
  tensorRtLimit: (_inputs, _attributes, version) =>
    version < 80600
      ? "GroupNormalization has no importer before TensorRT 8.6; write it with Reshape and InstanceNormalization"
      : undefined,
  // As InstanceNormalization, with a group of channels in place of a channel
  gradient: ({ graph, inputs: [x, scale], attributes, needed, outputGradients }) => {
    const { num_groups = 1, epsilon = 1e-5 } = attributes;
    const dy = outputGradients[0] as Value;
    const grouped = (value: Value) => graph.apply(reshape, [value], { shape: groupShape(x, num_groups) });
    const ungrouped = (value: Value) => graph.apply(reshape, [value], { shape: x.type.shape });
    const channelSum = (value: Value) =>
      graph.apply(reduceSum, [value], { axes: otherAxes(x, (axis) => axis === 1), keepdims: 0 });
    const parts = standardize(graph, grouped(x), { axes: [2], epsilon });
    const g = () => grouped(graph.apply(mul, [dy, perChannel(graph, scale, x)]));
    return [
      needed[0] ? ungrouped(standardGradient(graph, g(), { ...parts, axes: [2] })) : undefined,
      needed[1] ? channelSum(graph.apply(mul, [dy, ungrouped(parts.standard)])) : undefined,
      needed[2] ? channelSum(dy) : undefined,
    ];
  },
  expand: (graph, [x, scale, bias], { num_groups = 1, epsilon = 1e-5 }) => {
    const grouped = graph.apply(reshape, [x], { shape: groupShape(x, num_groups) });
    const perGroup = scale.type.shape[0] !== x.type.shape[1];
    const ones = () => graph.constant(floats(new Float32Array(num_groups).fill(1)), "ones");
    const zeros = () => graph.constant(floats(new Float32Array(num_groups)), "zeros");
    const standard = graph.apply(
      instanceNormalization,
      [grouped, perGroup ? scale : ones(), perGroup ? bias : zeros()],
      { epsilon },
    );
    const y = graph.apply(reshape, [standard], { shape: x.type.shape });
    if (perGroup) return [y];
    return [
      graph.apply(add, [graph.apply(mul, [y, perChannel(graph, scale, x)]), perChannel(graph, bias, x)]),
    ];
  },
};

function groupShape(x: Value, groups: number): number[] {
  return [x.type.shape[0] as number, groups, elementCount(x.type.shape.slice(1)) / groups];
}
