/** Ops that change a shape alone, and ops that make constants from shapes. */
import type { Formulas, OpDefinition, Value } from "../op.ts";
import { noFlops, noGradient, noTensorRtLimit } from "../op.ts";
import {
  elementCount,
  floats,
  integers,
  normalizeAxis,
  numbersOf,
  type TensorData,
  tensorOf,
  type TensorType,
} from "../tensor_type.ts";
import { isShort } from "./constant_data.ts";

function renamedShape(x: Value, [type]: readonly TensorType[]): TensorData[] | undefined {
  return x.constant === undefined ? undefined : [{ ...x.constant, shape: (type as TensorType).shape } as TensorData];
}

/** y = x as a matrix: the axes before `axis` and the rest */
export const flatten: OpDefinition<readonly [Value], { axis: "int" }> = {
  type: "Flatten",
  sinceOpset: 1,
  attributes: { axis: "int" },
  handsOn: true,
  outputTypes: ([{ type: { elementType, shape } }], { axis = 1 }) => {
    const place = axis === shape.length ? axis : normalizeAxis(axis, shape.length);
    return [{ elementType, shape: [elementCount(shape.slice(0, place)), elementCount(shape.slice(place))] }];
  },
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  // dx = dy in x's shape
  gradient: ({ inputs: [x], dy, math }) => math.reshape(dy, x.type.shape),
  fold: ([x], attributes) => renamedShape(x, flatten.outputTypes([x], attributes)),
};

/** y = x without `axes` of size 1 */
export const squeeze: OpDefinition<readonly [Value], { axes: "ints" }> = {
  type: "Squeeze",
  sinceOpset: 1,
  attributes: { axes: "ints" },
  attributeInputs: { axes: { position: 1, sinceOpset: 13, elementType: "int64" } },
  // Without axes every axis of size 1 goes.
  resolve: ([x], { axes }) => ({
    axes: axes ?? x.type.shape.map((_, axis) => axis).filter((axis) => x.type.shape[axis] === 1),
  }),
  handsOn: true,
  outputTypes: ([{ name, type: { elementType, shape } }], { axes = [] }) => {
    const removed = axes.map((axis) => normalizeAxis(axis, shape.length));
    for (const axis of removed) {
      if (shape[axis] !== 1) throw new RangeError(`Squeeze of ${name}: axis ${axis} has size ${shape[axis]}, not 1`);
    }
    return [{ elementType, shape: shape.filter((_, axis) => !removed.includes(axis)) }];
  },
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  // dx = dy in x's shape
  gradient: ({ inputs: [x], dy, math }) => math.reshape(dy, x.type.shape),
  fold: ([x], attributes) => renamedShape(x, squeeze.outputTypes([x], attributes)),
};

/** y = x with axes of size 1 put in, so that they are `axes` of y */
export const unsqueeze: OpDefinition<readonly [Value], { axes: "ints" }> = {
  type: "Unsqueeze",
  sinceOpset: 1,
  attributes: { axes: "ints" },
  attributeInputs: { axes: { position: 1, sinceOpset: 13, elementType: "int64" } },
  handsOn: true,
  outputTypes: ([{ type: { elementType, shape } }], { axes = [] }) => {
    const rank = shape.length + axes.length;
    const added = new Set(axes.map((axis) => normalizeAxis(axis, rank)));
    if (added.size !== axes.length) throw new RangeError(`Unsqueeze names an axis twice: [${axes.join(", ")}]`);
    const rest = [...shape];
    return [{
      elementType,
      shape: Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.shift() as number)),
    }];
  },
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  // dx = dy in x's shape
  gradient: ({ inputs: [x], dy, math }) => math.reshape(dy, x.type.shape),
  fold: ([x], attributes) => renamedShape(x, unsqueeze.outputTypes([x], attributes)),
};

/** y = the shape of x, from `start` to `end`: always a constant, since shapes are static */
export const shape: OpDefinition<readonly [Value], { start: "int"; end: "int" }> = {
  type: "Shape",
  sinceOpset: 1,
  attributes: { start: "int", end: "int" },
  outputTypes: ([x], { start = 0, end }) => [
    { elementType: "int64", shape: [x.type.shape.slice(start, end).length] },
  ],
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  gradient: noGradient,
  fold: ([x], { start = 0, end }) => [integers(x.type.shape.slice(start, end))],
};

