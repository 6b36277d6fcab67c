/** Element-wise ops with any number of broadcast inputs. */
import type { GradientRequest, OpDefinition, Value } from "../op.ts";
import { noTensorRtLimit } from "../op.ts";
import { broadcastShapes, elementCount, type TensorType } from "../tensor_type.ts";
import { foldNumbers } from "./constant_data.ts";

/** An op with one or more broadcast inputs of one element type. */
export type Variadic = OpDefinition<readonly Value[], Record<never, never>>;

function variadicType(inputs: readonly Value[]): TensorType[] {
  const [first] = inputs;
  if (first === undefined) throw new RangeError("An op with any number of inputs needs at least one");
  for (const { name, type } of inputs) {
    if (type.elementType !== first.type.elementType) {
      throw new RangeError(
        `Element types of ${first.name} and ${name} must be equal: found ${first.type.elementType} and ${type.elementType}`,
      );
    }
  }
  return [{ elementType: first.type.elementType, shape: broadcastShapes(...inputs.map(({ type }) => type.shape)) }];
}

function variadicFlops(inputs: readonly Value[], outputs: readonly TensorType[]): number {
  return inputs.length * elementCount((outputs[0] as TensorType).shape);
}

// Each of the inputs that equal y gets the same share of dy.
function shareAmongEqual(
  { inputs, y, position, dy, math }: GradientRequest<readonly Value[], Record<never, never>>,
): Value | undefined {
  if (inputs.length === 1) return dy;
  const chosen = inputs.map((x) => math.cast(math.equal(x, y), "float32"));
  const mask = chosen[position];
  return mask && math.mul(math.div(dy, math.apply(sum, chosen)), mask);
}

/** y = the largest of the inputs */
export const max: Variadic = {
  type: "Max",
  sinceOpset: 8,
  attributes: {},
  outputTypes: variadicType,
  flops: variadicFlops,
  tensorRtLimit: noTensorRtLimit,
  // dxᵢ = dy / (number of inputs that equal y) where xᵢ = y
  gradient: shareAmongEqual,
  fold: (inputs) => foldNumbers(inputs, variadicType(inputs)[0] as TensorType, Math.max),
};

/** y = the smallest of the inputs */
export const min: Variadic = {
  type: "Min",
  sinceOpset: 8,
  attributes: {},
  outputTypes: variadicType,
  flops: variadicFlops,
  tensorRtLimit: noTensorRtLimit,
  // dxᵢ = dy / (number of inputs that equal y) where xᵢ = y
  gradient: shareAmongEqual,
  fold: (inputs) => foldNumbers(inputs, variadicType(inputs)[0] as TensorType, Math.min),
};

/** y = Σ xᵢ */
export const sum: Variadic = {
  type: "Sum",
  sinceOpset: 8,
  attributes: {},
  outputTypes: variadicType,
  flops: variadicFlops,
  tensorRtLimit: noTensorRtLimit,
  // dxᵢ = dy
  gradient: ({ dy }) => dy,
};

/** y = Σ xᵢ / n */
export const mean: Variadic = {
  type: "Mean",
  sinceOpset: 8,
  attributes: {},
  outputTypes: variadicType,
  flops: variadicFlops,
  tensorRtLimit: noTensorRtLimit,
  // dxᵢ = dy / n
  gradient: ({ inputs, dy, math }) => math.mul(dy, 1 / inputs.length),
};
