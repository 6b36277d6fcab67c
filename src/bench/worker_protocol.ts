/** What passes between `seg bench` and the process that it measures. */
import * as v from "valibot";
import { ELEMENT_ARRAYS, type ElementType } from "../graph/tensor_type.ts";
import { listOf, oneOf, realNumber, wholeNumber } from "../schemas.ts";
import { StageTimes, VolumeTime } from "./bench_report.ts";

/** Which volumes are segmented for the stage times. */
const StageRequest = v.object({
  /** A data set folder; a made-up volume where absent. */
  dataset: v.exactOptional(v.string()),
  batch: wholeNumber(1),
  durationMs: realNumber(0),
});

export type StageRequest = Readonly<v.InferOutput<typeof StageRequest>>;

/** The work, one JSON document on the worker's stdin. */
export const BenchRequest = v.object({
  file: v.string(),
  inputs: listOf(v.object({
    name: v.string(),
    elementType: oneOf(Object.keys(ELEMENT_ARRAYS) as ElementType[]),
    shape: listOf(wholeNumber(0)),
  })),
  warmUpMs: realNumber(0),
  warmUpRuns: wholeNumber(0),
  durationMs: realNumber(0),
  threads: v.exactOptional(wholeNumber(0)),
  provider: v.exactOptional(v.string()),
  /** Times the way of volumes through the predictor too. */
  stages: v.exactOptional(StageRequest),
});

export type BenchRequest = Readonly<v.InferOutput<typeof BenchRequest>>;

/** What was measured. */
const BenchMeasurement = v.object({
  samplesMs: listOf(realNumber(0)),
  sessionMs: realNumber(0),
  /** Resident memory of the process before the model, and at its highest until the last counted run. */
  baselineBytes: realNumber(0),
  peakBytes: realNumber(0),
  stages: v.exactOptional(StageTimes),
  volume: v.exactOptional(VolumeTime),
  /** Images that the stage times are means over. */
  stageImages: v.exactOptional(wholeNumber(0)),
  /** Why there are no stage times. */
  stageNote: v.exactOptional(v.string()),
});

export type BenchMeasurement = Readonly<v.InferOutput<typeof BenchMeasurement>>;

/** The worker's answer, one line of JSON on its stdout each. */
export const BenchMessage = v.variant("kind", [
  v.object({ kind: v.literal("progress"), share: realNumber() }),
  v.object({ kind: v.literal("failure"), message: v.string() }),
  v.object({ kind: v.literal("result"), result: BenchMeasurement }),
]);

export type BenchMessage = Readonly<v.InferOutput<typeof BenchMessage>>;
