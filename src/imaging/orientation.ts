/** Turning and mirroring the voxel grid into the order nearest to RAS+, or to another grid's, and back; no voxel value is computed anew. */
import type { Affine, Volume, VoxelArray } from "./volume.ts";

/** A volume on the canonical grid, and the way back. */
export interface CanonicalVolume<D extends VoxelArray> {
  readonly volume: Volume<D>;
  /**
   * Puts values of the canonical grid (of one or several channels, of any type) back on the original grid.
   *
   * Where the original grid is canonical already, the very array is returned.
   */
  readonly restore: <R extends VoxelArray>(data: R) => R;
}

/** The world axis (0 right, 1 anterior, 2 superior) nearest to a voxel axis, and whether indices run towards it. */
interface AxisDirection {
  readonly world: 0 | 1 | 2;
  readonly sign: 1 | -1;
}

/** The anatomical directions in which the three voxel indices grow, e.g. "RAS" or "LPS", as nibabel's `aff2axcodes`. */
export function axisCodes(affine: Affine): string {
  return axisDirections(affine).map(({ world, sign }) => (sign > 0 ? "RAS" : "LPI")[world]).join("");
}

/**
 * The volume with its axes permuted and flipped to the closest canonical order (RAS+), as nibabel's `as_closest_canonical`.
 *
 * Where the order is canonical already, the very volume is returned.
 */
export function toCanonical<D extends VoxelArray>(volume: Volume<D>): CanonicalVolume<D> {
  const canonical = canonicalGrid(volume);
  if (canonical === undefined) return { volume, restore: (data) => data };
  const { shape, affine, walk } = canonical;
  return {
    volume: { ...volume, data: gather(volume.data, walk), shape, affine },
    restore: (data) => scatter(data, walk),
  };
}

/** A grid in the voxel order of another one. */
export interface OrderedGrid {
  readonly shape: readonly [number, number, number];
  readonly affine: Affine;
  /** Brings values of the grid's own order into this one; the very array where nothing moves. */
  readonly order: <D extends VoxelArray>(data: D) => D;
}

/**
 * A grid with its axes permuted and flipped so that they run as those of `target` do, as nearly as that goes: no voxel moves in space.
 *
 * @param target an affine whose axes are at right angles.
 */
export function orderLike({ shape, affine }: Pick<Volume, "shape" | "affine">, target: Affine): OrderedGrid {
  const axes = unitColumns(target);
  const found = canonicalGrid({ shape, affine: turned(affine, (row, k) => axes[3 * k + row] as number) });
  if (found === undefined) return { shape, affine, order: (data) => data };
  const back = turned(found.affine, (row, k) => axes[3 * row + k] as number);
  return { shape: found.shape, affine: back, order: (data) => gather(data, found.walk) };
}

/** The product of a rotation and an affine. */
function turned(affine: Affine, rotation: (row: number, k: number) => number): Affine {
  return affine.map((value, i) =>
    i >= 12 ? value : [0, 1, 2].reduce((sum, k) => sum + rotation(i >> 2, k) * (affine[4 * k + i % 4] as number), 0)
  );
}

/** The grid in canonical order, and how its voxels are found in the grid's own; undefined where the order is canonical already. */
function canonicalGrid(
  grid: Pick<Volume, "shape" | "affine">,
): { shape: [number, number, number]; affine: Affine; walk: Walk } | undefined {
  const directions = axisDirections(grid.affine);
  if (directions.every(({ world, sign }, axis) => world === axis && sign > 0)) return undefined;
  const strides = [1, grid.shape[0], grid.shape[0] * grid.shape[1]];
  const shape: [number, number, number] = [1, 1, 1];
  const steps: [number, number, number] = [0, 0, 0];
  const affine = [...grid.affine];
  let first = 0;
  directions.forEach(({ world, sign }, axis) => {
    const length = grid.shape[axis] as number;
    shape[world] = length;
    steps[world] = sign * (strides[axis] as number);
    if (sign < 0) first += (strides[axis] as number) * (length - 1);
    for (let row = 0; row < 3; row++) {
      const column = grid.affine[4 * row + axis] as number;
      affine[4 * row + world] = sign * column;
      if (sign < 0) affine[4 * row + 3] = (affine[4 * row + 3] as number) + column * (length - 1);
    }
  });
  return { shape, affine, walk: { shape, steps, first } };
}

/** How the canonical grid walks through the original array: the index of its first voxel and the step along each axis. */
interface Walk {
  readonly shape: readonly [number, number, number];
  readonly steps: readonly [number, number, number];
  readonly first: number;
}

