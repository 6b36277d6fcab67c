/** Resize, and its predecessor Upsample. */
import type { Formulas, OpDefinition, TensorRtVersion, Value } from "../op.ts";
import { noGradient, noTensorRtLimit } from "../op.ts";
import { elementCount, formatShape, normalizeAxis, type TensorType } from "../tensor_type.ts";
import { adjointMatrix, nearestSources, type ResizedAxis } from "./interpolation.ts";
import { multiplyAlongAxis } from "./reduce.ts";

const resizeAttributes = {
  mode: "string",
  coordinate_transformation_mode: "string",
  nearest_mode: "string",
  cubic_coeff_a: "float",
  exclude_outside: "int",
  extrapolation_value: "float",
  scales: "floats",
  sizes: "ints",
  roi: "floats",
  antialias: "int",
  axes: "ints",
  keep_aspect_ratio_policy: "string",
} as const;

type Resize = OpDefinition<readonly [Value], typeof resizeAttributes>;
type ResizeAttributes = Parameters<Resize["flops"]>[2];

/** y = x interpolated to `sizes`, or to ⌊size · scale⌋ of each axis; mode "nearest", "linear" or "cubic". */
export const resize: Resize = {
  type: "Resize",
  sinceOpset: 13,
  attributes: resizeAttributes,
  attributeInputs: {
    roi: { position: 1, sinceOpset: 11, elementType: "float32" },
    scales: { position: 2, sinceOpset: 11, elementType: "float32", formerly: { position: 1, sinceOpset: 10 } },
    sizes: { position: 3, sinceOpset: 11, elementType: "int64" },
  },
  resolve: ([x], attributes, { opset }) => resolveResize(x, attributes, opset),
  withChannels: ({ sizes, ...kept }, { before, after }) => ({
    ...kept,
    sizes: sizes?.map((size, axis) => axis === 1 && size === before ? after : size),
  }),
  outputTypes: ([x], attributes) => {
    const shape = resizedAxes(x, attributes).map(({ output }) => output);
    return [{ elementType: x.type.elementType, shape }];
  },
  // Along each resized axis: a weight, two products and a sum.
  flops: ([x], [y], { mode = "nearest" }) => {
    const { shape } = y as TensorType;
    const resized = shape.filter((size, axis) => size !== x.type.shape[axis]).length;
    return mode === "nearest" ? 0 : 4 * resized * elementCount(shape);
  },
  tensorRtLimit: ([x], attributes, version) => resizeLimit(x, attributes, version),
  // dx = (weights of the axis)ᵀ · dy, along one axis after the other
  gradient: ({ inputs: [x], attributes, dy, math }) => {
    const { mode = "nearest" } = attributes;
    const axes = resizedAxes(x, attributes);
    const repeats = mode === "nearest" ? axes.map((axis) => wholeRepeat(axis, nearestSources(axis, attributes))) : [];
    if (repeats.length > 0 && !repeats.includes(undefined)) {
      return sumRepeats(math, dy, x, repeats as number[]);
    }
    let dx = dy;
    axes.forEach((axis, i) => {
      if (axis.input === axis.output && axis.scale === 1) return;
      const matrix = math.constant(adjointMatrix(axis, attributes), "interpolation");
      dx = multiplyAlongAxis(math, dx, { matrix, axis: i });
    });
    return dx;
  },
};

// How often every element is repeated, where y[i] = x[⌊i / repeat⌋].
function wholeRepeat({ input, output }: ResizedAxis, sources: readonly number[]): number | undefined {
  const repeat = output / input;
  return Number.isInteger(repeat) && sources.every((source, i) => source === Math.floor(i / repeat))
    ? repeat
    : undefined;
}

function sumRepeats(math: Formulas, dy: Value, x: Value, repeats: readonly number[]): Value {
  const shape: number[] = [];
  const axes: number[] = [];
  x.type.shape.forEach((size, axis) => {
    shape.push(size);
    if (repeats[axis] === 1) return;
    axes.push(shape.length);
    shape.push(repeats[axis] as number);
  });
  if (axes.length === 0) return dy;
  return math.reduceSum(math.reshape(dy, shape), { axes, keepdims: 0 });
}

