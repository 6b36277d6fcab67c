/** Scores of a model on whole cases, on their own grids, while it is trained. */
import { type CaseFiles, type DatasetIndex, loadCase, type LoadedCase } from "../data/dataset.ts";
import { ignoredClass } from "../data/selection.ts";
import { scoreCase } from "../metrics/case_scores.ts";
import type { Volume } from "../imaging/volume.ts";
import type { Predictor } from "../prediction/predictor.ts";

/** Means over the validation cases. */
export interface ValidationScores {
  /** Mean over the classes of {@link dicePerClass}; null where no case has a value. */
  readonly dice: number | null;
  readonly iou: number | null;
  /** Mean over the cases in which the class is in mask or prediction. */
  readonly dicePerClass: Readonly<Record<string, number | null>>;
}

// What the loaded cases may take up before they are read again for every validation.
const CACHE_BYTES = 1 << 30;

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

  /** Segments every case and scores it. @throws the reason of `signal` where it is aborted. */
  async score(predictor: Predictor, signal: AbortSignal): Promise<ValidationScores> {
    const classes = this.#index.labels.map(({ name }, i) => ({ name, value: i + 1 }));
    const dice = classes.map(() => [] as number[]);
    const iou = classes.map(() => [] as number[]);
    for (const files of this.#files) {
      const { image, mask } = this.#load(files);
      const { mask: predicted } = await predictor.segment(image, { signal });
      const { rows } = scoreCase({
        reference: (mask as Volume<Uint8Array>).data,
        prediction: predicted.data,
        shape: predicted.shape,
        classes,
        ignored: ignoredClass(this.#index.labelling),
        metrics: ["dice", "iou"],
      });
      rows.forEach((row, i) => {
        if (typeof row.dice === "number") dice[i]?.push(row.dice);
        if (typeof row.iou === "number") iou[i]?.push(row.iou);
      });
    }
    return {
      dice: mean(dice.map(mean)),
      iou: mean(iou.map(mean)),
      dicePerClass: Object.fromEntries(classes.map(({ name }, i) => [name, mean(dice[i] as number[])])),
    };
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

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
