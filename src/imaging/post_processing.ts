/** What is done to a predicted mask after the classes are decided: on the image's own grid, class by class. */
import { Failure } from "../failure.ts";
import { fillHoles, largestComponent, removeSmall } from "./components.ts";
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
