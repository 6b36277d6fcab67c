/** Geometry of ops that slide a window over the spatial axes: Conv, ConvTranspose and the pools. */
import type { Value } from "../op.ts";
import { formatShape } from "../tensor_type.ts";

/** The attributes that windows share in ONNX. */
export interface WindowAttributes {
  readonly kernel_shape?: readonly number[] | undefined;
  readonly strides?: readonly number[] | undefined;
  readonly pads?: readonly number[] | undefined;
  readonly dilations?: readonly number[] | undefined;
  readonly auto_pad?: string | undefined;
  readonly ceil_mode?: number | undefined;
}

/** The attributes of {@link WindowAttributes} as an op declares them. */
export const WINDOW_SPEC = {
  kernel_shape: "ints",
  strides: "ints",
  pads: "ints",
  dilations: "ints",
  auto_pad: "string",
  ceil_mode: "int",
} as const;

/** A window with every default filled in; one number per spatial axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
  /** Sizes of the small side: the output of Conv and pools, the input of ConvTranspose. */
  readonly outputSizes: readonly number[];
}

/**
 * Fills in strides, dilations and pads (ONNX Conv-11: auto_pad SAME_UPPER, SAME_LOWER, VALID) for spatial `sizes`.
 *
 * @throws {RangeError} where the window does not fit into the padded input.
 */
export function resolveWindow(
  sizes: readonly number[],
  kernel: readonly number[],
  attributes: WindowAttributes,
): Window {
  const strides = attributes.strides ?? sizes.map(() => 1);
  const dilations = attributes.dilations ?? sizes.map(() => 1);
  const given = attributes.pads ?? sizes.flatMap(() => [0, 0]);
  const padsBegin: number[] = [];
  const padsEnd: number[] = [];
  const outputSizes = sizes.map((size, axis) => {
    const stride = strides[axis] as number;
    const extent = ((kernel[axis] as number) - 1) * (dilations[axis] as number) + 1;
    let [begin, end] = [given[axis] as number, given[sizes.length + axis] as number];
    if (attributes.auto_pad?.startsWith("SAME") === true) {
      const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + extent - size);
      begin = attributes.auto_pad === "SAME_UPPER" ? Math.floor(total / 2) : Math.ceil(total / 2);
      end = total - begin;
    } else if (attributes.auto_pad === "VALID") {
      [begin, end] = [0, 0];
    }
    padsBegin.push(begin);
    padsEnd.push(end);
    const positions = (size + begin + end - extent) / stride;
    let output = Math.floor(positions) + 1;
    if (attributes.ceil_mode === 1) {
      output = Math.ceil(positions) + 1;
      // A window that would start in the end padding is left out (ONNX MaxPool-22, PyTorch).
      if ((output - 1) * stride >= size + begin) output--;
    }
    if (output < 1) {
      throw new RangeError(`A window of ${formatShape(kernel)} does not fit into spatial size ${formatShape(sizes)}`);
    }
    return output;
  });
  return { kernel, strides, dilations, padsBegin, padsEnd, outputSizes };
}

/** `attributes` with the pads that auto_pad SAME stands for: they follow from the static sizes, and not every runtime finds them where windows are dilated. */
export function withGivenPads<A extends WindowAttributes>(attributes: A, window: () => Window): A {
  const same = attributes.auto_pad?.startsWith("SAME") === true;
  const dilated = attributes.dilations?.some((size) => size !== 1) === true;
  return same && dilated ? { ...attributes, auto_pad: undefined, pads: onnxPads(window()) } : attributes;
}

/** The window of a pool on `x` `[N, C, ...]`. */
export function poolWindow(x: Value, attributes: WindowAttributes): Window {
  return resolveWindow(x.type.shape.slice(2), attributes.kernel_shape ?? [], attributes);
}

/** Pads in ONNX's order. */
export function onnxPads({ padsBegin, padsEnd }: Window): number[] {
  return [...padsBegin, ...padsEnd];
}

/** The window of a Conv on `x` with weight `w`. */
export function convWindow(x: Value, w: Value, attributes: WindowAttributes): Window {
  return resolveWindow(x.type.shape.slice(2), w.type.shape.slice(2), attributes);
}

/** Size of a transposed convolution without output padding (ONNX ConvTranspose-11). */
export function transposedSize(size: number, axis: number, window: Window): number {
  return (size - 1) * (window.strides[axis] as number) +
    ((window.kernel[axis] as number) - 1) * (window.dilations[axis] as number) + 1 -
    (window.padsBegin[axis] as number) - (window.padsEnd[axis] as number);
}

/**
 * Pads and output sizes of a transposed convolution: auto_pad and output_shape both fix the size first, and the pads follow (ONNX
 * ConvTranspose-11).
 */
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
