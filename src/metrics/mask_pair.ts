/** Two masks cut out of an image with a border of background, so that their surfaces need no look at the image's edge. */

import type { Box, LabelPair, Triple } from "./overlap.ts";

/** Masks (0 or 1) on one grid whose outermost layer is background. */
export interface MaskPair {
  readonly reference: Uint8Array;
  readonly prediction: Uint8Array;
  /** The box around both masks and one voxel more at each end; along z only if the image has several slices. */
  readonly shape: Triple;
  /** A 2-D image: surfaces are contours within the slice. */
  readonly planar: boolean;
}

/** Cuts one class out of a label pair; undefined where neither image has a voxel of it. */
export function cropClass(pair: LabelPair, members: Uint8Array): MaskPair | undefined {
  const box = pair.boxes.filter((_, code) => members[code] === 1).reduce(unite, undefined);
  return box && crop(pair, { box, members: pair.codeOf.map((code) => members[code] as number) });
}

function unite(a: Box | undefined, b: Box | undefined): Box | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const pick = (choose: (p: number, q: number) => number, end: "first" | "last"): Triple => [
    choose(a[end][0], b[end][0]),
    choose(a[end][1], b[end][1]),
    choose(a[end][2], b[end][2]),
  ];
  return { first: pick(Math.min, "first"), last: pick(Math.max, "last") };
}

/** @param part.members by label: 1 where it belongs to the mask; larger labels do not. */
function crop(
  images: Pick<LabelPair, "reference" | "prediction" | "shape" | "ignored">,
  part: { box: Box; members: Uint8Array },
): MaskPair {
  const [nx, ny, nz] = images.shape;
  const { box: { first, last }, members } = part;
  const planar = nz === 1;
  const borderZ = planar ? 0 : 1;
  const shape: Triple = [last[0] - first[0] + 3, last[1] - first[1] + 3, last[2] - first[2] + 1 + 2 * borderZ];
  const reference = new Uint8Array(shape[0] * shape[1] * shape[2]);
  const prediction = new Uint8Array(reference.length);
  for (let z = first[2]; z <= last[2]; z++) {
    for (let y = first[1]; y <= last[1]; y++) {
      let from = first[0] + nx * (y + ny * z);
      let to = 1 + shape[0] * (y - first[1] + 1 + shape[1] * (z - first[2] + borderZ));
      for (let x = first[0]; x <= last[0]; x++, from++, to++) {
        const label = images.reference[from] as number;
        if (label === images.ignored) continue;
        reference[to] = members[label] ?? 0;
        prediction[to] = members[images.prediction[from] as number] ?? 0;
      }
    }
  }
  return { reference, prediction, shape, planar };
}
