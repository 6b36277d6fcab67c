/** The steps of `seg export`: inference model, lint, engine, parity, kit. */
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { Parity } from "../evaluation/parity.ts";
import { exportModel } from "../exporting/export_model.ts";
import { inspectModel } from "../exporting/inspect_model.ts";
import { Failure } from "../failure.ts";
import { refuseExisting, writeFailure, writeFileAtomic } from "../files.ts";
import { readOnnxFile } from "../prediction/model_file.ts";
import type { LintFinding } from "../tensorrt/lint.ts";
import type { Precision } from "../tensorrt/targets.ts";
import { exportKit, exportParity, openParityData } from "./export_checks.ts";
import { findTools, makeEngine, plannedEngine, type TrtexecReport } from "./export_engine.ts";
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
  readonly trtexec: TrtexecReport | null;
  readonly parity: Parity | null;
}

/**
 * Exports a model. Everything that can be refused is refused before a file is written.
 *
 * @throws {Failure} where the model cannot be exported, TensorRT could not run it, a file exists, or a step fails.
 */
export async function runExport(request: ExportRequest, context: JobContext): Promise<ExportReport> {
  const { out, trt, dryRun, maximumDiceDrop, workspaceMiB } = request;
  const source = readOnnxFile(request.model);
  const stem = basename(request.model).replace(/\.onnx$/i, "");
  const [onnx, engine, kit] = ["onnx", "engine", "kit"].map((kind) =>
    join(out, kind === "kit" ? `${stem}-kit` : `${stem}.${kind}`)
  ) as [string, string, string];
  const written = [onnx, ...(trt ? [engine] : []), ...(request.kit ? [kit] : [])];
  if (!dryRun) written.forEach((path) => refuseExisting(path, request.force));
  const tools = await findTools(request, context.signal);
  const { target, trtexec } = tools;
  const data = request.parity === undefined
    ? undefined
    : openParityData(request.parity, { model: source.model, path: source.path, count: request.parityCases });
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
  const { bytes, notes } = exported;
  const { parameters, flops = null, lint } = inspectModel(bytes, { target });
  const precision = request.precision ?? (target.hasFp16 ? "fp16" : "fp32");
  if (trt) refuseObstacles(request.model, target.name, lint);
  const engineRequest = { onnx, engine, bytes, precision, workspaceMiB, folder: out };
  const report = { onnx, target: target.name, precision, parameters, flops, bytes: bytes.length, notes, lint };
  const paths = { engine: trt ? engine : null, kit: request.kit ? kit : null };
  if (dryRun) {
    return { ...report, ...paths, trtexec: trt ? plannedEngine(tools, engineRequest) : null, parity: null };
  }
  try {
    mkdirSync(out, { recursive: true });
  } catch (error) {
    throw writeFailure(out, error);
  }
  writeFileAtomic(onnx, bytes);
  const made = trtexec && await makeEngine(trtexec, engineRequest, context);
  if (request.kit) {
    await exportKit({ folder: kit, name: stem, exported: bytes, target, precision, workspaceMiB, data });
  }
  const forms = {
    source: source.bytes,
    exported: bytes,
    engine: trtexec && made && { trtexec, runnable: made.runnable },
    maximumDiceDrop,
  };
  const parity = data === undefined ? null : await exportParity(data, forms, context);
  return { ...report, ...paths, trtexec: made?.report ?? null, parity };
}

function refuseObstacles(model: string, target: string, lint: readonly LintFinding[]): void {
  const obstacle = lint.find(({ severity }) => severity === "error");
  if (obstacle === undefined) return;
  const { node, reason, remedy } = obstacle;
  throw new Failure(`TensorRT of ${target} cannot run ${model}: ${node ?? "the file"}: ${reason}; ${remedy}`);
}
