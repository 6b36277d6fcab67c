/** Ops that move data: their gradients move it back. */
import type { OpDefinition, TensorRtVersion, Value } from "../op.ts";
import { noFlops, noTensorRtLimit } from "../op.ts";
import {
  broadcastShapes,
  elementCount,
  formatShape,
  normalizeAxis,
  type TensorData,
  type TensorType,
} from "../tensor_type.ts";
import { ELEMENT_ARRAYS } from "../tensor_type.ts";
import { broadcastData, isShort, stridedCopy, stridesOf } from "./constant_data.ts";
import { foldBorders, type SliceAxis, spreadSteps } from "./movement_gradients.ts";

/** y = x with the same elements in another shape; `shape` is static, without 0 and −1. */
export const reshape: OpDefinition<readonly [Value], { shape: "ints"; allowzero: "int" }> = {
  type: "Reshape",
  sinceOpset: 5,
  attributes: { shape: "ints", allowzero: "int" },
  attributeInputs: { shape: { position: 1, sinceOpset: 5, elementType: "int64" } },
  handsOn: true,
  outputTypes: ([x], { shape = [] }) => {
    if (elementCount(shape) !== elementCount(x.type.shape)) {
      throw new RangeError(`Cannot reshape ${x.name} of shape ${formatShape(x.type.shape)} to ${formatShape(shape)}`);
    }
    return [{ elementType: x.type.elementType, shape }];
  },
  // ONNX Reshape-14: 0 keeps the input's dimension unless allowzero, −1 takes what is left.
  resolve: ([x], { shape = [], allowzero = 0 }) => {
    const kept = shape.map((size, axis) => (size === 0 && allowzero === 0 ? x.type.shape[axis] ?? 0 : size));
    const known = elementCount(kept.filter((size) => size !== -1));
    if (kept.filter((size) => size < 0).length > 1) {
      throw new RangeError(`a shape may leave one dimension open: found ${formatShape(shape)}`);
    }
    return { shape: kept.map((size) => (size === -1 ? elementCount(x.type.shape) / known : size)) };
  },
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  // dx = dy in x's shape
  gradient: ({ inputs: [x], dy, math }) => math.reshape(dy, x.type.shape),
  fold: ([x], { shape = [] }) => (x.constant === undefined ? undefined : [{ ...x.constant, shape } as TensorData]),
};

/** y = x with permuted axes: axis i of y is axis perm[i] of x. */
export const transpose: OpDefinition<readonly [Value], { perm: "ints" }> = {
  type: "Transpose",
  sinceOpset: 1,
  attributes: { perm: "ints" },
  handsOn: true,
  outputTypes: ([x], attributes) => {
    const perm = permutation(x, attributes);
    if (new Set(perm).size !== x.type.shape.length || perm.length !== x.type.shape.length) {
      throw new RangeError(
        `Transpose perm ${formatShape(perm)} must permute the ${x.type.shape.length} axes of ${x.name}`,
      );
    }
    return [{ elementType: x.type.elementType, shape: perm.map((axis) => x.type.shape[axis] as number) }];
  },
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  // dx = dy with the inverse permutation
  gradient: ({ inputs: [x], attributes, dy, math }) => {
    const perm = permutation(x, attributes);
    return math.transpose(dy, perm.map((_, axis) => perm.indexOf(axis)));
  },
  fold: ([x], attributes) => {
    if (x.constant === undefined) return undefined;
    const [type] = transpose.outputTypes([x], attributes) as [TensorType];
    const strides = stridesOf(x.type.shape);
    const perm = permutation(x, attributes);
    return [stridedCopy(x.constant, type.shape, { strides: perm.map((axis) => strides[axis] as number) })];
  },
};

function permutation(x: Value, attributes: { readonly perm?: readonly number[] | undefined }): readonly number[] {
  return attributes.perm ?? x.type.shape.map((_, axis) => axis).reverse();
}

