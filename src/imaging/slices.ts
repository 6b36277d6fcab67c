/**
 * The one path from a volume to the squares that a network sees, and back: for training, prediction and every backend.
 *
 * Volumes are in canonical order (RAS+). A square stands as on a radiologist's screen: the patient's right is at the left
 * edge, anterior (axial plane) or superior (coronal, sagittal) at the upper edge; in sagittal squares anterior is at the left.
 * All in-plane indices of a RAS+ grid therefore run backwards in a square, and a PNG read by `readRaster` keeps its rows and columns.
 */
import { type Overlaps, overlaps, positions } from "./slice_weights.ts";
import { spacingMm, type Volume, type VoxelArray } from "./volume.ts";

/** The plane of the slices: axial lies across z, coronal across y, sagittal across x. */
export type Plane = "axial" | "coronal" | "sagittal";

/** How the slices of one volume lie in memory and in mm. */
export interface SliceGeometry {
  readonly plane: Plane;
  /** Number of slices. */
  readonly count: number;
  /** Voxels of a slice along its vertical and horizontal axis. */
  readonly rows: number;
  readonly columns: number;
  /** Voxel sizes in mm. */
  readonly rowSpacingMm: number;
  readonly columnSpacingMm: number;
  readonly sliceSpacingMm: number;
  /** The side of the square into which a slice is padded: its longer side in mm. */
  readonly sideMm: number;
  /** Steps in the voxel array from one row, column and slice to the next, and from one channel to the next. */
  readonly rowStride: number;
  readonly columnStride: number;
  readonly sliceStride: number;
  readonly channelStride: number;
}

/**
 * The plane across the axis along which voxels are largest, where they are clearly (> 0.1 %) larger than along both others;
 * else axial.
 *
 * @param shape where given, an axis of one voxel (a single slice) decides before the spacing does.
 */
export function choosePlane(
  spacingMm: readonly [number, number, number],
  shape?: readonly [number, number, number],
): Plane {
  const flat = shape?.filter((length) => length === 1).length === 1 ? shape.indexOf(1) : -1;
  const axis = flat >= 0
    ? flat
    : spacingMm.findIndex((size, i) => spacingMm.every((other, j) => i === j || size > 1.001 * other));
  return axis === 0 ? "sagittal" : axis === 1 ? "coronal" : "axial";
}

/** The geometry of the slices of a volume in canonical order. */
export function sliceGeometry({ shape, affine }: Pick<Volume, "shape" | "affine">, plane: Plane): SliceGeometry {
  const spacing = spacingMm(affine);
  const strides = [1, shape[0], shape[0] * shape[1]] as const;
  const [column, row, slice] = ({ axial: [0, 1, 2], coronal: [0, 2, 1], sagittal: [1, 2, 0] } as const)[plane];
  return {
    plane,
    count: shape[slice],
    rows: shape[row],
    columns: shape[column],
    rowSpacingMm: spacing[row],
    columnSpacingMm: spacing[column],
    sliceSpacingMm: spacing[slice],
    sideMm: Math.max(shape[row] * spacing[row], shape[column] * spacing[column]),
    rowStride: strides[row],
    columnStride: strides[column],
    sliceStride: strides[slice],
    channelStride: shape[0] * shape[1] * shape[2],
  };
}

/**
 * Slice `index` of every channel as network input `[channels, size, size]`.
 *
 * The slice is padded to a square of `sideMm`, centred to within half a voxel (whole voxels on either side, so that at equal
 * sampling voxels and pixels coincide), and every pixel is the exact mean over its area, whether it is larger or smaller than a voxel.
 *
 * @param options.padValue the value beyond the edges of the slice.
 * @param options.channels which channels, in which order; all by default.
 * @throws {RangeError} where the slice or a channel does not exist.
 */
