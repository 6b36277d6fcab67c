/** Drawing of grey slices, labels and numbers into a picture. */

/** A picture: RGBA, row by row from the top. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  readonly channels: 4;
}

/** Red, green, blue, 0 to 255. */
export type Colour = readonly [number, number, number];

/**
 * Colours that people with any kind of colour blindness can tell apart (Okabe and Ito 2008), the best visible on grey first;
 * label 1 has the first.
 */
export const LABEL_COLOURS: readonly Colour[] = [
  [230, 159, 0],
  [0, 158, 115],
  [204, 121, 167],
  [240, 228, 66],
  [213, 94, 0],
  [0, 114, 178],
];
/** The outline of the reference where there is one label alone; with several it has the colour of the label, dashed. */
export const REFERENCE_COLOUR: Colour = [86, 180, 233];

const FILL_OPACITY = 0.25;

/** A rectangle of voxels of one slice, and the rectangle of the picture that shows it, upside down and mirrored: see slices.ts. */
export interface View {
  /** Position in the voxel array of the voxel with the lowest indices. */
  readonly first: number;
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Draws intensities between `low` (black) and `high` (white), linearly interpolated. */
export function drawGrey(
  picture: Picture,
  values: ArrayLike<number>,
  { view, low, high }: { view: View; low: number; high: number },
): void {
  const scale = high > low ? 255 / (high - low) : 0;
  const across = Array.from({ length: view.width }, (_, x) => between(x, view.width, view.columns));
  for (let y = 0; y < view.height; y++) {
    const [row, nextRow, down] = between(y, view.height, view.rows);
    const [upper, lower] = [view.first + row * view.rowStride, view.first + nextRow * view.rowStride];
    let at = 4 * ((view.top + y) * picture.width + view.left);
    for (const [column, nextColumn, weight] of across) {
      const [here, there] = [column * view.columnStride, nextColumn * view.columnStride];
      const above = (1 - weight) * (values[upper + here] as number) + weight * (values[upper + there] as number);
      const below = (1 - weight) * (values[lower + here] as number) + weight * (values[lower + there] as number);
      const grey = Math.min(255, Math.max(0, ((1 - down) * above + down * below - low) * scale));
      picture.data[at++] = grey;
      picture.data[at++] = grey;
      picture.data[at++] = grey;
      at++;
    }
  }
}

/** The two voxels between whose centres a pixel of the screen lies, and the weight of the second. */
function between(pixel: number, pixels: number, voxels: number): [number, number, number] {
  const place = Math.min(Math.max((pixel + 0.5) * voxels / pixels - 0.5, 0), voxels - 1);
  const before = Math.floor(place);
  return [voxels - 1 - before, Math.max(0, voxels - 2 - before), place - before];
}

/** Draws labels: filled and outlined in their colours, or outlined in the colour of the reference, or outlined dashed. */
export function drawLabels(
  picture: Picture,
  values: ArrayLike<number>,
  { view, style }: { view: View; style: "prediction" | "reference" | "dashed" },
): void {
  const { left, top, width, height } = view;
  const labels = labelsOfPixels(values, view);
  const at = (x: number, y: number) => x < 0 || y < 0 || x >= width || y >= height ? 0 : labels[y * width + x];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const label = at(x, y) as number;
      if (label === 0) continue;
      // Two pixels wide, inside the label: an outline lies on the voxels that belong to it.
      const edge = at(x - 1, y) !== label || at(x + 1, y) !== label || at(x, y - 1) !== label ||
        at(x, y + 1) !== label ||
        at(x - 2, y) !== label || at(x + 2, y) !== label || at(x, y - 2) !== label || at(x, y + 2) !== label;
      if (!edge && style !== "prediction") continue;
      const colour = style === "reference"
        ? REFERENCE_COLOUR
        : style === "dashed" && ((x + y) & 7) >= 4
        ? [255, 255, 255]
        : LABEL_COLOURS[(label - 1) % LABEL_COLOURS.length] as Colour;
      const opacity = edge ? 1 : FILL_OPACITY;
      const pixel = 4 * ((top + y) * picture.width + left + x);
      for (let k = 0; k < 3; k++) {
        picture.data[pixel + k] = opacity * (colour[k] as number) + (1 - opacity) * (picture.data[pixel + k] as number);
      }
    }
  }
}

function labelsOfPixels(values: ArrayLike<number>, view: View): Uint16Array {
  const { width, height } = view;
  const labels = new Uint16Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = view.rows - 1 - Math.floor((y + 0.5) * view.rows / height);
    for (let x = 0; x < width; x++) {
      const column = view.columns - 1 - Math.floor((x + 0.5) * view.columns / width);
      labels[y * width + x] = values[view.first + row * view.rowStride + column * view.columnStride] as number;
    }
  }
  return labels;
}

/** Digits of 3 × 5 dots, row by row from the highest of 15 bits. */
const DIGITS = [0x7b6f, 0x2c97, 0x73e7, 0x73cf, 0x5bc9, 0x79cf, 0x79ef, 0x7292, 0x7bef, 0x7bcf];
const DOT = 2;

/** Writes a whole number in white on black. */
export function drawNumber(picture: Picture, { left, top, value }: { left: number; top: number; value: number }): void {
  const digits = [...String(value)].map((digit) => DIGITS[Number(digit)] as number);
  for (let y = -DOT; y < 6 * DOT; y++) {
    for (let x = -DOT; x < (4 * digits.length) * DOT; x++) {
      if (left + x < 0 || left + x >= picture.width || top + y < 0 || top + y >= picture.height) continue;
      const [row, column] = [Math.floor(y / DOT), Math.floor(x / DOT)];
      const inside = row >= 0 && row < 5 && column >= 0 && column % 4 < 3;
      const lit = inside && (((digits[Math.floor(column / 4)] ?? 0) >> (14 - 3 * row - column % 4)) & 1) === 1;
      picture.data.fill(
        lit ? 255 : 0,
        4 * ((top + y) * picture.width + left + x),
        4 * ((top + y) * picture.width + left + x) + 3,
      );
    }
  }
}