/** y = the inputs one after the other along `axis` */
export const concat: OpDefinition<readonly Value[], { axis: "int" }> = {
  type: "Concat",
  sinceOpset: 4,
  attributes: { axis: "int" },
  handsOn: true,
  outputTypes: (inputs, { axis = 0 }) => {
    const [first] = inputs;
    if (first === undefined) throw new RangeError("Concat needs at least one input");
    const along = normalizeAxis(axis, first.type.shape.length);
    for (const { name, type } of inputs) {
      const fits = type.elementType === first.type.elementType && type.shape.length === first.type.shape.length &&
        type.shape.every((size, i) => i === along || size === first.type.shape[i]);
      if (!fits) {
        throw new RangeError(
          `Concat along axis ${along} needs equal other axes: ${first.name} has ${
            formatShape(first.type.shape)
          }, ${name} has ${formatShape(type.shape)}`,
        );
      }
    }
    const total = inputs.reduce((sum, { type }) => sum + (type.shape[along] as number), 0);
    return [{ ...first.type, shape: first.type.shape.map((size, i) => (i === along ? total : size)) }];
  },
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  // dxᵢ = the part of dy that xᵢ filled
  gradient: ({ inputs, attributes: { axis = 0 }, position, dy, math }) => {
    const along = normalizeAxis(axis, dy.type.shape.length);
    const sizes = inputs.map(({ type }) => type.shape[along] as number);
    const start = sizes.slice(0, position).reduce((sum, size) => sum + size, 0);
    return math.slice(dy, { starts: [start], ends: [start + (sizes[position] as number)], axes: [along] });
  },
  fold: (inputs, attributes) => {
    if (inputs.some(({ constant }) => constant === undefined)) return undefined;
    const [type] = concat.outputTypes(inputs, attributes) as [TensorType];
    const along = normalizeAxis(attributes.axis ?? 0, type.shape.length);
    const values = new ELEMENT_ARRAYS[type.elementType](elementCount(type.shape));
    const row = elementCount(type.shape.slice(along));
    let offset = 0;
    for (const { constant } of inputs) {
      const part = constant as TensorData;
      const width = elementCount(part.shape.slice(along));
      for (let i = 0; i * width < part.values.length; i++) {
        (values as Float32Array).set(
          part.values.subarray(i * width, (i + 1) * width) as Float32Array,
          i * row + offset,
        );
      }
      offset += width;
    }
    return [{ ...type, values } as TensorData];
  },
};

/** The range that one axis of Slice keeps: first index, step and count (ONNX Slice-13: negative counts from the end, clamped). */
function sliceRange(size: number, start: number, end: number, step: number): { first: number; count: number } {
  const clamp = (index: number, low: number, high: number) =>
    Math.min(Math.max(index < 0 ? index + size : index, low), high);
  const [first, last] = step > 0
    ? [clamp(start, 0, size), clamp(end, 0, size)]
    : [clamp(start, 0, size - 1), clamp(end, -1, size - 1)];
  return { first, count: Math.max(0, Math.ceil((last - first) / step)) };
}

/** y = x[starts:ends:steps] along `axes` */
export const slice: OpDefinition<readonly [Value], { starts: "ints"; ends: "ints"; axes: "ints"; steps: "ints" }> = {
  type: "Slice",
  sinceOpset: 10,
  attributes: { starts: "ints", ends: "ints", axes: "ints", steps: "ints" },
  attributeInputs: {
    starts: { position: 1, sinceOpset: 10, elementType: "int64" },
    ends: { position: 2, sinceOpset: 10, elementType: "int64" },
    axes: { position: 3, sinceOpset: 10, elementType: "int64" },
    steps: { position: 4, sinceOpset: 10, elementType: "int64" },
  },
  // "To the end" is written as 2⁶³ − 1, which no number holds exactly.
  resolve: (_inputs, { starts = [], ends = [], axes, steps }) => ({
    starts: starts.map(withinInt32),
    ends: ends.map(withinInt32),
    axes: axes ?? starts.map((_, axis) => axis),
    ...(steps === undefined ? {} : { steps: steps.map(withinInt32) }),
  }),
  handsOn: true,
  outputTypes: ([x], attributes) => {
    const ranges = sliceRanges(x, attributes);
    return [{ elementType: x.type.elementType, shape: ranges.map(({ count }) => count) }];
  },
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  // dx = dy at the kept places, 0 elsewhere
  gradient: ({ inputs: [x], attributes, dy, math }) => {
    const ranges = sliceRanges(x, attributes);
    if (ranges.every(({ step }) => step === 1)) {
      const before = ranges.map(({ first }) => first);
      const after = ranges.map(({ first, count }, axis) => (x.type.shape[axis] as number) - first - count);
      return math.pad(dy, [...before, ...after]);
    }
    return spreadSteps(math, dy, { x, ranges });
  },
  fold: ([x], attributes) => {
    if (x.constant === undefined) return undefined;
    const ranges = sliceRanges(x, attributes);
    const strides = stridesOf(x.type.shape);
    return [stridedCopy(x.constant, ranges.map(({ count }) => count), {
      strides: ranges.map(({ step }, axis) => step * (strides[axis] as number)),
      offset: ranges.reduce((sum, { first }, axis) => sum + first * (strides[axis] as number), 0),
    })];
  },
};

