/** One picture that tells what a network does: the slice, the few pixels of it that are read, the reference and the answer. */
import { Buffer } from "node:buffer";
import { networkSquare, prepareImage } from "../imaging/network_input.ts";
import { type Normalization, percentiles } from "../imaging/normalize.ts";
import { toCanonical } from "../imaging/orientation.ts";
import { encodePng } from "../imaging/png.ts";
import { hardLabelSquare, type Plane, type SliceGeometry } from "../imaging/slices.ts";
import { LABEL_COLOURS, REFERENCE_COLOUR } from "../imaging/overlay.ts";
import type { Volume, VoxelArray } from "../imaging/volume.ts";
import { type Markup, markup } from "./markup.ts";

/** A case of the picture, on one grid; masks hold class indices. */
export interface PictureRow {
  readonly case: string;
  readonly image: Volume;
  readonly reference: Volume;
  readonly prediction: Volume;
  /** Of the whole case. */
  readonly dice: number;
}

/** How the network reads, and what is written below the picture. */
export interface PictureSettings {
  readonly inputSize: number;
  readonly normalization: Normalization;
  readonly plane: Plane;
  readonly classes: number;
  readonly footer: string;
}

/** Pixels of the picture. */
const PANEL = 224;
const GAP = 8;
const TITLE = 26;
const FOOTER = 30;

/**
 * An SVG with a row of four panels for each case, of the slice that has the largest reference: the slice as it was scanned, the
 * pixels that the network reads, the outline of the reference, and that of the prediction.
 */
export function resultPicture(rows: readonly PictureRow[], settings: PictureSettings): string {
  const width = 4 * PANEL + 5 * GAP;
  const height = TITLE + rows.length * (PANEL + GAP) + FOOTER;
  const titles = ["scanned", `read by the network: ${settings.inputSize}×${settings.inputSize}`, "reference", "found"];
  return markup`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#e8e8e8"><rect width="${width}" height="${height}" rx="6" fill="#161616"/>${
    titles.map((title, i) => text(title, { x: left(i) + 2, y: TITLE - 9 }))
  }${rows.map((row, i) => rowOf(row, { settings, top: TITLE + i * (PANEL + GAP) }))}${
    text(settings.footer, { x: left(0) + 2, y: height - 11 })
  }</svg>
`.text;
}

function rowOf(row: PictureRow, { settings, top }: { settings: PictureSettings; top: number }): Markup {
  const { inputSize, classes } = settings;
  const prepared = prepareImage(row.image, settings);
  const { geometry } = prepared;
  const [reference, prediction] = [row.reference, row.prediction].map((mask) => toCanonical(mask).volume.data) as [
    VoxelArray,
    VoxelArray,
  ];
  const index = largestSlice(reference, geometry);
  // At the finest spacing voxels and pixels are the same.
  const size = Math.round(geometry.sideMm / Math.min(geometry.rowSpacingMm, geometry.columnSpacingMm));
  const scanned = networkSquare(prepared, index, size);
  const [low, high] = percentiles(scanned.subarray(0, size * size), [0.5, 99.8]) as [number, number];
  const grey = (square: Float32Array, side: number) => greyPng(square.subarray(0, side * side), { side, low, high });
  const whole = grey(scanned, size);
  const labels = (mask: VoxelArray) => hardLabelSquare(mask, index, { geometry, size, classes: classes + 1 });
  const panels = [
    image(whole, { column: 0, top }),
    image(grey(networkSquare(prepared, index, inputSize), inputSize), { column: 1, top }),
    [
      image(whole, { column: 2, top }),
      outline(labels(reference), { size, column: 2, top, colour: () => REFERENCE_COLOUR }),
    ],
    [image(whole, { column: 3, top }), outline(labels(prediction), { size, column: 3, top, colour: labelColour })],
  ];
  return markup`${panels}${label(`${row.case}, slice ${index}`, { column: 0, top })}${
    label(`Dice ${row.dice.toFixed(2)}`, { column: 3, top })
  }`;
}

function left(column: number): number {
  return GAP + column * (PANEL + GAP);
}

function text(content: string, { x, y }: { x: number; y: number }): Markup {
  return markup`<text x="${x}" y="${y}">${content}</text>`;
}

/** A text over the picture's lower edge, readable on bright tissue too. */
function label(content: string, { column, top }: { column: number; top: number }): Markup {
  return markup`<text x="${left(column) + 6}" y="${
    top + PANEL - 8
  }" stroke="#000" stroke-width="3" paint-order="stroke">${content}</text>`;
}

function image(png: Uint8Array, { column, top }: { column: number; top: number }): Markup {
  return markup`<image x="${
    left(column)
  }" y="${top}" width="${PANEL}" height="${PANEL}" style="image-rendering:pixelated" href="data:image/png;base64,${
    Buffer.from(png).toString("base64")
  }"/>`;
}

function greyPng(
  values: Float32Array,
  { side, low, high }: { side: number; low: number; high: number },
): Uint8Array {
  const scale = high > low ? 255 / (high - low) : 0;
  const data = new Uint8Array(values.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.min(255, Math.max(0, ((values[i] as number) - low) * scale));
  return encodePng({ width: side, height: side, data, channels: 1 });
}

/** The borders of each class as lines between pixels. */
function outline(
  labels: Uint8Array,
  { size, column, top, colour }: {
    size: number;
    column: number;
    top: number;
    colour: (label: number) => readonly number[];
  },
): Markup[] {
  return [...new Set(labels)].filter((value) => value > 0).sort().map((value) => {
    const has = (x: number, y: number) => x >= 0 && y >= 0 && x < size && y < size && labels[y * size + x] === value;
    let path = "";
    for (let y = 0; y <= size; y++) {
      for (let x = 0; x <= size; x++) {
        if (has(x, y) !== has(x, y - 1)) path += `M${x} ${y}h1`;
        if (has(x, y) !== has(x - 1, y)) path += `M${x} ${y}v1`;
      }
    }
    const scale = PANEL / size;
    return markup`<path transform="translate(${
      left(column)
    } ${top}) scale(${scale})" d="${path}" fill="none" stroke="rgb(${colour(value).join(" ")})" stroke-width="${
      2 / scale
    }" stroke-linecap="square"/>`;
  });
}

function labelColour(label: number): readonly number[] {
  return LABEL_COLOURS[(label - 1) % LABEL_COLOURS.length] as readonly number[];
}

function largestSlice(
  mask: VoxelArray,
  { count, rows, columns, sliceStride, rowStride, columnStride }: SliceGeometry,
): number {
  let [best, most] = [count >> 1, 0];
  for (let index = 0; index < count; index++) {
    let voxels = 0;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        if (mask[index * sliceStride + row * rowStride + column * columnStride] !== 0) voxels++;
      }
    }
    if (voxels > most) [best, most] = [index, voxels];
  }
  return best;
}
