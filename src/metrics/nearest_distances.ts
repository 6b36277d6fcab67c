/** Exact distances from voxels to the nearest of others: those nearby by looking at one voxel after the other, the rest by a transform. */

import { transformDistances, type VoxelList } from "./distance_transform.ts";
import type { Triple } from "./overlap.ts";

/** Steps to the voxels around one, in rising order of distance; complete below `reach`. */
interface Steps {
  readonly spacing: Triple;
  readonly planar: boolean;
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly z: Int32Array;
  readonly distance: Float64Array;
  /** No voxel nearer than this is without a step. */
  readonly reach: number;
}

/** Voxels around a query that are looked at. */
const STEPS = 1024;
/** Looks per voxel of the grid, all queries together, in about the time of a transform: after that, a transform is the better way. */
const LOOKS_PER_VOXEL = 16;
/** Voxels along an axis that a step goes at most. */
const LONGEST = 16;

/**
 * The distance from every query voxel to the nearest source voxel, exactly.
 *
 * The surfaces of two masks of one object lie a few voxels apart, so the voxels around a query are looked at in the order of their distance,
 * and the first source among them is the nearest. Queries without one nearby get their distance from {@link transformDistances}.
 *
 * @param sources ascending indices, x fastest
 * @param queries ascending indices
 * @param grid.limit distances above it are not needed: they may be Infinity
 * @returns distances in the unit of `spacing`, in the order of `queries`; Infinity where no voxel is a source
 */
export function nearestDistances(
  sources: VoxelList,
  queries: VoxelList,
  grid: { shape: Triple; spacing: Triple; limit?: number | undefined },
): Float64Array {
  const distances = new Float64Array(queries.length).fill(Infinity);
  if (sources.length === 0 || queries.length === 0) return distances;
  const steps = stepsOf(grid.spacing, grid.shape[2] === 1);
  const far = searchNearby(sources, { queries, distances }, { ...grid, steps });
  if (far.length === 0 || (grid.limit ?? Infinity) < steps.reach) return distances;
  const left = transformDistances(sources, far.map((q) => queries[q] as number), grid);
  for (let i = 0; i < far.length; i++) distances[far[i] as number] = left[i] as number;
  return distances;
}

/** Fills in the distances of queries with a source nearby; the positions of the others, whose distance is above the limit or not known. */
function searchNearby(
  sources: VoxelList,
  { queries, distances }: { queries: VoxelList; distances: Float64Array },
  { shape, steps, limit = Infinity }: { shape: Triple; steps: Steps; limit?: number | undefined },
): Int32Array {
  const [nx, ny, nz] = shape;
  const area = nx * ny;
  const { x, y, z, distance } = steps;
  let count = distance.length;
  while (count > 0 && (distance[count - 1] as number) > limit) count--;
  const jump = new Int32Array(count);
  let margin = 0;
  for (let k = 0; k < count; k++) {
    const to = (x[k] as number) + nx * (y[k] as number) + area * (z[k] as number);
    jump[k] = to;
    margin = Math.max(margin, Math.abs(to));
  }
  // With a margin at both ends, no jump leaves the array.
  const isSource = new Uint8Array(area * nz + 2 * margin);
  for (let s = 0; s < sources.length; s++) isSource[(sources[s] as number) + margin] = 1;
  const far = new Int32Array(queries.length);
  let missed = 0;
  let looks = limit < steps.reach ? Infinity : LOOKS_PER_VOXEL * area * nz;
  for (let q = 0; q < queries.length; q++) {
    const query = queries[q] as number;
    const at = query + margin;
    // Without looks left, the query is a far one.
    let k = looks > 0 ? 0 : count;
    for (; k < count; k++) {
      if (isSource[at + (jump[k] as number)] === 0) continue;
      // A jump beyond the end of a row lands in another row.
      const column = query % nx + (x[k] as number);
      const row = Math.floor(query / nx) % ny + (y[k] as number);
      if (column >= 0 && column < nx && row >= 0 && row < ny) break;
    }
    looks -= k;
    if (k < count) distances[q] = distance[k] as number;
    else far[missed++] = q;
  }
  return far.subarray(0, missed);
}

let latest: Steps | undefined;

/** The steps of a spacing; those of the spacing before are kept, since all classes and most cases of a data set share one. */
function stepsOf(spacing: Triple, planar: boolean): Steps {
  const known = latest;
  if (known?.planar === planar && spacing.every((s, axis) => s === known.spacing[axis])) return known;
  return latest = makeSteps(spacing, planar);
}

function makeSteps(spacing: Triple, planar: boolean): Steps {
  const [sx, sy, sz] = spacing;
  // The radius of the disc or the ball with as many voxels.
  const radius = planar ? Math.sqrt(STEPS * sx * sy / Math.PI) : Math.cbrt(STEPS * sx * sy * sz * 3 / (4 * Math.PI));
  const axes = planar ? [sx, sy] : [sx, sy, sz];
  const reach = Math.min(radius, ...axes.map((s) => (LONGEST + 1) * s));
  const longest = (s: number) => Math.floor(reach / s);
  const found: [number, number, number, number][] = [];
  for (let z = planar ? 0 : -longest(sz); z <= (planar ? 0 : longest(sz)); z++) {
    for (let y = -longest(sy); y <= longest(sy); y++) {
      for (let x = -longest(sx); x <= longest(sx); x++) {
        // In the order of the transform, so that both round alike.
        const distance = Math.sqrt(x * x * (sx * sx) + sy * sy * y * y + sz * sz * z * z);
        if (distance < reach) found.push([distance, x, y, z]);
      }
    }
  }
  found.sort(([a], [b]) => a - b);
  return {
    spacing,
    planar,
    x: Int32Array.from(found, ([, x]) => x),
    y: Int32Array.from(found, ([, , y]) => y),
    z: Int32Array.from(found, ([, , , z]) => z),
    distance: Float64Array.from(found, ([distance]) => distance),
    reach,
  };
}
