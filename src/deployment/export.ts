/** The steps of `seg export`: inference model, lint, engine, parity, kit. */
import { existsSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { type Parity, paritySentence } from "./parity.ts";
import { defaultOpset, type ExportedModel, exportModel } from "./export_model.ts";
import { openCalibrationData } from "./quantization/calibration_data.ts";
import { type QuantizationReport, type QuantizedModel, quantizeModel } from "./quantization/quantize_model.ts";
import { inspectModel } from "../model/inspect.ts";
import { refuseLintErrors, refuseUnknownNodes, refuseWithoutInt8 } from "./obstacles.ts";
import { UsageFailure } from "../failure.ts";
import { makeFolder, refuseExisting, writeFileAtomic, writeJsonAtomic } from "../files.ts";
import { addModelCard, CARD_FILE } from "../model/card.ts";
import { described, type Model, readModel } from "../model/model.ts";
import { engineNetwork } from "../prediction/engine_network.ts";
import { safeNetworkOptimization } from "../prediction/network.ts";
import { createPredictor, predictorOver } from "../prediction/predictor.ts";
import type { LintFinding } from "../tensorrt/lint.ts";
import type { Precision } from "../tensorrt/targets.ts";
import { exportKit } from "./kit.ts";
import { SEG_ARCHIVE, writeSegArchive } from "./seg_archive.ts";
import { compareForms, openParityData } from "./parity_data.ts";
import { passportPath } from "../tensorrt/passport.ts";
import { usualPrecision } from "../tensorrt/capabilities.ts";
import { findTools, makeEngine, plannedEngine, type TrtexecReport } from "./engine.ts";
import type { WorkContext } from "../reporter.ts";

/** What {@link runExport} makes. */
export interface ExportRequest {
  /** ONNX file of any origin. */
  readonly model: string;
  readonly out: string;
  /** Name of the device; where absent, the Jetson on which the program runs, else the Nano. */
  readonly target?: string | undefined;
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
  /** Data set by which the model is quantized, for the precision `int8`. */
  readonly calibrate?: string | undefined;
  readonly calibrationCases: number;
  /** Writes nothing: says what would be done. */
  readonly dryRun: boolean;
  /** A folder to write that builds, checks and times the model on a device which has JetPack alone. */
  readonly kit?: string | undefined;
  /** Puts this program for arm64 into the kit. */
  readonly withSeg: boolean;
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
  /** File with the model card; null where the model does not say how it is used. */
  readonly card: string | null;
  readonly engine: string | null;
  readonly target: string;
  readonly precision: Precision;
  readonly parameters: number;
  readonly flops: number | null;
  readonly bytes: number;
  readonly notes: readonly string[];
  readonly lint: readonly LintFinding[];
  /** How it was quantized; null without INT8, and in a dry run. */
  readonly quantization: QuantizationReport | null;
  /** Folder of the kit. */
  readonly kit: string | null;
  /** Archive of this program for the device. */
  readonly segArchive: string | null;
  readonly trtexec: TrtexecReport | null;
  readonly parity: Parity | null;
  /** File that keeps `parity`. */
  readonly parityReport: string | null;
}

/**
 * Exports a model. Everything that can be refused is refused before a file is written.
 *
 * @throws {Failure} where the model cannot be exported, TensorRT could not run it, a file exists, or a step fails.
 */
export async function runExport(request: ExportRequest, context: WorkContext): Promise<ExportReport> {
  const { out, trt, dryRun, kit, maximumDiceDrop, workspaceMiB } = request;
  const source = readModel(request.model);
  const stem = basename(request.model).replace(/\.onnx$/i, "");
  const [onnx, engine, parityReport] = [`${stem}.onnx`, `${stem}.engine`, "parity.json"].map((name) =>
    join(out, name)
  ) as [string, string, string];
  if (resolve(onnx) === resolve(request.model)) {
    throw new UsageFailure(
      `--out ${out} is the folder of ${request.model}, which the exported model would replace; choose another`,
    );
  }
  const cardPath = join(out, CARD_FILE);
  const written = [
    onnx,
    ...(source.metadata === undefined ? [] : [cardPath]),
    ...(trt ? [engine] : []),
    ...(request.parity === undefined ? [] : [parityReport]),
  ];
  if (!dryRun) {
    written.forEach((path) => refuseExisting(path, request.force));
    if (kit !== undefined) refuseExisting(kit, request.force, "--kit");
  }
  const tools = await findTools(request, context.signal);
  const { target, trtexec } = tools;
  if (request.precision === "int8") refuseWithoutInt8(request.model, target);
  refuseUnknownNodes(source, target.tensorRt);
  const data = request.parity === undefined ? undefined : openParityData(request.parity, source, request.parityCases);
  const opset = request.opset ?? defaultOpset(target);
  const exported = exportModel(source, {
    path: onnx,
    opset,
    batch: request.batch,
    dimensions: request.dimensions ?? {},
    ...(request.outputs && { outputs: request.outputs }),
    activation: request.activation,
    fuseUpsampling: request.fuse,
    ...(target.tensorRt !== undefined && { tensorRtVersion: target.tensorRt }),
    producerVersion: request.version,
  });
  const { graph } = exported;
  const notes = [...exported.notes, ...await runtimeNotes(exported.model)];
  const { parameters, flops = null } = inspectModel(exported.model);
  const quantized = request.calibrate === undefined || dryRun
    ? undefined
    : await quantizeFor(request.calibrate, { exported, opset, request }, context);
  const { model, card } = addModelCard(quantized?.model ?? exported.model, source);
  const { lint } = inspectModel(model, { target });
  const precision = request.precision ?? usualPrecision(target, trtexec?.capabilities);
  if (trt || kit !== undefined) refuseLintErrors(request.model, target.name, lint);
  const engineRequest = { onnx, engine, model, graph, precision, workspaceMiB, folder: out };
  const report = {
    onnx,
    card: card === undefined ? null : cardPath,
    target: target.name,
    precision,
    parameters,
    flops,
    bytes: model.bytes.length,
    notes,
    lint,
    quantization: quantized?.report ?? null,
    kit: kit ?? null,
    segArchive: kit !== undefined && request.withSeg ? join(kit, SEG_ARCHIVE) : null,
  };
  if (dryRun) {
    const planned = trt ? plannedEngine(tools, engineRequest) : null;
    return {
      ...report,
      engine: trt ? engine : null,
      trtexec: planned,
      parity: null,
      parityReport: null,
    };
  }
  makeFolder(out);
  const made = [onnx, cardPath, engine, passportPath(engine)];
  const kept = new Set(made.filter((path) => existsSync(path)));
  try {
    writeFileAtomic(onnx, model.bytes);
    if (card !== undefined) writeFileAtomic(cardPath, card);
    const built = trtexec && await makeEngine(trtexec, engineRequest, context);
    if (kit !== undefined) {
      await exportKit({ folder: kit, name: stem, model, target, precision, workspaceMiB, data });
      if (request.withSeg) {
        context.reporter.progress(`Packing seg for arm64 into ${kit}, a minute or more`);
        writeSegArchive(kit);
      }
    }
    const candidate = async () => {
      const form = described(model);
      const { metadata } = form;
      return trtexec === undefined || built === undefined
        ? await createPredictor(form, { exactQuantization: true })
        : predictorOver(engineNetwork(trtexec, built.runnable, { metadata, ...context }), metadata);
    };
    const parity = data === undefined ? null : await compareForms(data, { candidate, maximumDiceDrop }, context);
    if (parity !== null) {
      writeJsonAtomic(parityReport, {
        model: request.model,
        seg: request.version,
        target: target.name,
        precision,
        trtexec: built?.report ?? null,
        ...parity,
      });
    }
    const failed = parity !== null && !parity.passed;
    if (failed) {
      context.reporter.warn(
        `${paritySentence(parity)}; ${
          adviceFor(request, trt || precision === "int8" ? precision : undefined)
        } (${parityReport})`,
      );
      discard(trt ? [engine, passportPath(engine)] : [onnx, cardPath]);
    }
    return {
      ...report,
      engine: trt && !failed ? engine : null,
      trtexec: built?.report ?? null,
      parity,
      parityReport: parity && parityReport,
    };
  } catch (error) {
    // What this run has made is not whole without its last step; what was there before is the user's.
    discard(made.filter((path) => !kept.has(path)));
    throw error;
  }
}

async function quantizeFor(
  dataset: string,
  { exported, opset, request }: { exported: ExportedModel; opset: number; request: ExportRequest },
  context: WorkContext,
): Promise<QuantizedModel> {
  const model = described(exported.model);
  const data = openCalibrationData(dataset, model, { count: request.calibrationCases, ...context });
  const { maximumDiceDrop, version } = request;
  return await quantizeModel({ model, graph: exported.graph }, data, { opset, version, maximumDiceDrop, ...context });
}

/** What to try where the exported form loses too much. */
function adviceFor({ fuse }: ExportRequest, precision: Precision | undefined): string {
  if (precision === "fp16") {
    return "nothing was kept of the engine: build it with --no-fp16 --force, or allow more by --max-dice-drop";
  }
  if (precision === "int8") return "leave more in float by a smaller --max-dice-drop, or export with --fp16";
  if (fuse) return "export without --fuse, or allow more by --max-dice-drop";
  return "compare seg inspect of both files, or allow more by --max-dice-drop";
}

function discard(paths: readonly string[]): void {
  for (const path of paths) rmSync(path, { force: true });
}

/** What is to be known of the exported file where ONNX Runtime's optimizer changes what it computes. */
async function runtimeNotes({ bytes, onnx }: Model): Promise<string[]> {
  const level = await safeNetworkOptimization(bytes, onnx).catch(() => "all");
  return level === "all" ? [] : [
    `ONNX Runtime computes it wrongly with its optimizer: run it at the graph optimization level "${level}", as seg does`,
  ];
}
