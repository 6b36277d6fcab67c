/**
 * Convolution and its transpose.
 *
 * Each is the other's adjoint: Conv's input gradient is a ConvTranspose with the same weight and window, ConvTranspose's is
 * a Conv, and the weight gradient of both is the correlation of the large map with the small one.
 */
import type { OpDefinition, Value } from "../op.ts";
import { elementCount, formatShape, type TensorType } from "../tensor_type.ts";
import { flippedPads, flipWeight, lowerConv, lowerConvTranspose, SCATTER_RATIO } from "./convolution_forms.ts";
import { correlate } from "./correlation.ts";
import { reduceSum } from "./reduce.ts";
import { onnxPads, resolveWindow, type Window, type WindowAttributes } from "./window.ts";

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
  gradient: ({ graph, inputs: [x, w], attributes, needed: [needX, needW, needB], outputGradients }) => {
    const dy = outputGradients[0] as Value;
    const { group = 1 } = attributes;
    const window = convWindow(x, w, attributes);
    const outputPadding = window.outputSizes.map((size, axis) =>
      (x.type.shape[2 + axis] as number) - transposedSize(size, axis, window)
    );
    const depthwise = w.type.shape[0] === group && w.type.shape[1] === 1;
    const gather = window.kernel.length === 2 && window.strides.every((stride) => stride === 1) &&
      (depthwise || (group === 1 && (w.type.shape[0] as number) < SCATTER_RATIO * (w.type.shape[1] as number)));
    const dx = !needX ? undefined : gather
      ? graph.apply(conv, [dy, flipWeight(graph, w, group)], {
        kernel_shape: window.kernel,
        pads: flippedPads(window, x.type.shape.slice(2)),
        dilations: window.dilations,
        ...(group === 1 ? {} : { group }),
      })
      : graph.apply(convTranspose, [dy, w], {
        kernel_shape: window.kernel,
        strides: window.strides,
        pads: onnxPads(window),
        dilations: window.dilations,
        group,
        ...(outputPadding.some((size) => size > 0) ? { output_padding: outputPadding } : {}),
      });
    return [dx, needW ? correlate(graph, x, dy, window, group) : undefined, needB ? sumPixels(graph, dy) : undefined];
  },
};

/** The window of a Conv on `x` with weight `w`. */
export function convWindow(x: Value, w: Value, attributes: WindowAttributes): Window {
  return resolveWindow(x.type.shape.slice(2), w.type.shape.slice(2), attributes);
}

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
  gradient: ({ graph, inputs: [x, w], attributes, needed: [needX, needW, needB], outputGradients }) => {
    const dy = outputGradients[0] as Value;
    const { group = 1 } = attributes;
    const { window } = transposedWindow(x, w, attributes);
    const dx = needX
      ? graph.apply(conv, [dy, w], {
        kernel_shape: window.kernel,
        strides: window.strides,
        pads: onnxPads(window),
        dilations: window.dilations,
        group,
      })
      : undefined;
    return [dx, needW ? correlate(graph, dy, x, window, group) : undefined, needB ? sumPixels(graph, dy) : undefined];
  },
};

// Size of a transposed convolution without output padding (ONNX ConvTranspose-11).
function transposedSize(size: number, axis: number, window: Window): number {
  return (size - 1) * (window.strides[axis] as number) +
    ((window.kernel[axis] as number) - 1) * (window.dilations[axis] as number) + 1 -
    (window.padsBegin[axis] as number) - (window.padsEnd[axis] as number);
}

/** Pads and output sizes of a transposed convolution. */
// auto_pad and output_shape both fix the size first and derive the pads (ONNX ConvTranspose-11).
export function transposedWindow(
  x: Value,
  w: Value,
  attributes: WindowAttributes & {
    readonly output_padding?: readonly number[] | undefined;
    readonly output_shape?: readonly number[] | undefined;
  },
): { window: Window; sizes: number[] } {
  const inputSizes = x.type.shape.slice(2);
  const kernel = w.type.shape.slice(2);
  const strides = attributes.strides ?? kernel.map(() => 1);
  const dilations = attributes.dilations ?? kernel.map(() => 1);
  const padding = attributes.output_padding ?? kernel.map(() => 0);
  const same = attributes.auto_pad?.startsWith("SAME") === true;
  const free = {
    kernel,
    strides,
    dilations,
    padsBegin: kernel.map(() => 0),
    padsEnd: kernel.map(() => 0),
    outputSizes: inputSizes,
  };
  const padsBegin: number[] = [];
  const padsEnd: number[] = [];
  const sizes = inputSizes.map((size, axis) => {
    const full = transposedSize(size, axis, free) + (padding[axis] as number);
    const wanted = attributes.output_shape?.at(axis - kernel.length) ??
      (same ? size * (strides[axis] as number) : undefined);
    if (wanted === undefined) {
      padsBegin.push(attributes.auto_pad === "VALID" ? 0 : attributes.pads?.[axis] ?? 0);
      padsEnd.push(attributes.auto_pad === "VALID" ? 0 : attributes.pads?.[kernel.length + axis] ?? 0);
    } else {
      const total = full - wanted;
      const half = Math.floor(total / 2);
      padsBegin.push(attributes.auto_pad === "SAME_UPPER" ? half : total - half);
      padsEnd.push(total - (padsBegin[axis] as number));
    }
    return full - (padsBegin[axis] as number) - (padsEnd[axis] as number);
  });
  // As a Conv from the large map to the small one, output padding lies beyond the last window: it needs no pad.
  return { window: { ...free, padsBegin, padsEnd }, sizes };
}

function sumPixels(graph: Parameters<typeof conv.gradient>[0]["graph"], dy: Value): Value {
  return graph.apply(reduceSum, [dy], {
    axes: dy.type.shape.map((_, axis) => axis).filter((axis) => axis !== 1),
    keepdims: 0,
  });
}
