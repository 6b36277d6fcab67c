/** What an evaluation was made with, so that it can be made again. */
import { DATA_READING_NAMES } from "../data/data_reading.ts";
import type { EvaluationOptions } from "./evaluation_options.ts";

/** Stands beside the scores in `metrics.json`. */
export interface EvaluationOrigin {
  /** Of this program. */
  readonly version?: string;
  /** Of the ONNX file that was scored. */
  readonly modelSha256?: string;
  /** Options that were given and that decide about masks and scores. */
  readonly settings: Partial<Pick<EvaluationOptions, (typeof SETTINGS)[number]>>;
}

const SETTINGS = [
  "metrics",
  "toleranceMm",
  "emptyRule",
  "hd95Variant",
  "threshold",
  "mirror",
  "fillHoles",
  "minimumVolumeMl",
  "largestComponent",
  ...DATA_READING_NAMES,
  "threads",
  "provider",
  "trtexec",
] as const satisfies readonly (keyof EvaluationOptions)[];

/** The origin of an evaluation with these options. */
export function evaluationOrigin(
  options: EvaluationOptions,
  { modelSha256 }: { readonly modelSha256?: string },
): EvaluationOrigin {
  const given = SETTINGS.filter((name) => options[name] !== undefined && options[name] !== false);
  return {
    ...(options.version !== undefined && { version: options.version }),
    ...(modelSha256 !== undefined && { modelSha256 }),
    settings: Object.fromEntries(given.map((name) => [name, options[name]])),
  };
}
