/** Connected parts of a mask. */

import type { Triple } from "./overlap.ts";

/** Parts numbered from 1 in the order of their first voxel; 0 is background. */
export interface Components {
  readonly labels: Int32Array;
  /** Voxels of part k at `sizes[k]`; `sizes[0]` is unused. */
  readonly sizes: readonly number[];
}

/**
 * Finds the parts of a mask that touch across faces, edges or corners (26 neighbours in 3-D, 8 in 2-D).
 *
 * @param mask 0 is background; the outermost layer (of a 2-D mask: of its slice) is background
 */
export function labelComponents(mask: Uint8Array, shape: Triple): Components {
  const [nx, ny, nz] = shape;
  const neighbours: number[] = [];
  for (const dz of nz === 1 ? [0] : [-1, 0, 1]) {
    for (const dy of [-1, 0, 1]) for (const dx of [-1, 0, 1]) neighbours.push(dx + nx * (dy + ny * dz));
  }
  const labels = new Int32Array(mask.length);
  const sizes = [0];
  const stack: number[] = [];
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || labels[start] !== 0) continue;
    const label = sizes.length;
    let size = 0;
    labels[start] = label;
    stack.push(start);
    for (let voxel = stack.pop(); voxel !== undefined; voxel = stack.pop()) {
      size++;
      for (const step of neighbours) {
        const next = voxel + step;
        if (mask[next] === 0 || labels[next] !== 0) continue;
        labels[next] = label;
        stack.push(next);
      }
    }
    sizes.push(size);
  }
  return { labels, sizes };
}
