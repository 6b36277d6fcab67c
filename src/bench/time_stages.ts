/** Times the whole way of a volume: to the network's squares, through it, and back to a mask on the volume's grid. */
import { Failure } from "../failure.ts";
import { indexDataset, loadCase } from "../data/dataset.ts";
import { makePhantom } from "../data/phantom.ts";
import { toCanonical } from "../imaging/orientation.ts";
import { sliceGeometry } from "../imaging/slices.ts";
import type { Volume } from "../imaging/volume.ts";
import { readDescribedModel } from "../model/model.ts";
import { createPredictor } from "../prediction/predictor.ts";
import type { StageTimes, VolumeTime } from "./bench_report.ts";
import type { StageRequest } from "./worker_protocol.ts";

// More cases change the mean little and cost time for reading.
const MOST_CASES = 8;

/**
 * Mean times per slice and per volume over the cases of a data set, or over a made-up volume, for as long as asked and at least once.
 *
 * @throws {Failure} where the model has no metadata, or the data set does not have its channels.
 */
export async function timeStages(
  file: string,
  { dataset, batch, durationMs, threads, provider }: StageRequest & { threads?: number; provider?: string },
): Promise<{ stages: StageTimes; stageImages: number; volume: VolumeTime }> {
  const model = readDescribedModel(file);
  const { metadata } = model;
  const { channels } = metadata.input;
  const images = dataset === undefined ? [madeUp(channels.length)] : readImages(dataset, channels);
  const slices = images.map((image) => sliceGeometry(toCanonical(image).volume, metadata.plane).count);
  const predictor = await createPredictor(model, { batch, threads, provider });
  await predictor.segment(images[0] as Volume);
  const sums = { pre: 0, net: 0, post: 0 };
  let [stageImages, volumes, volumeMs] = [0, 0, 0];
  for (const end = performance.now() + durationMs; stageImages === 0 || performance.now() < end;) {
    for (const [i, image] of images.entries()) {
      const started = performance.now();
      const { stageMs } = await predictor.segment(image);
      volumeMs += performance.now() - started;
      volumes++;
      for (const stage of ["pre", "net", "post"] as const) sums[stage] += stageMs[stage];
      stageImages += slices[i] as number;
    }
  }
  await predictor.release();
  const { pre, net, post } = sums;
  return {
    stages: { pre: pre / stageImages, net: net / stageImages, post: post / stageImages },
    stageImages,
    volume: { ms: volumeMs / volumes, slices: stageImages / volumes },
  };
}

function readImages(dataset: string, channels: readonly string[]): Volume[] {
  const index = indexDataset(dataset, { channels });
  const images = index.cases.slice(0, MOST_CASES).map((files) => loadCase(index, files).image);
  if (images.length === 0) throw new Failure(`${dataset} holds no case; choose another with --input`);
  return images;
}

function madeUp(channels: number): Volume {
  const { image } = makePhantom(0);
  const data = new Int16Array(channels * image.data.length);
  for (let channel = 0; channel < channels; channel++) data.set(image.data, channel * image.data.length);
  return { ...image, data, channels };
}
