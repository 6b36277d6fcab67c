/** What `seg export` mends in a file, found out by exporting it. */
import { Failure } from "../failure.ts";
import type { Model } from "../model/model.ts";
import { lint, type LintFinding } from "../tensorrt/lint.ts";
import type { Target } from "../tensorrt/targets.ts";
import { defaultOpset, exportModel } from "./export_model.ts";

/** How the file would be exported. */
export interface MendedOptions {
  readonly target: Target;
  readonly dimensions?: Readonly<Record<string, number>> | undefined;
}

/** The findings, each with whether it is gone once the model is exported for the target; none is where the export refuses the model. */
export function markMended(
  findings: readonly LintFinding[],
  model: Model,
  { target, dimensions = {} }: MendedOptions,
): LintFinding[] {
  const version = target.tensorRt;
  if (findings.length === 0 || version === undefined) return [...findings];
  let left: readonly LintFinding[];
  try {
    const { model: exported, graph } = exportModel(model, {
      opset: defaultOpset(target),
      dimensions,
      tensorRtVersion: version,
    });
    left = lint({
      model: exported.onnx,
      graph,
      version,
      ...(target.memoryBytes !== undefined && { memoryBytes: target.memoryBytes }),
    });
  } catch (error) {
    if (error instanceof Failure) return [...findings];
    throw error;
  }
  return findings.map((finding) => ({ ...finding, repairable: !left.some((other) => isSame(finding, other)) }));
}

/** Names of nodes may change on the way; the kind of fault and the op do not. */
function isSame(finding: LintFinding, other: LintFinding): boolean {
  return finding.code === other.code && finding.op === other.op;
}
