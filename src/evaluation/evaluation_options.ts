/** What an evaluation can be told. */
import type { DataReading } from "../data/data_reading.ts";
import type { PostProcessing } from "../imaging/post_processing.ts";
import type { NetworkOptions } from "../prediction/network.ts";
import type { SegmentOptions } from "../prediction/predictor.ts";
import type { ScoreOptions } from "./score_cases.ts";

/** What is scored: a model file, or a folder of masks. */
export type EvaluationSource = { readonly model: string } | { readonly predictions: string };

/** How `runEvaluation` works. */
export interface EvaluationOptions
  extends
    Omit<ScoreOptions, "reporter" | "signal">,
    PostProcessing,
    Pick<SegmentOptions, "threshold" | "mirror">,
    NetworkOptions,
    DataReading {
  readonly split?: "val" | "all" | undefined;
  /** Of masks: leaves out the cases that have none, in place of a failure. */
  readonly allowMissing?: boolean | undefined;
  /** With `allowMissing`: scores such cases as empty masks, in which everything is missed. */
  readonly missingAsMissed?: boolean | undefined;
  /** Path of trtexec, for engines; searched where absent. */
  readonly trtexec?: string | undefined;
  /** Shows all scores that there are in the table, not the main ones alone. */
  readonly every?: boolean | undefined;
  /** Scores at the size of the network and of the head beside those on the original grid. */
  readonly resolutions?: boolean | undefined;
  /** Compares with level 0 of the same model, brought to the original grid by linear interpolation. */
  readonly ablateHead?: boolean | undefined;
  /** Folder for `metrics.json`, `metrics.csv` and `summary.csv`. */
  readonly out?: string | undefined;
  readonly force: boolean;
  /** A `metrics.json` to compare with. */
  readonly compare?: string | undefined;
  /** Version of the program, for the document. */
  readonly version?: string | undefined;
}
