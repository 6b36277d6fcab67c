/** Pooling ops. */
import type { OpDefinition, Value } from "../op.ts";
import { noTensorRtLimit } from "../op.ts";
import { elementCount, type TensorType } from "../tensor_type.ts";
import { poolWindow, type Window, WINDOW_SPEC, withGivenPads } from "./window.ts";

/** y = the largest value of each window; the second output holds where it stood in x, counted over the whole tensor. */
export const maxPool: OpDefinition<
  readonly [Value],
  typeof WINDOW_SPEC & { storage_order: "int" },
  readonly [Value, Value]
> = {
  type: "MaxPool",
  sinceOpset: 8,
  attributes: { ...WINDOW_SPEC, storage_order: "int" },
  optionalOutputs: true,
  resolve: ([x], { storage_order = 0, ...attributes }, { outputCount }) => {
    // It numbers the places alone.
    if (storage_order !== 0 && outputCount > 1) {
      throw new RangeError("storage_order 1 numbers places by columns, which is not supported; export it with 0");
    }
    return withGivenPads(attributes, () => poolWindow(x, attributes));
  },
  outputTypes: ([x], attributes) => {
    const shape = [...x.type.shape.slice(0, 2), ...poolWindow(x, attributes).outputSizes];
    return [{ elementType: x.type.elementType, shape }, { elementType: "int64", shape }];
  },
  flops: (_inputs, [y], { kernel_shape = [] }) => elementCount((y as TensorType).shape) * elementCount(kernel_shape),
  tensorRtLimit: (_inputs, { dilations = [] }) =>
    dilations.some((size) => size !== 1) ? "MaxPool with dilations is refused; use dilations of 1" : undefined,
  // dx[index of the largest] += dy
  gradient: ({ inputs: [x], outputs: [, indices], attributes, dy, math }) => {
    const window = poolWindow(x, attributes);
    // MaxUnpool sets instead of adding, and wants every window inside of x.
    const disjoint = window.kernel.every((size, axis) => {
      const stride = window.strides[axis] as number;
      const reach = ((window.outputSizes[axis] as number) - 1) * stride + size;
      return size <= stride && window.dilations[axis] === 1 && reach <= (x.type.shape[2 + axis] as number);
    });
    if (disjoint) return math.apply(maxUnpool, [dy, indices], unpoolAttributes(x, window));
    const flat = (value: Value) => math.reshape(value, [elementCount(value.type.shape)]);
    const start = math.zeros([elementCount(x.type.shape)]);
    const sums = math.apply(scatterElements, [start, flat(indices), flat(dy)], {
      axis: 0,
      reduction: "add",
    });
    return math.reshape(sums, x.type.shape);
  },
};

function unpoolAttributes(x: Value, window: Window) {
  return { kernel_shape: window.kernel, strides: window.strides, output_shape: x.type.shape };
}

/** y[indices] = x, 0 elsewhere: MaxPool backwards. */
export const maxUnpool: OpDefinition<
  readonly [Value, Value],
  { kernel_shape: "ints"; strides: "ints"; pads: "ints"; output_shape: "ints" }
> = {
  type: "MaxUnpool",
  sinceOpset: 9,
  attributes: { kernel_shape: "ints", strides: "ints", pads: "ints", output_shape: "ints" },
  attributeInputs: { output_shape: { position: 2, sinceOpset: 9, elementType: "int64" } },
  // Without a shape it is what the windows cover (ONNX MaxUnpool-11).
  resolve: ([x], { output_shape, kernel_shape = [], strides, pads, ...attributes }) => ({
    ...attributes,
    kernel_shape,
    strides,
    pads,
    output_shape: output_shape ?? [
      ...x.type.shape.slice(0, 2),
      ...kernel_shape.map((kernel, axis) =>
        ((x.type.shape[2 + axis] ?? 1) - 1) * (strides?.[axis] ?? 1) + kernel - (pads?.[axis] ?? 0) -
        (pads?.[kernel_shape.length + axis] ?? 0)
      ),
    ],
  }),
  outputTypes: ([x], { output_shape = [] }) => [{ elementType: x.type.elementType, shape: output_shape }],
  flops: () => 0,
  tensorRtLimit: () => "MaxUnpool has no importer; use Resize or ConvTranspose",
  // dx = dy[indices]
  gradient: [({ inputs: [x, indices], dy, math }) => {
    const flat = math.reshape(dy, [elementCount(dy.type.shape)]);
    const places = math.reshape(indices, [elementCount(x.type.shape)]);
    return math.reshape(math.apply(gatherElements, [flat, places], { axis: 0 }), x.type.shape);
  }, undefined],
};

/** y[i] = x[indices[i]] along `axis`, element by element */
export const gatherElements: OpDefinition<readonly [Value, Value], { axis: "int" }> = {
  type: "GatherElements",
  sinceOpset: 11,
  attributes: { axis: "int" },
  outputTypes: ([x, indices]) => [{ elementType: x.type.elementType, shape: indices.type.shape }],
  flops: () => 0,
  tensorRtLimit: noTensorRtLimit,
  // dx = 0 with dy added at the indices
  gradient: [
    ({ inputs: [x, indices], attributes: { axis = 0 }, dy, math }) =>
      math.apply(scatterElements, [math.zeros(x.type.shape), indices, dy], { axis, reduction: "add" }),
    undefined,
  ],
};

/** y = x with `updates` put (or added) at `indices` along `axis` */
export const scatterElements: OpDefinition<readonly [Value, Value, Value], { axis: "int"; reduction: "string" }> = {
  type: "ScatterElements",
  sinceOpset: 16,
  attributes: { axis: "int", reduction: "string" },
  outputTypes: ([x]) => [x.type],
  flops: (inputs) => elementCount(inputs[2].type.shape),
  tensorRtLimit: (_inputs, { reduction = "none" }, version) =>
    reduction !== "none" && version < 80400
      ? "ScatterElements with reduction is not understood before TensorRT 8.4; compute it outside of the model"
      : undefined,
  // d(updates) = dy[indices]; dx = dy for reduction "add"
  gradient: [
    ({ attributes: { reduction = "none" }, dy }) => (reduction === "add" ? dy : undefined),
    undefined,
    ({ inputs: [, indices], attributes: { axis = 0, reduction = "none" }, dy, math }) =>
      reduction === "add" ? math.apply(gatherElements, [dy, indices], { axis }) : undefined,
  ],
};
