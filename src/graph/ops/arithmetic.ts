/** Element-wise ops with two broadcast inputs. Rules return broadcast gradients: `differentiate` undoes the broadcasting. */
import type { OpDefinition, Value } from "../op.ts";
import { noTensorRtLimit } from "../op.ts";
import { broadcastShapes, elementCount, type TensorData, type TensorType } from "../tensor_type.ts";
import { foldNumbers } from "./constant_data.ts";

/** An op with two broadcast inputs and no attributes. */
export type Binary = OpDefinition<readonly [Value, Value], Record<never, never>>;

/** Output type of broadcasting ops. @throws {RangeError} where element types differ or shapes do not fit. */
export function broadcastType([a, b]: readonly [Value, Value]): TensorType[] {
  if (a.type.elementType !== b.type.elementType) {
    throw new RangeError(
      `Element types of ${a.name} and ${b.name} must be equal: found ${a.type.elementType} and ${b.type.elementType}`,
    );
  }
  return [{ elementType: a.type.elementType, shape: broadcastShapes(a.type.shape, b.type.shape) }];
}

/** One operation per output element. */
export function broadcastFlops(_inputs: unknown, outputs: readonly TensorType[]): number {
  return elementCount((outputs[0] as TensorType).shape);
}

function foldPairs(
  compute: (a: number, b: number) => number,
): (inputs: readonly [Value, Value]) => TensorData[] | undefined {
  return (inputs) => foldNumbers(inputs, broadcastType(inputs)[0] as TensorType, compute);
}

/** y = a + b */
export const add: Binary = {
  type: "Add",
  sinceOpset: 7,
  attributes: {},
  outputTypes: broadcastType,
  flops: broadcastFlops,
  tensorRtLimit: noTensorRtLimit,
  // da = dy, db = dy
  gradient: ({ dy }) => dy,
  fold: foldPairs((a, b) => a + b),
};

/** y = a − b */
export const sub: Binary = {
  type: "Sub",
  sinceOpset: 7,
  attributes: {},
  outputTypes: broadcastType,
  flops: broadcastFlops,
  tensorRtLimit: noTensorRtLimit,
  // da = dy, db = −dy
  gradient: [({ dy }) => dy, ({ dy, math }) => math.neg(dy)],
  fold: foldPairs((a, b) => a - b),
};

/** y = a · b */
export const mul: Binary = {
  type: "Mul",
  sinceOpset: 7,
  attributes: {},
  outputTypes: broadcastType,
  flops: broadcastFlops,
  tensorRtLimit: noTensorRtLimit,
  // da = dy · b, db = dy · a
  gradient: [
    ({ inputs: [, b], dy, math }) => math.mul(dy, b),
    ({ inputs: [a], dy, math }) => math.mul(dy, a),
  ],
  fold: foldPairs((a, b) => a * b),
};

/** y = a / b */
export const div: Binary = {
  type: "Div",
  sinceOpset: 7,
  attributes: {},
  outputTypes: broadcastType,
  flops: broadcastFlops,
  tensorRtLimit: noTensorRtLimit,
  // da = dy / b, db = −dy · y / b
  gradient: [
    ({ inputs: [, b], dy, math }) => math.div(dy, b),
    ({ inputs: [, b], y, dy, math }) => math.neg(math.mul(math.div(dy, b), y)),
  ],
  fold: foldPairs((a, b) => a / b),
};
