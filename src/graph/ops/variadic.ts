/** Element-wise ops with any number of broadcast inputs. */
import type { GradientRequest, OpDefinition, Value } from "../op.ts";
import { noTensorRtLimit } from "../op.ts";
import { broadcastShapes, elementCount, type TensorType } from "../tensor_type.ts";
import { div, mul } from "./arithmetic.ts";
import { equal } from "./comparison.ts";
import { foldNumbers } from "./constant_data.ts";
import { castTo } from "./elementwise.ts";

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
  { graph, inputs, outputs: [y], needed, outputGradients: [dy] }: GradientRequest<
    readonly Value[],
    Record<never, never>
  >,
): (Value | undefined)[] {
  if (inputs.length === 1) return [dy];
  const chosen = inputs.map((x) => castTo(graph, graph.apply(equal, [x, y as Value]), "float32"));
  const share = graph.apply(div, [dy as Value, graph.apply(sum, chosen)]);
  return chosen.map((mask, i) => (needed[i] ? graph.apply(mul, [share, mask]) : undefined));
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
  gradient: ({ inputs, outputGradients: [dy] }) => inputs.map(() => dy),
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
  gradient: ({ graph, inputs, outputGradients: [dy] }) => {
    const share = graph.apply(mul, [dy as Value, graph.scalar(1 / inputs.length)]);
    return inputs.map(() => share);
  },
};
