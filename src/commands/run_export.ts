/** The steps of `seg export`: inference model, lint, engine, parity, kit. */
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { loadCase } from "../data/dataset.ts";
import { openForModel, validationIds } from "../evaluation/evaluation_dataset.ts";
import { measureParity, type Parity } from "../evaluation/parity.ts";
import { exportModel } from "../exporting/export_model.ts";
import { inspectModel } from "../exporting/inspect_model.ts";
import { Failure, messageOf } from "../failure.ts";
import { refuseExisting, writeFailure, writeFileAtomic } from "../files.ts";
import { decodeModel } from "../graph/onnx/decode.ts";
import { decodeMetadata, type ModelMetadata } from "../graph/onnx/metadata.ts";
import type { OnnxModel, OnnxValue } from "../graph/onnx/model.ts";
import { engineNetwork } from "../prediction/engine_network.ts";
import { readOnnxFile } from "../prediction/model_file.ts";
import { createPredictor, type Predictor, predictorOver } from "../prediction/predictor.ts";
import { referenceRun } from "../prediction/reference_run.ts";
import { buildEngine } from "../tensorrt/build_engine.ts";
import { assumedCapabilities } from "../tensorrt/capabilities.ts";
import { buildArguments, renderCommandLine } from "../tensorrt/command_line.ts";
import { readJetson } from "../tensorrt/device.ts";
import { findTrtexec } from "../tensorrt/find_trtexec.ts";
import { makeKit, writeKit } from "../tensorrt/kit.ts";
import type { LintFinding } from "../tensorrt/lint.ts";
import { makePassport, writePassport } from "../tensorrt/passport.ts";
import type { TensorContract } from "../tensorrt/raw_input.ts";
import { findTarget, type Precision, type Target } from "../tensorrt/targets.ts";
import { probeTrtexec, type Trtexec } from "../tensorrt/trtexec.ts";
import { formatVersion } from "../tensorrt/version.ts";
import type { JobContext } from "./job.ts";

/** What {@link runExport} makes. */
export interface ExportRequest {
  /** ONNX file of any origin. */
  readonly model: string;
  readonly out: string;
  readonly target: string;
  readonly opset?: number | undefined;
  readonly batch: number;
  readonly outputs?: readonly string[] | undefined;
  readonly activation: "none" | "sigmoid" | "softmax";
  readonly fuse: boolean;
  readonly dimensions?: Readonly<Record<string, number>> | undefined;
  /** Builds an engine with the trtexec of this machine. */
  readonly trt: boolean;
  readonly precision?: Precision | undefined;
  readonly workspaceMiB: number;
  readonly trtexec?: string | undefined;
  /** Writes nothing: says what would be done. */
  readonly dryRun: boolean;
  /** Writes a folder that builds, checks and times the model on a device which has JetPack alone. */
  readonly kit: boolean;
  /** A data set on which the result must give the masks of the model. */
  readonly parity?: string | undefined;
  readonly parityCases: number;
  readonly maximumDiceDrop: number;
  readonly force: boolean;
  /** Version of this program. */
  readonly version: string;
}

/** The document of `seg export --json`. */
export interface ExportReport {
  readonly onnx: string;
  readonly engine: string | null;
  readonly target: string;
  readonly precision: Precision;
  readonly parameters: number;
  readonly flops: number | null;
  readonly bytes: number;
  readonly notes: readonly string[];
  readonly lint: readonly LintFinding[];
  /** Folder of the kit. */
  readonly kit: string | null;
  readonly trtexec: { readonly command: string; readonly version: string; readonly seconds: number | null } | null;
  readonly parity: Parity | null;
}

/**
 * Exports a model.
 *
 * @throws {Failure} where the model cannot be exported, TensorRT could not run it, a file exists, or a step fails.
 */
