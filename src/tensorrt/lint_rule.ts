/** A row of the table of the lint, and what its predicates are made of. */
import type { TensorRtVersion } from "../graph/op.ts";
import type { OnnxNode } from "../graph/onnx/model.ts";
import { numbersOf } from "../graph/tensor_type.ts";
import type { FileFacts } from "./lint_facts.ts";

/** A form to look for. */
export interface FormRule {
  readonly code: string;
  readonly severity: "error" | "warning";
  /** The op types that may have the form. */
  readonly op: RegExp;
  /** First version that reads the form rightly; absent where none does. */
  readonly until?: TensorRtVersion;
  /** Whether the node has the form; `undefined` where the file does not tell. */
  readonly applies: (node: OnnxNode, facts: FileFacts) => boolean | undefined;
  readonly reason: string;
  readonly remedy: string;
}

/** Whether an input is there: absent optional ones are empty. */
export function hasInput({ inputs }: OnnxNode, position: number): boolean {
  return (inputs[position] ?? "") !== "";
}

/** Whether an output is there. */
export function hasOutput({ outputs }: OnnxNode, position: number): boolean {
  return (outputs[position] ?? "") !== "";
}

/** Whether one of these inputs is there and computed, not constant. */
export function anyComputed(node: OnnxNode, facts: FileFacts, positions: readonly number[]): boolean {
  return positions.some((position) => hasInput(node, position) && !facts.isConstant(node.inputs[position] as string));
}

/** The numbers of a constant input, or of the attribute of older opsets; `undefined` where they are not known. */
export function constantNumbers(
  node: OnnxNode,
  facts: FileFacts,
  { position, attribute }: { readonly position: number; readonly attribute?: string },
): readonly number[] | undefined {
  const written = attribute === undefined ? undefined : node.attributes[attribute];
  if (typeof written === "number") return [written];
  if (Array.isArray(written)) return written as readonly number[];
  const tensor = hasInput(node, position) ? facts.constant(node.inputs[position] as string) : undefined;
  return tensor === undefined ? undefined : Array.from(numbersOf(tensor));
}

/** `test` of the shape of an input; `undefined` where the shape is not known. */
export function ofShape(
  { inputs }: OnnxNode,
  facts: FileFacts,
  test: (shape: readonly number[]) => boolean,
): boolean | undefined {
  const shape = facts.shape(inputs[0] ?? "");
  return shape === undefined ? undefined : test(shape);
}
