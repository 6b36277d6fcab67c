/** The steps of `seg export` that need data: parity on a data set, and the reference of a kit. */
import { type CaseFiles, type DatasetIndex, loadCase } from "../data/dataset.ts";
import { openForModel, validationIds } from "../evaluation/evaluation_dataset.ts";
import { measureParity, type Parity } from "./parity.ts";
import { Failure, messageOf } from "../failure.ts";
import { decodeModel } from "../graph/onnx/decode.ts";
import { decodeMetadata, type ModelMetadata } from "../graph/onnx/metadata.ts";
import type { OnnxModel } from "../graph/onnx/model.ts";
import { engineNetwork } from "../prediction/engine_network.ts";
import { createPredictor, type Predictor, predictorOver } from "../prediction/predictor.ts";
import { referenceRun } from "./reference_run.ts";
import type { RunnableEngine } from "../tensorrt/engine_runner.ts";
import { makeKit, writeKit } from "../tensorrt/kit.ts";
import type { Precision, Target } from "../tensorrt/targets.ts";
import type { Trtexec } from "../tensorrt/trtexec.ts";
import type { WorkContext } from "../reporter.ts";

/** The cases on which two forms of a model are compared. */
export interface ParityData {
  readonly metadata: ModelMetadata;
  readonly index: DatasetIndex;
  readonly cases: readonly CaseFiles[];
}

/**
 * Opens the data set of `--parity`; validation cases of the model come first.
 *
 * @throws {Failure} where the model says too little of itself, or the data set does not fit it.
 */
export function openParityData(
  dataset: string,
  { model, path, count }: { model: OnnxModel; path: string; count: number },
): ParityData {
  let metadata: ModelMetadata;
  try {
    metadata = decodeMetadata(model);
  } catch (error) {
    throw new Failure(`Cannot compare ${path} on a data set: ${messageOf(error)}; leave --parity out`, {
      cause: error,
    });
  }
  const index = openForModel(dataset, metadata, {});
  const validated = new Set(validationIds(metadata));
  const preferred = index.cases.filter(({ id }) => validated.has(id));
  return { metadata, index, cases: (preferred.length > 0 ? preferred : index.cases).slice(0, count) };
}

/** The two forms to compare: the model as it was, and the exported one or its engine. */
export interface ParityForms {
  readonly source: Uint8Array;
  readonly exported: Uint8Array;
  readonly engine?: { readonly trtexec: Trtexec; readonly runnable: RunnableEngine } | undefined;
  readonly maximumDiceDrop: number;
}

/** Compares masks; see {@link measureParity}. */
export async function exportParity(
  { metadata, index, cases }: ParityData,
  { source, exported, engine, maximumDiceDrop }: ParityForms,
  context: WorkContext,
): Promise<Parity> {
  const exportedMetadata = decodeMetadata(decodeModel(exported));
  const predictors: Predictor[] = [];
  try {
    const reference = await createPredictor(source, metadata);
    predictors.push(reference);
    const candidate = engine === undefined ? await createPredictor(exported, exportedMetadata) : predictorOver(
      engineNetwork(engine.trtexec, engine.runnable, { metadata: exportedMetadata, ...context }),
      exportedMetadata,
    );
    predictors.push(candidate);
    return await measureParity({ index, cases, reference, candidate, maximumDiceDrop, ...context });
  } finally {
    for (const predictor of predictors) await predictor.release();
  }
}

/** What {@link exportKit} puts into a kit. */
export interface KitWork {
  readonly folder: string;
  readonly name: string;
  readonly exported: Uint8Array;
  readonly target: Target;
  readonly precision: Precision;
  readonly workspaceMiB: number;
  /** A slice of its first case is the reference; a phantom's where there is none. */
  readonly data: ParityData | undefined;
}

/** Largest difference to the reference, as a share of its largest value: what rounding to 11 or 24 bits adds up to in a deep network. */
const TOLERANCES: Readonly<Record<Precision, number>> = { fp16: 0.02, fp32: 1e-3 };
/** Pixels that may change sides of the threshold: those whose probability is a half but for rounding. */
const FLIPPED_SHARE = 0.001;

/** Writes a kit. @throws {Failure} where a file cannot be written. */
export async function exportKit(work: KitWork): Promise<void> {
  const { exported, data, target, precision, workspaceMiB } = work;
  const model = decodeModel(exported);
  const metadata = model.metadata["seg.version"] === undefined ? undefined : decodeMetadata(model);
  const [first] = data?.cases ?? [];
  const image = data && first && loadCase(data.index, first).image;
  const { inputs, outputs } = await referenceRun(exported, { metadata, image });
  const largest = outputs.reduce(
    (most, { values }) => values.reduce((m, value) => Math.max(m, Math.abs(value)), most),
    0,
  );
  const activation: string | undefined = metadata?.output.activation;
  writeKit(
    work.folder,
    makeKit({
      name: work.name,
      onnx: exported,
      target,
      precision,
      workspaceMiB,
      inputs,
      outputs,
      tolerance: Number((TOLERANCES[precision] * Math.max(1, largest)).toPrecision(2)),
      threshold: activation === "none" ? metadata?.output.threshold ?? 0.5 : 0,
      flippedShare: FLIPPED_SHARE,
    }),
  );
}
