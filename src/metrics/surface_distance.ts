/** Distances between the surfaces of two masks: Hausdorff, its 95th percentile, mean distances, normalized surface distance. */

import type { VoxelList } from "./distance_transform.ts";
import type { MaskPair } from "./mask_pair.ts";
import { nearestDistances } from "./nearest_distances.ts";
import { selectPercentile } from "./order_statistics.ts";
import type { Triple } from "./overlap.ts";
import { contourLengths, surfelAreas } from "./surfel_tables.ts";

/**
 * How the 95th percentile of surface distance is taken: the larger of the two directed percentiles (`max`), the percentile of both lists
 * together (`pooled`), or by surface area (`surfel`, {@link surfelHausdorff}).
 */
export type Hd95Variant = "max" | "pooled" | "surfel";

/** Distances from every surface voxel of one mask to the nearest surface voxel of the other, in no order. */
export interface SurfaceDistances {
  readonly toPrediction: Float64Array;
  readonly toReference: Float64Array;
}

/**
 * The distances between the surface voxels of two masks, in the unit of `spacing`; both must hold voxels.
 *
 * A surface voxel has a background neighbour across a face (an edge in 2-D); outside the image is background.
 */
export function surfaceDistances(masks: MaskPair, spacing: Triple): SurfaceDistances {
  const grid = { shape: masks.shape, spacing };
  const reference = surfaceVoxels(masks.reference, masks);
  const prediction = surfaceVoxels(masks.prediction, masks);
  return {
    toPrediction: nearestDistances(prediction, reference, grid),
    toReference: nearestDistances(reference, prediction, grid),
  };
}

function surfaceVoxels(mask: Uint8Array, { shape, planar }: MaskPair): VoxelList {
  const [nx, ny, nz] = shape;
  const area = planar ? 0 : nx * ny;
  const border = planar ? 0 : 1;
  let found = new Int32Array(FIRST_LENGTH);
  let count = 0;
  for (let z = border; z < nz - border; z++) {
    for (let y = 1; y < ny - 1; y++) {
      let i = 1 + nx * (y + ny * z);
      for (const end = i + nx - 2; i < end; i++) {
        if (mask[i] === 0) continue;
        const inside = (mask[i - 1] as number) & (mask[i + 1] as number) & (mask[i - nx] as number) &
          (mask[i + nx] as number) & (mask[i - area] as number) & (mask[i + area] as number);
        if (inside !== 0) continue;
        if (count === found.length) found = enlarged(found);
        found[count++] = i;
      }
    }
  }
  return found.subarray(0, count);
}

/** Voxels of a surface for which space is taken at first: fresh memory costs more than looking for them. */
const FIRST_LENGTH = 2048;

function enlarged<L extends Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(list: L): L {
  const larger = new (list.constructor as new (length: number) => L)(2 * list.length);
  larger.set(list);
  return larger;
}

/** The Hausdorff distance: the largest distance of either list. */
export function hausdorff({ toPrediction, toReference }: SurfaceDistances): number {
  return Math.max(largest(toPrediction), largest(toReference));
}

/** The 95th percentile of surface distance by voxels, with linear interpolation between list elements. */
export function hausdorff95(distances: SurfaceDistances, variant: "max" | "pooled" = "max"): number {
  const { toPrediction, toReference } = distances;
  if (variant === "max") return Math.max(selectPercentile(toPrediction, 0.95), selectPercentile(toReference, 0.95));
  const pooled = new Float64Array(toPrediction.length + toReference.length);
  pooled.set(toPrediction);
  pooled.set(toReference, toPrediction.length);
  return selectPercentile(pooled, 0.95);
}

/** ASSD: the mean of both lists together. */
export function averageSymmetricDistance({ toPrediction, toReference }: SurfaceDistances): number {
  return (sum(toPrediction) + sum(toReference)) / (toPrediction.length + toReference.length);
}

/** MASD: the mean of the two directed means. */
export function meanAverageDistance({ toPrediction, toReference }: SurfaceDistances): number {
  return (sum(toPrediction) / toPrediction.length + sum(toReference) / toReference.length) / 2;
}

/** Distances between surface elements, with their areas (3-D) or lengths (2-D) in the same order. */
export interface SurfelDistances {
  readonly toPrediction: Float64Array;
  readonly referenceAreas: Float64Array;
  readonly toReference: Float64Array;
  readonly predictionAreas: Float64Array;
}