export async function runExport(request: ExportRequest, context: JobContext): Promise<ExportReport> {
  const { out, trt, dryRun } = request;
  const target = findTarget(request.target);
  const source = readOnnxFile(request.model);
  const stem = basename(request.model).replace(/\.onnx$/i, "");
  const onnx = join(out, `${stem}.onnx`);
  const engine = join(out, `${stem}.engine`);
  const kit = join(out, `${stem}-kit`);
  const written = [onnx, ...(trt ? [engine] : []), ...(request.kit ? [kit] : [])];
  if (!dryRun) written.forEach((path) => refuseExisting(path, request.force));
  const exported = exportModel({
    bytes: source.bytes,
    file: request.model,
    opset: request.opset ?? Math.min(13, target.maxOpset ?? 13),
    batch: request.batch,
    dimensions: request.dimensions ?? {},
    ...(request.outputs && { outputs: request.outputs }),
    activation: request.activation,
    fuseUpsampling: request.fuse,
    ...(target.tensorRt !== undefined && { tensorRtVersion: target.tensorRt }),
    producerVersion: request.version,
  });
  const inspection = inspectModel(exported.bytes, { target });
  const precision = request.precision ?? (target.hasFp16 ? "fp16" : "fp32");
  const obstacle = inspection.lint.find(({ severity }) => severity === "error");
  if (trt && obstacle !== undefined) {
    throw new Failure(
      `TensorRT of ${target.name} cannot run ${request.model}: ${
        obstacle.node ?? "the file"
      }: ${obstacle.reason}; ${obstacle.remedy}`,
    );
  }
  if (!dryRun) {
    makeFolder(out);
    writeFileAtomic(onnx, exported.bytes);
  }
  const built = trt
    ? await engineOf(request, { target, precision, onnx, engine, model: decodeModel(exported.bytes), context })
    : undefined;
  if (request.kit && !dryRun) await writeKitOf(request, { kit, stem, target, precision, exported: exported.bytes });
  const parity = request.parity === undefined || dryRun
    ? undefined
    : await parityOf(request, { source, exported: exported.bytes, built, engine, context });
  return {
    onnx,
    engine: trt ? engine : null,
    target: target.name,
    precision,
    parameters: inspection.parameters,
    flops: inspection.flops ?? null,
    bytes: exported.bytes.length,
    notes: exported.notes,
    lint: inspection.lint,
    kit: request.kit ? kit : null,
    trtexec: built?.report ?? null,
    parity: parity ?? null,
  };
}

interface EngineWork {
  readonly target: Target;
  readonly precision: Precision;
  readonly onnx: string;
  readonly engine: string;
  readonly model: OnnxModel;
  readonly context: JobContext;
}

interface EngineResult {
  readonly trtexec?: Trtexec;
  readonly inputs: readonly TensorContract[];
  readonly outputs: readonly TensorContract[];
  readonly report: NonNullable<ExportReport["trtexec"]>;
}

async function engineOf(request: ExportRequest, work: EngineWork): Promise<EngineResult> {
  const { target, precision, onnx, engine, model, context: { reporter, signal } } = work;
  const { workspaceMiB } = request;
  const [inputs, outputs] = [model.inputs.map(contractOf), model.outputs.map(contractOf)];
  const options = { onnx, engine, precision, workspaceMiB };
  if (request.dryRun && target.tensorRt !== undefined) {
    const command = renderCommandLine(
      request.trtexec ?? "trtexec",
      buildArguments(assumedCapabilities(target.tensorRt), options),
    );
    return { inputs, outputs, report: { command, version: formatVersion(target.tensorRt), seconds: null } };
  }
  const trtexec = await probeTrtexec(findTrtexec({ explicit: request.trtexec }), signal);
  const { version } = trtexec.capabilities;
  if (target.tensorRt !== undefined && target.tensorRt !== version) {
    throw new Failure(
      `Cannot build an engine for ${target.name}: it has TensorRT ${formatVersion(target.tensorRt)} and this machine ` +
        `${
          formatVersion(version)
        }, and an engine runs on the version that built it alone; build it there, or use --target host`,
    );
  }
  if (request.dryRun) {
    const command = renderCommandLine(trtexec.program, buildArguments(trtexec.capabilities, options));
    return { inputs, outputs, report: { command, version: formatVersion(version), seconds: null } };
  }
  const built = await buildEngine(trtexec, {
    ...options,
    reporter,
    signal,
    timingCache: join(request.out, "timing.cache"),
  });
  writePassport(engine, makePassport(built, { onnx, engine, precision, inputs, outputs, jetson: readJetson() }));
  const command = renderCommandLine(trtexec.program, built.arguments);
  return { trtexec, inputs, outputs, report: { command, version: formatVersion(version), seconds: built.run.seconds } };
}

