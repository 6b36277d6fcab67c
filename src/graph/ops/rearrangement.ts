/** Ops that take apart, pick, repeat and interleave: Split, Gather, Tile, DepthToSpace, SpaceToDepth. */
import type { OpDefinition, Value } from "../op.ts";
import { noFlops, noTensorRtLimit } from "../op.ts";
import {
  ELEMENT_ARRAYS,
  elementCount,
  floats,
  formatShape,
  normalizeAxis,
  numbersOf,
  sameShape,
  type TensorData,
  type TensorType,
} from "../tensor_type.ts";
import { isShort, stridedCopy, stridesOf } from "./constant_data.ts";
import { multiplyAlongAxis } from "./reduce.ts";

/** yᵢ = the parts of x of sizes `split` along `axis` */
export const split: OpDefinition<readonly [Value], { axis: "int"; split: "ints"; num_outputs: "int" }> = {
  type: "Split",
  sinceOpset: 2,
  attributes: { axis: "int", split: "ints", num_outputs: "int" },
  attributeInputs: { split: { position: 1, sinceOpset: 13, elementType: "int64" } },
  // Without sizes the parts are equal, the last one perhaps smaller (Split-18).
  resolve: ([x], { axis = 0, split, num_outputs }, { outputCount }) => {
    const total = x.type.shape[normalizeAxis(axis, x.type.shape.length)] as number;
    const parts = outputCount;
    if (parts !== (split?.length ?? num_outputs ?? parts)) {
      throw new RangeError(`it has ${parts} outputs for ${split?.length ?? num_outputs} parts`);
    }
    const part = Math.ceil(total / parts);
    return {
      axis,
      split: split ?? Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(part, total - i * part))),
    };
  },
  handsOn: true,
  outputTypes: ([x], { axis = 0, split = [] }) => {
    const along = normalizeAxis(axis, x.type.shape.length);
    if (split.reduce((sum, part) => sum + part, 0) !== x.type.shape[along] || split.some((part) => part < 0)) {
      throw new RangeError(
        `Split of ${x.name} ${formatShape(x.type.shape)} along axis ${along} cannot give parts of ${
          formatShape(split)
        }`,
      );
    }
    return split.map((part) => ({
      elementType: x.type.elementType,
      shape: x.type.shape.map((size, i) => (i === along ? part : size)),
    }));
  },
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  gradientOfAllOutputs: true,
  // dx = the dyᵢ one after the other
  gradient: ({ attributes: { axis = 0 }, outputGradients, math }) => math.concat(outputGradients, axis),
  fold: ([x], attributes) => {
    const { constant } = x;
    if (constant === undefined) return undefined;
    const strides = stridesOf(x.type.shape);
    const along = normalizeAxis(attributes.axis ?? 0, x.type.shape.length);
    let start = 0;
    return split.outputTypes([x], attributes).map(({ shape }) => {
      const part = stridedCopy(constant, shape, { strides, offset: start * (strides[along] as number) });
      start += shape[along] as number;
      return part;
    });
  },
};

/** y = x[indices] along `axis`: the shape of the indices takes the place of the axis */
export const gather: OpDefinition<readonly [Value, Value], { axis: "int" }> = {
  type: "Gather",
  sinceOpset: 1,
  attributes: { axis: "int" },
  outputTypes: ([x, indices], { axis = 0 }) => {
    const along = normalizeAxis(axis, x.type.shape.length);
    const shape = [...x.type.shape.slice(0, along), ...indices.type.shape, ...x.type.shape.slice(along + 1)];
    return [{ elementType: x.type.elementType, shape }];
  },
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  // dx = selectionᵀ · dy along the axis, with 1 in the selection where an index picks an element
  gradient: [({ inputs: [x, indices], attributes: { axis = 0 }, dy, math }) => {
    if (indices.constant === undefined) return undefined;
    const along = normalizeAxis(axis, x.type.shape.length);
    const size = x.type.shape[along] as number;
    const picked = pickedIndices(indices.constant, size);
    const selection = new Float32Array(size * picked.length);
    picked.forEach((index, i) => (selection[index * picked.length + i] = 1));
    const shape = x.type.shape.map((other, i) => (i === along ? picked.length : other));
    const matrix = math.constant(floats(selection, [size, picked.length]), "selection");
    return multiplyAlongAxis(math, math.reshape(dy, shape), { matrix, axis: along });
  }, undefined],
  fold: ([x, indices], attributes) => {
    if (x.constant === undefined || indices.constant === undefined) return undefined;
    const [type] = gather.outputTypes([x, indices], attributes) as [TensorType];
    if (!isShort(type.shape) && elementCount(type.shape) > x.constant.values.length) return undefined;
    const along = normalizeAxis(attributes.axis ?? 0, x.type.shape.length);
    const picked = pickedIndices(indices.constant, x.type.shape[along] as number);
    const row = elementCount(x.type.shape.slice(along + 1));
    const block = row * (x.type.shape[along] as number);
    const values = new ELEMENT_ARRAYS[type.elementType](elementCount(type.shape));
    let offset = 0;
    for (let start = 0; start < x.constant.values.length; start += block) {
      for (const index of picked) {
        const part = x.constant.values.subarray(start + index * row, start + (index + 1) * row);
        (values as Float32Array).set(part as Float32Array, offset);
        offset += row;
      }
    }
    return [{ ...type, values } as TensorData];
  },
};