/**
 * The distances between the surface elements of two masks: the cells between voxel centres that hold a piece of surface, each with
 * its area (Nikolov et al. 2021, doi 10.2196/26151, whose published code this definition follows). Both masks must hold voxels.
 *
 * @param options.tolerance distances above it may be Infinity: all that the NSD asks is which are above
 */
export function surfelDistances(
  masks: MaskPair,
  spacing: Triple,
  { tolerance }: { tolerance?: number | undefined } = {},
): SurfelDistances {
  const limit = tolerance === undefined ? undefined : withRounding(tolerance);
  const grid = { shape: masks.shape, spacing, limit };
  const table = masks.planar ? contourLengths(spacing) : surfelAreas(spacing);
  const reference = surfels(masks.reference, { masks, table });
  const prediction = surfels(masks.prediction, { masks, table });
  return {
    toPrediction: nearestDistances(prediction.cells, reference.cells, grid),
    referenceAreas: reference.areas,
    toReference: nearestDistances(reference.cells, prediction.cells, grid),
    predictionAreas: prediction.areas,
  };
}

/** The cells with a piece of surface, each named by its voxel of lowest index. */
function surfels(mask: Uint8Array, { masks, table }: { masks: MaskPair; table: Float64Array }) {
  const [nx, ny, nz] = masks.shape;
  const area = nx * ny;
  let cells = new Int32Array(FIRST_LENGTH);
  let areas = new Float64Array(FIRST_LENGTH);
  let count = 0;
  const whole = table.length - 1;
  const shift = masks.planar ? 2 : 4;
  for (let z = 0; z < (masks.planar ? 1 : nz - 1); z++) {
    for (let y = 0; y < ny - 1; y++) {
      let i = nx * (y + ny * z);
      let left = 0; // The first column of the border is background.
      for (const end = i + nx - 1; i < end; i++) {
        const j = i + 1;
        let right = (mask[j] as number) | ((mask[j + nx] as number) << 1);
        if (!masks.planar) right |= ((mask[j + area] as number) << 2) | ((mask[j + area + nx] as number) << 3);
        const code = left | (right << shift);
        left = right;
        if (code === 0 || code === whole) continue;
        if (count === cells.length) {
          cells = enlarged(cells);
          areas = enlarged(areas);
        }
        cells[count] = i;
        areas[count++] = table[code] as number;
      }
    }
  }
  return { cells: cells.subarray(0, count), areas: areas.subarray(0, count) };
}

/** NSD: the area of both surfaces that lies within `tolerance` of the other surface, of all their area. */
export function normalizedSurfaceDistance(distances: SurfelDistances, tolerance: number): number {
  const { toPrediction, referenceAreas, toReference, predictionAreas } = distances;
  const limit = withRounding(tolerance);
  const within = (list: Float64Array, areas: Float64Array) => {
    let total = 0;
    for (let i = 0; i < list.length; i++) if ((list[i] as number) <= limit) total += areas[i] as number;
    return total;
  };
  return (within(toPrediction, referenceAreas) + within(toReference, predictionAreas)) /
    (sum(referenceAreas) + sum(predictionAreas));
}

/** The larger of the two directed distances within which `fraction` of the area lies; an element of the list, never interpolated. */
export function surfelHausdorff(distances: SurfelDistances, fraction = 0.95): number {
  const directed = (list: Float64Array, areas: Float64Array) => {
    const order = Uint32Array.from(list.keys()).sort((a, b) => (list[a] as number) - (list[b] as number));
    const total = sum(areas);
    let covered = 0;
    for (const i of order) {
      covered += areas[i] as number;
      if (covered / total >= fraction) return list[i] as number;
    }
    return list[order.at(-1) as number] as number;
  };
  return Math.max(
    directed(distances.toPrediction, distances.referenceAreas),
    directed(distances.toReference, distances.predictionAreas),
  );
}

/** Headers hold spacing as float32: a distance of two voxels of 0.1 mm is not to exceed a tolerance of 0.2 mm. */
function withRounding(tolerance: number): number {
  return tolerance * (1 + 1e-6);
}

function largest(values: Float64Array): number {
  let found = -Infinity;
  for (let i = 0; i < values.length; i++) if ((values[i] as number) > found) found = values[i] as number;
  return found;
}

function sum(values: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] as number;
  return total;
}