/** The exported file is static: every dimension is a number. */
function contractOf({ name, elementType, shape }: OnnxValue): TensorContract {
  return { name, elementType: elementType ?? "float32", shape: (shape ?? []) as readonly number[] };
}

interface KitWork {
  readonly kit: string;
  readonly stem: string;
  readonly target: Target;
  readonly precision: Precision;
  readonly exported: Uint8Array;
}

/** Largest difference to the reference, as a share of its largest value: what rounding to 11 or 24 bits adds up to in a deep network. */
const TOLERANCES: Readonly<Record<Precision, number>> = { fp16: 0.02, fp32: 1e-3 };
/** Pixels that may change sides of the threshold: those whose probability is a half but for rounding. */
const FLIPPED_SHARE = 0.001;

async function writeKitOf(request: ExportRequest, { kit, stem, target, precision, exported }: KitWork): Promise<void> {
  const metadata = metadataIn(decodeModel(exported));
  const index = request.parity === undefined || metadata === undefined
    ? undefined
    : openForModel(request.parity, metadata, {});
  const [first] = index?.cases ?? [];
  const image = index && first && loadCase(index, first).image;
  const { inputs, outputs } = await referenceRun(exported, { metadata, image });
  const largest = outputs.reduce(
    (most, { values }) => values.reduce((most, value) => Math.max(most, Math.abs(value)), most),
    0,
  );
  const activation: string | undefined = metadata?.output.activation;
  const files = makeKit({
    name: stem,
    onnx: exported,
    target,
    precision,
    workspaceMiB: request.workspaceMiB,
    inputs,
    outputs,
    tolerance: Number((TOLERANCES[precision] * Math.max(1, largest)).toPrecision(2)),
    threshold: activation === "none" ? metadata?.output.threshold ?? 0.5 : 0,
    flippedShare: FLIPPED_SHARE,
  });
  writeKit(kit, files);
}

interface ParityWork {
  readonly source: { readonly path: string; readonly bytes: Uint8Array; readonly model: OnnxModel };
  readonly exported: Uint8Array;
  readonly built: EngineResult | undefined;
  readonly engine: string;
  readonly context: JobContext;
}

async function parityOf(
  request: ExportRequest,
  { source, exported, built, engine, context }: ParityWork,
): Promise<Parity> {
  const metadata = metadataOf(source.model, source.path);
  const exportedMetadata = metadataOf(decodeModel(exported), source.path);
  const index = openForModel(request.parity as string, metadata, {});
  const validated = new Set(validationIds(metadata));
  const preferred = index.cases.filter(({ id }) => validated.has(id));
  const cases = (preferred.length > 0 ? preferred : index.cases).slice(0, request.parityCases);
  const predictors: Predictor[] = [];
  try {
    const reference = await createPredictor(source.bytes, metadata);
    predictors.push(reference);
    const [input] = built?.inputs ?? [];
    const candidate = built?.trtexec !== undefined && input !== undefined
      ? predictorOver(
        engineNetwork(built.trtexec, { path: engine, input, outputs: built.outputs }, {
          ...context,
          metadata: exportedMetadata,
        }),
        exportedMetadata,
      )
      : await createPredictor(exported, exportedMetadata);
    predictors.push(candidate);
    const { maximumDiceDrop } = request;
    return await measureParity({ index, cases, reference, candidate, maximumDiceDrop, ...context });
  } finally {
    for (const predictor of predictors) await predictor.release();
  }
}

function metadataIn(model: OnnxModel): ModelMetadata | undefined {
  return model.metadata["seg.version"] === undefined ? undefined : decodeMetadata(model);
}

function metadataOf(model: OnnxModel, path: string): ModelMetadata {
  try {
    return decodeMetadata(model);
  } catch (error) {
    throw new Failure(`Cannot compare ${path} on a data set: ${messageOf(error)}; leave --parity out`, {
      cause: error,
    });
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw writeFailure(folder, error);
  }
}
