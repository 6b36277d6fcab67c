/** Overlap of two label images: voxel counts, and the four states of a mask pair. */

import type { VoxelArray } from "../imaging/volume.ts";

/** Three numbers along x, y, z. */
export type Triple = readonly [number, number, number];

/** Both masks hold voxels; only the reference; only the prediction; neither. */
export type MaskState = "hit" | "missed" | "false_alarm" | "true_empty";

/**
 * What a score is where a mask is empty.
 *
 * | rule | both empty: Dice, IoU, NSD, lesion F1 | false alarm: Dice, IoU | distances without a hit |
 * |---|---|---|---|
 * | `nnunet` | undefined | 0 | undefined |
 * | `one` | 1 | 0 | undefined |
 * | `monai` | undefined | undefined (the false alarm is forgiven) | undefined |
 * | `brats` | 1 | 0 | 0 if both are empty, else the image diagonal |
 */
export type EmptyRule = "nnunet" | "one" | "monai" | "brats";

/** A class to score: one label value, or several taken together (a region such as the whole tumour). */
export interface LabelClass {
  readonly name: string;
  readonly value: number | readonly number[];
}

/** Voxels by what reference and prediction say of them. */
export interface ConfusionCounts {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/** First and last voxel along x, y, z, both inclusive. */
export interface Box {
  readonly first: Triple;
  readonly last: Triple;
}

/** Two label images, read once: everything that the scores of any class need. */
export interface LabelPair {
  readonly shape: Triple;
  /** Labels. */
  readonly reference: VoxelArray;
  readonly prediction: VoxelArray;
  /** Where the reference has this label, neither image has anything. */
  readonly ignored: number | undefined;
  /** Label values of all classes. */
  readonly values: readonly number[];
  /** By label up to the largest of `values`: 1 + its position among them, or 0 for a label of no class. */
  readonly codeOf: Uint8Array;
  /** Voxels by code: `joint[referenceCode * (values.length + 1) + predictionCode]`. */
  readonly joint: Float64Array;
  /** By code: the box around its voxels in both images together; undefined where there is none. */
  readonly boxes: readonly (Box | undefined)[];
  /** Voxels that the reference leaves out: they have code 0 in both images, and `joint` does not count them. */
  readonly ignoredVoxels: number;
  /** Up to 16 values other than 0 that are in an image but in no class. */
  readonly unexpected: { readonly reference: number[]; readonly prediction: number[] };
}

const MAX_UNEXPECTED = 16;

/**
 * Reads two label images in one pass.
 *
 * @param reference labels, first axis fastest
 * @param prediction labels on the same grid
 * @throws {RangeError} if a length is not that of the shape, or a class is 0 (the background), not a whole number of 1…65535, or there are over 254
 */
export function readLabelPair(
  reference: VoxelArray,
  prediction: VoxelArray,
  options: { shape: Triple; classes: readonly LabelClass[]; ignored?: number | undefined },
): LabelPair {
  const { shape, classes, ignored } = options;
  const [nx, ny, nz] = shape;
  const voxels = nx * ny * nz;
  if (reference.length !== voxels || prediction.length !== voxels) {
    throw new RangeError(
      `Cannot compare labels: the reference has ${reference.length} voxels and the prediction ${prediction.length}, ` +
        `where the shape ${shape.join("×")} has ${voxels}`,
    );
  }
  const values = [...new Set(classes.flatMap((c) => c.value))];
  if (values.length > 254) throw new RangeError(`Cannot score ${values.length} label values: at most 254 are possible`);
  for (const value of values) {
    if (Number.isInteger(value) && value >= 1 && value <= 65535) continue;
    throw new RangeError(
      `Cannot score label ${value}: a class is a whole number of 1 to 65535, and 0 is the background`,
    );
  }
  const codeOf = new Uint8Array(1 + Math.max(0, ...values));
  for (const [i, value] of values.entries()) codeOf[value] = i + 1;
  const size = values.length + 1;
  const joint = new Float64Array(size * size);
  const unexpected = { reference: [] as number[], prediction: [] as number[] };
  const low = new Int32Array(3 * size).fill(2 ** 31 - 1);
  const high = new Int32Array(3 * size).fill(-1);
  const extend = (code: number, x: number, y: number, z: number) => {
    const i = 3 * code;
    if (x < (low[i] as number)) low[i] = x;
    if (x > (high[i] as number)) high[i] = x;
    if (y < (low[i + 1] as number)) low[i + 1] = y;
    if (y > (high[i + 1] as number)) high[i + 1] = y;
    if (z < (low[i + 2] as number)) low[i + 2] = z;
    if (z > (high[i + 2] as number)) high[i + 2] = z;
  };
  let [seen, ignoredVoxels] = [0, 0];
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      let beforeR = 0;
      let beforeP = 0;
      for (let x = 0; x < nx; x++, i++) {
        const r = reference[i] as number;
        const p = prediction[i] as number;
        if (r === 0 && p === 0 && beforeR === 0 && beforeP === 0) continue;
        const isIgnored = r === ignored;
        const rc = isIgnored ? 0 : codeOf[r] ?? 0;
        const pc = isIgnored ? 0 : codeOf[p] ?? 0;
        // Only the ends of a run of one code can be the first or last of their row.
        if (rc !== beforeR) {
          if (beforeR > 0) extend(beforeR, x - 1, y, z);
          if (rc > 0) extend(rc, x, y, z);
          beforeR = rc;
        }
        if (pc !== beforeP) {
          if (beforeP > 0) extend(beforeP, x - 1, y, z);
          if (pc > 0) extend(pc, x, y, z);
          beforeP = pc;
        }
        if (isIgnored) {
          ignoredVoxels++;
          continue;
        }
        if (rc === 0 && r !== 0) note(unexpected.reference, r);
        if (pc === 0 && p !== 0) note(unexpected.prediction, p);
        (joint[rc * size + pc] as number)++;
        seen++;
      }
      if (beforeR > 0) extend(beforeR, nx - 1, y, z);
      if (beforeP > 0) extend(beforeP, nx - 1, y, z);
    }
  }
  (joint[0] as number) += voxels - seen - ignoredVoxels;
  const boxes = Array.from({ length: size }, (_, code): Box | undefined => {
    const i = 3 * code;
    if ((high[i] as number) < 0) return undefined;
    return {
      first: [low[i] as number, low[i + 1] as number, low[i + 2] as number],
      last: [high[i] as number, high[i + 1] as number, high[i + 2] as number],
    };
  });
  return { shape, reference, prediction, ignored, values, codeOf, joint, boxes, ignoredVoxels, unexpected };
}

