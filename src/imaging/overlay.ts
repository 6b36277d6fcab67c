/** Pictures of segmentations on their images, to be looked at: slices side by side with filled and outlined labels. */
import { percentiles } from "./normalize.ts";
import { toCanonical } from "./orientation.ts";
import { drawGrey, drawLabels, drawNumber, type Picture, type View } from "./overlay_drawing.ts";
import { choosePlane, type Plane, type SliceGeometry, sliceGeometry } from "./slices.ts";
import { spacingMm, type Volume, type VoxelArray } from "./volume.ts";

export { LABEL_COLOURS, type Picture, REFERENCE_COLOUR } from "./overlay_drawing.ts";

/** Pixels between the slices. */
const GAP = 6;

/**
 * A montage of slices as on a radiologist's screen (see slices.ts), each with its number, counted from 0: the image in grey
 * between two percentiles, the prediction filled and outlined in the colour of its label, the reference outlined in another
 * colour, or dashed where there are several labels.
 *
 * The slices with labels are divided into `tiles` runs, and of each run the slice with most labelled voxels is shown. All are
 * cropped to the part that is not darkest throughout.
 *
 * @param options.image shown from `channel` (0 by default); orientations may be any, grids must be the same.
 * @param options.plane by default across the axis with the largest spacing.
 * @param options.tiles how many slices at most: 12 by default, in rows of `columns`, by default 4.
 * @param options.tilePixels the length of the longer side of a slice in the picture, roughly: 256 by default.
 * @throws {RangeError} where the grids differ.
 */
export function overlayMontage(options: {
  image: Volume;
  prediction: Volume;
  reference?: Volume | undefined;
  plane?: Plane;
  channel?: number;
  tiles?: number;
  columns?: number;
  tilePixels?: number;
}): Picture {
  const { channel = 0, tiles = 12, columns = 4, tilePixels = 256 } = options;
  const image = toCanonical(options.image).volume;
  const prediction = labelsOn(image, options.prediction);
  const reference = options.reference && labelsOn(image, options.reference);
  const labels = reference === undefined ? [prediction] : [prediction, reference];
  const plane = options.plane ?? choosePlane(spacingMm(image.affine), image.shape);
  const geometry = sliceGeometry(image, plane);
  const shown = chooseSlices(labels, { geometry, tiles });
  const voxels = image.data.subarray(channel * geometry.channelStride, (channel + 1) * geometry.channelStride);
  const crop = contentOf([voxels, ...labels], { geometry, shown });
  const tile = tileSize(geometry, { crop, tilePixels });
  const across = Math.min(columns, shown.length);
  const picture = blankPicture(
    across * (tile.width + GAP) + GAP,
    Math.ceil(shown.length / across) * (tile.height + GAP) + GAP,
  );
  const views = shown.map((index, position): View => ({
    ...geometry,
    ...tile,
    first: index * geometry.sliceStride + crop.row * geometry.rowStride + crop.column * geometry.columnStride,
    rows: crop.rows,
    columns: crop.columns,
    left: GAP + (position % across) * (tile.width + GAP),
    top: GAP + Math.floor(position / across) * (tile.height + GAP),
  }));
  const [low, high] = percentiles(valuesOf(voxels, views), [0.5, 99.7]) as [number, number];
  const style = labels.some(holdsSeveral) ? "dashed" : "reference";
  views.forEach((view, position) => {
    drawGrey(picture, voxels, { view, low, high });
    drawLabels(picture, prediction, { view, style: "prediction" });
    if (reference !== undefined) drawLabels(picture, reference, { view, style });
    drawNumber(picture, { left: view.left + 4, top: view.top + 4, value: shown[position] as number });
  });
  return picture;
}

function holdsSeveral(labels: Uint16Array): boolean {
  for (let i = 0; i < labels.length; i++) if ((labels[i] as number) > 1) return true;
  return false;
}

function labelsOn(image: Volume, mask: Volume): Uint16Array {
  const { data, shape } = toCanonical(mask).volume;
  if (!shape.every((length, axis) => length === image.shape[axis])) {
    throw new RangeError(`Cannot lay a mask of ${shape.join("×")} voxels over ${image.shape.join("×")}`);
  }
  const labels = new Uint16Array(shape[0] * shape[1] * shape[2]);
  for (let i = 0; i < labels.length; i++) labels[i] = Math.round(data[i] as number);
  return labels;
}

