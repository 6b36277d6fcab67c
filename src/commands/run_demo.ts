/** The steps of `seg demo`, each by the very functions that the other commands call. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { benchModel } from "../bench/bench_model.ts";
import { indexDataset, loadCase } from "../data/dataset.ts";
import { isPhantom, writePhantom } from "../data/phantom.ts";
import { runEvaluation } from "../evaluation/run_evaluation.ts";
import { exportModel } from "../deployment/export_model.ts";
import { Failure } from "../failure.ts";
import { makeFolder, refuseExisting, writeFileAtomic, writeJsonAtomic } from "../files.ts";
import { METRICS } from "../metrics/scores.ts";
import type { ModelMetadata } from "../graph/onnx/metadata.ts";
import type { Normalization } from "../imaging/normalize.ts";
import { readNifti } from "../imaging/nifti.ts";
import type { CaseRow } from "../evaluation/evaluation_report.ts";
import { validationIds } from "../evaluation/evaluation_dataset.ts";
import { addModelCard, CARD_FILE } from "../model/card.ts";
import { readDescribedModel } from "../model/model.ts";
import { predictCases } from "../prediction/predict_cases.ts";
import { findCases } from "../prediction/prediction_cases.ts";
import { createPredictor } from "../prediction/predictor.ts";
import { resultPicture } from "../report/result_picture.ts";
import { silentReporter } from "../reporter.ts";
import { train } from "../training/runs/train.ts";
import { TRAIN_DEFAULTS } from "../training/runs/train_options.ts";
import type { WorkContext } from "../reporter.ts";
import { reportAfter } from "./report_after.ts";

/** What {@link runDemo} makes. */
export interface DemoOptions {
  /** Folder for everything; must not exist, or with `force` hold an earlier demo. */
  readonly out: string;
  readonly force: boolean;
  readonly seed: number;
  readonly epochs: number;
  /** Version of this program. */
  readonly version: string;
  /** How much there is to do, where it is less than usual. */
  readonly work?: DemoWork | undefined;
}

interface DemoWork {
  readonly cases: number;
  /** Of the slices in pixels; default: 128. */
  readonly side?: number;
  readonly stepsPerEpoch: number;
}

const USUAL_WORK: DemoWork = { cases: 12, stepsPerEpoch: 60 };

/** What came out. */
export interface DemoResult {
  readonly model: string;
  readonly exported: string;
  readonly validation: { readonly dice: number | null; readonly iou: number | null; readonly cases: number };
  readonly seconds: number;
  /** Median latency of the exported model, one slice at a time. */
  readonly latencyMs: number;
  /** The validation cases with what was found, as SVG. */
  readonly picture: string;
  /** Report of the training run, with scores, pictures and latency. */
  readonly report: string | undefined;
}

const PARTS = ["data", "run", "masks", "scores", "export", "picture.svg"];

/** @throws {Failure} where the folder holds anything else than a demo, so that no files of the user are removed. */
function removeEarlierDemo(folder: string): void {
  const names = readdirSync(folder);
  if (names.length > 0 && !isPhantom(join(folder, "data"))) {
    throw new Failure(`${folder} holds files that seg demo has not made; choose another folder with --out`);
  }
  for (const name of names) if (PARTS.includes(name)) rmSync(join(folder, name), { recursive: true });
}

/**
 * Runs the whole chain on phantom data.
 *
 * @throws {Failure} where the folder exists and `force` is not set, is no demo's, or cannot be written.
 * @throws the reason of the signal where it is aborted.
 */
