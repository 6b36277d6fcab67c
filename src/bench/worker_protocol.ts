/** What passes between `seg bench` and the process that it measures. */
import type { ElementType } from "../graph/tensor_type.ts";
import type { StageTimes } from "./bench_report.ts";

/** The work, one JSON document on the worker's stdin. */
export interface BenchRequest {
  readonly file: string;
  readonly inputs: readonly {
    readonly name: string;
    readonly elementType: ElementType;
    readonly shape: readonly number[];
  }[];
  readonly warmUpMs: number;
  readonly warmUpRuns: number;
  readonly durationMs: number;
  readonly threads?: number;
  readonly provider?: string;
  /** Times the way of volumes through the predictor too. */
  readonly stages?: StageRequest;
}

/** Which volumes are segmented for the stage times. */
export interface StageRequest {
  /** A data set folder; a made-up volume where absent. */
  readonly dataset?: string;
  readonly batch: number;
  readonly durationMs: number;
}

/** The worker's answer, one line of JSON on its stdout each. */
export type BenchMessage =
  | { readonly kind: "progress"; readonly share: number }
  | { readonly kind: "failure"; readonly message: string }
  | { readonly kind: "result"; readonly result: BenchMeasurement };

/** What was measured. */
export interface BenchMeasurement {
  readonly samplesMs: readonly number[];
  readonly sessionMs: number;
  /** Resident memory of the process before the model, and at its highest until the last counted run. */
  readonly baselineBytes: number;
  readonly peakBytes: number;
  readonly stages?: StageTimes;
  /** Images that the stage times are means over. */
  readonly stageImages?: number;
  /** Why there are no stage times. */
  readonly stageNote?: string;
}