function withinInt32(index: number): number {
  return Math.min(Math.max(index, -(2 ** 31)), 2 ** 31 - 1);
}

interface SliceAttributes {
  readonly starts?: readonly number[] | undefined;
  readonly ends?: readonly number[] | undefined;
  readonly axes?: readonly number[] | undefined;
  readonly steps?: readonly number[] | undefined;
}

function sliceRanges(x: Value, { starts = [], ends = [], axes, steps }: SliceAttributes): SliceAxis[] {
  const rank = x.type.shape.length;
  const named = axes?.map((axis) => normalizeAxis(axis, rank)) ?? starts.map((_, i) => i);
  return x.type.shape.map((size, axis) => {
    const i = named.indexOf(axis);
    if (i < 0) return { first: 0, count: size, step: 1 };
    const step = steps?.[i] ?? 1;
    return { ...sliceRange(size, starts[i] as number, ends[i] as number, step), step };
  });
}

/** y = x with `pads` = [begin of each axis…, end of each axis…] added; negative pads crop. */
export const pad: OpDefinition<readonly [Value], { mode: "string"; pads: "ints"; value: "float"; axes: "ints" }> = {
  type: "Pad",
  sinceOpset: 2,
  attributes: { mode: "string", pads: "ints", value: "float", axes: "ints" },
  attributeInputs: {
    pads: { position: 1, sinceOpset: 11, elementType: "int64" },
    value: { position: 2, sinceOpset: 11, elementType: "float", scalar: true },
    axes: { position: 3, sinceOpset: 18, elementType: "int64" },
  },
  // Pad-18 may name the axes of its pads.
  resolve: ([x], { mode, pads = [], value, axes }) => {
    const rank = x.type.shape.length;
    const full = axes === undefined ? pads : new Array<number>(2 * rank).fill(0);
    axes?.forEach((axis, i) => {
      const along = normalizeAxis(axis, rank);
      (full as number[])[along] = pads[i] as number;
      (full as number[])[rank + along] = pads[axes.length + i] as number;
    });
    return { mode, pads: full, value };
  },
  outputTypes: ([x], { pads = [] }) => {
    const rank = x.type.shape.length;
    if (pads.length !== 2 * rank) throw new RangeError(`Pad of ${x.name} needs ${2 * rank} pads: found ${pads.length}`);
    const shape = x.type.shape.map((size, axis) => size + (pads[axis] as number) + (pads[rank + axis] as number));
    if (shape.some((size) => size < 0)) {
      throw new RangeError(`Pad of ${x.name} crops more than there is: ${formatShape(shape)}`);
    }
    return [{ elementType: x.type.elementType, shape }];
  },
  flops: noFlops,
  tensorRtLimit: (_inputs, { mode = "constant", pads = [] }, version) => padLimit(mode, pads, version),
  // dx = dy without the border
  gradient: ({ inputs: [x], attributes: { mode = "constant", pads = [] }, dy, math }) => {
    if (mode === "constant") return math.pad(dy, pads.map((size) => -size));
    return foldBorders(math, dy, { x, mode, pads });
  },
};

function padLimit(mode: string, pads: readonly number[], version: TensorRtVersion): string | undefined {
  if (pads.some((size) => size < 0)) return "Pad with negative pads is refused; use Slice";
  if (mode === "wrap" && version < 100000) return "Pad with mode wrap is refused before TensorRT 10; use Concat";
  return undefined;
}

/** y = x repeated to the broadcast of its shape with `shape` */
export const expand: OpDefinition<readonly [Value], { shape: "ints" }> = {
  type: "Expand",
  sinceOpset: 8,
  attributes: { shape: "ints" },
  attributeInputs: { shape: { position: 1, sinceOpset: 8, elementType: "int64" } },
  outputTypes: ([x], { shape = [] }): TensorType[] => [
    { elementType: x.type.elementType, shape: broadcastShapes(x.type.shape, shape) },
  ],
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  // dx = dy, summed over the repeated axes by differentiate
  gradient: ({ dy }) => dy,
  fold: ([x], { shape = [] }) => {
    const repeated = broadcastShapes(x.type.shape, shape);
    return x.constant === undefined || !isShort(repeated) ? undefined : [broadcastData(x.constant, repeated)];
  },
};