export async function runDemo(
  { out, force, seed, epochs, version, work: { cases: count, side, stepsPerEpoch } = USUAL_WORK }: DemoOptions,
  { reporter, signal }: WorkContext,
): Promise<DemoResult> {
  const started = performance.now();
  refuseExisting(out, force);
  if (existsSync(out)) removeEarlierDemo(out);
  const dataset = join(out, "data");
  reporter.note(`1/6 Making phantom data in ${dataset}`);
  writePhantom(dataset, { seed, cases: count, side });
  reporter.note(`2/6 Training for ${epochs} epochs`);
  const { model } = await train({
    ...TRAIN_DEFAULTS,
    // Small and fast: the network reads 64 of a slice's 128 pixels; a large learning rate suits few epochs, averaged weights calm it.
    width: 8,
    inputSize: 64,
    outputSize: 128,
    loss: "dice-bce",
    batch: 8,
    stepsPerEpoch,
    learningRate: 1e-2,
    // The phantoms are all of one scanner.
    augment: "flips",
    averageDecay: 0.95,
    backgroundRatio: 1,
    folds: 4,
    epochs,
    seed,
    dataset,
    out: join(out, "run"),
    version,
  }, { reporter, signal });
  const trained = readDescribedModel(model);
  const { metadata } = trained;
  reporter.note("3/6 Segmenting the validation cases");
  const unseen = new Set(validationIds(metadata));
  const cases = findCases([dataset], { metadata, reporter }).filter(({ id }) => unseen.has(id));
  const masks = join(out, "masks");
  const predictor = await createPredictor(trained);
  try {
    await predictCases(predictor, cases, {
      folder: masks,
      overlay: true,
      probabilities: false,
      force: false,
      reporter,
      signal,
    });
  } finally {
    await predictor.release();
  }
  reporter.note("4/6 Scoring them on their own grids");
  const { document } = await runEvaluation(dataset, { model }, {
    metrics: METRICS,
    emptyRule: "nnunet",
    hd95Variant: "max",
    out: join(out, "scores"),
    force: false,
    version,
  }, { reporter: silentReporter, signal });
  reporter.note("5/6 Exporting the model for inference");
  const exported = join(out, "export", "model.onnx");
  makeFolder(join(out, "export"));
  const inference = addModelCard(exportModel(trained, { path: exported, producerVersion: version }).model, trained);
  writeFileAtomic(exported, inference.model.bytes);
  writeFileAtomic(join(out, "export", CARD_FILE), inference.card ?? "");
  reporter.note("6/6 Measuring its latency, and writing reports");
  const bench = await benchModel({ file: exported, durationSeconds: 2, withoutStages: true, reporter, signal });
  const run = join(out, "run");
  writeJsonAtomic(join(run, "bench.json"), bench);
  await reportAfter(join(out, "scores"), { reporter, signal });
  const report = await reportAfter(run, { reporter, signal });
  const picture = join(out, "picture.svg");
  writeFileAtomic(
    picture,
    drawCases({ dataset, masks, metadata, cases: document.cases, latencyMs: bench.latencyMs.p50 }),
  );
  const { dice = null, iou = null } = document.mean;
  return {
    model,
    exported,
    validation: { dice, iou, cases: cases.length },
    seconds: (performance.now() - started) / 1000,
    latencyMs: bench.latencyMs.p50,
    report,
    picture,
  };
}

/** The validation cases with lesions, each by its mask. */
function drawCases({ dataset, masks, metadata, cases, latencyMs }: {
  readonly dataset: string;
  readonly masks: string;
  readonly metadata: ModelMetadata;
  readonly cases: readonly CaseRow[];
  readonly latencyMs: number;
}): string {
  const index = indexDataset(dataset);
  const rows = cases.flatMap((scored) => {
    const files = index.cases.find(({ id }) => id === scored.case);
    if (files === undefined || typeof scored.dice !== "number") return [];
    const { image, mask } = loadCase(index, files);
    const { volume: prediction } = readNifti(join(masks, `${scored.case}.nii.gz`));
    return mask === undefined ? [] : [{ case: scored.case, image, reference: mask, prediction, dice: scored.dice }];
  });
  return resultPicture(rows, {
    inputSize: metadata.input.size,
    normalization: metadata.input.normalization as unknown as Normalization,
    plane: metadata.plane,
    classes: metadata.labels.length,
    footer: `Cases that the training did not see; ${
      latencyMs.toFixed(1)
    } ms per slice on this processor. Made-up heads.`,
  });
}
