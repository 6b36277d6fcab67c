/** Bringing intensities to the scale that a network was trained on; plain data, so that it can stand in a model's metadata. */
import type { Normalization } from "../graph/onnx/metadata.ts";
import type { Volume, VoxelArray } from "./volume.ts";

export type { Normalization };

/** The volume as float32 with every channel normalized by itself; the values are expected to be finite. */
export function normalize(volume: Volume, normalization: Normalization): Volume<Float32Array<ArrayBuffer>> {
  const data = new Float32Array(volume.data.length);
  const count = data.length / volume.channels;
  for (let start = 0; start < data.length; start += count) {
    const source = volume.data.subarray(start, start + count);
    const target = data.subarray(start, start + count);
    if (normalization.mode === "none") target.set(source);
    else if (normalization.mode === "range") {
      const { low, high } = normalization;
      for (let i = 0; i < count; i++) target[i] = ((source[i] as number) - low) / (high - low);
    } else zScore(source, { ...normalization, target });
  }
  return { ...volume, data };
}

/**
 * Clips one channel to two of its percentiles, subtracts the mean of the clipped values and divides by their standard deviation.
 *
 * With `nonZero` all numbers are taken from the voxels that are not 0, and voxels of 0 stay 0. A constant channel becomes 0.
 *
 * @param options.target where the result is written; a new array by default.
 */
export function zScore(
  values: VoxelArray,
  { lowerPercentile, upperPercentile, nonZero, target = new Float32Array(values.length) }: {
    lowerPercentile: number;
    upperPercentile: number;
    nonZero: boolean;
    target?: Float32Array;
  },
): Float32Array {
  target.fill(0);
  const counted = countValues(values, { nonZero });
  const chosen = counted?.values ?? (nonZero ? withoutZeros(values) : values);
  if (chosen.length === 0) return target;
  const counts = counted?.counts;
  const [low, high] = weightedPercentiles(chosen, [lowerPercentile, upperPercentile], counts) as [number, number];
  const clip = (value: number) => value < low ? low : value > high ? high : value;
  const average = (of: (clipped: number) => number) => {
    let [sum, count] = [0, 0];
    for (let i = 0; i < chosen.length; i++) {
      const weight = counts === undefined ? 1 : counts[i] as number;
      sum += weight * of(clip(chosen[i] as number));
      count += weight;
    }
    return sum / count;
  };
  const mean = average((value) => value);
  const deviation = Math.sqrt(average((value) => (value - mean) ** 2));
  // Rounding of the mean leaves a deviation of this order in a constant image.
  if (!(deviation > 1e-12 * Math.max(Math.abs(low), Math.abs(high)))) return target;
  const scaled = (value: number) => (clip(value) - mean) / deviation;
  if (counted === undefined) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (!(nonZero && value === 0)) target[i] = scaled(value);
    }
  } else {
    const { mask } = counted;
    const table = new Float32Array(mask + 1);
    for (const value of chosen) table[value & mask] = scaled(value);
    for (let i = 0; i < values.length; i++) target[i] = table[(values[i] as number) & mask] as number;
  }
  return target;
}

/**
 * The percentiles (0 to 100) of `values` with linear interpolation between order statistics, as numpy's default (method 7 of
 * Hyndman and Fan 1996), exact, without sorting.
 *
 * @throws {RangeError} where there are no values.
 */
export function percentiles(values: VoxelArray, wanted: readonly number[]): number[] {
  if (values.length === 0) throw new RangeError("Cannot take percentiles of no values");
  const counted = countValues(values, { nonZero: false });
  return weightedPercentiles(counted?.values ?? values, wanted, counted?.counts);
}

