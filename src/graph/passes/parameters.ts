/** Which constants of a graph are learned. */
import type { Graph } from "../graph.ts";
import type { Value } from "../op.ts";
import { dequantizeLinear } from "../ops/quantization.ts";
import { elementCount } from "../tensor_type.ts";

/** The float constants of `graph` that training changes by gradient: all of one dimension or more, but not those that are fixed or that an op only averages. */
export function parameters(graph: Graph): Value[] {
  const averaged = runningStatistics(graph);
  return graph.constants().filter((value) =>
    value.type.elementType === "float32" && value.type.shape.length > 0 && value.fixed === undefined &&
    !averaged.has(value)
  );
}

/** The constants that normalization layers keep as running averages: read at these input positions of ops that say so. */
export function runningStatistics(graph: Graph): Set<Value> {
  const found = new Set<Value>();
  for (const { op, inputs } of graph.nodes) {
    for (const position of op.runningStatistics ?? []) {
      const value = inputs[position];
      if (value?.constant !== undefined) found.add(value);
    }
  }
  return found;
}

/** Why float constants of one dimension or more are not learned. */
export function fixedConstants(graph: Graph): { readonly value: Value; readonly reason: string }[] {
  const averaged = runningStatistics(graph);
  return graph.constants().flatMap((value) => {
    const reason = averaged.has(value) ? "a running average" : value.fixed;
    const counts = value.type.elementType.startsWith("float") && value.type.shape.length > 0;
    return reason !== undefined && counts ? [{ value, reason }] : [];
  });
}

/** The parameters as a file stores them: quantized weights count, and the scales that bring them back do not. */
export function storedParameters(graph: Graph): Value[] {
  const quantized = graph.nodes.filter(({ op }) => op.type === dequantizeLinear.type);
  const scales = new Set(quantized.map(({ inputs: [, scale] }) => scale));
  const weights = quantized.flatMap(({ inputs: [x] }) => x?.constant === undefined ? [] : [x]);
  return [...parameters(graph).filter((value) => !scales.has(value)), ...weights];
}

/** Number of learned values. */
export function parameterCount(graph: Graph): number {
  return parameters(graph).reduce((sum, { type }) => sum + elementCount(type.shape), 0);
}
