/** One class of one case, with everything that its scores have in common. */

import { type LesionScores, lesionScores } from "./lesion_counts.ts";
import { cropClass, type MaskPair } from "./mask_pair.ts";
import {
  type ConfusionCounts,
  confusionCounts,
  type EmptyRule,
  type LabelClass,
  type LabelPair,
  type MaskState,
  maskState,
  membersOf,
  type Triple,
} from "./overlap.ts";
import {
  hausdorff95,
  type Hd95Variant,
  type SurfaceDistances,
  surfaceDistances,
  type SurfelDistances,
  surfelDistances,
  surfelHausdorff,
} from "./surface_distance.ts";

/** How a case is scored, for all of its classes. */
export interface ScoringRules {
  readonly spacing: Triple;
  /** Absent where it is unknown: `spacing` is then in px and there are no volumes. */
  readonly spacingMm: Triple | undefined;
  readonly emptyRule: EmptyRule;
  readonly hd95Variant: Hd95Variant;
  /** Of the NSD, in the unit of `spacing`. */
  readonly tolerance: number;
  readonly imageDiagonal: number;
  /** From which IoU on two lesions match; undefined: one common voxel. */
  readonly lesionIou: number | undefined;
}

/** The counts are made at once; masks, surfaces and lesions when a score first asks for them, and then kept. */
export class ScoredClass {
  readonly rules: ScoringRules;
  readonly counts: ConfusionCounts;
  readonly state: MaskState;
  readonly #pair: LabelPair;
  readonly #labelClass: LabelClass;
  #masks: MaskPair | undefined;
  #surfaces: SurfaceDistances | undefined;
  #surfels: SurfelDistances | undefined;
  #hd95: number | undefined;
  #lesions: LesionScores | undefined;

  constructor(pair: LabelPair, labelClass: LabelClass, rules: ScoringRules) {
    this.rules = rules;
    this.counts = confusionCounts(pair, labelClass);
    this.state = maskState(this.counts);
    this.#pair = pair;
    this.#labelClass = labelClass;
  }

  /** Both masks, cut out; undefined where both are empty. */
  get masks(): MaskPair | undefined {
    if (this.state === "true_empty") return undefined;
    return this.#masks ??= cropClass(this.#pair, membersOf(this.#pair, this.#labelClass));
  }

  /** Distances between surface voxels; only of a hit. */
  get surfaces(): SurfaceDistances {
    return this.#surfaces ??= surfaceDistances(this.masks as MaskPair, this.rules.spacing);
  }

  /** Distances between surface elements; only of a hit. Those above the tolerance are exact only where HD95 is of surface elements too. */
  get surfels(): SurfelDistances {
    const { spacing, hd95Variant, tolerance } = this.rules;
    const limit = hd95Variant === "surfel" ? {} : { tolerance };
    return this.#surfels ??= surfelDistances(this.masks as MaskPair, spacing, limit);
  }

  /** HD95 in the variant of the case; only of a hit. */
  get hd95(): number {
    const { hd95Variant } = this.rules;
    return this.#hd95 ??= hd95Variant === "surfel"
      ? surfelHausdorff(this.surfels)
      : hausdorff95(this.surfaces, hd95Variant);
  }

  get lesions(): LesionScores {
    return this.#lesions ??= lesionScores(this.masks, { minimumIou: this.rules.lesionIou });
  }
}
