/** Do two files lie on the same grid? Tolerances are in mm, so that rounding in headers is no fault. */
import { spacingMm, type Volume } from "../imaging/volume.ts";
import type { Finding } from "./finding.ts";

/** What of a volume the comparison needs. */
export type Grid = Pick<Volume, "shape" | "affine" | "spacingKnown">;

const SPACING_TOLERANCE_MM = 1e-3;
const CORNER_TOLERANCE_MM = 1e-2;

/**
 * E04 where shapes, E05 where voxel sizes, E06 where direction or origin differ; undefined where the grids agree.
 *
 * @param a the grid that is taken for right, with its file.
 * @param b the other one: the finding's file.
 */
export function compareGrids(
  a: { readonly grid: Grid; readonly file: string },
  b: { readonly grid: Grid; readonly file: string },
  options: { ignoreOrigin?: boolean | undefined } = {},
): Finding | undefined {
  if (!a.grid.shape.every((length, axis) => length === b.grid.shape[axis])) {
    return {
      code: "E04",
      file: b.file,
      found: `shape ${b.grid.shape.join("×")}`,
      expected: `${a.grid.shape.join("×")} as in ${a.file}`,
      remedy: "resample one of them to the other's grid",
    };
  }
  if (!a.grid.spacingKnown || !b.grid.spacingKnown) return undefined;
  const [left, right] = [spacingMm(a.grid.affine), spacingMm(b.grid.affine)];
  if (left.some((size, axis) => Math.abs(size - (right[axis] as number)) > SPACING_TOLERANCE_MM)) {
    return {
      code: "E05",
      file: b.file,
      found: `voxels of ${formatSpacing(right)} mm`,
      expected: `${formatSpacing(left)} mm as in ${a.file}`,
      remedy: "correct the header that is wrong",
    };
  }
  const distanceMm = largestCornerDistanceMm(a.grid, b.grid);
  if (distanceMm <= CORNER_TOLERANCE_MM || options.ignoreOrigin) return undefined;
  return {
    code: "E06",
    file: b.file,
    found: `corners up to ${distanceMm.toPrecision(3)} mm away from those of ${a.file}`,
    expected: `at most ${CORNER_TOLERANCE_MM} mm`,
    remedy: "correct direction and origin of the header that is wrong, or add --ignore-origin if the voxels do match",
  };
}

/** Voxel sizes for messages, such as `1×1×2.5`. */
export function formatSpacing(spacing: readonly number[]): string {
  return spacing.map((size) => Number(size.toFixed(4))).join("×");
}

/** The largest distance in mm between the same corner voxel of two grids of equal shape. */
function largestCornerDistanceMm(a: Grid, b: Grid): number {
  const difference = a.affine.map((value, index) => value - (b.affine[index] as number));
  let largest = 0;
  for (let corner = 0; corner < 8; corner++) {
    const [x, y, z] = a.shape.map((length, axis) => (corner >> axis) & 1 ? length - 1 : 0) as [number, number, number];
    const along = (row: number) =>
      (difference[4 * row] as number) * x + (difference[4 * row + 1] as number) * y +
      (difference[4 * row + 2] as number) * z + (difference[4 * row + 3] as number);
    largest = Math.max(largest, Math.hypot(along(0), along(1), along(2)));
  }
  return largest;
}
