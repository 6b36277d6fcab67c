/** The weights along one axis between the voxels of a slice and the pixels of its square. */

/** Which pixels every voxel of one axis overlaps, and with which fraction of the pixel's length. */
export interface Overlaps {
  readonly firstPixel: Int32Array;
  /** Voxel i has the weights from `ends[i − 1]` (0 for the first) to `ends[i]`. */
  readonly ends: Int32Array;
  readonly weights: Float64Array;
}

/** One axis of a square. */
export interface Axis {
  readonly spacingMm: number;
  readonly sideMm: number;
  readonly size: number;
}

/** Where voxel edge 0 of the screen lies in the square, in voxels: whole, so that grids of equal spacing coincide. */
function margin(count: number, { spacingMm, sideMm }: Axis): number {
  return Math.floor((sideMm / spacingMm - count) / 2 + 1e-6);
}

/** The overlaps of the voxels of one axis; the first voxel lies at the far edge of the screen. */
export function overlaps(count: number, axis: Axis): Overlaps {
  const pixelsPerVoxel = axis.size * axis.spacingMm / axis.sideMm;
  const before = margin(count, axis);
  const firstPixel = new Int32Array(count);
  const ends = new Int32Array(count);
  const weights = new Float64Array(count * (Math.ceil(pixelsPerVoxel) + 2));
  let used = 0;
  for (let voxel = 0; voxel < count; voxel++) {
    const screen = before + count - 1 - voxel;
    const [start, end] = [snap(screen * pixelsPerVoxel), snap((screen + 1) * pixelsPerVoxel)];
    const first = Math.floor(start);
    firstPixel[voxel] = first;
    for (let pixel = first; pixel < end && pixel < axis.size; pixel++) {
      weights[used++] = Math.min(end, pixel + 1) - Math.max(start, pixel);
    }
    ends[voxel] = used;
  }
  return { firstPixel, ends, weights };
}

/** An edge that rounding has put beside a whole pixel lies on it. */
function snap(edge: number): number {
  const whole = Math.round(edge);
  return Math.abs(edge - whole) < 1e-9 * Math.max(1, whole) ? whole : edge;
}

/** For every voxel of one axis, the pixel whose centre lies before its own centre, and the weight of the pixel after it. */
export function positions(count: number, axis: Axis): { pixel: Int32Array; weight: Float64Array } {
  const pixelsPerVoxel = axis.size * axis.spacingMm / axis.sideMm;
  const before = margin(count, axis);
  const pixel = new Int32Array(count);
  const weight = new Float64Array(count);
  for (let voxel = 0; voxel < count; voxel++) {
    const centre = (before + count - 1 - voxel + 0.5) * pixelsPerVoxel - 0.5;
    const place = Math.min(Math.max(centre, 0), axis.size - 1);
    pixel[voxel] = Math.max(0, Math.min(Math.floor(place), axis.size - 2));
    weight[voxel] = place - (pixel[voxel] as number);
  }
  return { pixel, weight };
}
