/** Scores of a model on whole cases, on their own grids, while it is trained. */
import { type CaseFiles, type DatasetIndex, loadCase, type LoadedCase } from "../data/dataset.ts";
import { scoredClasses } from "../data/selection.ts";
import { overlayMontage, type Picture } from "../imaging/overlay.ts";
import { aggregate, type ScoredCase } from "../metrics/aggregate.ts";
import { scoreCase } from "../metrics/case_scores.ts";
import type { Volume } from "../imaging/volume.ts";
import type { CardScores } from "../model/card_scores.ts";
import type { Predictor } from "../prediction/predictor.ts";

/** Means over the validation cases, as the history has them. */
export interface ValidationScores {
  /** Mean over the classes of {@link dicePerClass}; null where no case has a value. */
  readonly dice: number | null;
  readonly iou: number | null;
  /** Mean over the cases in which the class is in mask or prediction. */
  readonly dicePerClass: Readonly<Record<string, number | null>>;
}

// What the loaded cases may take up before they are read again for every validation.
const CACHE_BYTES = 1 << 30;

/** A validation case with its mask and the predicted one, to be looked at. */
export interface ValidationPicture {
  /** Id of the case. */
  readonly name: string;
  readonly picture: Picture;
}

/** What a validation gives. */
export interface ValidationResult {
  readonly scores: ValidationScores;
  readonly cases: readonly ScoredCase[];
  readonly pictures: readonly ValidationPicture[];
}

const PICTURE = { tiles: 4, columns: 4, tilePixels: 128 };

/** The validation cases, kept in memory as far as they fit. */
export class Validation {
  readonly #index: DatasetIndex;
  readonly #files: readonly CaseFiles[];
  readonly #cache = new Map<string, LoadedCase>();
  #cachedBytes = 0;

  constructor(index: DatasetIndex, files: readonly CaseFiles[]) {
    this.#index = index;
    this.#files = files;
  }

  /**
   * Segments every case and scores it.
   *
   * @param options.begin is told the number of each case, from 0.
   * @param options.pictures of how many cases pictures are made: the first ones.
   * @throws the reason of `signal` where it is aborted.
   */
  async score(
    predictor: Predictor,
    signal: AbortSignal,
    { begin, pictures: wanted = 0 }: { readonly begin?: (number: number) => void; readonly pictures?: number } = {},
  ): Promise<ValidationResult> {
    const { classes, ignored } = scoredClasses(this.#index.labelling);
    const dice = classes.map(() => [] as number[]);
    const iou = classes.map(() => [] as number[]);
    const cases: ScoredCase[] = [];
    const pictures: ValidationPicture[] = [];
    for (const [number, files] of this.#files.entries()) {
      begin?.(number);
      const { image, mask } = this.#load(files);
      const { mask: predicted } = await predictor.segment(image, { signal });
      const { rows } = scoreCase({
        reference: (mask as Volume<Uint8Array>).data,
        prediction: predicted.data,
        shape: predicted.shape,
        classes,
        ignored,
        metrics: ["dice", "iou"],
      });
      cases.push({ case: files.id, patient: files.patient, rows });
      if (pictures.length < wanted) {
        const { plane } = predictor.metadata;
        const picture = overlayMontage({ image, prediction: predicted, reference: mask, plane, ...PICTURE });
        pictures.push({ name: files.id, picture });
      }
      rows.forEach((row, i) => {
        if (typeof row.dice === "number") dice[i]?.push(row.dice);
        if (typeof row.iou === "number") iou[i]?.push(row.iou);
      });
    }
    const scores = {
      dice: mean(dice.map(mean)),
      iou: mean(iou.map(mean)),
      dicePerClass: Object.fromEntries(classes.map(({ name }, i) => [name, mean(dice[i] as number[])])),
    };
    return { scores, cases, pictures };
  }

  #load(files: CaseFiles): LoadedCase {
    const known = this.#cache.get(files.id);
    if (known !== undefined) return known;
    const loaded = loadCase(this.#index, files);
    const bytes = loaded.image.data.byteLength + (loaded.mask?.data.byteLength ?? 0);
    if (this.#cachedBytes + bytes <= CACHE_BYTES) {
      this.#cache.set(files.id, loaded);
      this.#cachedBytes += bytes;
    }
    return loaded;
  }
}

/** The scores of cases for a model card. */
export function cardScores(cases: readonly ScoredCase[]): CardScores {
  const summary = aggregate(cases);
  const scoresOf = (score: "dice" | "iou") => {
    const classes = Object.entries(summary.perClass).map(([name, { scores }]) => [name, scores[score]] as const);
    const all = classes.length > 1 ? [...classes, ["mean", summary.mean[score]] as const] : classes;
    return Object.fromEntries(
      all.map(([name, one]) => [name, {
        n: one?.n ?? 0,
        mean: one?.mean ?? null,
        interval: one?.meanInterval ?? null,
      }]),
    );
  };
  const { patients, intervals } = summary;
  return {
    cases: cases.length,
    patients,
    confidence: intervals.confidence,
    dice: scoresOf("dice"),
    iou: scoresOf("iou"),
  };
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
