/** All scores of one case, class by class. */

import type { VoxelArray } from "../imaging/volume.ts";
import type { LesionScores } from "./lesion_counts.ts";
import {
  type EmptyRule,
  type LabelClass,
  type LabelPair,
  type MaskState,
  readLabelPair,
  type Triple,
} from "./overlap.ts";
import { ScoredClass, type ScoringRules } from "./scored_class.ts";
import { DETAILS, type Metric, METRICS, type ScoreName, SCORES } from "./scores.ts";
import type { Hd95Variant } from "./surface_distance.ts";

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
  const { spacingMm, emptyRule = "nnunet", hd95Variant = "max" } = request;
  const spacing = spacingMm ?? [1, 1, 1];
  const pair = readLabelPair(request.reference, request.prediction, request);
  const rules: ScoringRules = {
    spacing,
    spacingMm,
    emptyRule,
    hd95Variant,
    tolerance: request.toleranceMm ?? defaultTolerance(spacing, request.shape),
    imageDiagonal: Math.hypot(...request.shape.map((n, axis) => (n === 1 ? 0 : n * (spacing[axis] as number)))),
    lesionIou: request.lesionIou,
  };
  const wanted = new Set(request.metrics ?? METRICS);
  return {
    unit: spacingMm === undefined ? "px" : "mm",
    emptyRule,
    hd95Variant,
    tolerance: rules.tolerance,
    toleranceGiven: request.toleranceMm !== undefined,
    imageDiagonal: rules.imageDiagonal,
    rows: request.classes.map((one) => scoreClass(new ScoredClass(pair, one, rules), one.name, wanted)),
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

/** Twice the largest spacing within a slice; slices are stacked along the axis of the largest spacing. */
export function defaultTolerance(spacing: Triple, shape: Triple): number {
  const ascending = (shape[2] === 1 ? spacing.slice(0, 2) : [...spacing]).sort((a, b) => a - b);
  return 2 * (ascending[1] as number);
}

function scoreClass(scored: ScoredClass, name: string, wanted: ReadonlySet<Metric>): ClassScores {
  const { truePositives, falsePositives, falseNegatives } = scored.counts;
  const asked = <T extends { readonly group: Metric }>(all: readonly T[]) =>
    all.filter(({ group }) => wanted.has(group));
  const values = [...asked(SCORES), ...asked(DETAILS)].map((one) => [one.name, one.compute(scored)] as const);
  return {
    class: name,
    state: scored.state,
    ...Object.fromEntries(values),
    truePositives,
    falsePositives,
    falseNegatives,
  };
}
