/** What a model becomes on a device, found out by exporting it: which faults the export mends, and how long a run will take. */
import { Failure } from "../failure.ts";
import type { Model } from "../model/model.ts";
import { usualPrecision } from "../tensorrt/capabilities.ts";
import { estimateTime, type TimeEstimate } from "../tensorrt/clock.ts";
import { countKernels } from "../tensorrt/kernels.ts";
import { layerWork } from "../tensorrt/layer_work.ts";
import { lint, type LintFinding } from "../tensorrt/lint.ts";
import type { Target } from "../tensorrt/targets.ts";
import { defaultOpset, type ExportedModel, exportModel } from "./export_model.ts";

/** How the model would be exported. */
export interface ForTargetOptions {
  readonly target: Target;
  /** Images per run (default: 1). */
  readonly batch?: number | undefined;
  readonly dimensions?: Readonly<Record<string, number>> | undefined;
}

/** What {@link lookAhead} finds out. */
export interface OutlookOnTarget {
  /** The findings, each with whether it is gone once the model is exported. */
  readonly lint: readonly LintFinding[];
  /** Absent where the export refuses the model, or the device's rates are not known. */
  readonly estimate?: TimeEstimate;
}

/** Exports the model for the target: `findings` are those of the file as it is; none is mended where the export refuses it. */
export function lookAhead(findings: readonly LintFinding[], model: Model, options: ForTargetOptions): OutlookOnTarget {
  const exported = exportedFor(model, options);
  if (exported === undefined) return { lint: findings };
  const { tensorRt: version, memoryBytes } = options.target;
  const estimate = estimateOf(exported, options);
  const left = version === undefined || findings.length === 0 ? undefined : lint({
    model: exported.model.onnx,
    graph: exported.graph,
    version,
    ...(memoryBytes !== undefined && { memoryBytes }),
  });
  return {
    lint: left === undefined
      ? findings
      : findings.map((finding) => ({ ...finding, repairable: !left.some((other) => isSame(finding, other)) })),
    ...(estimate && { estimate }),
  };
}

/** The estimated time of a run of the exported model; `undefined` where the export refuses the model, or the rates are not known. */
export function estimateModel(model: Model, options: ForTargetOptions): TimeEstimate | undefined {
  const exported = exportedFor(model, options);
  return exported && estimateOf(exported, options);
}

function exportedFor(model: Model, { target, batch, dimensions }: ForTargetOptions): ExportedModel | undefined {
  try {
    return exportModel(model, {
      opset: defaultOpset(target),
      ...(batch !== undefined && { batch }),
      ...(dimensions && { dimensions }),
      ...(target.tensorRt !== undefined && { tensorRtVersion: target.tensorRt }),
    });
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function estimateOf({ graph }: ExportedModel, { target, batch = 1 }: ForTargetOptions): TimeEstimate | undefined {
  return estimateTime({ work: layerWork(graph), kernels: countKernels(graph), batch }, target, usualPrecision(target));
}

/** Names of nodes may change on the way; the kind of fault and the op do not. */
function isSame(finding: LintFinding, other: LintFinding): boolean {
  return finding.code === other.code && finding.op === other.op;
}
