/** One run of a model with its inputs and outputs, for a device to compare with. */
import { makePhantom } from "../data/phantom.ts";
import type { ModelMetadata } from "../graph/onnx/metadata.ts";
import type { OnnxValue } from "../graph/onnx/model.ts";
import type { DescribedModel, Model } from "../model/model.ts";
import { elementCount, floats } from "../graph/tensor_type.ts";
import { networkSquare, prepareImage } from "../imaging/network_input.ts";
import type { Normalization } from "../imaging/normalize.ts";
import { toCanonical } from "../imaging/orientation.ts";
import { sliceGeometry } from "../imaging/slices.ts";
import { scalingAffine, type Volume } from "../imaging/volume.ts";
import { Failure } from "../failure.ts";
import { labelValues } from "../prediction/predict_cases.ts";
import { safeNetworkOptimization } from "../prediction/network.ts";
import { createPredictor } from "../prediction/predictor.ts";
import { Random } from "../random.ts";
import { createSession } from "../runtime/session.ts";
import type { ReferenceTensor } from "../tensorrt/kit.ts";
import type { ReferenceFrame } from "../tensorrt/kit_runner.ts";

/** The tensors of one run. */
export interface ReferenceRun {
  readonly inputs: readonly ReferenceTensor[];
  readonly outputs: readonly ReferenceTensor[];
}

/**
 * Runs a model with static float32 shapes in ONNX Runtime.
 *
 * The input is the middle slice of `image`, or of a phantom, as the metadata prepare it; without metadata it is seeded noise.
 *
 * @throws {Failure} where an input or output is not float32 of a fixed shape.
 */
export async function referenceRun(
  { bytes, onnx, metadata }: Model,
  image: Volume | undefined,
): Promise<ReferenceRun> {
  const contract = ({ name, elementType, shape = [] }: OnnxValue) => {
    if (elementType !== "float32" || !shape.every((dimension) => typeof dimension === "number")) {
      throw new Failure(
        `Cannot make a reference of ${name}: it is no float32 of a fixed shape; export the model again`,
      );
    }
    return { name, elementType, shape: shape as readonly number[] };
  };
  const inputs = onnx.inputs.map(contract).map((input) => ({
    ...input,
    values: metadata === undefined ? noise(input.shape) : slices(input.shape, metadata, image),
  }));
  const optimization = await safeNetworkOptimization(bytes, onnx);
  const session = await createSession(bytes, { threads: 1, optimization, exactQuantization: true });
  try {
    const feeds = Object.fromEntries(inputs.map(({ name, values, shape }) => [name, floats(values, shape)]));
    const results = await session.run(feeds);
    const outputs = onnx.outputs.map(contract).map((output) => ({
      ...output,
      values: results[output.name]?.values as Float32Array,
    }));
    return { inputs, outputs };
  } finally {
    await session.release();
  }
}

/**
 * The middle slice of `image`, or of a phantom, as a frame of its own, and the mask that the model gives it.
 *
 * Alone it is normalized by itself, so that its square differs a little from the one of {@link referenceRun}.
 */
export async function referenceFrame(model: DescribedModel, image: Volume | undefined): Promise<ReferenceFrame> {
  const { metadata } = model;
  const { plane } = metadata;
  const { volume } = toCanonical(image ?? phantom(metadata.input.channels.length));
  const geometry = sliceGeometry(volume, plane);
  const { rows, columns, rowStride, columnStride, rowSpacingMm, columnSpacingMm } = geometry;
  const pixels = rows * columns;
  const first = Math.floor(geometry.count / 2) * geometry.sliceStride;
  const data = Float32Array.from({ length: volume.channels * pixels }, (_, i) => {
    const [channel, row, column] = [Math.floor(i / pixels), Math.floor(i % pixels / columns), i % columns];
    return volume.data[first + channel * geometry.channelStride + row * rowStride + column * columnStride] as number;
  });
  const along = <T>(column: T, row: T, slice: T): [T, T, T] =>
    plane === "axial" ? [column, row, slice] : plane === "coronal" ? [column, slice, row] : [slice, column, row];
  const affine = scalingAffine(along(columnSpacingMm, rowSpacingMm, geometry.sliceSpacingMm));
  const slice = { ...volume, data, shape: along(columns, rows, 1), affine };
  const predictor = await createPredictor(model, { threads: 1, exactQuantization: true });
  try {
    const { mask } = await predictor.segment(slice);
    // On the screen rows and columns run backwards: each channel as a whole.
    for (let at = 0; at < data.length; at += pixels) data.subarray(at, at + pixels).reverse();
    return {
      rows,
      columns,
      spacingMm: [rowSpacingMm, columnSpacingMm],
      values: data,
      mask: labelValues(mask.data, metadata.labels).reverse(),
    };
  } finally {
    await predictor.release();
  }
}

function noise(shape: readonly number[]): Float32Array {
  const random = new Random(0);
  return Float32Array.from({ length: elementCount(shape) }, () => random.normal());
}

/** The middle slice for every image of the batch. */
function slices(shape: readonly number[], { input, plane }: ModelMetadata, given: Volume | undefined): Float32Array {
  const image = given ?? phantom(input.channels.length);
  const prepared = prepareImage(image, { normalization: input.normalization as unknown as Normalization, plane });
  const square = networkSquare(prepared, Math.floor(prepared.geometry.count / 2), input.size);
  const values = new Float32Array(elementCount(shape));
  for (let at = 0; at < values.length; at += square.length) values.set(square, at);
  return values;
}

/** A made-up head, the same in every channel. */
function phantom(channels: number): Volume {
  const { image } = makePhantom(0);
  const data = new Float32Array(image.data.length * channels);
  for (let channel = 0; channel < channels; channel++) data.set(image.data, channel * image.data.length);
  return { ...image, data, channels };
}
