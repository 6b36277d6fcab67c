/** Turns a graph of float16 or float64 into one of float32. */
import type { Graph } from "../graph.ts";
import type { Attributes, Value } from "../op.ts";
import { castData, onnxTypeNumber } from "../ops/elementwise.ts";
import type { ElementType } from "../tensor_type.ts";
import { rewrite } from "./rewrite.ts";

const REPLACED: readonly ElementType[] = ["float16", "float64"];

/** `graph` with every float16 and float64 input, constant and cast in float32; the same graph where it has none. */
export function toFloat32(graph: Graph): Graph {
  const values = [...graph.inputs, ...graph.constants(), ...graph.nodes.flatMap(({ outputs }) => outputs)];
  if (!values.some(isReplaced)) return graph;
  return rewrite(graph, {
    source: (value, target) => {
      if (!isReplaced(value)) return undefined;
      return value.constant === undefined
        ? target.input(value.name, { elementType: "float32", shape: value.type.shape })
        : target.constant(castData(value.constant, "float32"), value.name, value.fixed);
    },
    node: (node, inputs, target) => {
      const { to } = node.attributes as Attributes<{ to: "int" }>;
      if (to === undefined || !REPLACED.some((elementType) => onnxTypeNumber(elementType) === to)) return undefined;
      const attributes = { ...node.attributes, to: onnxTypeNumber("float32") };
      return target.applyAll(node.op, inputs, attributes, node.name);
    },
  }).graph;
}

function isReplaced(value: Value): boolean {
  return REPLACED.includes(value.type.elementType);
}
