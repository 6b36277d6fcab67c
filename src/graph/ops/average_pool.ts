/** Means and maxima over windows and over all pixels. */
import type { OpDefinition, Value } from "../op.ts";
import { noTensorRtLimit } from "../op.ts";
import { elementCount, floats, type TensorType } from "../tensor_type.ts";
import { convTranspose } from "./convolution.ts";
import type { Unary } from "./elementwise.ts";
import { shareAmongExtrema } from "./reduce_extremum.ts";
import { poolWindow, type Window, WINDOW_SPEC, type WindowAttributes } from "./window.ts";

const averageAttributes = { ...WINDOW_SPEC, count_include_pad: "int" } as const;

/** y = the mean of each window; padding, and what `ceil_mode` adds to it, counts as zeros with `count_include_pad` 1 and not at all without. */
export const averagePool: OpDefinition<readonly [Value], typeof averageAttributes> = {
  type: "AveragePool",
  sinceOpset: 11,
  attributes: averageAttributes,
  // Dilations came with opset 19; those of 1 say nothing.
  resolve: ([x], { dilations = [], ...attributes }, { opset }) => {
    if (dilations.some((size) => size !== 1)) throw new RangeError("AveragePool with dilations is not supported");
    // ONNX Runtime divides by the whole window before opset 19, and by its part within the padding from there on.
    if (opset >= 19 && attributes.count_include_pad === 1 && overhangs(x, attributes)) {
      throw new RangeError(
        "a window reaches behind the padding, which opset 19 counts otherwise than 17; pad with Pad",
      );
    }
    return attributes;
  },
  outputTypes: ([x], attributes) => [{
    elementType: x.type.elementType,
    shape: [...x.type.shape.slice(0, 2), ...poolWindow(x, attributes).outputSizes],
  }],
  flops: (_inputs, [y], { kernel_shape = [] }) => elementCount((y as TensorType).shape) * elementCount(kernel_shape),
  tensorRtLimit: noTensorRtLimit,
  // dx = Σ over the windows that hold the pixel of dy / (pixels of the window)
  gradient: ({ inputs: [x], attributes, dy, math }) => {
    const window = poolWindow(x, attributes);
    const sizes = x.type.shape.slice(2);
    const [batch, channels] = x.type.shape as [number, number];
    const counts = windowCounts(sizes, window, attributes.count_include_pad === 1);
    const share = math.mul(dy, math.constant(counts, "window_shares"));
    const tiles = window.kernel.every((size, axis) =>
      size === window.strides[axis] && window.padsBegin[axis] === 0 &&
      size * (window.outputSizes[axis] as number) === sizes[axis]
    );
    if (tiles) {
      const repeated = (of: (axis: number) => number) => [
        batch,
        channels,
        ...sizes.flatMap((_, axis) => [window.outputSizes[axis] as number, of(axis)]),
      ];
      const narrow = math.reshape(share, repeated(() => 1));
      const wide = math.expand(narrow, repeated((axis) => window.kernel[axis] as number));
      return math.reshape(wide, x.type.shape);
    }
    // What lies behind the last window is output padding, what the windows reach beyond x is cut off.
    const rest = sizes.map((size, axis) =>
      size - ((window.outputSizes[axis] as number) - 1) * (window.strides[axis] as number) -
      (window.kernel[axis] as number) + (window.padsBegin[axis] as number)
    );
    const ones = floats(new Float32Array(channels * elementCount(window.kernel)).fill(1), [
      channels,
      1,
      ...window.kernel,
    ]);
    return math.apply(convTranspose, [share, math.constant(ones, "ones")], {
      kernel_shape: window.kernel,
      strides: window.strides,
      pads: [...window.padsBegin, ...rest.map((size) => Math.max(0, -size))],
      group: channels,
      ...(rest.some((size) => size > 0) ? { output_padding: rest.map((size) => Math.max(0, size)) } : {}),
    });
  },
};

function overhangs(x: Value, attributes: WindowAttributes): boolean {
  const window = poolWindow(x, attributes);
  return window.outputSizes.some((count, axis) => {
    const end = (count - 1) * (window.strides[axis] as number) + (window.kernel[axis] as number);
    return end > (x.type.shape[2 + axis] as number) + (window.padsBegin[axis] as number) +
        (window.padsEnd[axis] as number);
  });
}

// 1 / (pixels that each window averages), in the shape that broadcasts against y.
function windowCounts(sizes: readonly number[], window: Window, withPadding: boolean) {
  let shares = [1];
  sizes.forEach((size, axis) => {
    const before = window.padsBegin[axis] as number;
    const [low, high] = withPadding ? [-Infinity, Infinity] : [0, size];
    const along = Array.from({ length: window.outputSizes[axis] as number }, (_, i) => {
      const start = i * (window.strides[axis] as number) - before;
      return Math.min(start + (window.kernel[axis] as number), high) - Math.max(start, low);
    });
    shares = shares.flatMap((share) => along.map((count) => share / count));
  });
  return floats(shares, [1, 1, ...window.outputSizes]);
}

function pixelAxes(x: Value): number[] {
  return x.type.shape.map((_, axis) => axis).slice(2);
}

function globalType([x]: readonly [Value]): TensorType[] {
  return [{ elementType: x.type.elementType, shape: x.type.shape.map((size, axis) => (axis < 2 ? size : 1)) }];
}

/** y = the mean over all pixels */
export const globalAveragePool: Unary = {
  type: "GlobalAveragePool",
  sinceOpset: 1,
  attributes: {},
  outputTypes: globalType,
  flops: ([x]) => elementCount(x.type.shape),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy / pixels, repeated
  gradient: ({ inputs: [x], dy, math }) => {
    const share = math.mul(dy, 1 / elementCount(x.type.shape.slice(2)));
    return math.expand(share, x.type.shape);
  },
};

/** y = the largest of all pixels */
export const globalMaxPool: Unary = {
  type: "GlobalMaxPool",
  sinceOpset: 1,
  attributes: {},
  outputTypes: globalType,
  flops: ([x]) => elementCount(x.type.shape),
  tensorRtLimit: noTensorRtLimit,
  // dx = dy / (number of pixels that equal y) where x = y
  gradient: (request) => shareAmongExtrema({ ...request, attributes: { axes: pixelAxes(request.inputs[0]) } }),
};
