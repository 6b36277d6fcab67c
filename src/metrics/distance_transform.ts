/** Exact Euclidean distances on a grid with unequal spacing. */

import type { Triple } from "./overlap.ts";

/** Voxels of a grid by index, x fastest, in ascending order. */
export type VoxelList = Int32Array;

/**
 * The distance from every query voxel to the nearest source voxel, exactly, in time linear in the grid.
 *
 * The squared distance separates by axis: three passes, each the lower envelope of parabolas along a line (Felzenszwalb
 * and Huttenlocher 2012, doi 10.4086/toc.2012.v008a019). Only rows and slices with a source and columns with a query are
 * looked at, so a sparse pair costs far less than a transform of the volume. If no voxel is a source, distances are Infinity.
 *
 * @param sources ascending indices
 * @param queries ascending indices
 * @returns distances in the unit of `spacing`, in the order of `queries`
 */
export function transformDistances(
  sources: VoxelList,
  queries: VoxelList,
  grid: { shape: Triple; spacing: Triple },
): Float64Array {
  const distances = new Float64Array(queries.length).fill(Infinity);
  if (sources.length === 0 || queries.length === 0) return distances;
  const [nx, ny, nz] = grid.shape;
  const area = nx * ny;
  const [wx, wy, wz] = grid.spacing.map((s) => s * s) as [number, number, number];
  const columns = groupByColumn(queries, nx, ny);
  const slices = sliceStarts(sources, area, nz);
  const envelope = new Envelope(Math.max(ny, nz));

  // Squared distances within each slice that has sources, for the columns with queries: squared[column * slices + slice].
  const squared = new Float64Array(columns.count * slices.z.length);
  const rowY = new Int32Array(ny);
  const toRow = new Float64Array(nx * ny);
  for (let slot = 0; slot < slices.z.length; slot++) {
    const rows = distancesInRows(
      sources,
      { from: slices.start[slot] as number, to: slices.start[slot + 1] as number },
      {
        nx,
        area,
        weight: wx,
        rowY,
        toRow,
      },
    );
    for (let x = 0; x < nx; x++) {
      const from = columns.byX[x] as number;
      const to = columns.byX[x + 1] as number;
      if (from === to) continue;
      envelope.build(rowY, toRow, { offset: x * rows, count: rows, weight: wy });
      for (let c = from; c < to; c++) {
        squared[c * slices.z.length + slot] = envelope.next(columns.y[c] as number);
      }
    }
  }
  for (let c = 0; c < columns.count; c++) {
    envelope.build(slices.z, squared, { offset: c * slices.z.length, count: slices.z.length, weight: wz });
    for (let k = columns.start[c] as number; k < (columns.start[c + 1] as number); k++) {
      const query = columns.order[k] as number;
      distances[query] = Math.sqrt(envelope.next(Math.floor((queries[query] as number) / area)));
    }
  }
  return distances;
}

/** Squared distance along x from every x to the nearest source of each row of a slice: `toRow[x * rows + row]`; the number of rows. */
function distancesInRows(
  sources: VoxelList,
  range: { from: number; to: number },
  slice: { nx: number; area: number; weight: number; rowY: Int32Array; toRow: Float64Array },
): number {
  const { nx, area, weight, rowY, toRow } = slice;
  let rows = 0;
  let lastY = -1;
  for (let i = range.from; i < range.to; i++) {
    const y = Math.floor(((sources[i] as number) % area) / nx);
    if (y !== lastY) rowY[rows++] = lastY = y;
  }
  let i = range.from;
  for (let row = 0; row < rows; row++) {
    const rowStart = (sources[i] as number) - ((sources[i] as number) % nx);
    let here = (sources[i++] as number) - rowStart;
    let x = 0;
    for (;;) {
      const following = i < range.to ? (sources[i] as number) - rowStart : nx;
      const isLast = following >= nx;
      const end = isLast ? nx - 1 : (here + following) >> 1;
      for (; x <= end; x++) toRow[x * rows + row] = (x - here) * (x - here) * weight;
      if (isLast) break;
      here = following;
      i++;
    }
  }
  return rows;
}

