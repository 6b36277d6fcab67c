/** A model's graph in the form that training goes on from. */
import type { Graph } from "../graph/graph.ts";
import { importGraph, type ImportOptions } from "../graph/onnx/import.ts";
import type { OnnxModel } from "../graph/onnx/model.ts";
import { type TakenActivation, withoutFinalActivation } from "../graph/passes/final_activation.ts";
import { toFloat32 } from "../graph/passes/to_float32.ts";

/** A graph of float32 whose outputs are logits. */
export interface TrainableGraph {
  readonly graph: Graph;
  /** Sigmoid, Softmax and ArgMax that stood at its end. */
  readonly taken: readonly TakenActivation[];
  /** The element type of its weights, where it was another one. */
  readonly converted?: "float16" | "float64";
}

/** Imports `model` for training. @throws {RangeError} as {@link importGraph}. */
export function trainableGraph(model: OnnxModel, options: ImportOptions): TrainableGraph {
  return trainableForm(importGraph(model, options));
}

/** The form of an imported graph that training goes on from; `imported` stays as it is. */
export function trainableForm(imported: Graph): TrainableGraph {
  const single = toFloat32(imported);
  const other = single === imported
    ? undefined
    : imported.constants().find(({ type }) => /^float(16|64)$/.test(type.elementType));
  const { graph, taken } = withoutFinalActivation(single);
  const converted = other?.type.elementType;
  return { graph, taken, ...((converted === "float16" || converted === "float64") && { converted }) };
}

/** What was done to the graph, a sentence each. */
export function conversionNotes(path: string, { taken, converted }: TrainableGraph): string[] {
  return [
    ...(converted === undefined ? [] : [`The weights of ${path} are ${converted}: they are trained in float32`]),
    ...taken.map(({ output, op }) =>
      `${op} at the end of ${path} (output ${output}) is taken off: the network learns logits, and seg makes the classes of them`
    ),
  ];
}