function note(found: number[], value: number): void {
  if (found.length < MAX_UNEXPECTED && !found.includes(value)) found.push(value);
}

/** By code of `pair`: 1 where the code belongs to `labelClass`, else 0. */
export function membersOf(pair: LabelPair, labelClass: LabelClass): Uint8Array {
  const wanted = [labelClass.value].flat();
  return Uint8Array.from([0, ...pair.values.map((value) => (wanted.includes(value) ? 1 : 0))]);
}

/** Voxel counts of one class against everything else. */
export function confusionCounts(pair: LabelPair, labelClass: LabelClass): ConfusionCounts {
  const members = membersOf(pair, labelClass);
  const counts = [0, 0, 0, 0];
  for (let r = 0; r < members.length; r++) {
    for (let p = 0; p < members.length; p++) {
      const kind = 2 * (members[r] as number) + (members[p] as number);
      counts[kind] = (counts[kind] as number) + (pair.joint[r * members.length + p] as number);
    }
  }
  const [trueNegatives, falsePositives, falseNegatives, truePositives] = counts as [number, number, number, number];
  return { truePositives, falsePositives, falseNegatives, trueNegatives };
}

/** Which of the two masks hold voxels. */
export function maskState(counts: ConfusionCounts): MaskState {
  const inReference = counts.truePositives + counts.falseNegatives > 0;
  const inPrediction = counts.truePositives + counts.falsePositives > 0;
  if (inReference) return inPrediction ? "hit" : "missed";
  return inPrediction ? "false_alarm" : "true_empty";
}

/** Dice: 2·TP / (2·TP + FP + FN); null where both masks are empty. */
export function diceOf(
  counts: Pick<ConfusionCounts, "truePositives" | "falsePositives" | "falseNegatives">,
): number | null {
  const { truePositives, falsePositives, falseNegatives } = counts;
  return ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives);
}

/** `part / whole`; null where the whole is 0. */
export function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