function gather<D extends VoxelArray>(source: D, { shape: [nx, ny, nz], steps: [sx, sy, sz], first }: Walk): D {
  const target = emptyLike(source, nx * ny * nz);
  let to = 0;
  for (let from = first; to < source.length; from += nx * ny * nz) {
    for (let z = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++) {
        let at = from + y * sy + z * sz;
        for (let x = 0; x < nx; x++, at += sx) target[to++] = source[at] as number;
      }
    }
  }
  return target;
}

function scatter<D extends VoxelArray>(source: D, { shape: [nx, ny, nz], steps: [sx, sy, sz], first }: Walk): D {
  const target = emptyLike(source, nx * ny * nz);
  let from = 0;
  for (let to = first; from < source.length; to += nx * ny * nz) {
    for (let z = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++) {
        let at = to + y * sy + z * sz;
        for (let x = 0; x < nx; x++, at += sx) target[at] = source[from++] as number;
      }
    }
  }
  return target;
}

/** A zeroed array of the same kind and length; refused where the length is no whole number of grids. */
function emptyLike<D extends VoxelArray>(data: D, voxels: number): D {
  if (data.length === 0 || data.length % voxels !== 0) {
    throw new RangeError(`Cannot reorient ${data.length} values: the grid has ${voxels} voxels per channel`);
  }
  return new (data.constructor as new (length: number) => D)(data.length);
}

/**
 * nibabel's `io_orientation`: the rotation nearest to the affine (its orthogonal polar factor) is matched to the world
 * axes, strongest column first, so that no world axis is taken twice.
 */
function axisDirections(affine: Affine): [AxisDirection, AxisDirection, AxisDirection] {
  const rotation = orthogonalFactor(unitColumns(affine));
  const strength = (axis: number) => Math.max(...[0, 1, 2].map((row) => Math.abs(rotation[3 * row + axis] as number)));
  // A stable sort, and a margin for rounding, keep the order of axes that are equally strong.
  const order = [0, 1, 2].sort((a, b) => {
    const difference = strength(b) - strength(a);
    return Math.abs(difference) < 1e-12 ? 0 : difference;
  });
  const result: (AxisDirection | undefined)[] = [undefined, undefined, undefined];
  const free = new Set<0 | 1 | 2>([0, 1, 2]);
  for (const axis of order) {
    let best: 0 | 1 | 2 | undefined;
    for (const world of free) {
      const value = Math.abs(rotation[3 * world + axis] as number);
      if (best === undefined || value > Math.abs(rotation[3 * best + axis] as number)) best = world;
    }
    const world = best as 0 | 1 | 2;
    free.delete(world);
    result[axis] = { world, sign: (rotation[3 * world + axis] as number) < 0 ? -1 : 1 };
  }
  return result as [AxisDirection, AxisDirection, AxisDirection];
}

function unitColumns(affine: Affine): number[] {
  const norms = [0, 1, 2].map((j) => Math.hypot(...[0, 4, 8].map((row) => affine[row + j] as number)) || 1);
  return Array.from(
    { length: 9 },
    (_, k) => (affine[4 * Math.floor(k / 3) + k % 3] as number) / (norms[k % 3] as number),
  );
}

/** The orthogonal factor of the polar decomposition by Newton's iteration X ← (X + X⁻ᵀ)/2 (Higham 1986). */
function orthogonalFactor(matrix: number[]): number[] {
  let x = matrix;
  for (let step = 0; step < 60; step++) {
    const inverseTransposed = cofactors(x);
    const determinant = (x[0] as number) * (inverseTransposed[0] as number) +
      (x[1] as number) * (inverseTransposed[1] as number) + (x[2] as number) * (inverseTransposed[2] as number);
    if (Math.abs(determinant) < 1e-12) return matrix;
    const next = x.map((value, k) => (value + (inverseTransposed[k] as number) / determinant) / 2);
    const change = Math.max(...next.map((value, k) => Math.abs(value - (x[k] as number))));
    x = next;
    if (change < 1e-15) break;
  }
  return x;
}

function cofactors(m: number[]): number[] {
  const [a, b, c, d, e, f, g, h, i] = m as [number, number, number, number, number, number, number, number, number];
  return [
    e * i - f * h,
    f * g - d * i,
    d * h - e * g,
    c * h - b * i,
    a * i - c * g,
    b * g - a * h,
    b * f - c * e,
    c * d - a * f,
    a * e - b * d,
  ];
}
