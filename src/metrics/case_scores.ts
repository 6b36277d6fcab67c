/** All scores of one case, class by class. */

import { type LesionScores, lesionScores } from "./lesions.ts";
import { cropClass, type MaskPair } from "./mask_pair.ts";
import {
  confusionCounts,
  type EmptyRule,
  type LabelClass,
  type LabelPair,
  type MaskState,
  maskState,
  membersOf,
  overlapScores,
  readLabelPair,
  ruledOverlap,
  type Triple,
  volumeScores,
} from "./overlap.ts";
import {
  averageSymmetricDistance,
  hausdorff,
  hausdorff95,
  type Hd95Variant,
  meanAverageDistance,
  normalizedSurfaceDistance,
  surfaceDistances,
  surfelDistances,
  surfelHausdorff,
} from "./surface_distance.ts";
import type { VoxelArray } from "../imaging/volume.ts";

/** What can be asked for. */
export const METRICS = [
  "dice",
  "iou",
  "sensitivity",
  "specificity",
  "precision",
  "hd",
  "hd95",
  "assd",
  "masd",
  "nsd",
  "volume",
  "lesions",
] as const;

/** A group of scores to compute. */
export type Metric = (typeof METRICS)[number];

/** Single numbers of a row, by their direction: is more or less better, or is 0 the best. */
export const SCORE_DIRECTIONS = {
  dice: "more",
  iou: "more",
  sensitivity: "more",
  specificity: "more",
  precision: "more",
  hd: "less",
  hd95: "less",
  hd95Penalized: "less",
  assd: "less",
  masd: "less",
  nsd: "more",
  lesionF1: "more",
  lesionSensitivity: "more",
  volumeDifferenceMl: "zero",
  relativeVolumeDifference: "zero",
} as const;

/** Name of a single number of a row. */
export type ScoreName = keyof typeof SCORE_DIRECTIONS;

/** The scores of one class in one case: null where a score is undefined, absent where it was not asked for. */
export interface ClassScores extends Partial<Record<ScoreName, number | null>> {
  readonly class: string;
  readonly state: MaskState;
  /** Voxels. */
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly referenceMl?: number | null;
  readonly volumeMl?: number | null;
  readonly lesions?: LesionScores;
}

/** All scores of one case, with the conventions that they follow. */
export interface CaseScores {
  /** The unit of distances and of the tolerance. */
  readonly unit: "mm" | "px";
  readonly emptyRule: EmptyRule;
  readonly hd95Variant: Hd95Variant;
  /** The NSD's tolerance; `toleranceGiven` is false where it is the default. */
  readonly tolerance: number;
  readonly toleranceGiven: boolean;
  /** What a missed structure or a false alarm counts in hd95Penalized. */
  readonly imageDiagonal: number;
  readonly rows: readonly ClassScores[];
  /** Voxels by class, `[reference][prediction]`, background first; absent where classes share a label value. */
  readonly confusion?: readonly (readonly number[])[];
  /** Voxels that were left out; absent where no label says so. */
  readonly ignoredVoxels?: number;
  /** Label values that are in no class (and are not 0), up to 16. */
  readonly unexpectedLabels: { readonly reference: readonly number[]; readonly prediction: readonly number[] };
}

/** What to score, and how. */
export interface CaseRequest {
  /** Labels on the grid of the reference, first axis fastest. */
  readonly reference: VoxelArray;
  readonly prediction: VoxelArray;
  readonly shape: Triple;
  /** Absent where it is unknown (PNG): distances are then in px and volumes null. */
  readonly spacingMm?: Triple | undefined;
  readonly classes: readonly LabelClass[];
  /** Label of the reference whose voxels count nowhere: neither mask has them. */
  readonly ignored?: number | undefined;
  /** For the NSD, in the unit of distances; default: twice the largest spacing within the slice. */
  readonly toleranceMm?: number | undefined;
  readonly hd95Variant?: Hd95Variant | undefined;
  readonly emptyRule?: EmptyRule | undefined;
  readonly metrics?: readonly Metric[] | undefined;
  /** From which IoU on two lesions match; default: one common voxel. */
  readonly lesionIou?: number | undefined;
}

/**
 * Scores a prediction against its reference, class by class.
 *
 * @throws {RangeError} if an array does not fill the shape or a class value is impossible
 */
export function scoreCase(request: CaseRequest): CaseScores {
  const spacing = request.spacingMm ?? [1, 1, 1];
  const pair = readLabelPair(request.reference, request.prediction, request);
  const scoring: Scoring = {
    pair,
    spacing,
    spacingMm: request.spacingMm,
    wanted: new Set(request.metrics ?? METRICS),
    emptyRule: request.emptyRule ?? "nnunet",
    hd95Variant: request.hd95Variant ?? "max",
    tolerance: request.toleranceMm ?? defaultTolerance(spacing, request.shape),
    imageDiagonal: Math.hypot(...request.shape.map((n, axis) => (n === 1 ? 0 : n * (spacing[axis] as number)))),
    lesionIou: request.lesionIou,
  };
  return {
    unit: request.spacingMm === undefined ? "px" : "mm",
    emptyRule: scoring.emptyRule,
    hd95Variant: scoring.hd95Variant,
    tolerance: scoring.tolerance,
    toleranceGiven: request.toleranceMm !== undefined,
    imageDiagonal: scoring.imageDiagonal,
    rows: request.classes.map((labelClass) => scoreClass(labelClass, scoring)),
    ...confusionOf(pair, request.classes),
    ...(request.ignored !== undefined && { ignoredVoxels: pair.ignoredVoxels }),
    unexpectedLabels: pair.unexpected,
  };
}

