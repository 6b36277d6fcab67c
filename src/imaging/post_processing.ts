/** What is done to a predicted mask after the classes are decided: on the image's own grid, class by class. */
import { Failure } from "../failure.ts";
import { fillHoles, largestComponent, removeSmall } from "./components.ts";
import { type MaskRegion, regionsOfValue } from "./regions.ts";
import { spacingMm, type Volume } from "./volume.ts";

/** Steps of the clean-up, in the order in which they are done. */
export interface PostProcessing {
  /** Fills holes: background that no path by faces joins to the border of the image. */
  readonly fillHoles?: boolean | undefined;
  /** Removes connected parts of a class that are smaller. */
  readonly minimumVolumeMl?: number | undefined;
  /** Keeps the largest connected part of every class alone. */
  readonly largestComponent?: boolean | undefined;
}

/**
 * The mask after the steps that are asked for.
 *
 * @param mask class indices from 0 (background) to `classes`.
 * @throws {Failure} where a volume in ml is asked for and the image carries no voxel size.
 */
export function postProcess(
  mask: Volume<Uint8Array>,
  classes: number,
  steps: PostProcessing,
): Uint8Array {
  const { shape } = mask;
  const labels = Array.from({ length: classes }, (_, i) => i + 1);
  let { data } = mask;
  // Along an axis of one voxel everything touches the border: a single slice is filled within its plane.
  const flat = shape.indexOf(1) as -1 | 0 | 1 | 2;
  if (steps.fillHoles) data = fillHoles(data, shape, flat < 0 ? {} : { acrossAxis: flat as 0 | 1 | 2 });
  if (steps.minimumVolumeMl !== undefined && steps.minimumVolumeMl > 0) {
    const minimumVoxels = voxelsOf(steps.minimumVolumeMl, mask);
    for (const label of labels) data = removeSmall(data, shape, { label, minimumVoxels });
  }
  if (steps.largestComponent) { for (const label of labels) data = largestComponent(data, shape, { label }); }
  return data;
}

/**
 * As {@link postProcess} for regions that overlap: each is cleaned as a whole; voxels removed from a region are removed from those within
 * it, and of those that are left the last one is written.
 *
 * @param mask 0, or k for the value of the k-th region, which stands for all regions that hold it.
 */
export function postProcessRegions(
  mask: Volume<Uint8Array>,
  regions: readonly MaskRegion[],
  steps: PostProcessing,
): Uint8Array {
  if (!steps.fillHoles && !steps.minimumVolumeMl && !steps.largestComponent) return mask.data;
  const held = regions.map(({ value }) => regionsOfValue(regions, value));
  const written = new Uint8Array(mask.data.length);
  const cleaned: Uint8Array[] = [];
  for (const [position, { values }] of regions.entries()) {
    const isMember = Uint8Array.of(0, ...held.map((inside) => inside.includes(position) ? 1 : 0));
    const part = new Uint8Array(written.length);
    for (let i = 0; i < part.length; i++) part[i] = isMember[mask.data[i] as number] as number;
    cleaned.forEach((around, other) => {
      if (!values.every((value) => regions[other]?.values.includes(value))) return;
      for (let i = 0; i < part.length; i++) if (around[i] === 0) part[i] = 0;
    });
    const left = postProcess({ ...mask, data: part }, 1, steps);
    for (let i = 0; i < left.length; i++) if (left[i] === 1) written[i] = position + 1;
    cleaned.push(left);
  }
  return written;
}

/** The smallest number of voxels that fills a volume. */
function voxelsOf(ml: number, { affine, spacingKnown }: Volume): number {
  if (!spacingKnown) {
    throw new Failure(
      "The image carries no voxel size, so that --minimum-volume-ml has no meaning for it; leave the option out",
    );
  }
  const voxelMl = spacingMm(affine).reduce((product, size) => product * size, 1) / 1000;
  // Headers hold spacing as float32: eight voxels of 1 mm³ are 0.008 ml, whatever the rounding.
  return Math.ceil(ml / voxelMl * (1 - 1e-6));
}