export function imageSquares(
  volume: Pick<Volume, "data" | "channels">,
  index: number,
  { geometry, size, padValue, channels }: {
    geometry: SliceGeometry;
    size: number;
    padValue: number;
    channels?: readonly number[];
  },
): Float32Array<ArrayBuffer> {
  checkIndex(index, geometry);
  const chosen = channels ?? Array.from({ length: volume.channels }, (_, channel) => channel);
  const across = overlaps(geometry.columns, { spacingMm: geometry.columnSpacingMm, sideMm: geometry.sideMm, size });
  const down = overlaps(geometry.rows, { spacingMm: geometry.rowSpacingMm, sideMm: geometry.sideMm, size });
  const squares = new Float32Array(chosen.length * size * size).fill(padValue);
  const line = new Float64Array(size);
  const { data } = volume;
  chosen.forEach((channel, position) => {
    if (!(channel >= 0 && channel < volume.channels)) {
      throw new RangeError(`Cannot take channel ${channel}: the volume has ${volume.channels}`);
    }
    const first = channel * geometry.channelStride + index * geometry.sliceStride;
    for (let row = 0; row < geometry.rows; row++) {
      line.fill(0);
      let at = first + row * geometry.rowStride;
      for (let column = 0; column < geometry.columns; column++, at += geometry.columnStride) {
        const value = (data[at] as number) - padValue;
        const end = across.ends[column] as number;
        let pixel = across.firstPixel[column] as number;
        for (let w = column === 0 ? 0 : across.ends[column - 1] as number; w < end; w++) {
          line[pixel] = (line[pixel] as number) + (across.weights[w] as number) * value;
          pixel++;
        }
      }
      addLine(squares, line, { down, row, offset: position * size * size });
    }
  });
  return squares;
}

/**
 * Slice `index` of a label map as targets `[classes, size, size]`: the exact fraction of every pixel's area that each class
 * covers; beyond the edges all is background (class 0).
 *
 * @param labels class numbers 0 to `classes` − 1.
 * @throws {RangeError} where the slice does not exist or a label is no class number.
 */
export function labelSquares(
  labels: VoxelArray,
  index: number,
  { geometry, size, classes }: { geometry: SliceGeometry; size: number; classes: number },
): Float32Array<ArrayBuffer> {
  checkIndex(index, geometry);
  const across = overlaps(geometry.columns, { spacingMm: geometry.columnSpacingMm, sideMm: geometry.sideMm, size });
  const down = overlaps(geometry.rows, { spacingMm: geometry.rowSpacingMm, sideMm: geometry.sideMm, size });
  const squares = new Float32Array(classes * size * size);
  const lines = Array.from({ length: classes }, () => new Float64Array(size));
  const present = new Uint8Array(classes);
  for (let row = 0; row < geometry.rows; row++) {
    let at = index * geometry.sliceStride + row * geometry.rowStride;
    for (let column = 0; column < geometry.columns; column++, at += geometry.columnStride) {
      const label = labels[at] as number;
      if (label === 0) continue;
      const line = lines[label];
      if (line === undefined) {
        throw new RangeError(`Cannot make targets of label ${label}: the classes are 0 to ${classes - 1}`);
      }
      present[label] = 1;
      const end = across.ends[column] as number;
      let pixel = across.firstPixel[column] as number;
      for (let w = column === 0 ? 0 : across.ends[column - 1] as number; w < end; w++) {
        line[pixel] = (line[pixel] as number) + (across.weights[w] as number);
        pixel++;
      }
    }
    for (let label = 1; label < classes; label++) {
      if (present[label] === 0) continue;
      const line = lines[label] as Float64Array;
      addLine(squares, line, { down, row, offset: label * size * size });
      line.fill(0);
      present[label] = 0;
    }
  }
  for (let pixel = 0; pixel < size * size; pixel++) {
    let foreground = 0;
    for (let at = pixel + size * size; at < squares.length; at += size * size) foreground += squares[at] as number;
    squares[pixel] = Math.max(0, 1 - foreground);
  }
  return squares;
}