function resizedAxes(x: Value, { scales, sizes }: ResizeAttributes): ResizedAxis[] {
  const given = sizes ?? scales;
  if (given?.length !== x.type.shape.length) {
    throw new RangeError(
      `Resize of ${x.name} ${formatShape(x.type.shape)} needs one scale or size for each axis: found ${
        given?.length ?? 0
      }`,
    );
  }
  return x.type.shape.map((input, i) => {
    if (sizes !== undefined) {
      const output = sizes[i] as number;
      return { input, output, scale: Math.fround(output / input) };
    }
    const scale = Math.fround(scales?.[i] as number);
    return { input, output: Math.floor(Math.fround(input * scale)), scale };
  });
}

function resolveResize(x: Value, attributes: ResizeAttributes, opset: number): ResizeAttributes {
  const { roi: _roi, antialias = 0, axes, keep_aspect_ratio_policy = "stretch", exclude_outside = 0, ...read } =
    attributes;
  // The weights of a linear filter that reaches outside are those of the pixel at the edge, left out or not.
  const kept = read.mode === "cubic" && exclude_outside !== 0 ? { ...read, exclude_outside } : read;
  const rank = x.type.shape.length;
  const onAllAxes = (given: readonly number[] | undefined, rest: (axis: number) => number) => {
    if (given === undefined || given.length === 0) return undefined;
    if (axes === undefined) return given;
    const full = Array.from({ length: rank }, (_, axis) => rest(axis));
    axes.forEach((axis, i) => (full[normalizeAxis(axis, rank)] = given[i] as number));
    return full;
  };
  const sizes = onAllAxes(kept.sizes, (axis) => x.type.shape[axis] as number);
  const scales = sizes === undefined ? onAllAxes(kept.scales, () => 1) : undefined;
  const resolved = { ...kept, scales, sizes };
  if (keep_aspect_ratio_policy !== "stretch") {
    throw new RangeError(`Resize with keep_aspect_ratio_policy ${keep_aspect_ratio_policy} is not supported`);
  }
  if (antialias !== 0 && resizedAxes(x, resolved).some(({ input, output }) => output < input)) {
    throw new RangeError("Resize with antialias makes it smaller, which is not supported; use AveragePool there");
  }
  // Resize-10 knows one way to read.
  if (opset < 11) return { ...resolved, coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
  switch (kept.coordinate_transformation_mode ?? "half_pixel") {
    case "half_pixel":
    case "pytorch_half_pixel":
    case "align_corners":
    case "asymmetric":
      return resolved;
    // Resize-11: ⌊(i + 0.5) / scale⌋ is half_pixel rounded with ties up.
    case "tf_half_pixel_for_nn":
      if (kept.mode !== "linear" && kept.nearest_mode === "floor") {
        return { ...resolved, coordinate_transformation_mode: "half_pixel", nearest_mode: "round_prefer_ceil" };
      }
  }
  throw new RangeError(
    `Resize with coordinate_transformation_mode ${kept.coordinate_transformation_mode} is not supported; ` +
      "use half_pixel, pytorch_half_pixel, align_corners or asymmetric",
  );
}

function resizeLimit(x: Value, attributes: ResizeAttributes, version: TensorRtVersion): string | undefined {
  const { mode = "nearest" } = attributes;
  if (mode === "cubic" && version < 100000) return "Resize with mode cubic is refused before TensorRT 10; use linear";
  if (!x.type.elementType.startsWith("float") && version < 100000) {
    return `Resize of ${x.type.elementType} is refused before TensorRT 10; cast to float32`;
  }
  const outer = resizedAxes(x, attributes).slice(0, -3);
  return mode === "linear" && outer.some(({ input, output }) => input !== output)
    ? "Resize with mode linear takes no more than the last three axes; resize the others in a second node"
    : noTensorRtLimit();
}

/** y = x with each axis enlarged by a scale: what files of opset 7 to 9 have in place of {@link resize}, which it becomes on import. */
export const upsample: OpDefinition<readonly [Value], { mode: "string"; scales: "floats" }> = {
  type: "Upsample",
  sinceOpset: 7,
  lastOpset: 9,
  attributes: { mode: "string", scales: "floats" },
  attributeInputs: { scales: { position: 1, sinceOpset: 9, elementType: "float32" } },
  outputTypes: (inputs, { scales }) => resize.outputTypes(inputs, { scales }),
  flops: (inputs, outputs, { mode }) => resize.flops(inputs, outputs, { mode }),
  tensorRtLimit: noTensorRtLimit,
  gradient: noGradient,
  expand: (math, inputs, { mode, scales }) => [
    math.apply(resize, inputs, {
      mode,
      scales,
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: "floor",
    }),
  ],
};