/** {@link percentiles} of values that occur `counts` times each; these are in ascending order. */
function weightedPercentiles(values: VoxelArray, wanted: readonly number[], counts?: Float64Array): number[] {
  const total = counts === undefined ? values.length : counts.reduce((sum, count) => sum + count, 0);
  const ranks = wanted.map((percentile) => (total - 1) * percentile / 100);
  const needed = [...new Set(ranks.flatMap((rank) => [Math.floor(rank), Math.ceil(rank)]))].sort((a, b) => a - b);
  const found = counts === undefined ? orderStatistics(values, needed) : countedStatistics(values, counts, needed);
  return ranks.map((rank) => {
    const lower = found.get(Math.floor(rank)) as number;
    const upper = found.get(Math.ceil(rank)) as number;
    return lower + (upper - lower) * (rank - Math.floor(rank));
  });
}

const BINS = 4096;

/**
 * The values of the given ranks: a histogram between the extremes finds the bin of each rank, and only the values of that
 * bin are looked at again, with a finer histogram or, once few, sorted.
 */
function orderStatistics(values: VoxelArray, ranks: readonly number[]): Map<number, number> {
  const found = new Map<number, number>();
  if (values.length <= 8192) {
    const sorted = values.slice().sort();
    for (const rank of ranks) found.set(rank, sorted[rank] as number);
    return found;
  }
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const scale = BINS / (high - low);
  if (!(scale > 0 && Number.isFinite(scale))) {
    // All values equal, or so close together or so far apart that no histogram can part them.
    const sorted = low === high ? undefined : values.slice().sort();
    for (const rank of ranks) found.set(rank, sorted === undefined ? low : sorted[rank] as number);
    return found;
  }
  const binOf = (value: number) => Math.min(BINS - 1, Math.floor((value - low) * scale));
  const counts = new Uint32Array(BINS);
  for (let i = 0; i < values.length; i++) {
    const bin = binOf(values[i] as number);
    counts[bin] = (counts[bin] as number) + 1;
  }
  let before = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const count = counts[bin] as number;
    const within = ranks.filter((rank) => rank >= before && rank < before + count);
    if (within.length > 0) {
      const members = new Float64Array(count);
      let used = 0;
      for (let i = 0; i < values.length; i++) {
        const value = values[i] as number;
        if (binOf(value) === bin) members[used++] = value;
      }
      const inner = orderStatistics(members, within.map((rank) => rank - before));
      for (const [rank, value] of inner) found.set(rank + before, value);
    }
    before += count;
  }
  return found;
}

/** The values of the given ranks, in ascending order, of ascending values that occur `counts` times each. */
function countedStatistics(values: VoxelArray, counts: Float64Array, ranks: readonly number[]): Map<number, number> {
  const found = new Map<number, number>();
  let [at, end] = [0, counts[0] as number];
  for (const rank of ranks) {
    while (rank >= end) end += counts[++at] as number;
    found.set(rank, values[at] as number);
  }
  return found;
}

/**
 * The values of an integer array in ascending order, each once, and how often it occurs; `undefined` for more than 16 bits.
 *
 * `mask` takes a value to its place in a table of all values of the type.
 */
function countValues(
  values: VoxelArray,
  { nonZero }: { nonZero: boolean },
): { values: Float64Array; counts: Float64Array; mask: number } | undefined {
  if (values.BYTES_PER_ELEMENT > 2) return undefined;
  const size = 2 ** (8 * values.BYTES_PER_ELEMENT);
  const mask = size - 1;
  const table = new Uint32Array(size);
  for (let i = 0; i < values.length; i++) {
    const at = (values[i] as number) & mask;
    table[at] = (table[at] as number) + 1;
  }
  if (nonZero) table[0] = 0;
  const smallest = values instanceof Int8Array || values instanceof Int16Array ? -size / 2 : 0;
  const range = Array.from({ length: size }, (_, i) => smallest + i);
  const present = Float64Array.from(range.filter((value) => table[value & mask] !== 0));
  return { values: present, counts: present.map((value) => table[value & mask] as number), mask };
}

function withoutZeros(values: VoxelArray): VoxelArray {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) count++;
  if (count === values.length) return values;
  const kept = new (values.constructor as new (length: number) => VoxelArray)(count);
  let used = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value !== 0) kept[used++] = value;
  }
  return kept;
}