/** Columns (x, y) that hold queries, ordered by x, then y; the queries of each in ascending z. */
function groupByColumn(queries: VoxelList, nx: number, ny: number) {
  const area = nx * ny;
  // Transposed position x·ny + y, so that the columns of one x stand together.
  const slotOf = new Int32Array(area);
  const transposed = (index: number) => {
    const inSlice = index % area;
    return (inSlice % nx) * ny + Math.floor(inSlice / nx);
  };
  for (const query of queries) (slotOf[transposed(query)] as number)++;
  const y: number[] = [];
  const start: number[] = [];
  const byX = new Int32Array(nx + 1);
  let before = 0;
  for (let t = 0; t < area; t++) {
    if (t % ny === 0) byX[t / ny] = y.length;
    const members = slotOf[t] as number;
    if (members === 0) continue;
    slotOf[t] = y.length;
    y.push(t % ny);
    start.push(before);
    before += members;
  }
  byX[nx] = y.length;
  const cursor = Int32Array.from(start);
  start.push(before);
  const order = new Int32Array(queries.length);
  for (let q = 0; q < queries.length; q++) {
    const slot = slotOf[transposed(queries[q] as number)] as number;
    order[(cursor[slot] as number)++] = q;
  }
  return { count: y.length, y: Int32Array.from(y), start: Int32Array.from(start), byX, order };
}

/** The slices that hold sources, and where the sources of each begin. */
function sliceStarts(sources: VoxelList, area: number, nz: number) {
  const z: number[] = [];
  const start: number[] = [];
  for (let i = 0, lastZ = -1; i < sources.length && lastZ < nz; i++) {
    const here = Math.floor((sources[i] as number) / area);
    if (here === lastZ) continue;
    lastZ = here;
    z.push(here);
    start.push(i);
  }
  start.push(sources.length);
  return { z: Int32Array.from(z), start };
}

/** min over p of height(p) + weight·(q − p)², built once per line and read at ascending q. */
class Envelope {
  readonly #position: Float64Array;
  readonly #height: Float64Array;
  /** From where on each parabola is the lowest. */
  readonly #begin: Float64Array;
  #count = 0;
  #weight = 1;
  #current = 0;

  constructor(length: number) {
    this.#position = new Float64Array(length);
    this.#height = new Float64Array(length);
    this.#begin = new Float64Array(length);
  }

  build(
    positions: Int32Array,
    heights: Float64Array,
    line: { offset: number; count: number; weight: number },
  ): void {
    const { offset, count, weight } = line;
    const [position, height, begin] = [this.#position, this.#height, this.#begin];
    let top = -1;
    for (let i = 0; i < count; i++) {
      const p = positions[i] as number;
      const h = heights[offset + i] as number;
      let crossing = -Infinity;
      while (top >= 0) {
        const q = position[top] as number;
        // Where weight·(t − p)² + h = weight·(t − q)² + height(q).
        crossing = ((h - (height[top] as number)) / (weight * (p - q)) + p + q) / 2;
        if (crossing > (begin[top] as number)) break;
        top--;
      }
      top++;
      position[top] = p;
      height[top] = h;
      begin[top] = top === 0 ? -Infinity : crossing;
    }
    this.#count = top + 1;
    this.#weight = weight;
    this.#current = 0;
  }

  /** The minimum at `q`, which is no less than the `q` of the call before. */
  next(q: number): number {
    let k = this.#current;
    while (k + 1 < this.#count && (this.#begin[k + 1] as number) <= q) k++;
    this.#current = k;
    const d = q - (this.#position[k] as number);
    return (this.#height[k] as number) + this.#weight * d * d;
  }
}
