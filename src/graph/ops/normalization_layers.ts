/** Normalization within each image: over its pixels, over trailing axes, over groups of channels. */
import type { Formulas, OpDefinition, Value } from "../op.ts";
import { elementCount, floats, formatShape, normalizeAxis, sameShape, type TensorType } from "../tensor_type.ts";
import { channelSums, perChannel } from "./channels.ts";

/** x̂ = (x − mean) / deviation with mean and variance over `axes`, and deviation = √(variance + epsilon). */
interface Standardized {
  readonly standard: Value;
  readonly deviation: Value;
  readonly axes: readonly number[];
}

function standardize(
  math: Formulas,
  x: Value,
  { axes, epsilon = 1e-5 }: { readonly axes: readonly number[]; readonly epsilon?: number | undefined },
): Standardized {
  const centred = math.sub(x, math.reduceMean(x, { axes, keepdims: 1 }));
  const variance = math.reduceMean(math.mul(centred, centred), { axes, keepdims: 1 });
  const deviation = math.sqrt(math.add(variance, epsilon));
  return { standard: math.div(centred, deviation), deviation, axes };
}

// dx = (g − mean g − x̂ · mean(g · x̂)) / deviation, where g is the gradient of x̂
function standardGradient(math: Formulas, g: Value, { standard, deviation, axes }: Standardized): Value {
  const mean = (value: Value) => math.reduceMean(value, { axes, keepdims: 1 });
  const along = math.mul(standard, mean(math.mul(g, standard)));
  return math.div(math.sub(math.sub(g, mean(g)), along), deviation);
}

interface NormalizationAttributes {
  readonly epsilon?: number | undefined;
  readonly axis?: number | undefined;
  readonly num_groups?: number | undefined;
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
  weights: [1, 2],
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
  gradient: [
    ({ inputs: [x, scale], attributes, dy, math }) => {
      const parts = standardPixels(math, x, attributes);
      return standardGradient(math, math.mul(dy, perChannel(math, scale, x)), parts);
    },
    ({ inputs: [x], attributes, dy, math }) =>
      channelSums(math, math.mul(dy, standardPixels(math, x, attributes).standard)),
    ({ dy, math }) => channelSums(math, dy),
  ],
};

function standardPixels(math: Formulas, x: Value, { epsilon }: NormalizationAttributes): Standardized {
  return standardize(math, x, { axes: otherAxes(x, (axis) => axis < 2), epsilon });
}

/** y = scale · x̂ + bias with x̂ over the axes from `axis` on; scale and bias broadcast to these. Further outputs: mean and 1 / deviation. */
export const layerNormalization: OpDefinition<
  readonly [Value, Value, Value?],
  { axis: "int"; epsilon: "float"; stash_type: "int" }
> = {
  type: "LayerNormalization",
  sinceOpset: 17,
  attributes: { axis: "int", epsilon: "float", stash_type: "int" },
  optionalOutputs: true,
  weights: [1, 2],
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
  gradient: [
    ({ inputs: [x, scale], attributes, dy, math }) => {
      const parts = standardTrailing(math, x, attributes);
      return standardGradient(math, math.mul(dy, scale), parts);
    },
    ({ inputs: [x], attributes, dy, math }) => math.mul(dy, standardTrailing(math, x, attributes).standard),
    ({ dy }) => dy,
  ],
  expand: (math, [x, scale, bias], attributes) => {
    const { standard } = standardTrailing(math, x, attributes);
    const scaled = math.mul(standard, scale);
    return [bias === undefined ? scaled : math.add(scaled, bias)];
  },
};

function standardTrailing(math: Formulas, x: Value, { axis, epsilon }: NormalizationAttributes): Standardized {
  return standardize(math, x, { axes: trailingAxes(x, axis), epsilon });
}

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
  weights: [1, 2],
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
  gradient: [
    ({ inputs: [x, scale], attributes, dy, math }) => {
      const parts = standardGroups(math, x, attributes);
      const g = math.reshape(math.mul(dy, perChannel(math, scale, x)), groupShape(x, attributes.num_groups));
      return math.reshape(standardGradient(math, g, parts), x.type.shape);
    },
    ({ inputs: [x], attributes, dy, math }) => {
      const { standard } = standardGroups(math, x, attributes);
      return channelSums(math, math.mul(dy, math.reshape(standard, x.type.shape)));
    },
    ({ dy, math }) => channelSums(math, dy),
  ],
  expand: (math, [x, scale, bias], { num_groups = 1, epsilon = 1e-5 }) => {
    const grouped = math.reshape(x, groupShape(x, num_groups));
    const perGroup = scale.type.shape[0] !== x.type.shape[1];
    const ones = () => math.constant(floats(new Float32Array(num_groups).fill(1)), "ones");
    const zeros = () => math.constant(floats(new Float32Array(num_groups)), "zeros");
    const standard = math.apply(
      instanceNormalization,
      [grouped, perGroup ? scale : ones(), perGroup ? bias : zeros()],
      { epsilon },
    );
    const y = math.reshape(standard, x.type.shape);
    if (perGroup) return [y];
    return [
      math.add(math.mul(y, perChannel(math, scale, x)), perChannel(math, bias, x)),
    ];
  },
};

function standardGroups(math: Formulas, x: Value, { num_groups, epsilon }: NormalizationAttributes): Standardized {
  return standardize(math, math.reshape(x, groupShape(x, num_groups)), { axes: [2], epsilon });
}

function groupShape(x: Value, groups = 1): number[] {
  return [x.type.shape[0] as number, groups, elementCount(x.type.shape.slice(1)) / groups];
}
