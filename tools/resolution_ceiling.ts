/**
 * The Dice that a network without a fault would reach at a size: the share of each pixel that the mask covers, interpolated to the
 * mask's own grid and cut at 0.5, or the mask at each pixel's centre. What a head can add is at most the rest.
 *
 * usage: node dist/tools/resolution_ceiling.js DATASET [--input-sizes 16,32,64] [--plane axial]
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { loadCase, openDataset } from "../src/data/dataset.ts";
import { toCanonical } from "../src/imaging/orientation.ts";
import {
  choosePlane,
  insertSlice,
  labelSquares,
  type Plane,
  sliceGeometry,
  squareToSlice,
} from "../src/imaging/slices.ts";
import { spacingMm } from "../src/imaging/volume.ts";
import { confusionCounts, diceOf, readLabelPair } from "../src/metrics/overlap.ts";
import { decideClasses } from "../src/prediction/probabilities.ts";

const { values: options, positionals: [dataset] } = parseArgs({
  allowPositionals: true,
  options: {
    "input-sizes": { type: "string", default: "16,32,64" },
    plane: { type: "string" },
  },
});
if (dataset === undefined) {
  console.error("usage: resolution_ceiling DATASET [--input-sizes 16,32,64] [--plane axial]");
  process.exit(2);
}

// A square of this size holds the mask's own pixels of most data; nearest pixels are taken from it.
const FINE = 256;
const index = openDataset(dataset);
const classes = index.labels.length + 1;
const named = index.labels.map(({ name }, i) => ({ name, value: i + 1 }));
const sizes = options["input-sizes"].split(",").map(Number);
const dice = new Map(
  sizes.flatMap((size) => ["area", "nearest"].map((way) => [`${size} ${way}`, new Array<number>()])),
);

for (const files of index.cases) {
  const { image, mask } = loadCase(index, files);
  if (mask === undefined) continue;
  const { volume } = toCanonical({ ...image, data: mask.data, channels: 1 });
  const plane = options.plane as Plane | undefined ?? choosePlane(spacingMm(volume.affine), volume.shape);
  const geometry = sliceGeometry(volume, plane);
  const seen = new Map([...dice].map(([way]) => [way, new Uint8Array(volume.data.length)]));
  for (let slice = 0; slice < geometry.count; slice++) {
    const fine = labelSquares(volume.data, slice, { geometry, size: FINE, classes });
    for (const size of sizes) {
      const area = labelSquares(volume.data, slice, { geometry, size, classes });
      for (const [way, square] of [["area", area], ["nearest", centres(fine, size)]] as const) {
        const shares = squareToSlice(square, geometry, { size, classes });
        const decided = decideClasses(shares, { classes, backgroundFirst: true, threshold: 0.5 });
        insertSlice(seen.get(`${size} ${way}`) as Uint8Array, decided, { geometry, index: slice });
      }
    }
  }
  for (const [way, prediction] of seen) {
    const pair = readLabelPair(volume.data, prediction, { shape: volume.shape, classes: named });
    for (const label of named) {
      const value = diceOf(confusionCounts(pair, label));
      if (value !== null && value !== undefined) dice.get(way)?.push(value);
    }
  }
}
for (const [way, values] of dice) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  console.log(`${way.padEnd(12)} mean Dice ${mean.toFixed(3)} of ${values.length} masks`);
}

/** The pixels at the centres of `size` × `size` parts of `squares` `[classes, FINE, FINE]`. */
function centres(squares: Float32Array, size: number): Float32Array {
  const step = FINE / size;
  return Float32Array.from({ length: classes * size ** 2 }, (_, i) => {
    const [plane, row, column] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
    const at = (position: number) => Math.floor((position + 0.5) * step);
    return squares[plane * FINE ** 2 + at(row) * FINE + at(column)] as number;
  });
}
