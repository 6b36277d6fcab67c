/** The one path from a volume to a mask: for validation in training, prediction, scoring, parity checks and every backend. */
import { Failure, UsageFailure } from "../failure.ts";
import type { LabelMetadata, ModelMetadata } from "../graph/onnx/metadata.ts";
import type { DescribedModel } from "../model/model.ts";
import { networkSquare, type PreparedImage, prepareImage } from "../imaging/network_input.ts";
import { postProcess, type PostProcessing, postProcessRegions } from "../imaging/post_processing.ts";
import type { MaskRegion } from "../imaging/regions.ts";
import { insertSlice, squareToSlice } from "../imaging/slices.ts";
import { squareVolume } from "../imaging/square_volume.ts";
import type { Volume } from "../imaging/volume.ts";
import { createNetwork, type Network, type NetworkOptions } from "./network.ts";
import { type Activation, addProbabilities, decideClasses, hasForeground } from "./probabilities.ts";

/** What may be chosen for one volume. */
export interface SegmentOptions extends PostProcessing {
  /** In place of the model's own; for networks with a sigmoid only. */
  readonly threshold?: number | undefined;
  /** Averages the probabilities with those of the left–right mirror image. */
  readonly mirror?: boolean | undefined;
  /** Keeps the probabilities of all classes: 4 bytes per voxel and class. */
  readonly keepProbabilities?: boolean | undefined;
  /** Keeps the answer on the grid of the network's output too. */
  readonly keepSquares?: boolean | undefined;
  /** Checked before every batch of slices. */
  readonly signal?: AbortSignal | undefined;
}

/** Time spent in ms: preparing squares, in the network, and from logits to the mask. */
export interface StageMs {
  readonly pre: number;
  readonly net: number;
  readonly post: number;
}

/** The answer of a network on the image's own grid, in the voxel order of its file. */
export interface Segmentation {
  /** Class indices: 0 is background, k the k-th of `metadata.labels`. */
  readonly mask: Volume<Uint8Array>;
  /** The probabilities of class k, or of the background (0) where it has a channel, a value per voxel; with `keepProbabilities` only. */
  readonly probabilities?: (classIndex: number) => Float32Array;
  /** Class indices of the squares `[size, size, slices]` themselves, before resampling; with `keepSquares` only. */
  readonly squares?: Volume<Uint8Array>;
  readonly stageMs: StageMs;
}

/** Segments volumes with one network. */
export interface Predictor {
  readonly metadata: ModelMetadata;
  /**
   * @param image with the channels of `metadata.input` in their order, and finite intensities.
   * @throws {RangeError} where the number of channels differs.
   * @throws {Failure} where the network gives NaN.
   * @throws {UsageFailure} where an option does not suit the network.
   * @throws the reason of `signal` where it is aborted.
   */
  segment(image: Volume, options?: SegmentOptions): Promise<Segmentation>;
  /** Frees the memory of the network. */
  release(): Promise<void>;
}

/**
 * A predictor over an ONNX model.
 *
 * @throws {Failure} where ONNX Runtime refuses the model or the provider.
 */
export async function createPredictor(
  model: Omit<DescribedModel, "path">,
  options: NetworkOptions = {},
): Promise<Predictor> {
  return predictorOver(await createNetwork(model, options), model.metadata);
}

/** A predictor over anything that runs the network, e.g. a TensorRT engine. */
export function predictorOver(network: Network, metadata: ModelMetadata): Predictor {
  return {
    metadata,
    segment: (image, options = {}) => segment(image, { network, metadata, options }),
    release: () => network.release(),
  };
}

interface Segmenting {
  readonly network: Network;
  readonly metadata: ModelMetadata;
  readonly options: SegmentOptions;
}

