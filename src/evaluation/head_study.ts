/** What the grid and the head do to the scores: the same cases at the size of the network, of the head and of the image. */
import type { DatasetIndex, LoadedCase } from "../data/dataset.ts";
import { ignoredClass, scoredClasses } from "../data/selection.ts";
import { Failure } from "../failure.ts";
import type { ModelMetadata } from "../graph/onnx/metadata.ts";
import { labelSquareVolume } from "../imaging/square_volume.ts";
import { spacingMm, type Volume } from "../imaging/volume.ts";
import type { ScoredCase } from "../metrics/aggregate.ts";
import { defaultTolerance, scoreCase } from "../metrics/case_scores.ts";
import { type Metric, type NamedScore, SCORES } from "../metrics/scores.ts";
import type { DescribedModel } from "../model/model.ts";
import { createPredictor, type Predictor, type Segmentation, type SegmentOptions } from "../prediction/predictor.ts";
import type { NetworkOptions } from "../prediction/network.ts";
import type { ScoreOptions } from "./score_cases.ts";

/** What to look at. */
export interface HeadStudyOptions extends ScoreOptions, SegmentOptions, NetworkOptions {
  /** Scores on the squares that the network and the head give, against the masks brought to the same squares. */
  readonly resolutions?: boolean | undefined;
  /** Scores of level 0, brought to the image's grid by linear interpolation of its probabilities alone. */
  readonly ablateHead?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** One way to look at the cases. */
export interface HeadView {
  readonly view: "network" | "head" | "level 0";
  /** Side of the squares in pixels; absent on the images' own grids. */
  readonly size?: number;
  readonly cases: readonly ScoredCase[];
}

const OF_SURFACES: ReadonlySet<Metric> = new Set(
  (SCORES as readonly NamedScore[]).filter(({ ofSurfaces }) => ofSurfaces).map(({ group }) => group as Metric),
);

/** Scores further views of cases, beside the scores on the images' own grids. */
export class HeadStudy {
  readonly #index: DatasetIndex;
  readonly #metadata: ModelMetadata;
  readonly #options: HeadStudyOptions;
  /** Absent where the answer is level 0 itself. */
  readonly #levelZero: Predictor | undefined;
  readonly #views = new Map<HeadView["view"], { size?: number; cases: ScoredCase[] }>();

  private constructor(
    index: DatasetIndex,
    metadata: ModelMetadata,
    { options, levelZero }: { options: HeadStudyOptions; levelZero: Predictor | undefined },
  ) {
    this.#index = index;
    this.#metadata = metadata;
    this.#options = options;
    this.#levelZero = levelZero;
  }

  /** @throws {Failure} where the head is to be left out and the model has no level below its answer. */
  static async create(model: DescribedModel, index: DatasetIndex, options: HeadStudyOptions): Promise<HeadStudy> {
    const { metadata, path } = model;
    const { levels, answer } = metadata.output;
    const hasHead = levels[0] !== answer;
    if (options.ablateHead && !hasHead) {
      throw new Failure(
        `${path} has no output below its answer ${answer}, so that there is no head to leave out; ` +
          `give the model that seg train wrote, with all levels`,
      );
    }
    const levelZero = hasHead ? await createPredictor(model, { ...options, level: 0 }) : undefined;
    return new HeadStudy(index, metadata, { options, levelZero });
  }

  /** Scores a case; `answer` is that of the whole model, with its squares where resolutions are looked at. */
  async add(id: { readonly id: string; readonly patient: string }, loaded: LoadedCase, answer: Segmentation) {
    const { resolutions, ablateHead } = this.#options;
    const { image, mask } = loaded;
    if (mask === undefined) return;
    const below = await this.#levelZero?.segment(image, { ...this.#options, keepSquares: resolutions });
    if (resolutions) {
      this.#scoreSquares("network", id, { loaded: { image, mask }, squares: (below ?? answer).squares });
      if (below) this.#scoreSquares("head", id, { loaded: { image, mask }, squares: answer.squares });
    }
    if (ablateHead && below) this.#score("level 0", id, { reference: mask, prediction: below.mask, image });
  }

  /** What was scored, by view. */
  get views(): readonly HeadView[] {
    return [...this.#views].map(([view, scored]) => ({ view, ...scored }));
  }

  /** Frees the memory of the network. */
  async release(): Promise<void> {
    await this.#levelZero?.release();
  }

  #scoreSquares(
    view: HeadView["view"],
    id: { readonly id: string; readonly patient: string },
    { loaded, squares }: {
      loaded: { readonly image: Volume; readonly mask: Volume<Uint8Array> };
      squares: Volume<Uint8Array> | undefined;
    },
  ): void {
    if (squares === undefined) return;
    const { plane } = this.#metadata;
    const { labelling } = this.#index;
    const classes = 1 + (ignoredClass(labelling) ?? labelling.members.length);
    const reference = labelSquareVolume(loaded.mask, { plane, size: squares.shape[0], classes });
    this.#score(view, id, { reference, prediction: squares, image: loaded.image });
  }

  #score(
    view: HeadView["view"],
    { id, patient }: { readonly id: string; readonly patient: string },
    { reference, prediction, image }: {
      reference: Volume<Uint8Array>;
      prediction: Volume<Uint8Array>;
      image: Volume;
    },
  ): void {
    const { metrics, toleranceMm, emptyRule, hd95Variant } = this.#options;
    const { rows } = scoreCase({
      emptyRule,
      hd95Variant,
      // Pixels of different sizes are no common unit.
      metrics: image.spacingKnown ? metrics : metrics.filter((metric) => !OF_SURFACES.has(metric)),
      // One tolerance for all views: that of the image's own grid.
      toleranceMm: toleranceMm ?? defaultTolerance(spacingMm(image.affine), image.shape),
      reference: reference.data,
      prediction: prediction.data,
      shape: prediction.shape,
      spacingMm: image.spacingKnown ? spacingMm(prediction.affine) : undefined,
      ...scoredClasses(this.#index.labelling),
    });
    const known = this.#views.get(view) ?? { ...(view !== "level 0" && { size: prediction.shape[0] }), cases: [] };
    known.cases.push({ case: id, patient, rows });
    this.#views.set(view, known);
  }
}
