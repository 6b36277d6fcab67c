/** The whole evaluation of one model or one folder of masks. */
import { type CaseFiles, openDataset } from "../data/dataset.ts";
import { Failure } from "../failure.ts";
import { aggregate } from "../metrics/aggregate.ts";
import { SCORES } from "../metrics/scores.ts";
import { openModel } from "../prediction/open_model.ts";
import type { WorkContext } from "../reporter.ts";
import { sha256 } from "../sha256.ts";
import { countOf } from "../text.ts";
import { compareEvaluations, type Comparison, comparisonLines } from "./compare_evaluations.ts";
import { chooseCases, openForModel, seenInTraining } from "./evaluation_dataset.ts";
import { readEvaluationFile } from "./evaluation_file.ts";
import { type EvaluationDocument, evaluationDocument } from "./evaluation_report.ts";
import type { EvaluationOptions, EvaluationSource } from "./evaluation_options.ts";
import { type EvaluationOrigin, evaluationOrigin } from "./evaluation_origin.ts";
import { HeadStudy, type HeadView } from "./head_study.ts";
import { type HeadReport, headReport } from "./head_report.ts";
import { listPredictedMasks, readPredictedMask } from "./predicted_masks.ts";
import { type PredictionOf, scoreCases, type ScoredCases, type ScoreOptions } from "./score_cases.ts";
import { scoreFiles, writeScores } from "./score_files.ts";
import { conventionsOf, readConventions, refuseOtherConventions } from "./conventions.ts";
import { evaluationText } from "./evaluation_text.ts";

/** What an evaluation gives. */
export interface EvaluationResult {
  readonly document: EvaluationDocument & HeadReport["document"] & EvaluationOrigin & {
    readonly comparison?: Comparison;
  };
  /** Tables and lines of text, one below the other. */
  readonly text: string;
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
  context: WorkContext,
): Promise<EvaluationResult> {
  const { out, force, compare } = options;
  const { columns } = context;
  const files = out === undefined ? undefined : scoreFiles(out, force);
  const other = compare === undefined ? undefined : readEvaluationFile(compare);
  const scoring = { ...options, ...context };
  const scored = "model" in source
    ? await scoreModel(dataset, source.model, scoring)
    : await scoreMasks(dataset, source.predictions, scoring);
  const { cases, missing, split, subject } = scored;
  const summary = aggregate(cases);
  if (other !== undefined) {
    const scoredBoth = (group: string) =>
      SCORES.some((score) =>
        score.group === group &&
        [cases, other.scored].every((all) => all.some(({ rows }) => rows.some((row) => row[score.name] != null)))
      );
    refuseOtherConventions(conventionsOf(cases), readConventions(other.document), {
      path: compare as string,
      compares: scoredBoth,
    });
  }
  const comparison = other && compareEvaluations(cases, other.scored, compare as string);
  const head = headReport(scored.views ?? [], cases, { summary, every: options.every ?? false, columns });
  const document = {
    ...evaluationDocument(cases, summary, { subject, dataset, split, missing }),
    ...evaluationOrigin(options, scored),
    ...head.document,
    ...(comparison && { comparison }),
  };
  if (files !== undefined) writeScores(files, { document, summary });
  if (missing.length > 0) {
    context.reporter.warn(
      `${countOf(missing.length, "case")} without a prediction, which no score counts: ${listed(missing)}`,
    );
  }
  for (const warning of summary.warnings) context.reporter.warn(warning);
  return {
    document,
    text: [
      evaluationText(cases, summary, { split, every: options.every ?? false, columns }),
      ...head.lines,
      ...(comparison
        ? [`\nThis minus ${compare}:`, ...comparisonLines(comparison, { ...conventionsOf(cases), columns })]
        : []),
      ...(files === undefined ? [] : [`Wrote ${files.json}, ${files.csv} and ${files.summary}`]),
    ].join("\n"),
  };
}

/** Everything that scoring needs to know. */
export type Scoring = Omit<EvaluationOptions, "force"> & ScoreOptions;

/** Scored cases, and which they are. */
export type Scored = ScoredCases & {
  readonly split: "val" | "all";
  readonly subject: string;
  /** SHA-256 of the ONNX file; absent for masks and engines. */
  readonly modelSha256?: string;
  readonly views?: readonly HeadView[];
};

/** Scores a model on the chosen cases of a data set. @throws {Failure} where they do not belong together. */
export async function scoreModel(dataset: string, path: string, options: Scoring): Promise<Scored> {
  const { model, metadata, start } = await openModel(path, options);
  const index = openForModel(dataset, metadata, options);
  const { cases, split } = chooseCases(index, metadata, options.split);
  const seen = seenInTraining(cases, metadata);
  if (seen !== undefined) options.reporter.warn(seen);
  const studied = options.resolutions || options.ablateHead;
  if (studied && model === undefined) {
    throw new Failure(`Cannot look into ${path}: an engine has its answer alone; use the ONNX file`);
  }
  const study = studied && model !== undefined ? await HeadStudy.create(model, index, options) : undefined;
  const predictor = await start(options);
  try {
    const predictionOf: PredictionOf = async (files, loaded) => {
      const answer = await predictor.segment(loaded.image, { ...options, keepSquares: options.resolutions });
      await study?.add(files, loaded, answer);
      return answer.mask.data;
    };
    const scored = await scoreCases(index, { cases, predictionOf }, options);
    const hash = model && { modelSha256: sha256(model.bytes) };
    return { ...scored, split, subject: path, ...hash, ...(study && { views: study.views }) };
  } finally {
    await predictor.release();
    await study?.release();
  }
}

/** Cases that nobody predicted would make the mean better than it is. */
function refuseMissing(
  missing: readonly CaseFiles[],
  { folder, of, allowed }: { folder: string; of: number; allowed: boolean | undefined },
): void {
  if (missing.length === 0 || allowed || missing.length === of) return;
  throw new Failure(
    `${folder} has no mask for ${missing.length} of ${countOf(of, "case")}: ${
      listed(missing.map(({ id }) => id))
    }; add ` +
      `them, or leave them out with --allow-missing`,
  );
}

function listed(names: readonly string[]): string {
  return names.slice(0, 5).join(", ") + (names.length > 5 ? ", …" : "");
}

async function scoreMasks(dataset: string, folder: string, options: Scoring): Promise<Scored> {
  const index = openDataset(dataset, options);
  const masks = listPredictedMasks(folder);
  const missing = index.cases.filter((files) => masks.find(files) === undefined);
  refuseMissing(missing, { folder, of: index.cases.length, allowed: options.allowMissing });
  const unused = masks.unused();
  if (unused.length > 0) {
    options.reporter.warn(`${countOf(unused.length, "file")} of ${folder} belong to no case: ${listed(unused)}`);
  }
  const predictionOf: PredictionOf = (files, { image }) => {
    const paths = masks.find(files);
    if (paths === undefined && options.missingAsMissed) {
      return Promise.resolve(new Uint8Array(image.shape.reduce((product, length) => product * length, 1)));
    }
    const reference = { grid: image, file: files.images[0] ?? files.id };
    return Promise.resolve(paths && readPredictedMask(paths, index, reference));
  };
  return { ...await scoreCases(index, { cases: index.cases, predictionOf }, options), split: "all", subject: folder };
}