/** y = the number of elements of x: always a constant */
export const size: OpDefinition<readonly [Value], Record<never, never>> = {
  type: "Size",
  sinceOpset: 1,
  attributes: {},
  outputTypes: () => [{ elementType: "int64", shape: [] }],
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  gradient: noGradient,
  fold: ([x]) => [integers([elementCount(x.type.shape)], [])],
};

/** y = a constant of the file, in one of the forms of Constant-12 */
export const constant: OpDefinition<
  readonly [],
  { value: "tensor"; value_float: "float"; value_floats: "floats"; value_int: "int"; value_ints: "ints" }
> = {
  type: "Constant",
  sinceOpset: 12,
  attributes: { value: "tensor", value_float: "float", value_floats: "floats", value_int: "int", value_ints: "ints" },
  outputTypes: (_inputs, attributes) => [constantData(attributes)],
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  gradient: noGradient,
  fold: (_inputs, attributes) => [constantData(attributes)],
};

function constantData({ value, value_float, value_floats, value_int, value_ints }: {
  readonly value?: TensorData | undefined;
  readonly value_float?: number | undefined;
  readonly value_floats?: readonly number[] | undefined;
  readonly value_int?: number | undefined;
  readonly value_ints?: readonly number[] | undefined;
}): TensorData {
  if (value !== undefined) return value;
  if (value_float !== undefined) return floats([value_float], []);
  if (value_floats !== undefined) return floats(value_floats);
  if (value_int !== undefined) return integers([value_int], []);
  if (value_ints !== undefined) return integers(value_ints);
  throw new RangeError("Constant has no value that is a tensor or a number");
}

/** y = `value` (one element; absent: float32 0) everywhere in `shape` */
export const constantOfShape: OpDefinition<readonly [], { shape: "ints"; value: "tensor" }> = {
  type: "ConstantOfShape",
  sinceOpset: 9,
  attributes: { shape: "ints", value: "tensor" },
  attributeInputs: { shape: { position: 0, sinceOpset: 9, elementType: "int64" } },
  outputTypes: (_inputs, { shape = [], value }) => [{ elementType: value?.elementType ?? "float32", shape }],
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  gradient: noGradient,
  fold: (_inputs, { shape = [], value = floats([0]) }) => {
    if (!isShort(shape)) return undefined;
    const [element] = numbersOf(value);
    return [tensorOf(value.elementType, shape, new Array<number>(elementCount(shape)).fill(element ?? 0))];
  },
};

/** A float32 value of zeros. */
export function zeros(math: Formulas, shape: readonly number[]): Value {
  return math.apply(constantOfShape, [], { shape });
}

/** y = start, start + delta, … below (negative delta: above) limit; all three constant */
export const range: OpDefinition<readonly [Value, Value, Value], Record<never, never>> = {
  type: "Range",
  sinceOpset: 11,
  attributes: {},
  outputTypes: (inputs) => [{ elementType: inputs[0].type.elementType, shape: [rangeCount(inputs)] }],
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  gradient: noGradient,
  fold: (inputs) => {
    const count = rangeCount(inputs);
    if (count > LONGEST_RANGE) return undefined;
    const [start, , delta] = inputs.map(({ constant }) => numbersOf(constant as TensorData)[0]) as [
      number,
      number,
      number,
    ];
    return [
      tensorOf(inputs[0].type.elementType, [count], Array.from({ length: count }, (_, i) => start + i * delta)),
    ];
  },
};

// Coordinates of an axis are made by Range: they are longer than shapes.
const LONGEST_RANGE = 65536;

function rangeCount(inputs: readonly Value[]): number {
  const [start, limit, delta] = inputs.map(({ name, constant }) => {
    if (constant === undefined) throw new RangeError(`Range needs constants: ${name} is computed from data`);
    return numbersOf(constant)[0];
  }) as [number, number, number];
  if (delta === 0) throw new RangeError("Range needs a delta other than 0");
  return Math.max(0, Math.ceil((limit - start) / delta));
}
