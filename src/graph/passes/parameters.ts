/** Which constants of a graph are learned. */
import type { Graph } from "../graph.ts";
import type { Value } from "../op.ts";
import { elementCount } from "../tensor_type.ts";

/** The float constants of `graph` that training changes by gradient: all with at least one element in a dimension, but not those that an op only averages. */
export function parameters(graph: Graph): Value[] {
  const averaged = runningStatistics(graph);
  return graph.constants().filter((value) =>
    value.type.elementType === "float32" && value.type.shape.length > 0 && !averaged.has(value)
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

/** Number of learned values. */
export function parameterCount(graph: Graph): number {
  return parameters(graph).reduce((sum, { type }) => sum + elementCount(type.shape), 0);
}
