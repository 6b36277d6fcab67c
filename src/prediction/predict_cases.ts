/** Segments cases one after the other and writes their masks, overlays and probabilities. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { makeFolder } from "../files.ts";
import type { LabelMetadata, ModelMetadata } from "../graph/onnx/metadata.ts";
import { createNiftiGeometry, type NiftiGeometry, writeNiftiMask, writeNiftiVolume } from "../imaging/nifti.ts";
import { overlayMontage } from "../imaging/overlay.ts";
import { writePng } from "../imaging/png.ts";
import type { PostProcessing } from "../imaging/post_processing.ts";
import { spacingMm, type Volume } from "../imaging/volume.ts";
import type { Reporter } from "../reporter.ts";
import { countOf } from "../text.ts";
import { caseFailure, type PredictionCase } from "./prediction_cases.ts";
import type { Predictor, Segmentation, SegmentOptions, StageMs } from "./predictor.ts";

/** What {@link predictCases} writes, and how. */
export interface PredictOptions extends PostProcessing, Pick<SegmentOptions, "mirror" | "threshold"> {
  readonly folder: string;
  /** Writes `<case>_overlay.png` too. */
  readonly overlay: boolean;
  /** Writes `<case>_probabilities.nii.gz` too: float32, a class per channel. */
  readonly probabilities: boolean;
  /** Makes masks that exist already anew. */
  readonly force: boolean;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** A case that is done. */
export interface PredictedFile {
  readonly input: string;
  /** The mask, or of single slices the first one. */
  readonly output: string;
  readonly milliseconds: number;
  readonly stagesMs: StageMs;
}

/** What became of the cases. */
export interface PredictionResult {
  readonly files: readonly PredictedFile[];
  /** Masks that exist already and were left as they are. */
  readonly skipped: readonly string[];
  readonly failures: readonly { readonly input: string; readonly message: string }[];
}

/**
 * Segments every case. A mask is the last file of its case to be written, so that where it exists the case is complete; a case that
 * cannot be read is reported and the others go on.
 *
 * @throws {Failure} where nothing can be written, or the only case fails.
 * @throws the reason of `signal` where it is aborted: the masks of finished cases are there.
 */
export async function predictCases(
  predictor: Predictor,
  cases: readonly PredictionCase[],
  options: PredictOptions,
): Promise<PredictionResult> {
  const { folder, reporter, signal } = options;
  const files: PredictedFile[] = [];
  const skipped: string[] = [];
  const failures: { input: string; message: string }[] = [];
  for (const [done, one] of cases.entries()) {
    if (signal.aborted) throw stopped(files.length, cases.length, signal);
    reporter.progress(`Segmenting case ${done + 1} of ${cases.length}: ${one.id}`);
    const input = one.inputs[0] as string;
    const existing = existingMask(one, folder);
    if (existing !== undefined && !options.force) {
      skipped.push(existing);
      continue;
    }
    try {
      files.push(await predictCase(predictor, one, options));
    } catch (error) {
      if (signal.aborted) throw stopped(files.length, cases.length, signal);
      if (!(error instanceof Failure) || cases.length === 1) throw error;
      const message = caseFailure(one, error);
      reporter.warn(message);
      failures.push({ input, message });
    }
  }
  return { files, skipped, failures };
}

/** Says what there is already, where there is something. */
function stopped(done: number, all: number, { reason }: AbortSignal): unknown {
  if (done === 0) return reason;
  return new Failure(
    `Stopped after ${done} of ${countOf(all, "case")}; their masks are whole, and the same command goes on from there`,
    { cause: reason },
  );
}

async function predictCase(
  predictor: Predictor,
  one: PredictionCase,
  options: PredictOptions,
): Promise<PredictedFile> {
  const { folder, mirror, threshold, fillHoles, minimumVolumeMl, largestComponent, signal } = options;
  const start = performance.now();
  const { volume, geometry } = one.read();
  warnAboutSpacing(volume, { one, metadata: predictor.metadata, reporter: options.reporter });
  const segmentation = await predictor.segment(volume, {
    mirror,
    threshold,
    fillHoles,
    minimumVolumeMl,
    largestComponent,
    signal,
    keepProbabilities: options.probabilities,
  });
  makeFolder(folder);
  const { plane, labels } = predictor.metadata;
  if (options.overlay) {
    const picture = overlayMontage({ image: volume, prediction: segmentation.mask, plane });
    writePng(join(folder, `${one.id}_overlay.png`), picture);
  }
  if (options.probabilities) writeProbabilities(segmentation, { one, folder, geometry, classes: labels.length });
  const output = writeMask(segmentation.mask, { one, folder, geometry, labels });
  const { stageMs: stagesMs } = segmentation;
  return { input: one.inputs[0] as string, output, milliseconds: performance.now() - start, stagesMs };
}

/** The name of the mask of a case that was read from `inputs`. */
function maskName(one: PredictionCase): string {
  if (one.sliceIds) return `${one.sliceIds[0]}.png`;
  const [input] = one.inputs as [string];
  if (/\.(png|tiff?)$/i.test(input)) return `${one.id}.png`;
  return `${one.id}${/\.nii$/i.test(input) ? ".nii" : ".nii.gz"}`;
}

/** The names of all files of a case; the mask that marks it as complete is the last one. */
export function fileNames(
  one: PredictionCase,
  { overlay = false, probabilities = false }: Partial<Pick<PredictOptions, "overlay" | "probabilities">> = {},
): string[] {
  return [
    ...(overlay ? [`${one.id}_overlay.png`] : []),
    ...(probabilities ? [`${one.id}_probabilities.nii.gz`] : []),
    ...(one.sliceIds?.map((id) => `${id}.png`) ?? [maskName(one)]),
  ];
}

/** Of single slices the last mask is the one that counts: it is written last. */
function existingMask(one: PredictionCase, folder: string): string | undefined {
  const last = join(folder, one.sliceIds ? `${one.sliceIds.at(-1)}.png` : maskName(one));
  return existsSync(last) ? join(folder, maskName(one)) : undefined;
}

function writeMask(
  { data, shape }: Volume<Uint8Array>,
  { one, folder, geometry, labels }: {
    one: PredictionCase;
    folder: string;
    geometry: NiftiGeometry | undefined;
    labels: readonly LabelMetadata[];
  },
): string {
  const path = join(folder, maskName(one));
  const values = labelValues(data, labels);
  if (geometry !== undefined) {
    writeNiftiMask(path, values, geometry);
    return path;
  }
  if (values instanceof Uint16Array) {
    throw new Failure(`Cannot write ${path}: a PNG mask holds label values up to 255, the model has larger ones`);
  }
  const [width, height] = shape;
  const names = one.sliceIds?.map((id) => `${id}.png`) ?? [maskName(one)];
  names.forEach((name, slice) => {
    const pixels = values.subarray(slice * width * height, (slice + 1) * width * height);
    writePng(join(folder, name), { width, height, channels: 1, data: pixels });
  });
  return path;
}

/** Class indices as the values that the data set's own masks have. */
export function labelValues(classes: Uint8Array, labels: readonly LabelMetadata[]): Uint8Array | Uint16Array {
  const table = Uint16Array.from([0, ...labels.map(({ value }) => value)]);
  const values = table.some((value) => value > 255) ? new Uint16Array(classes.length) : new Uint8Array(classes.length);
  for (let i = 0; i < classes.length; i++) values[i] = table[classes[i] as number] as number;
  return values;
}

function writeProbabilities(
  { mask, probabilities }: Segmentation,
  { one, folder, geometry, classes }: {
    one: PredictionCase;
    folder: string;
    geometry: NiftiGeometry | undefined;
    classes: number;
  },
): void {
  const voxels = mask.data.length;
  const data = new Float32Array(classes * voxels);
  for (let k = 1; k <= classes; k++) data.set(probabilities?.(k) ?? [], (k - 1) * voxels);
  const volume: Volume = { ...mask, data, channels: classes };
  writeNiftiVolume(join(folder, `${one.id}_probabilities.nii.gz`), volume, geometry ?? createNiftiGeometry(volume));
}

/** A voxel this many times as large as those of the training, or as small, shows other things to the network. */
const SPACING_RATIO = 2;

function warnAboutSpacing(
  { affine, spacingKnown }: Volume,
  { one, metadata, reporter }: { one: PredictionCase; metadata: ModelMetadata; reporter: Reporter },
): void {
  const trained = metadata.spacing;
  if (!spacingKnown || trained?.length !== 3) return;
  const found = spacingMm(affine);
  const sorted = (sizes: readonly number[]) => [...sizes].sort((a, b) => a - b);
  const ratios = sorted(found).map((size, i) => size / (sorted(trained)[i] as number));
  if (ratios.every((ratio) => ratio <= SPACING_RATIO && ratio >= 1 / SPACING_RATIO)) return;
  const shown = (sizes: readonly number[]) => sizes.map((size) => Number(size.toFixed(2))).join("×");
  reporter.warn(
    `${one.inputs[0]} has voxels of ${shown(found)} mm, the model was trained on ${shown(trained)} mm: ` +
      `look at its mask before you use it`,
  );
}
