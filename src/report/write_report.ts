/** Writes `report.html` of a run, an evaluation or a cross-validation, from the files of its folder. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { scoreModel } from "../evaluation/run_evaluation.ts";
import type { EvaluatedCase } from "../evaluation/score_cases.ts";
import { Failure, messageOf } from "../failure.ts";
import { writeFileAtomic } from "../files.ts";
import { METRICS } from "../metrics/scores.ts";
import { type DescribedModel, type Model, readDescribedModel } from "../model/model.ts";
import type { Reporter } from "../reporter.ts";
import { readScores, SCORES } from "../training/runs/fold_run.ts";
import { type NamedBench, readBenchReports } from "./bench_section.ts";
import { evaluationPage, type Surroundings } from "./evaluation_page.ts";
import { foldsBody } from "./folds_section.ts";
import { casePictures } from "./pictures.ts";
import { modelFacts, runPage } from "./run_page.ts";
import { isRun, readRun, type RunRecord } from "./run_record.ts";
import { readEvaluationScores, type Scores, scoresOf } from "./scores.ts";

/** How {@link writeReport} works. */
export interface ReportOptions {
  /** The programs that write the report, with their versions: `seg 0.1.0`. */
  readonly programs: readonly string[];
  /** Files of `seg bench`, beside those in the folder. */
  readonly benches?: readonly string[];
  /**
   * Seconds that segmenting and drawing cases may take: without them what the files hold is shown alone. 0: not even tried;
   * absent: as long as it takes.
   */
  readonly seconds?: number;
}

