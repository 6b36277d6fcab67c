/** How large lesions are in the slices that a network sees: it can hardly learn regions smaller than one of its pixels. */
import type { SliceGeometry } from "../imaging/slices.ts";

/**
 * Areas in voxels of the connected regions (8 neighbours) of each class in every slice.
 *
 * @param classes class indices of a volume in the order that `geometry` describes.
 * @returns for class k the areas at position k - 1.
 */
export function lesionAreas(
  classes: Uint8Array,
  { geometry, classCount }: { geometry: SliceGeometry; classCount: number },
): number[][] {
  const areas: number[][] = Array.from({ length: classCount }, () => []);
  const { count, rows, columns } = geometry;
  // A frame of background around the slice spares the tests of the border.
  const width = columns + 2;
  const slice = new Uint8Array(width * (rows + 2));
  const neighbours = [-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1];
  const stack = new Int32Array(columns * rows);
  for (let index = 0; index < count; index++) {
    let any = 0;
    for (let row = 0; row < rows; row++) {
      let from = index * geometry.sliceStride + row * geometry.rowStride;
      const start = (row + 1) * width + 1;
      for (let at = start; at < start + columns; at++, from += geometry.columnStride) {
        const value = classes[from] as number;
        slice[at] = value;
        any |= value;
      }
    }
    if (any === 0) continue;
    for (let start = width; start < slice.length - width; start++) {
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
