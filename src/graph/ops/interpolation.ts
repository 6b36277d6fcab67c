/** Where Resize reads: the coordinates of ONNX Resize-13 in float32 steps, as ONNX Runtime computes them. */
import { floats, type TensorData } from "../tensor_type.ts";

/** How one axis is resized. */
export interface ResizedAxis {
  readonly input: number;
  readonly output: number;
  readonly scale: number;
}

/** The attributes of Resize that say where it reads. */
export interface InterpolationAttributes {
  readonly mode?: string | undefined;
  readonly coordinate_transformation_mode?: string | undefined;
  readonly nearest_mode?: string | undefined;
  readonly cubic_coeff_a?: number | undefined;
  readonly exclude_outside?: number | undefined;
}

const { fround } = Math;

// The place in x that element `i` of y stands for.
function sourceCoordinate(i: number, axis: ResizedAxis, transformation: string): number {
  if (axis.scale === 1) return i;
  switch (transformation) {
    case "asymmetric":
      return fround(i / axis.scale);
    case "align_corners":
      return axis.output === 1 ? 0 : fround(fround(i * (axis.input - 1)) / (axis.output - 1));
    case "pytorch_half_pixel":
      if (axis.output === 1) return 0;
      return fround(fround((i + 0.5) / axis.scale) - 0.5);
    case "half_pixel":
      return fround(fround((i + 0.5) / axis.scale) - 0.5);
    default:
      throw new RangeError(`Resize with coordinate_transformation_mode ${transformation} has no gradient`);
  }
}

/** For each element of y the element of x that mode "nearest" copies. */
export function nearestSources(axis: ResizedAxis, attributes: InterpolationAttributes): number[] {
  const { coordinate_transformation_mode = "half_pixel", nearest_mode = "round_prefer_floor" } = attributes;
  return Array.from({ length: axis.output }, (_, i) => {
    const place = sourceCoordinate(i, axis, coordinate_transformation_mode);
    return Math.min(Math.max(roundPlace(place, nearest_mode), 0), axis.input - 1);
  });
}

function roundPlace(place: number, mode: string): number {
  switch (mode) {
    case "floor":
      return Math.floor(place);
    case "ceil":
      return Math.ceil(place);
    case "round_prefer_ceil":
      return Math.floor(place + 0.5);
    default:
      return Math.ceil(place - 0.5);
  }
}

/** The matrix `[input, output]` whose product with dy along an axis is dx: column i holds the weights with which y[i] reads x. */
export function adjointMatrix(axis: ResizedAxis, attributes: InterpolationAttributes): TensorData<"float32"> {
  const { input, output } = axis;
  const weights = new Float32Array(input * output);
  if ((attributes.mode ?? "nearest") === "nearest") {
    nearestSources(axis, attributes).forEach((source, i) => (weights[source * output + i] = 1));
    return floats(weights, [input, output]);
  }
  for (let i = 0; i < output; i++) {
    const place = sourceCoordinate(i, axis, attributes.coordinate_transformation_mode ?? "half_pixel");
    const taps = attributes.mode === "cubic" ? cubicTaps(place, axis, attributes) : linearTaps(place, axis);
    for (const [source, weight] of taps) (weights[source * output + i] as number) += weight;
  }
  return floats(weights, [input, output]);
}

type Tap = readonly [source: number, weight: number];

function linearTaps(place: number, { input }: ResizedAxis): readonly Tap[] {
  const clamped = Math.min(Math.max(place, 0), input - 1);
  const low = Math.floor(clamped);
  const share = fround(clamped - low);
  return [[low, 1 - share], [Math.min(low + 1, input - 1), share]];
}

// Four neighbours by Keys' cubic convolution (1981); those outside are the edge's, or with exclude_outside left out.
function cubicTaps(
  place: number,
  { input }: ResizedAxis,
  { cubic_coeff_a: a = -0.75, exclude_outside = 0 }: InterpolationAttributes,
): readonly Tap[] {
  const low = Math.floor(place);
  const s = place - low;
  const near = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  const taps = [far(s + 1), near(s), near(1 - s), far(2 - s)].map((weight, k) => [low - 1 + k, weight] as const);
  if (exclude_outside === 0) {
    return taps.map(([source, weight]) => [Math.min(Math.max(source, 0), input - 1), weight]);
  }
  const inside = taps.filter(([source]) => source >= 0 && source < input);
  const total = inside.reduce((sum, [, weight]) => sum + weight, 0);
  return inside.map(([source, weight]) => [source, weight / total]);
}
