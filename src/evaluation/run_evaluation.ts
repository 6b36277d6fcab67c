/** The whole evaluation of one model or one folder of masks. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type DatasetOptions, openDataset } from "../data/dataset.ts";
import { refuseExisting, writeFailure, writeFileAtomic, writeJsonAtomic } from "../files.ts";
import { aggregate } from "../metrics/aggregate.ts";
import { readModelFile } from "../prediction/model_file.ts";
import { createPredictor, type SegmentOptions } from "../prediction/predictor.ts";
import type { NetworkOptions } from "../prediction/network.ts";
import type { Reporter } from "../reporter.ts";
import { compareEvaluations, type Comparison, comparisonLines, readEvaluation } from "./compare_evaluations.ts";
import { chooseCases, openForModel } from "./evaluation_dataset.ts";
import { evaluationCsv, type EvaluationDocument, evaluationDocument, evaluationRows } from "./evaluation_report.ts";
import { findPredictedMask, readPredictedMask } from "./predicted_masks.ts";
import { scoreCases, type ScoredCases, type ScoreOptions } from "./score_cases.ts";

/** What is scored: a model file, or a folder of masks. */
export type EvaluationSource = { readonly model: string } | { readonly predictions: string };

/** How {@link runEvaluation} works. */
export interface EvaluationOptions
  extends
    Omit<ScoreOptions, "reporter" | "signal">,
    Pick<SegmentOptions, "threshold" | "mirror" | "largestComponent">,
    NetworkOptions,
    Pick<DatasetOptions, "layout" | "map" | "labels" | "group" | "spacingMm" | "ignoreOrigin"> {
  readonly split?: "val" | "all" | undefined;
  /** Folder for `metrics.json` and `metrics.csv`. */
  readonly out?: string | undefined;
  readonly force: boolean;
  /** A `metrics.json` to compare with. */
  readonly compare?: string | undefined;
}

/** What an evaluation gives. */
export interface EvaluationResult {
  readonly document: EvaluationDocument & { readonly comparison?: Comparison };
  /** Rows of a table, the heading first. */
  readonly rows: readonly (readonly string[])[];
  /** Lines that belong below the table. */
  readonly notes: readonly string[];
}

/**
 * Scores a model or masks on a data set.
 *
 * @throws {Failure} where something cannot be read, does not belong together, or exists already.
 */
export async function runEvaluation(
  dataset: string,
  source: EvaluationSource,
  options: EvaluationOptions,
  context: { readonly reporter: Reporter; readonly signal: AbortSignal },
): Promise<EvaluationResult> {
  const { out, force, compare } = options;
  const [jsonPath, csvPath] = [join(out ?? "", "metrics.json"), join(out ?? "", "metrics.csv")];
  if (out !== undefined) { for (const path of [jsonPath, csvPath]) refuseExisting(path, force); }
  const other = compare === undefined ? undefined : readEvaluation(compare);
  const scoring = { ...options, ...context };
  const { cases, missing, split, subject } = "model" in source
    ? await scoreModel(dataset, source.model, scoring)
    : await scoreMasks(dataset, source.predictions, scoring);
  const summary = aggregate(cases);
  const comparison = other && compareEvaluations(cases, other, compare as string);
  const document = {
    ...evaluationDocument(cases, summary, { subject, dataset, split, missing }),
    ...(comparison && { comparison }),
  };
  if (out !== undefined) {
    try {
      mkdirSync(out, { recursive: true });
    } catch (error) {
      throw writeFailure(out, error);
    }
    writeFileAtomic(csvPath, evaluationCsv(document.cases));
    writeJsonAtomic(jsonPath, document);
  }
  if (missing.length > 0) {
    const listed = missing.slice(0, 5).join(", ") + (missing.length > 5 ? ", …" : "");
    context.reporter.warn(`${missing.length} cases have no prediction and are in no score: ${listed}`);
  }
  for (const warning of summary.warnings) context.reporter.warn(warning);
  const worst = Object.entries(summary.perClass).flatMap(([label, { scores }]) =>
    scores.dice?.worst
      ? [`Worst ${label}: ${scores.dice.worst.case} with a Dice of ${scores.dice.worst.value.toFixed(3)}`]
      : []
  );
  return {
    document,
    rows: evaluationRows(summary, { unit: cases[0]?.conventions.unit ?? "mm" }),
    notes: [
      `${cases.length} cases of ${summary.patients} patients (${split === "val" ? "validation" : "all"}); ` +
      `intervals of means: 95 %, BCa bootstrap`,
      ...worst,
      ...(comparison ? [`This minus ${compare}:`, ...comparisonLines(comparison)] : []),
      ...(out === undefined ? [] : [`Wrote ${jsonPath} and ${csvPath}`]),
    ],
  };
}

type Scoring = EvaluationOptions & ScoreOptions;
type Scored = ScoredCases & { readonly split: "val" | "all"; readonly subject: string };

async function scoreModel(dataset: string, path: string, options: Scoring): Promise<Scored> {
  const { bytes, metadata } = readModelFile(path);
  const { layout, map, group, spacingMm, ignoreOrigin } = options;
  const index = openForModel(dataset, metadata, { layout, map, group, spacingMm, ignoreOrigin });
  const { cases, split } = chooseCases(index, metadata, options.split);
  const predictor = await createPredictor(bytes, metadata, options);
  try {
    const predictionOf = async (_files: unknown, { image }: { image: Parameters<typeof predictor.segment>[0] }) =>
      (await predictor.segment(image, options)).mask.data;
    return { ...await scoreCases(index, { cases, predictionOf }, options), split, subject: path };
  } finally {
    await predictor.release();
  }
}

async function scoreMasks(dataset: string, folder: string, options: Scoring): Promise<Scored> {
  const index = openDataset(dataset, options);
  const predictionOf: Parameters<typeof scoreCases>[1]["predictionOf"] = (files, { image }) => {
    const paths = findPredictedMask(folder, files);
    const reference = { grid: image, file: files.images[0] ?? files.id };
    return Promise.resolve(paths && readPredictedMask(paths, index, reference));
  };
  return { ...await scoreCases(index, { cases: index.cases, predictionOf }, options), split: "all", subject: folder };
}
