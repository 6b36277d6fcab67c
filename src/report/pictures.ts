/** Pictures of the best, the median and the worst case of an evaluation, their masks made again. */
import { existsSync, statSync } from "node:fs";
import type { DataReading } from "../data/data_reading.ts";
import { type CaseFiles, type DatasetIndex, loadCase, openDataset } from "../data/dataset.ts";
import { ignoredClass } from "../data/selection.ts";
import { openForModel } from "../evaluation/evaluation_dataset.ts";
import { listPredictedMasks, readPredictedMask } from "../evaluation/predicted_masks.ts";
import { overlayMontage, type Picture } from "../imaging/overlay.ts";
import { encodePng, type PixelImage } from "../imaging/png.ts";
import type { PostProcessing } from "../imaging/post_processing.ts";
import type { Plane } from "../imaging/slices.ts";
import type { Volume } from "../imaging/volume.ts";
import type { ScoredCase } from "../metrics/aggregate.ts";
import { type ConfusionCounts, confusionCounts, diceOf, readLabelPair } from "../metrics/overlap.ts";
import type { NetworkOptions } from "../prediction/network.ts";
import { openModel } from "../prediction/open_model.ts";
import type { SegmentOptions } from "../prediction/predictor.ts";
import type { Reporter } from "../reporter.ts";

