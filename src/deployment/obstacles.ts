/** What keeps a model from a device, all of it in one message. */
import { Failure } from "../failure.ts";
import { unknownNodes } from "../graph/onnx/import.ts";
import type { TensorRtVersion } from "../graph/op.ts";
import type { Model } from "../model/model.ts";
import { findOp } from "../graph/ops/registry.ts";
import { lint, type LintFinding } from "../tensorrt/lint.ts";
import { type Target, TARGETS } from "../tensorrt/targets.ts";
import { countOf } from "../text.ts";

/** More would not be read. */
const LINES = 30;

/** Forms that no exported file has: its opset is 13, its shapes are static, its constants are tensors. */
const NEVER_WRITTEN = new Set([
  "constant-form",
  "pad-axes-input",
  "reduce-axes-input",
  "reshape-allowzero",
  "resize-scales",
  "slice-end",
  "split-num-outputs",
]);

/**
 * Refuses a file with nodes that cannot be read, naming all of them, and with them what the target's TensorRT would refuse anyway.
 *
 * @throws {Failure} with a line per node: its name, the reason, the remedy.
 */
export function refuseUnknownNodes({ path, onnx }: Model, version: TensorRtVersion | undefined): void {
  const unknown = unknownNodes(onnx);
  if (unknown.length === 0) return;
  const named = new Set(unknown.map(({ node }) => node));
  const findings = version === undefined
    ? []
    : lint({ model: onnx, version }).filter(({ code, severity, node, op }) =>
      severity === "error" && op !== undefined && !named.has(node ?? "") && !NEVER_WRITTEN.has(code) &&
      findOp("", op)?.expand === undefined
    );
  const lines = [...unknown.map(({ node, op, reason }) => `node ${node} (${op}): ${reason}`), ...findings.map(lineOf)];
  throw new Failure(`Cannot export ${path}: ${listed(lines)}`);
}

/** Refuses an exported model that the target's TensorRT cannot build. @throws {Failure} with a line per error of the lint. */
export function refuseLintErrors(file: string, target: string, findings: readonly LintFinding[]): void {
  const lines = findings.filter(({ severity }) => severity === "error").map(lineOf);
  if (lines.length > 0) throw new Failure(`TensorRT of ${target} cannot run ${file}: ${listed(lines)}`);
}

/** Refuses INT8 for a device that does not compute in it. @throws {Failure} with the reason and what to do. */
export function refuseWithoutInt8(file: string, { name, hasInt8, computeCapability }: Target): void {
  if (hasInt8 !== false) return;
  const others = Object.entries(TARGETS).filter(([, target]) => target.hasInt8 === true).map(([other]) => other);
  throw new Failure(
    `Cannot quantize ${file} for ${name}: its GPU (compute capability ${computeCapability}) has no INT8 arithmetic; ` +
      `build with --fp16, or choose a --target that has it: ${others.join(", ")}`,
  );
}

function lineOf({ node, op, reason, remedy }: LintFinding): string {
  const place = node === undefined ? "" : `node ${node}${op === undefined ? "" : ` (${op})`}: `;
  return `${place}${reason}; ${remedy}`;
}

function listed(lines: readonly string[]): string {
  if (lines.length === 1) return lines[0] as string;
  const shown = lines.slice(0, LINES).map((line) => `\n  ${line}`).join("");
  return `${countOf(lines.length, "error")}${shown}${
    lines.length > LINES ? `\n  … and ${lines.length - LINES} more` : ""
  }`;
}