function pickedIndices(indices: TensorData, size: number): number[] {
  return numbersOf(indices).map((index) => normalizeIndex(index, size));
}

function normalizeIndex(index: number, size: number): number {
  const positive = index < 0 ? index + size : index;
  if (positive < 0 || positive >= size) throw new RangeError(`Index ${index} lies outside of ${size} elements`);
  return positive;
}

/** y = x repeated `repeats` times along each axis */
export const tile: OpDefinition<readonly [Value], { repeats: "ints" }> = {
  type: "Tile",
  sinceOpset: 6,
  attributes: { repeats: "ints" },
  attributeInputs: { repeats: { position: 1, sinceOpset: 6, elementType: "int64" } },
  outputTypes: ([x], { repeats = [] }) => {
    if (repeats.length !== x.type.shape.length) {
      throw new RangeError(`Tile of ${x.name} needs ${x.type.shape.length} repeats: found ${repeats.length}`);
    }
    const shape = x.type.shape.map((size, axis) => size * (repeats[axis] as number));
    return [{ elementType: x.type.elementType, shape }];
  },
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  // dx = Σ of dy over the copies
  gradient: ({ inputs: [x], attributes: { repeats = [] }, dy, math }) => {
    const copies = x.type.shape.flatMap((size, axis) => [repeats[axis] as number, size]);
    const split = math.reshape(dy, copies);
    const axes = x.type.shape.map((_, axis) => 2 * axis);
    return math.reduceSum(split, { axes, keepdims: 0 });
  },
};

function boolLimit(op: string): (inputs: readonly [Value]) => string | undefined {
  return ([x]) => (x.type.elementType === "bool" ? `${op} of bool is refused; cast to float32` : undefined);
}

/** y = x with blocks of channels moved to blocks of pixels (mode "DCR": the block's place stands before the channel, "CRD": after) */
export const depthToSpace: OpDefinition<readonly [Value], { blocksize: "int"; mode: "string" }> = {
  type: "DepthToSpace",
  sinceOpset: 11,
  attributes: { blocksize: "int", mode: "string" },
  outputTypes: ([x], { blocksize = 1 }) => {
    const [batch, channels, height, width] = imageShape("DepthToSpace", x);
    if (channels % blocksize ** 2 !== 0) {
      throw new RangeError(`DepthToSpace cannot spread ${channels} channels over blocks of ${blocksize}`);
    }
    const shape = [batch, channels / blocksize ** 2, height * blocksize, width * blocksize];
    return [{ elementType: x.type.elementType, shape }];
  },
  flops: noFlops,
  tensorRtLimit: boolLimit("DepthToSpace"),
  // DCR: dx = SpaceToDepth(dy);  CRD: the same with the channel before the block's place
  gradient: ({ inputs: [x], attributes: { blocksize = 1, mode = "DCR" }, dy, math }) => {
    if (mode === "DCR") return math.apply(spaceToDepth, [dy], { blocksize });
    const [batch, channels, height, width] = imageShape("DepthToSpace", x);
    const blocks = math.reshape(dy, [batch, channels / blocksize ** 2, height, blocksize, width, blocksize]);
    const moved = math.transpose(blocks, [0, 1, 3, 5, 2, 4]);
    return math.reshape(moved, x.type.shape);
  },
};

/** y = x with blocks of pixels moved to blocks of channels; the block's place stands before the channel */
export const spaceToDepth: OpDefinition<readonly [Value], { blocksize: "int" }> = {
  type: "SpaceToDepth",
  sinceOpset: 1,
  attributes: { blocksize: "int" },
  outputTypes: ([x], { blocksize = 1 }) => {
    const [batch, channels, height, width] = imageShape("SpaceToDepth", x);
    const shape = [batch, channels * blocksize ** 2, height / blocksize, width / blocksize];
    if (!sameShape(shape, shape.map(Math.floor))) {
      throw new RangeError(`SpaceToDepth needs sizes that are multiples of ${blocksize}: found ${height} × ${width}`);
    }
    return [{ elementType: x.type.elementType, shape }];
  },
  flops: noFlops,
  tensorRtLimit: boolLimit("SpaceToDepth"),
  // dx = DepthToSpace(dy)
  gradient: ({ attributes: { blocksize = 1 }, dy, math }) => math.apply(depthToSpace, [dy], { blocksize, mode: "DCR" }),
};

function imageShape(op: string, x: Value): [number, number, number, number] {
  if (x.type.shape.length !== 4) {
    throw new RangeError(`${op} needs a tensor of four axes: ${x.name} has ${formatShape(x.type.shape)}`);
  }
  return x.type.shape as unknown as [number, number, number, number];
}
