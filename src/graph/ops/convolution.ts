/**
 * Convolution and its transpose.
 *
 * Each is the other's adjoint: Conv's input gradient is a ConvTranspose with the same weight and window, ConvTranspose's is
 * a Conv, and the weight gradient of both is the correlation of the large map with the small one.
 */
import type { Attributes, Formulas, OpDefinition, Value } from "../op.ts";
import { elementCount, formatShape, type TensorType } from "../tensor_type.ts";
import { channelSums } from "./channels.ts";
import { convAsProduct, flippedPads, flipWeight, lowerConvTranspose, SCATTER_RATIO } from "./convolution_forms.ts";
import { correlate } from "./correlation.ts";
import { convWindow, onnxPads, transposedSize, transposedWindow, withGivenPads } from "./window.ts";

/** y[n, o, p] = b[o] + Σ x[n, i, p · stride + k · dilation − pad] · w[o, i, k]; x `[N, I, ...]`, w `[O, I / group, ...]`, b `[O]`. */
export const conv: OpDefinition<
  readonly [Value, Value, Value?],
  { kernel_shape: "ints"; strides: "ints"; pads: "ints"; dilations: "ints"; group: "int"; auto_pad: "string" }
> = {
  type: "Conv",
  sinceOpset: 1,
  attributes: {
    kernel_shape: "ints",
    strides: "ints",
    pads: "ints",
    dilations: "ints",
    group: "int",
    auto_pad: "string",
  },
  weights: [1, 2],
  // ONNX Runtime reads auto_pad as if dilations were 1.
  resolve: ([x, w], attributes) => withGivenPads(attributes, () => convWindow(x, w, attributes)),
  outputTypes: ([x, w], attributes) => {
    const { group = 1 } = attributes;
    const [batch, inputs] = x.type.shape as [number, number];
    const [outputs, perGroup] = w.type.shape as [number, number];
    if (x.type.shape.length !== w.type.shape.length || inputs !== perGroup * group || outputs % group !== 0) {
      throw new RangeError(
        `Conv input ${x.name} ${formatShape(x.type.shape)} does not fit weight ${w.name} ${
          formatShape(w.type.shape)
        } with group ${group}`,
      );
    }
    return [{ elementType: x.type.elementType, shape: [batch, outputs, ...convWindow(x, w, attributes).outputSizes] }];
  },
  flops: ([, w, b], [y]) => {
    const { shape } = y as TensorType;
    return elementCount(shape) * (2 * elementCount(w.type.shape.slice(1)) + (b === undefined ? 0 : 1));
  },
  tensorRtLimit: ([, w], { pads, auto_pad = "NOTSET" }, version) => {
    if (w.constant === undefined && version < 100000) {
      return "Conv needs its weight as an initializer before TensorRT 10; make it a constant";
    }
    if (pads !== undefined && auto_pad.startsWith("SAME")) {
      return "Conv with both pads and auto_pad is refused; keep pads alone";
    }
    return undefined;
  },
  channelShift: 2,
  channelParameters: [
    { position: 1, outputAxis: 0, inputAxis: 1, start: "uniform" },
    { position: 2, outputAxis: 0, start: "uniform" },
  ],
  lower: lowerConv,
  // dx = ConvTranspose(dy, w), dw = correlation of x and dy, db = Σ dy
  gradient: [
    ({ inputs: [x, w], attributes, dy, math }) => {
      const { group = 1 } = attributes;
      const window = convWindow(x, w, attributes);
      const outputPadding = window.outputSizes.map((size, axis) =>
        (x.type.shape[2 + axis] as number) - transposedSize(size, axis, window)
      );
      const depthwise = w.type.shape[0] === group && w.type.shape[1] === 1;
      const gather = window.kernel.length === 2 && window.strides.every((stride) => stride === 1) &&
        (depthwise || (group === 1 && (w.type.shape[0] as number) < SCATTER_RATIO * (w.type.shape[1] as number)));
      return gather
        ? math.apply(conv, [dy, flipWeight(math, w, group)], {
          kernel_shape: window.kernel,
          pads: flippedPads(window, x.type.shape.slice(2)),
          dilations: window.dilations,
          ...(group === 1 ? {} : { group }),
        })
        : math.apply(convTranspose, [dy, w], {
          kernel_shape: window.kernel,
          strides: window.strides,
          pads: onnxPads(window),
          dilations: window.dilations,
          group,
          ...(outputPadding.some((size) => size > 0) ? { output_padding: outputPadding } : {}),
        });
    },
    ({ inputs: [x, w], attributes, dy, math }) =>
      correlate(math, x, dy, convWindow(x, w, attributes), attributes.group ?? 1),
    ({ dy, math }) => channelSums(math, dy),
  ],
};