/** A picture of a case. */
export interface CasePicture {
  /** "best", "median", "worst". */
  readonly place: string;
  readonly case: string;
  /** Mean over the classes that have one. */
  readonly dice: number;
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Where masks come from, with the options that they were made with. */
export interface PictureSource
  extends DataReading, NetworkOptions, PostProcessing, Pick<SegmentOptions, "threshold" | "mirror"> {
  readonly dataset: string;
  /** Model file, or folder of masks. */
  readonly subject: string;
  readonly trtexec?: string | undefined;
}

/** The best, the median and the worst case by Dice; fewer where there are fewer cases. */
function chosenCases(cases: readonly ScoredCase[]): { place: string; case: ScoredCase; dice: number }[] {
  const ranked = cases.flatMap((scored) => {
    const values = scored.rows.flatMap(({ dice }) => typeof dice === "number" ? [dice] : []);
    return values.length === 0
      ? []
      : [{ case: scored, dice: values.reduce((sum, dice) => sum + dice, 0) / values.length }];
  }).sort((a, b) => b.dice - a.dice);
  const places = ranked.length === 1
    ? [["only", 0] as const]
    : ranked.length === 2
    ? [["best", 0], ["worst", 1]] as const
    : [["best", 0], ["median", ranked.length >> 1], ["worst", ranked.length - 1]] as const;
  return places.flatMap(([place, at]) => ranked[at] === undefined ? [] : [{ place, ...ranked[at] }]);
}

/**
 * Draws the chosen cases.
 *
 * @returns a sentence in place of the pictures where they cannot be made: files are gone, or masks come out differently.
 * @throws {Failure} where a file is damaged, and the reason of `signal` where it is aborted.
 */
export async function casePictures(
  cases: readonly ScoredCase[],
  source: PictureSource,
  context: { readonly reporter: Reporter; readonly signal: AbortSignal },
): Promise<readonly CasePicture[] | string> {
  const chosen = chosenCases(cases);
  if (chosen.length === 0) return "No case has a Dice score by which best, median and worst could be told.";
  for (const path of [source.dataset, source.subject]) {
    if (path === "" || !existsSync(path)) return `There is no ${path || "path of the data"} here to draw from.`;
  }
  const { index, predict, release, plane } = await openSource(source, context);
  const ignored = ignoredClass(index.labelling);
  const pictures: CasePicture[] = [];
  try {
    for (const { place, case: scored, dice } of chosen) {
      context.signal.throwIfAborted();
      context.reporter.progress(`Drawing case ${scored.case}`);
      const files = index.cases.find(({ id }) => id === scored.case);
      if (files === undefined) return `${source.dataset} holds no case ${scored.case} any more.`;
      const { image, mask: reference } = loadCase(index, files);
      const prediction = await predict(image, files);
      if (prediction === undefined || reference === undefined) return `Case ${scored.case} has no mask any more.`;
      if (!agree(scored, { image, reference: reference.data, prediction, ignored })) {
        return `The masks come out differently now: model, data or options are not those of the scores.`;
      }
      const known = reference.data.slice();
      for (let i = 0; i < known.length; i++) if (known[i] === ignored) known[i] = 0;
      const drawn = drawCase(image, {
        reference: { ...reference, data: known },
        prediction: { ...reference, data: prediction },
        plane,
      });
      pictures.push({ place, case: scored.case, dice, ...drawn });
    }
  } finally {
    await release();
  }
  return pictures;
}

interface OpenedSource {
  readonly index: DatasetIndex;
  readonly predict: (image: Volume, files: CaseFiles) => Promise<Uint8Array | undefined>;
  readonly release: () => Promise<void>;
  readonly plane?: Plane;
}

async function openSource(
  source: PictureSource,
  context: { readonly reporter: Reporter; readonly signal: AbortSignal },
): Promise<OpenedSource> {
  const { dataset, subject, trtexec, threads, provider } = source;
  if (statSync(subject).isDirectory()) {
    const index = openDataset(dataset, source);
    const masks = listPredictedMasks(subject);
    return {
      index,
      predict: (grid, files) => {
        const paths = masks.find(files);
        return Promise.resolve(paths && readPredictedMask(paths, index, { grid, file: files.images[0] ?? files.id }));
      },
      release: () => Promise.resolve(),
    };
  }
  const { metadata, start } = await openModel(subject, { trtexec, ...context });
  const index = openForModel(dataset, metadata, source);
  const predictor = await start({ threads, provider });
  return {
    index,
    predict: async (image) => (await predictor.segment(image, { ...source, signal: context.signal })).mask.data,
    release: () => predictor.release(),
    plane: metadata.plane,
  };
}

/** Another processor may round a few voxels to the other side; another threshold changes far more. */
const SAME_DICE = 0.01;

function agree(
  { rows }: ScoredCase,
  { image, reference, prediction, ignored }: {
    readonly image: Volume;
    readonly reference: Uint8Array;
    readonly prediction: Uint8Array;
    readonly ignored: number | undefined;
  },
): boolean {
  const classes = rows.map((row, i) => ({ name: row.class, value: i + 1 }));
  const pair = readLabelPair(reference, prediction, { shape: image.shape, classes, ignored });
  const dice = (counts: ConfusionCounts) => diceOf(counts) ?? 1;
  return rows.every((row, i) => {
    const now = confusionCounts(pair, classes[i] as (typeof classes)[number]);
    return Math.abs(dice(now) - dice({ ...row, trueNegatives: now.trueNegatives })) <= SAME_DICE;
  });
}

/** A picture of this size or smaller is embedded: three of them leave room in a page of 3 MB. */
const LARGEST_PNG_BYTES = 500_000;

function drawCase(
  image: Volume,
  { plane, ...masks }: {
    readonly reference: Volume;
    readonly prediction: Volume;
    readonly plane?: Plane | undefined;
  },
): Pick<CasePicture, "png" | "width" | "height"> {
  let drawn: Pick<CasePicture, "png" | "width" | "height"> | undefined;
  for (const [tiles, tilePixels] of [[6, 256], [6, 192], [6, 128], [3, 128], [1, 128]] as const) {
    const picture = overlayMontage({ image, ...masks, tiles, columns: 3, tilePixels, ...(plane && { plane }) });
    drawn = { png: encodePng(opaque(picture)), width: picture.width, height: picture.height };
    if (drawn.png.length <= LARGEST_PNG_BYTES) break;
  }
  return drawn as NonNullable<typeof drawn>;
}

/** Without the alpha channel, which is full everywhere. */
function opaque({ width, height, data }: Picture): PixelImage {
  const samples = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    samples[to++] = data[from] as number;
    samples[to++] = data[from + 1] as number;
    samples[to++] = data[from + 2] as number;
  }
  return { width, height, data: samples, channels: 3 };
}