function confusionOf(
  { joint, values }: LabelPair,
  classes: readonly LabelClass[],
): Pick<CaseScores, "confusion"> {
  const classOfCode = [0, ...values.map((value) => 1 + classes.findIndex((one) => [one.value].flat().includes(value)))];
  if (classes.reduce((sum, { value }) => sum + [value].flat().length, 0) > values.length) return {};
  const confusion = Array.from({ length: classes.length + 1 }, () => new Array<number>(classes.length + 1).fill(0));
  classOfCode.forEach((reference, r) => {
    const row = confusion[reference] as number[];
    classOfCode.forEach((prediction, p) => {
      row[prediction] = (row[prediction] as number) + (joint[r * classOfCode.length + p] as number);
    });
  });
  return { confusion };
}

interface Scoring {
  readonly pair: LabelPair;
  readonly spacing: Triple;
  readonly spacingMm: Triple | undefined;
  readonly wanted: ReadonlySet<Metric>;
  readonly emptyRule: EmptyRule;
  readonly hd95Variant: Hd95Variant;
  readonly tolerance: number;
  readonly imageDiagonal: number;
  readonly lesionIou: number | undefined;
}

/** Twice the largest spacing within a slice; slices are stacked along the axis of the largest spacing. */
export function defaultTolerance(spacing: Triple, shape: Triple): number {
  const ascending = (shape[2] === 1 ? spacing.slice(0, 2) : [...spacing]).sort((a, b) => a - b);
  return 2 * (ascending[1] as number);
}

function scoreClass(labelClass: LabelClass, scoring: Scoring): ClassScores {
  const { pair, wanted, emptyRule } = scoring;
  const counts = confusionCounts(pair, labelClass);
  const state = maskState(counts);
  const overlap = overlapScores(counts, emptyRule);
  const masks = cropClass(pair, membersOf(pair, labelClass));
  const { truePositives, falsePositives, falseNegatives } = counts;
  const volume = volumeScores(counts, scoring.spacingMm);
  const lesions = wanted.has("lesions") ? lesionScores(masks, { minimumIou: scoring.lesionIou }) : undefined;
  const ruled = ruledOverlap(state, emptyRule);
  return {
    class: labelClass.name,
    state,
    ...(wanted.has("dice") && { dice: overlap.dice }),
    ...(wanted.has("iou") && { iou: overlap.iou }),
    ...(wanted.has("sensitivity") && { sensitivity: overlap.sensitivity }),
    ...(wanted.has("specificity") && { specificity: overlap.specificity }),
    ...(wanted.has("precision") && { precision: overlap.precision }),
    ...distanceScores(masks, { state, scoring }),
    ...(wanted.has("volume") && {
      referenceMl: volume.referenceMl,
      volumeMl: volume.volumeMl,
      volumeDifferenceMl: volume.volumeDifferenceMl,
      relativeVolumeDifference: volume.relativeVolumeDifference,
    }),
    ...(lesions && {
      lesions,
      lesionF1: ruled === undefined ? lesions.f1 : ruled,
      lesionSensitivity: lesions.sensitivity,
    }),
    truePositives,
    falsePositives,
    falseNegatives,
  };
}

type DistanceScores = Pick<ClassScores, "hd" | "hd95" | "hd95Penalized" | "assd" | "masd" | "nsd">;

function distanceScores(
  masks: MaskPair | undefined,
  { state, scoring }: { state: MaskState; scoring: Scoring },
): DistanceScores {
  const { wanted, spacing, hd95Variant, tolerance } = scoring;
  const surfel = wanted.has("nsd") || (wanted.has("hd95") && hd95Variant === "surfel");
  const edge = wanted.has("hd") || wanted.has("assd") || wanted.has("masd") ||
    (wanted.has("hd95") && hd95Variant !== "surfel");
  if (!surfel && !edge) return {};
  if (state !== "hit" || masks === undefined) return distancesWithoutHit(state, scoring);
  const voxels = edge ? surfaceDistances(masks, spacing) : undefined;
  const surfels = surfel ? surfelDistances(masks, spacing, hd95Variant === "surfel" ? {} : { tolerance }) : undefined;
  const hd95 = hd95Variant === "surfel"
    ? surfels && surfelHausdorff(surfels)
    : voxels && hausdorff95(voxels, hd95Variant);
  return {
    ...(wanted.has("hd") && voxels && { hd: hausdorff(voxels) }),
    ...(wanted.has("hd95") && hd95 !== undefined && { hd95, hd95Penalized: hd95 }),
    ...(wanted.has("assd") && voxels && { assd: averageSymmetricDistance(voxels) }),
    ...(wanted.has("masd") && voxels && { masd: meanAverageDistance(voxels) }),
    ...(wanted.has("nsd") && surfels && { nsd: normalizedSurfaceDistance(surfels, tolerance) }),
  };
}

function distancesWithoutHit(state: MaskState, scoring: Scoring): DistanceScores {
  const { wanted, emptyRule, imageDiagonal } = scoring;
  const failed = state !== "true_empty";
  const brats = emptyRule === "brats" ? (failed ? imageDiagonal : 0) : null;
  return {
    ...(wanted.has("hd") && { hd: brats }),
    ...(wanted.has("hd95") && { hd95: brats, hd95Penalized: failed ? imageDiagonal : brats }),
    ...(wanted.has("assd") && { assd: brats }),
    ...(wanted.has("masd") && { masd: brats }),
    // The false alarm that the rule `monai` forgives in Dice and IoU is 0 in its NSD as in every other program's.
    ...(wanted.has("nsd") && { nsd: failed ? 0 : (ruledOverlap(state, emptyRule) ?? null) }),
  };
}