async function segment(image: Volume, { network, metadata, options }: Segmenting): Promise<Segmentation> {
  checkOptions(image, metadata, options);
  const { input, output, labels, plane } = metadata;
  const activation: Activation = output.activation;
  const threshold = options.threshold ?? output.threshold;
  const overlapping = labels.some(({ values }) => values !== undefined);
  const clock = new StageClock();
  const prepared = prepareImage(image, { normalization: input.normalization, plane });
  const { geometry, restore } = prepared;
  const mask = new Uint8Array(geometry.channelStride);
  let kept: Float32Array<ArrayBuffer> | undefined;
  const decided: Uint8Array[] = [];
  clock.end("pre");
  for (let start = 0; start < geometry.count; start += network.batch) {
    options.signal?.throwIfAborted();
    const count = Math.min(network.batch, geometry.count - start);
    const probabilities: Float32Array[] = [];
    let [classes, size] = [0, 0];
    for (const mirrored of options.mirror ? [false, true] : [false]) {
      const squares = squaresOf(prepared, { start, count, size: input.size, mirrored });
      clock.end("pre");
      const answer = await network.run(squares, count);
      clock.end("net");
      ({ classes, size } = answer);
      const length = classes * size * size;
      for (let i = 0; i < count; i++) {
        const target = probabilities[i] ??= new Float32Array(length);
        const logits = answer.logits.subarray(i * length, (i + 1) * length);
        addProbabilities(target, logits, { classes, size, activation, mirrored, weight: options.mirror ? 0.5 : 1 });
      }
      clock.end("post");
    }
    const backgroundFirst = classes > labels.length;
    const decision = { classes, backgroundFirst, threshold, classWeights: output.classWeights, overlapping };
    if (options.keepProbabilities) kept ??= new Float32Array(classes * mask.length);
    probabilities.forEach((square, i) => {
      const index = start + i;
      refuseNaN(square, index);
      if (options.keepSquares) decided.push(decideClasses(square, decision));
      if (kept === undefined && !hasForeground(square, decision)) return;
      const slice = squareToSlice(square, geometry, { size, classes });
      insertSlice(mask, decideClasses(slice, decision), { geometry, index });
      if (kept === undefined) return;
      const pixels = geometry.rows * geometry.columns;
      for (let channel = 0; channel < classes; channel++) {
        const values = slice.subarray(channel * pixels, (channel + 1) * pixels);
        insertSlice(kept, values, { geometry, index, channel });
      }
    });
    clock.end("post");
  }
  const { shape, affine, spacingKnown } = image;
  const onImage = { data: restore(mask), shape, channels: 1, affine, spacingKnown };
  const cleaned = (volume: Volume<Uint8Array>) =>
    overlapping ? postProcessRegions(volume, regionsOf(labels), options) : postProcess(volume, labels.length, options);
  const data = cleaned(onImage);
  const squares = options.keepSquares ? squareVolume(decided, { geometry, spacingKnown }) : undefined;
  clock.end("post");
  return {
    mask: { ...onImage, data },
    ...(squares && { squares: { ...squares, data: cleaned(squares) } }),
    ...(kept !== undefined && { probabilities: probabilitiesOf(kept, { voxels: mask.length, labels, restore }) }),
    stageMs: clock.spent,
  };
}

function regionsOf(labels: readonly LabelMetadata[]): MaskRegion[] {
  return labels.map(({ name, value, values = [value] }) => ({ name, value, values }));
}

function probabilitiesOf(
  kept: Float32Array<ArrayBuffer>,
  { voxels, labels, restore }: { voxels: number; labels: readonly unknown[]; restore: PreparedImage["restore"] },
): (classIndex: number) => Float32Array {
  const firstClass = kept.length / voxels > labels.length ? 0 : 1;
  return (classIndex) => {
    const channel = classIndex - firstClass;
    return restore(kept.subarray(channel * voxels, (channel + 1) * voxels));
  };
}

function squaresOf(
  prepared: PreparedImage,
  { start, count, size, mirrored }: { start: number; count: number; size: number; mirrored: boolean },
): Float32Array {
  const length = prepared.volume.channels * size * size;
  const squares = new Float32Array(count * length);
  for (let i = 0; i < count; i++) squares.set(networkSquare(prepared, start + i, size), i * length);
  if (mirrored) { for (let row = 0; row < squares.length; row += size) squares.subarray(row, row + size).reverse(); }
  return squares;
}

/** NaN lies on neither side of a threshold: it would look like background. */
function refuseNaN(probabilities: Float32Array, slice: number): void {
  let sum = 0;
  for (let at = 0; at < probabilities.length; at++) sum += probabilities[at] as number;
  if (!Number.isNaN(sum)) return;
  throw new Failure(
    `The network gives NaN in slice ${slice}; its weights are damaged, or half precision overflows (export with --no-fp16)`,
  );
}

function checkOptions(image: Volume, { input, output, plane }: ModelMetadata, options: SegmentOptions): void {
  if (image.channels !== input.channels.length) {
    throw new RangeError(
      `The image has ${image.channels} channels, the model reads ${input.channels.length} (${
        input.channels.join(", ")
      })`,
    );
  }
  if (options.threshold !== undefined && output.activation === "softmax") {
    throw new UsageFailure(
      "--threshold does not suit a model with softmax: its most probable class wins; seg tune weighs the classes",
    );
  }
  if (options.mirror && plane === "sagittal") {
    throw new UsageFailure("--mirror does not suit a model of sagittal slices: they have no left and right side");
  }
}

/** Adds up the time between calls by stage. */
class StageClock {
  readonly spent = { pre: 0, net: 0, post: 0 };
  #last = performance.now();

  end(stage: keyof StageMs): void {
    const now = performance.now();
    this.spent[stage] += now - this.#last;
    this.#last = now;
  }
}
