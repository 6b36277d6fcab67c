/**
 * Area of the surface inside a cell of 2×2×2 voxels, and length of the contour inside one of 2×2, for every pattern of set corners.
 *
 * The surface is that of marching cubes (Lorensen and Cline 1987) with its vertices at the middles of the cell's edges. Where
 * more than half of the corners are set, the unset ones are looked at instead, so that a pattern and its complement have
 * the same area; corners that touch only across a face or the cell are separate.
 */

import type { Triple } from "./overlap.ts";

/** A vertex of the surface: the middle of the edge from a set corner along an axis. */
interface EdgeMiddle {
  readonly corner: number;
  readonly position: Triple;
}

type Triangle = readonly [EdgeMiddle, EdgeMiddle, EdgeMiddle];

/** Areas in squared units of `spacing` by code; bit b of a code is the corner with y = b & 1, z = b >> 1 & 1, x = b >> 2. */
export function surfelAreas(spacing: Triple): Float64Array {
  const known = latest;
  if (known !== undefined && known.spacing.every((s, axis) => s === spacing[axis])) return known.areas;
  const areas = Float64Array.from(TRIANGLES, (triangles) => {
    return triangles.reduce((sum, triangle) => sum + triangleArea(triangle, spacing), 0);
  });
  latest = { spacing: [...spacing], areas };
  return areas;
}

/** The areas of the spacing that was asked for last: all classes of a case share it, and most cases of a data set. */
let latest: { readonly spacing: Triple; readonly areas: Float64Array } | undefined;

/** Lengths in units of `spacing` by code; bit b of a code is the corner with y = b & 1, x = b >> 1. */
export function contourLengths(spacing: Triple): Float64Array {
  const [sx, sy] = spacing;
  const slanted = Math.hypot(sx, sy) / 2;
  return Float64Array.from({ length: 16 }, (_, code) => {
    const corners = bits(code);
    if (corners.length % 4 === 0) return 0;
    if (corners.length !== 2) return slanted;
    const differing = (corners[0] as number) ^ (corners[1] as number);
    // Two set corners side by side along y leave a straight contour along y; likewise x; across the cell there are two cut corners.
    return differing === 1 ? sy : differing === 2 ? sx : 2 * slanted;
  });
}

function bits(code: number): number[] {
  return [0, 1, 2, 3, 4, 5, 6, 7].filter((b) => (code >> b) & 1);
}

const STEPS = [1, 2, 4];

function connectedCorners(code: number): number[][] {
  const left = new Set(bits(code));
  const components: number[][] = [];
  for (const first of left) {
    left.delete(first);
    const component = [first];
    for (const corner of component) {
      for (const step of STEPS) if (left.delete(corner ^ step)) component.push(corner ^ step);
    }
    components.push(component);
  }
  return components;
}

/** The surface by code. */
const TRIANGLES = Array.from({ length: 256 }, (_, code) => {
  const set = bits(code).length > 4 ? 255 - code : code;
  return connectedCorners(set).flatMap((component) => triangulate(boundaryLoop(component, set)));
});

/** The vertices around one component, in order: two that follow each other lie on one face of the cell. */
function boundaryLoop(component: readonly number[], code: number): EdgeMiddle[] {
  const vertices = component.flatMap((corner) => {
    const steps = STEPS.filter((step) => !((code >> (corner ^ step)) & 1));
    return steps.map((step): EdgeMiddle => {
      const along = (axis: number) => (step === axis ? 0.5 : corner & axis ? 1 : 0);
      return { corner, position: [along(4), along(1), along(2)] };
    });
  });
  // The vertex of a corner with a single cut edge comes first: see triangulate().
  const single = vertices.find((v) => vertices.filter((w) => w.corner === v.corner).length === 1);
  let last = single ?? (vertices[0] as EdgeMiddle);
  const loop = [last];
  const left = new Set(vertices);
  left.delete(last);
  while (left.size > 0) {
    const next = [...left].find((v) => shareFace(v, last));
    if (next === undefined) throw new Error(`Cannot order the surface of corners ${component.join(", ")}`);
    left.delete(next);
    loop.push(next);
    last = next;
  }
  return loop;
}

function shareFace(a: EdgeMiddle, b: EdgeMiddle): boolean {
  return a.position.some((p, axis) => p !== 0.5 && p === b.position[axis]);
}

/**
 * Triangles of a loop: its vertices 0, 2, 4 are cut off, then what is left. For three corners in an L this is the triangle over the middle
 * corner and the flat trapezoid; for a chain of four, every second vertex; all other loops are flat.
 */
function triangulate(loop: readonly EdgeMiddle[]): Triangle[] {
  const left = [...loop];
  const found: Triangle[] = [];
  for (let i = 0; left.length > 3; i++) {
    const before = left.at(i - 1) as EdgeMiddle;
    found.push([before, left[i] as EdgeMiddle, left[i + 1] as EdgeMiddle]);
    left.splice(i, 1);
  }
  found.push(left as unknown as Triangle);
  return found;
}

function triangleArea([first, second, third]: Triangle, spacing: Triple): number {
  const [a, b, c] = [first.position, second.position, third.position];
  const edge = (to: Triple, axis: 0 | 1 | 2) => (to[axis] - a[axis]) * spacing[axis];
  const x = edge(b, 1) * edge(c, 2) - edge(b, 2) * edge(c, 1);
  const y = edge(b, 2) * edge(c, 0) - edge(b, 0) * edge(c, 2);
  const z = edge(b, 0) * edge(c, 1) - edge(b, 1) * edge(c, 0);
  return Math.hypot(x, y, z) / 2;
}
