/** Normalization over batch and pixels. */
import type { GraphBuilder, OpDefinition, Value } from "../op.ts";
import { noTensorRtLimit } from "../op.ts";
import { elementCount, floats, formatShape, sameShape, type TensorType } from "../tensor_type.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { sqrt } from "./elementwise.ts";
import { reshape } from "./movement.ts";
import { reduceSum } from "./reduce.ts";

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
  gradient: (
    {
      graph,
      inputs,
      outputs,
      attributes: { epsilon = 1e-5, momentum = 0.9, training_mode = 0 },
      needed,
      outputGradients,
    },
  ) => {
    const [x, scale, , givenMean, givenVariance] = inputs;
    const dy = outputGradients[0] as Value;
    if (training_mode !== 0 && momentum !== 0) {
      throw new RangeError(
        `Cannot differentiate BatchNormalization in training mode with momentum ${momentum}: it must be 0`,
      );
    }
    const frozen = training_mode === 0;
    const mean = frozen ? givenMean : (outputs[1] as Value);
    const centered = (needed[0] && !frozen) || needed[1]
      ? graph.apply(sub, [x, perChannel(graph, mean, x)])
      : undefined;
    const axes = x.type.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
    const sum = (value: Value) => graph.apply(reduceSum, [value], { axes, keepdims: 0 });
    const variance = frozen ? givenVariance : (outputs[2] as Value);
    const deviation = graph.apply(sqrt, [graph.apply(add, [variance, graph.scalar(epsilon)])]);
    const slope = graph.apply(div, [scale, deviation]);
    // dbias = Σ dy, dscale = Σ dy · (x − mean) / deviation
    const dBias = !frozen || needed[2] ? sum(dy) : undefined;
    const dScale = centered === undefined
      ? undefined
      : graph.apply(div, [sum(graph.apply(mul, [dy, centered])), deviation]);
    // frozen: dx = dy · slope;  training: dx = slope · (dy − dbias / m − (x − mean) / deviation · dscale / m) for m values per channel.
    let dx: Value | undefined;
    if (needed[0] && frozen) {
      dx = graph.apply(mul, [dy, perChannel(graph, slope, x)]);
    } else if (needed[0] && centered !== undefined && dBias !== undefined && dScale !== undefined) {
      const share = graph.scalar(-(x.type.shape[1] as number) / elementCount(x.type.shape));
      const ofCentered = graph.apply(mul, [graph.apply(div, [slope, deviation]), graph.apply(mul, [dScale, share])]);
      const shift = graph.apply(mul, [slope, graph.apply(mul, [dBias, share])]);
      dx = graph.apply(add, [
        affinePerChannel(graph, dy, slope, shift),
        graph.apply(mul, [centered, perChannel(graph, ofCentered, x)]),
      ]);
    }
    return [dx, needed[1] ? dScale : undefined, needed[2] ? dBias : undefined, undefined, undefined];
  },
};

// x · slope + shift with one number per channel: an inference BatchNormalization with mean 0 and variance 1 does it in one pass.
function affinePerChannel(graph: GraphBuilder, x: Value, slope: Value, shift: Value): Value {
  const channels = slope.type.shape[0] as number;
  const zeros = graph.constant(floats(new Float32Array(channels)), "zeros");
  const ones = graph.constant(floats(new Float32Array(channels).fill(1)), "ones");
  return graph.apply(batchNormalization, [x, slope, shift, zeros, ones], { epsilon: 0 });
}

/** A `[C]` value in the shape that broadcasts against x `[N, C, ...]`. */
export function perChannel(graph: GraphBuilder, value: Value, x: Value): Value {
  return graph.apply(reshape, [value], {
    shape: [value.type.shape[0] as number, ...x.type.shape.slice(2).map(() => 1)],
  });
}
