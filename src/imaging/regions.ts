/** Regions that overlap, in one label map: every voxel holds one value, and a value stands for all regions that contain it. */

/** A region of a mask: the label values that make it up, and the value that is written for it. */
export interface MaskRegion {
  readonly name: string;
  /** Where several regions are predicted for a voxel, the value of the last of them is written. */
  readonly value: number;
  readonly values: readonly number[];
}

/** Positions of the regions that a label value belongs to; a value of no region that is written for one stands for it and all around it. */
export function regionsOfValue(regions: readonly MaskRegion[], value: number): number[] {
  const inside = regions.flatMap(({ values }, position) => values.includes(value) ? [position] : []);
  if (inside.length > 0) return inside;
  const written = regions.find((region) => region.value === value);
  if (written === undefined) return [];
  return regions.flatMap(({ values }, position) =>
    written.values.every((part) => values.includes(part)) ? [position] : []
  );
}

/**
 * What is wrong with the values that are written for regions, or undefined: each must be of its own region and of none after it, so
 * that reading a mask gives the regions that were written.
 */
export function regionFault(regions: readonly MaskRegion[]): string | undefined {
  for (const [position, region] of regions.entries()) {
    const { name, value } = region;
    const twin = regions.findIndex((other) => other.value === value);
    if (twin < position) return `${regions[twin]?.name} and ${name} are both written as ${value}`;
    const inside = regionsOfValue(regions, value);
    if (!inside.includes(position)) return `${name} is written as ${value}, which is none of its values`;
    const last = inside.at(-1) as number;
    if (last > position) {
      return `${name} is written as ${value}, which belongs to ${regions[last]?.name} too, a region after it`;
    }
  }
  return undefined;
}

/**
 * Regions in the order in which they are written, large ones first, each with a value of its own: the smallest that no later region
 * has, or, where there is none, the smallest that no region has.
 */
export function orderRegions(regions: readonly Omit<MaskRegion, "value">[]): MaskRegion[] {
  const sorted = [...regions].sort((a, b) => b.values.length - a.values.length);
  const used = new Set(sorted.flatMap(({ values }) => values));
  return sorted.map((region, position) => {
    const later = sorted.slice(position + 1);
    const own = [...region.values].sort((a, b) => a - b).find((value) =>
      !later.some(({ values }) => values.includes(value))
    );
    let value = own ?? 1;
    while (own === undefined && used.has(value)) value++;
    used.add(value);
    return { ...region, value };
  });
}
