/** Stacks of network squares as volumes, so that they can be scored at the network's own size. */
import { toCanonical } from "./orientation.ts";
import { hardLabelSquare, type Plane, type SliceGeometry, sliceGeometry } from "./slices.ts";
import { scalingAffine, type Volume } from "./volume.ts";

/** Squares `[size, size]`, one per slice, as a volume `[size, size, slices]` with the sizes of their pixels in mm. */
export function squareVolume(
  squares: readonly Uint8Array[],
  { geometry, spacingKnown }: { geometry: SliceGeometry; spacingKnown: boolean },
): Volume<Uint8Array> {
  const pixels = squares[0]?.length ?? 0;
  const size = Math.sqrt(pixels);
  const data = new Uint8Array(pixels * squares.length);
  squares.forEach((square, slice) => data.set(square, slice * pixels));
  const pixelMm = geometry.sideMm / size;
  return {
    data,
    shape: [size, size, squares.length],
    channels: 1,
    affine: scalingAffine([pixelMm, pixelMm, geometry.sliceSpacingMm]),
    spacingKnown,
  };
}

/** A label map on the grid of a network's squares: in every pixel the class that covers most of it. */
export function labelSquareVolume(
  labels: Volume<Uint8Array>,
  { plane, size, classes }: { plane: Plane; size: number; classes: number },
): Volume<Uint8Array> {
  const { volume } = toCanonical(labels);
  const geometry = sliceGeometry(volume, plane);
  const squares = Array.from(
    { length: geometry.count },
    (_, index) => hardLabelSquare(volume.data, index, { geometry, size, classes }),
  );
  return squareVolume(squares, { geometry, spacingKnown: labels.spacingKnown });
}
