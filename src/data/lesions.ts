/** How large lesions are in the slices that a network sees: what is smaller than one of its pixels it can hardly learn. */
import type { Volume } from "../imaging/volume.ts";

/**
 * Areas in voxels of the connected regions (8 neighbours) of each class in every slice across `axis`.
 *
 * @returns for class k the areas at position k - 1.
 */
export function lesionAreas(
  mask: Volume<Uint8Array>,
  { axis, classCount }: { axis: 0 | 1 | 2; classCount: number },
): number[][] {
  const areas: number[][] = Array.from({ length: classCount }, () => []);
  const [u, v] = [0, 1, 2].filter((other) => other !== axis) as [0 | 1 | 2, 0 | 1 | 2];
  const strides = [1, mask.shape[0], mask.shape[0] * mask.shape[1]] as const;
  const [width, height, depth] = [mask.shape[u], mask.shape[v], mask.shape[axis]];
  // A frame of background around the slice spares the tests of the border.
  const row = width + 2;
  const slice = new Uint8Array(row * (height + 2));
  const neighbours = [-row - 1, -row, -row + 1, -1, 1, row - 1, row, row + 1];
  const stack = new Int32Array(width * height);
  for (let position = 0; position < depth; position++) {
    let any = 0;
    for (let y = 0; y < height; y++) {
      let from = position * strides[axis] + y * strides[v];
      for (let at = (y + 1) * row + 1, end = at + width; at < end; at++, from += strides[u]) {
        any |= slice[at] = mask.data[from] as number;
      }
    }
    if (any === 0) continue;
    for (let start = row; start < slice.length - row; start++) {
      const value = slice[start] as number;
      if (value === 0) continue;
      let area = 0;
      let top = 0;
      stack[top++] = start;
      slice[start] = 0;
      while (top > 0) {
        const at = stack[--top] as number;
        area++;
        for (const step of neighbours) {
          if (slice[at + step] !== value) continue;
          slice[at + step] = 0;
          stack[top++] = at + step;
        }
      }
      areas[value - 1]?.push(area);
    }
  }
  return areas;
}