/** What {@link writeReport} may use. */
export interface ReportContext {
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** A report that was written. */
export interface WrittenReport {
  readonly path: string;
  readonly kind: "run" | "evaluation" | "cross-validation";
  readonly bytes: number;
}

/**
 * Writes the report of a folder, over the one that is there.
 *
 * @throws {Failure} where the folder is of something else, or a file is missing or damaged.
 * @throws the reason of `context.signal` where it is aborted.
 */
export async function writeReport(
  folder: string,
  options: ReportOptions,
  context: ReportContext,
): Promise<WrittenReport> {
  const benches = readBenchReports(folder, options.benches ?? []);
  const pooled = join(folder, "summary.json");
  const scores = join(folder, "metrics.json");
  const work = { folder, options, context, benches };
  const [kind, text] = existsSync(join(folder, "cross_validation.json")) || (existsSync(pooled) && !isRun(folder))
    ? ["cross-validation", crossValidationText(pooled, work)] as const
    : isRun(folder)
    ? ["run", await runText(work)] as const
    : ["evaluation", await evaluationText(scores, work)] as const;
  const path = join(folder, "report.html");
  const bytes = new TextEncoder().encode(text);
  writeFileAtomic(path, bytes);
  return { path, kind, bytes: bytes.length };
}

/**
 * As {@link writeReport} at the end of work that is done: a failure becomes a warning, and an abort leaves out what takes time.
 *
 * @returns the path of the report, or undefined where there is none.
 */
export async function tryReport(
  folder: string,
  options: ReportOptions,
  context: ReportContext,
): Promise<string | undefined> {
  try {
    try {
      return (await writeReport(folder, options, context)).path;
    } catch (error) {
      if (!context.signal.aborted) throw error;
      const patient = { ...context, signal: new AbortController().signal };
      return (await writeReport(folder, { ...options, seconds: 0 }, patient)).path;
    }
  } catch (error) {
    context.reporter.warn(`No report: ${messageOf(error)}`);
    return undefined;
  }
}

interface Work {
  readonly folder: string;
  readonly options: ReportOptions;
  readonly context: ReportContext;
  readonly benches: readonly NamedBench[];
}

function surroundings({ options, benches }: Work, model?: Model): Surroundings {
  return { programs: options.programs, written: new Date(), benches, roofline: { benches, ...(model && { model }) } };
}

async function evaluationText(path: string, work: Work): Promise<string> {
  if (!existsSync(path)) {
    throw new Failure(
      `${work.folder} holds neither a run (config.json) nor an evaluation (metrics.json); give the folder of seg train --out or seg evaluate --out`,
    );
  }
  const scores = readEvaluationScores(path);
  const { subject, dataset } = scores;
  const source = { ...scores.settings, subject, dataset };
  const pictures = await tried("drawing cases", work, (context) => casePictures(scores.cases, source, context));
  const model = modelOf(subject);
  return evaluationPage(scores, {
    ...surroundings(work, model),
    pictures,
    modelFacts: model === undefined ? [] : modelFacts(model.metadata.training),
  });
}

function crossValidationText(path: string, work: Work): string {
  if (!existsSync(path)) {
    throw new Failure(
      `Cannot read ${path}: the cross-validation is not finished; continue it with seg train --resume ${work.folder}`,
    );
  }
  const scores = readEvaluationScores(path);
  return evaluationPage(scores, {
    ...surroundings(work),
    pictures: "every fold has its own model and its own report.",
    modelFacts: [],
    folds: foldsBody(scores.folds, work.folder),
  });
}

async function runText(work: Work): Promise<string> {
  const record = readRun(work.folder);
  const { model, run } = record;
  const scores = await runScores(record, work);
  const source = { ...readingOf(record), dataset: record.settings.place.dataset, subject: run.best };
  const pictures = typeof scores === "string"
    ? scores
    : await tried("drawing cases", work, (context) => casePictures(scores.cases, source, context));
  return runPage(record, {
    ...surroundings(work, model),
    scores,
    pictures,
  });
}

/** Of the best model on its validation cases: those that a cross-validation left, else made now. */
async function runScores(record: RunRecord, work: Work): Promise<Scores | string> {
  const { model, run } = record;
  if (model === undefined) return "no epoch is validated yet.";
  const { dataset } = record.settings.place;
  const about = { subject: run.best, dataset, split: "val", missing: [] } as const;
  const left = scoresOfFold(record);
  if (left !== undefined) return scoresOf(left, about);
  if (!existsSync(dataset)) return `there is no ${dataset} here. ${remedy(run.folder)}`;
  return await tried("scoring the validation cases", work, async (context) => {
    const scored = await scoreModel(dataset, run.best, {
      ...readingOf(record),
      ...context,
      reporter: { ...context.reporter, warn() {} },
      split: "val",
      metrics: METRICS,
      emptyRule: "nnunet",
      hd95Variant: "max",
    });
    return scoresOf(scored.cases, about);
  });
}

function remedy(folder: string): string {
  return `seg report ${folder} makes them where the data are.`;
}

/** What a cross-validation left of its cases, where it is of the model that is there now. */
function scoresOfFold({ run, history, best }: RunRecord): readonly EvaluatedCase[] | undefined {
  if (!existsSync(join(run.folder, SCORES))) return undefined;
  const { cases, summary } = readScores(run.folder);
  return summary.epochs === history.length && summary.bestEpoch === best?.epoch ? cases : undefined;
}

/** Work within the seconds that there are; a sentence where they are not enough. */
async function tried<T>(
  what: string,
  { folder, options: { seconds }, context }: Work,
  work: (context: ReportContext) => Promise<T>,
): Promise<T | string> {
  if (seconds === 0) return `left out here. ${remedy(folder)}`;
  if (seconds === undefined) return await work(context);
  const time = AbortSignal.timeout(Math.ceil(1000 * seconds));
  try {
    return await work({ ...context, signal: AbortSignal.any([context.signal, time]) });
  } catch (error) {
    if (context.signal.aborted || !time.aborted) throw error;
    return `${what} would take more than ${Math.round(seconds)} s at the end of the training. ${remedy(folder)}`;
  }
}

/** How the data set of a run is read, and how its network runs. */
function readingOf({ settings: { data, limits: { threads, provider } } }: RunRecord) {
  return { ...data, threads, provider };
}

function modelOf(path: string): DescribedModel | undefined {
  if (!path.endsWith(".onnx")) return undefined;
  try {
    return readDescribedModel(path);
  } catch {
    // The report is of the scores, which are there; the model may have been moved or replaced.
    return undefined;
  }
}
