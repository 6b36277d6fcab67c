/** Quantization: numbers as whole multiples of a scale. Both ops mark where an engine computes in INT8; they are written out in files. */
import type { OpDefinition, Value } from "../op.ts";
import { noFlops, noGradient, noTensorRtLimit } from "../op.ts";
import { type ElementType, sameShape, type TensorType } from "../tensor_type.ts";

type QuantizationInputs = readonly [x: Value, scale: Value, zeroPoint?: Value];

const QUANTIZED: readonly ElementType[] = ["int8", "uint8", "int16", "uint16", "int32"];

/** y = saturate(round(x / scale) + zero point), ties to even; one scale, or one for each index of `axis`. The type is that of the zero point. */
export const quantizeLinear: OpDefinition<QuantizationInputs, { axis: "int" }> = {
  type: "QuantizeLinear",
  sinceOpset: 13,
  attributes: { axis: "int" },
  outputTypes([x, scale, zeroPoint], { axis }) {
    checkScales(x.type, { scale, zeroPoint, axis });
    return [{ elementType: zeroPoint?.type.elementType ?? "uint8", shape: x.type.shape }];
  },
  // Engines round inside of the kernel beside it.
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  gradient: noGradient,
};

/** y = (x − zero point) · scale, of the type of the scale. */
export const dequantizeLinear: OpDefinition<QuantizationInputs, { axis: "int" }> = {
  type: "DequantizeLinear",
  sinceOpset: 13,
  attributes: { axis: "int" },
  outputTypes([x, scale, zeroPoint], { axis }) {
    if (!QUANTIZED.includes(x.type.elementType)) {
      throw new RangeError(`DequantizeLinear needs whole numbers: ${x.name} is ${x.type.elementType}`);
    }
    checkScales(x.type, { scale, zeroPoint, axis });
    return [{ elementType: scale.type.elementType, shape: x.type.shape }];
  },
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  gradient: noGradient,
};

function checkScales(
  { shape }: TensorType,
  { scale, zeroPoint, axis = 1 }: { scale: Value; zeroPoint: Value | undefined; axis: number | undefined },
): void {
  const one = scale.type.shape.length === 0 || sameShape(scale.type.shape, [1]);
  const channels = shape.at(axis);
  if (!one && !(scale.type.shape.length === 1 && scale.type.shape[0] === channels)) {
    throw new RangeError(
      `${scale.name} has the shape [${
        scale.type.shape.join(", ")
      }]: expected one scale, or ${channels} for axis ${axis}`,
    );
  }
  if (zeroPoint !== undefined && !sameShape(zeroPoint.type.shape, scale.type.shape)) {
    throw new RangeError(`${zeroPoint.name} and ${scale.name} must have the same shape`);
  }
}
