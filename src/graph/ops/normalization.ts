/** Normalization over batch and pixels. */
import type { Formulas, GradientRequest, OpDefinition, Value } from "../op.ts";
import { noTensorRtLimit } from "../op.ts";
import { elementCount, floats, formatShape, sameShape, type TensorType } from "../tensor_type.ts";
import { channelSums, perChannel } from "./channels.ts";

/**
 * y = scale · (x − mean) / √(variance + epsilon) + bias; x `[N, C, ...]`, the others `[C]`.
 *
 * With `training_mode` 1 mean and (biased) variance come from the batch, and the second and third output are
 * `given · momentum + batch · (1 − momentum)` (ONNX BatchNormalization-15). The gradient needs the batch's own values: momentum 0.
 */
export const batchNormalization: OpDefinition<
  readonly [Value, Value, Value, Value, Value],
  { epsilon: "float"; momentum: "float"; training_mode: "int"; spatial: "int" }
> = {
  type: "BatchNormalization",
  sinceOpset: 9,
  attributes: { epsilon: "float", momentum: "float", training_mode: "int", spatial: "int" },
  // BatchNormalization-7 could keep statistics for each pixel.
  resolve: (_inputs, { spatial = 1, training_mode = 0, ...attributes }) => {
    if (spatial !== 1) throw new RangeError("BatchNormalization with spatial 0 is not supported");
    // The attribute came with opset 14; 0 says nothing.
    return training_mode === 0 ? attributes : { ...attributes, training_mode };
  },
  runningStatistics: [3, 4],
  removesChannelShift: true,
  channelParameters: [
    { position: 1, inputAxis: 0, start: 1 },
    { position: 2, inputAxis: 0, start: 0 },
    { position: 3, inputAxis: 0, start: 0 },
    { position: 4, inputAxis: 0, start: 1 },
  ],
  weights: [1, 2],
  outputTypes: ([x, ...statistics], { training_mode = 0 }) => {
    const channels = [x.type.shape[1] as number];
    for (const { name, type } of statistics) {
      if (!sameShape(type.shape, channels)) {
        throw new RangeError(
          `BatchNormalization needs ${name} of shape ${formatShape(channels)}: found ${formatShape(type.shape)}`,
        );
      }
    }
    return training_mode === 0 ? [x.type] : [x.type, statistics[2].type, statistics[3].type];
  },
  flops: (_inputs, [y]) => 2 * elementCount((y as TensorType).shape),
  tensorRtLimit: ([, ...rest], { training_mode = 0 }) => {
    if (training_mode !== 0) return "BatchNormalization is in training mode; export the model for inference";
    return rest.some(({ constant }) => constant === undefined)
      ? "BatchNormalization needs its scale, bias, mean and variance as initializers; make them constants"
      : noTensorRtLimit();
  },
  // frozen: dx = dy · slope, slope = scale / deviation
  // training: dx = slope · (dy − dbias / m − (x − mean) / deviation · dscale / m) for m values per channel
  gradient: [
    (request) => {
      const { inputs: [x, scale], attributes: { training_mode = 0 }, dy, math } = request;
      if (training_mode === 0) {
        return math.mul(dy, perChannel(math, math.div(scale, deviationOf(request)), x));
      }
      const centered = centeredInput(request);
      const deviation = deviationOf(request);
      const slope = math.div(scale, deviation);
      const dBias = channelSums(math, dy);
      const dScale = scaleGradient(request);
      const share = math.scalar(-(x.type.shape[1] as number) / elementCount(x.type.shape));
      const ofCentered = math.mul(math.div(slope, deviation), math.mul(dScale, share));
      const shift = math.mul(slope, math.mul(dBias, share));
      return math.add(affinePerChannel(math, dy, slope, shift), math.mul(centered, perChannel(math, ofCentered, x)));
    },
    scaleGradient,
    ({ dy, math }) => channelSums(math, dy),
    undefined,
    undefined,
  ],
};

type Request = GradientRequest<readonly [Value, Value, Value, Value, Value], typeof batchNormalization.attributes>;

// Σ dy · (x − mean) / deviation
function scaleGradient(request: Request): Value {
  const { dy, math } = request;
  const centered = centeredInput(request);
  const deviation = deviationOf(request);
  return math.div(channelSums(math, math.mul(dy, centered)), deviation);
}

function centeredInput(request: Request): Value {
  const { inputs: [x], math } = request;
  return math.sub(x, perChannel(math, statistics(request).mean, x));
}

function deviationOf(request: Request): Value {
  const { attributes: { epsilon = 1e-5 }, math } = request;
  return math.sqrt(math.add(statistics(request).variance, epsilon));
}

/** What the layer normalizes with: its running averages, or in training mode the batch's own mean and variance. */
function statistics({ inputs, outputs, attributes: { momentum = 0.9, training_mode = 0 } }: Request) {
  if (training_mode === 0) return { mean: inputs[3], variance: inputs[4] };
  const [, mean, variance] = outputs;
  if (momentum !== 0 || mean === undefined || variance === undefined) {
    throw new RangeError(
      `Cannot differentiate BatchNormalization in training mode with momentum ${momentum}: it must be 0`,
    );
  }
  return { mean, variance };
}

// x · slope + shift with one number per channel: an inference BatchNormalization with mean 0 and variance 1 does it in one pass.
function affinePerChannel(math: Formulas, x: Value, slope: Value, shift: Value): Value {
  const channels = slope.type.shape[0] as number;
  const zeros = math.constant(floats(new Float32Array(channels)), "zeros");
  const ones = math.constant(floats(new Float32Array(channels).fill(1)), "ones");
  return math.apply(batchNormalization, [x, slope, shift, zeros, ones], { epsilon: 0 });
}