/** y[n, o, p · stride + k · dilation − pad] += x[n, i, p] · w[i, o, k]; x `[N, I, ...]`, w `[I, O / group, ...]`, b `[O]`. */
export const convTranspose: OpDefinition<
  readonly [Value, Value, Value?],
  {
    kernel_shape: "ints";
    strides: "ints";
    pads: "ints";
    dilations: "ints";
    group: "int";
    output_padding: "ints";
    output_shape: "ints";
    auto_pad: "string";
  }
> = {
  type: "ConvTranspose",
  sinceOpset: 1,
  attributes: {
    kernel_shape: "ints",
    strides: "ints",
    pads: "ints",
    dilations: "ints",
    group: "int",
    output_padding: "ints",
    output_shape: "ints",
    auto_pad: "string",
  },
  weights: [1, 2],
  resolve: (_inputs, attributes) => withoutLargePadding(attributes),
  outputTypes: ([x, w], attributes) => {
    const { group = 1 } = attributes;
    const [batch, inputs] = x.type.shape as [number, number];
    if (x.type.shape.length !== w.type.shape.length || inputs !== w.type.shape[0] || inputs % group !== 0) {
      throw new RangeError(
        `ConvTranspose input ${x.name} ${formatShape(x.type.shape)} does not fit weight ${w.name} ${
          formatShape(w.type.shape)
        } with group ${group}`,
      );
    }
    const { sizes } = transposedWindow(x, w, attributes);
    return [{ elementType: x.type.elementType, shape: [batch, (w.type.shape[1] as number) * group, ...sizes] }];
  },
  flops: ([x, w, b], [y]) =>
    2 * elementCount(x.type.shape) * elementCount(w.type.shape.slice(1)) +
    (b === undefined ? 0 : elementCount((y as TensorType).shape)),
  tensorRtLimit: ([, w], { pads = [] }, version) => {
    if (w.constant === undefined && version < 100000) {
      return "ConvTranspose needs its weight as an initializer before TensorRT 10; make it a constant";
    }
    if (pads.some((size) => size < 0)) return "ConvTranspose with negative pads is refused; use Slice";
    return undefined;
  },
  channelShift: 2,
  channelParameters: [
    { position: 1, outputAxis: 1, inputAxis: 0, start: "uniform" },
    { position: 2, outputAxis: 0, start: "uniform" },
  ],
  lower: lowerConvTranspose,
  // dx = Conv(dy, w), dw = correlation of dy and x, db = Σ dy
  gradient: [
    ({ inputs: [x, w], attributes, dy, math }) => {
      const { window } = transposedWindow(x, w, attributes);
      return math.apply(conv, [dy, w], {
        kernel_shape: window.kernel,
        strides: window.strides,
        pads: onnxPads(window),
        dilations: window.dilations,
        group: attributes.group ?? 1,
      });
    },
    ({ inputs: [x, w], attributes, dy, math }) => {
      const { window } = transposedWindow(x, w, attributes);
      return correlate(math, dy, x, window, attributes.group ?? 1);
    },
    ({ dy, math }) => channelSums(math, dy),
  ],
};

// As one matrix product where maps are small, and as a scattering ConvTranspose where outputs are few.
function lowerConv(
  math: Formulas,
  inputs: readonly [Value, Value, Value?],
  attributes: Attributes<typeof conv.attributes>,
): Value[] | undefined {
  const [x, w, b] = inputs;
  const window = convWindow(x, w, attributes);
  const { group = 1 } = attributes;
  const product = convAsProduct(math, inputs, { window, group });
  if (product !== undefined) return [product];
  const [outputs, channels] = w.type.shape as [number, number];
  const scatters = group === 1 && window.kernel.length === 2 && channels >= SCATTER_RATIO * outputs &&
    elementCount(window.kernel) > 1 && window.strides.every((stride) => stride === 1);
  if (!scatters) return undefined;
  // Conv with w equals ConvTranspose with the flipped w.
  const flipped = flipWeight(math, w);
  return [math.apply(convTranspose, b === undefined ? [x, flipped] : [x, flipped, b], {
    kernel_shape: window.kernel,
    pads: flippedPads(window, x.type.shape.slice(2)),
    dilations: window.dilations,
  })];
}

/**
 * Output padding as smaller end pads, which is the same: where it is a stride or more, ONNX Runtime 1.27 computes it wrongly. (Up to a
 * stride it is right, and what TensorRT takes.)
 */
function withoutLargePadding(
  attributes: Attributes<typeof convTranspose.attributes>,
): Attributes<typeof convTranspose.attributes> {
  const { output_padding = [], strides, pads, output_shape, auto_pad = "NOTSET", ...others } = attributes;
  const large = output_padding.some((size, axis) => size > 0 && size >= (strides?.[axis] ?? 1));
  if (!large || output_shape !== undefined || auto_pad !== "NOTSET") return attributes;
  const rank = output_padding.length;
  const given = pads ?? new Array<number>(2 * rank).fill(0);
  return {
    ...others,
    strides,
    pads: given.map((size, i) => (i < rank ? size : size - (output_padding[i - rank] as number))),
  };
}