function chooseSlices(
  labels: readonly Uint16Array[],
  { geometry, tiles }: { geometry: SliceGeometry; tiles: number },
): number[] {
  const counts = new Float64Array(geometry.count);
  for (const data of labels) {
    for (let i = 0; i < data.length; i++) {
      if (data[i] === 0) continue;
      const slice = Math.floor(i / geometry.sliceStride) % geometry.count;
      counts[slice] = (counts[slice] as number) + 1;
    }
  }
  let candidates = [...counts.keys()].filter((slice) => (counts[slice] as number) > 0);
  if (candidates.length === 0) candidates = [...counts.keys()];
  const runs = Math.min(tiles, candidates.length);
  return Array.from({ length: runs }, (_, run) => {
    const edge = (position: number) => Math.floor(position * candidates.length / runs);
    const members = candidates.slice(edge(run), edge(run + 1));
    const most = Math.max(...members.map((slice) => counts[slice] as number));
    const equal = members.filter((slice) => counts[slice] === most);
    return equal[equal.length >> 1] as number;
  });
}

interface Crop {
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
}

/** The rectangle of the shown slices outside of which every array has its smallest value. */
function contentOf(
  arrays: readonly VoxelArray[],
  { geometry, shown }: { geometry: SliceGeometry; shown: readonly number[] },
): Crop {
  let [top, bottom, left, right] = [geometry.rows, -1, geometry.columns, -1];
  const whole = shown.map((index) => ({ ...geometry, first: index * geometry.sliceStride }));
  for (const data of arrays) {
    let smallest = Infinity;
    forEachVoxel(whole, (at) => smallest = Math.min(smallest, data[at] as number));
    forEachVoxel(whole, (at, row, column) => {
      if (data[at] === smallest) return;
      [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
      [left, right] = [Math.min(left, column), Math.max(right, column)];
    });
  }
  if (bottom < 0) return { row: 0, rows: geometry.rows, column: 0, columns: geometry.columns };
  const margin = 2;
  const [row, column] = [Math.max(0, top - margin), Math.max(0, left - margin)];
  return {
    row,
    rows: Math.min(geometry.rows, bottom + margin + 1) - row,
    column,
    columns: Math.min(geometry.columns, right + margin + 1) - column,
  };
}

type Rectangle = Pick<View, "first" | "rows" | "columns" | "rowStride" | "columnStride">;

function forEachVoxel(
  rectangles: readonly Rectangle[],
  visit: (at: number, row: number, column: number) => void,
): void {
  for (const { first, rows, columns, rowStride, columnStride } of rectangles) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        visit(first + row * rowStride + column * columnStride, row, column);
      }
    }
  }
}

function valuesOf(data: VoxelArray, views: readonly View[]): Float64Array {
  const values = new Float64Array(views.reduce((sum, { rows, columns }) => sum + rows * columns, 0));
  let used = 0;
  forEachVoxel(views, (at) => values[used++] = data[at] as number);
  return values;
}

/** The size in pixels of a cropped slice, its proportions in mm kept; the finer spacing has a whole number of pixels per voxel. */
function tileSize(
  { rowSpacingMm, columnSpacingMm }: SliceGeometry,
  { crop, tilePixels }: { crop: Crop; tilePixels: number },
): { width: number; height: number } {
  const finest = Math.min(rowSpacingMm, columnSpacingMm);
  const longestMm = Math.max(crop.rows * rowSpacingMm, crop.columns * columnSpacingMm);
  const pixelMm = finest / Math.max(1, Math.round(tilePixels * finest / longestMm));
  return {
    width: Math.max(1, Math.round(crop.columns * columnSpacingMm / pixelMm)),
    height: Math.max(1, Math.round(crop.rows * rowSpacingMm / pixelMm)),
  };
}

function blankPicture(width: number, height: number): Picture {
  const data = new Uint8Array(width * height * 4).fill(24);
  for (let alpha = 3; alpha < data.length; alpha += 4) data[alpha] = 255;
  return { width, height, data, channels: 4 };
}