/** Slice `index` of a label map as class numbers `[size, size]`: the class that covers most of each pixel, the lower one on a tie. */
export function hardLabelSquare(
  labels: VoxelArray,
  index: number,
  options: { geometry: SliceGeometry; size: number; classes: number },
): Uint8Array<ArrayBuffer> {
  const fractions = labelSquares(labels, index, options);
  const pixels = options.size * options.size;
  const result = new Uint8Array(pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let label = 1; label < options.classes; label++) {
      const best = fractions[(result[pixel] as number) * pixels + pixel] as number;
      if ((fractions[label * pixels + pixel] as number) > best) result[pixel] = label;
    }
  }
  return result;
}

/**
 * Values of a square `[classes, size, size]` (probabilities, as a rule) on the slice's own grid `[classes, rows, columns]`, in
 * the order of the volume, by linear interpolation between the centres of the pixels; constant beyond the outermost centres.
 */
export function squareToSlice(
  probabilities: Float32Array,
  geometry: SliceGeometry,
  { size, classes }: { size: number; classes: number },
): Float32Array<ArrayBuffer> {
  if (probabilities.length !== classes * size * size) {
    throw new RangeError(`Cannot resample ${probabilities.length} values as ${classes}×${size}×${size}`);
  }
  const { rows, columns, sideMm } = geometry;
  const across = positions(columns, { spacingMm: geometry.columnSpacingMm, sideMm, size });
  const down = positions(rows, { spacingMm: geometry.rowSpacingMm, sideMm, size });
  const slice = new Float32Array(classes * rows * columns);
  const line = new Float64Array(size);
  let to = 0;
  for (let offset = 0; offset < probabilities.length; offset += size * size) {
    for (let row = 0; row < rows; row++) {
      const upper = offset + (down.pixel[row] as number) * size;
      const lower = size === 1 ? upper : upper + size;
      const weight = down.weight[row] as number;
      for (let pixel = 0; pixel < size; pixel++) {
        const value = probabilities[upper + pixel] as number;
        line[pixel] = value + weight * ((probabilities[lower + pixel] as number) - value);
      }
      for (let column = 0; column < columns; column++) {
        const pixel = across.pixel[column] as number;
        const value = line[pixel] as number;
        const next = size === 1 ? value : line[pixel + 1] as number;
        slice[to++] = value + (across.weight[column] as number) * (next - value);
      }
    }
  }
  return slice;
}

/** Writes the values `[rows, columns]` of one slice into the voxels of a volume. */
export function insertSlice(
  target: VoxelArray,
  slice: ArrayLike<number>,
  { geometry, index, channel = 0 }: { geometry: SliceGeometry; index: number; channel?: number },
): void {
  checkIndex(index, geometry);
  const { rows, columns, rowStride, columnStride } = geometry;
  const first = channel * geometry.channelStride + index * geometry.sliceStride;
  let from = 0;
  for (let row = 0; row < rows; row++) {
    let at = first + row * rowStride;
    for (let column = 0; column < columns; column++, at += columnStride) target[at] = slice[from++] as number;
  }
}

function addLine(
  squares: Float32Array,
  line: Float64Array,
  { down, row, offset }: { down: Overlaps; row: number; offset: number },
): void {
  const size = line.length;
  const end = down.ends[row] as number;
  let at = offset + (down.firstPixel[row] as number) * size;
  for (let w = row === 0 ? 0 : down.ends[row - 1] as number; w < end; w++, at += size) {
    const weight = down.weights[w] as number;
    for (let pixel = 0; pixel < size; pixel++) {
      squares[at + pixel] = (squares[at + pixel] as number) + weight * (line[pixel] as number);
    }
  }
}

function checkIndex(index: number, { count }: SliceGeometry): void {
  if (!(Number.isInteger(index) && index >= 0 && index < count)) {
    throw new RangeError(`Cannot take slice ${index}: the volume has ${count}`);
  }
}
