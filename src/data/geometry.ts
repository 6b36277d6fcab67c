/** Do two files lie on the same grid in space, be the voxels in another order? Tolerances are in mm, so that rounding in headers is no fault. */
import { axisCodes, orderLike } from "../imaging/orientation.ts";
import { spacingMm, type Volume, type VoxelArray } from "../imaging/volume.ts";
import type { Finding } from "./finding.ts";

/** What of a volume the comparison needs. */
export type Grid = Pick<Volume, "shape" | "affine" | "spacingKnown">;

const SPACING_TOLERANCE_MM = 1e-3;
const CORNER_TOLERANCE_MM = 1e-2;

/**
 * A volume in the voxel order of a grid, where it lies on that grid in space; nothing is computed anew.
 *
 * @param a the grid that is taken for right, with its file.
 * @param b the other volume: the finding's file.
 * @param options.ignoreOrigin takes voxels of equal indices for the same place where the grids differ in direction or origin alone.
 * @returns E04 where shapes, E05 where voxel sizes, E06 where direction or origin differ.
 */
export function alignTo<D extends VoxelArray>(
  a: { readonly grid: Grid; readonly file: string },
  b: { readonly volume: Volume<D>; readonly file: string },
  options: { ignoreOrigin?: boolean | undefined } = {},
): { readonly volume: Volume<D> } | { readonly finding: Finding } {
  const { volume } = b;
  if (!a.grid.spacingKnown || !volume.spacingKnown) {
    const finding = shapeFinding(a, { grid: volume, file: b.file }, volume.shape);
    return finding ? { finding } : { volume };
  }
  const ordered = orderLike(volume, a.grid.affine);
  const finding = gridFinding(a, { grid: volume, file: b.file }, ordered);
  if (finding === undefined) {
    const data = ordered.order(volume.data);
    return { volume: data === volume.data ? volume : { ...volume, data, shape: a.grid.shape, affine: a.grid.affine } };
  }
  if (options.ignoreOrigin && finding.code === "E06" && sameShape(a.grid.shape, volume.shape)) return { volume };
  return { finding };
}

function shapeFinding(
  a: { readonly grid: Grid; readonly file: string },
  b: { readonly grid: Grid; readonly file: string },
  shape: Grid["shape"],
): Finding | undefined {
  if (sameShape(a.grid.shape, shape)) return undefined;
  return {
    code: "E04",
    file: b.file,
    found: `shape ${b.grid.shape.join("×")}`,
    expected: `${a.grid.shape.join("×")} as in ${a.file}`,
    remedy: "resample one of them to the other's grid",
  };
}

/** @param ordered the second grid in the voxel order of the first. */
function gridFinding(
  a: { readonly grid: Grid; readonly file: string },
  b: { readonly grid: Grid; readonly file: string },
  ordered: Pick<Grid, "shape" | "affine">,
): Finding | undefined {
  const shapes = shapeFinding(a, b, ordered.shape);
  if (shapes) return shapes;
  const [left, right] = [spacingMm(a.grid.affine), spacingMm(ordered.affine)];
  if (left.some((size, axis) => Math.abs(size - (right[axis] as number)) > SPACING_TOLERANCE_MM)) {
    return {
      code: "E05",
      file: b.file,
      found: `voxels of ${formatSpacing(right)} mm`,
      expected: `${formatSpacing(left)} mm as in ${a.file}`,
      remedy: "correct the header that is wrong",
    };
  }
  const { distanceMm, corner } = farthestCorner(a.grid, ordered.affine);
  if (distanceMm <= CORNER_TOLERANCE_MM) return undefined;
  const [mine, theirs] = [axisCodes(a.grid.affine), axisCodes(b.grid.affine)];
  const where = `up to ${distanceMm.toPrecision(3)} mm away from those of ${a.file}, most at its voxel (${
    corner.join(", ")
  })`;
  return {
    code: "E06",
    file: b.file,
    found: mine === theirs ? `corners ${where}` : `corners ${where}, and axes that run ${theirs} where its run ${mine}`,
    expected: `at most ${CORNER_TOLERANCE_MM} mm`,
    // Of axes that run in other directions voxels of equal indices are no longer neighbours in the body.
    remedy: "correct direction and origin of the header that is wrong" +
      (mine === theirs ? ", or add --ignore-origin if the voxels do match" : ""),
  };
}

function sameShape(a: Grid["shape"], b: Grid["shape"]): boolean {
  return a.every((length, axis) => length === b[axis]);
}

/** Voxel sizes for messages, such as `1×1×2.5`. */
export function formatSpacing(spacing: readonly number[]): string {
  return spacing.map((size) => Number(size.toFixed(4))).join("×");
}

/** The corner voxel of a grid that lies farthest from where another affine puts it, with the distance in mm. */
function farthestCorner(a: Grid, affine: Grid["affine"]): { distanceMm: number; corner: number[] } {
  const difference = a.affine.map((value, index) => value - (affine[index] as number));
  let farthest = { distanceMm: -1, corner: [0, 0, 0] };
  for (let number = 0; number < 8; number++) {
    const corner = a.shape.map((length, axis) => (number >> axis) & 1 ? length - 1 : 0);
    const [x, y, z] = corner as [number, number, number];
    const along = (row: number) =>
      (difference[4 * row] as number) * x + (difference[4 * row + 1] as number) * y +
      (difference[4 * row + 2] as number) * z + (difference[4 * row + 3] as number);
    const distanceMm = Math.hypot(along(0), along(1), along(2));
    if (distanceMm > farthest.distanceMm) farthest = { distanceMm, corner };
  }
  return farthest;
}
