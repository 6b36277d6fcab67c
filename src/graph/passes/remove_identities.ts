/** Removes nodes that give back their input: Identity, Dropout outside of training, and forms of others that change nothing. */
import { type Graph, inputOf, type Node } from "../graph.ts";
import type { Value } from "../op.ts";
import { sameShape } from "../tensor_type.ts";
import { rewrite } from "./rewrite.ts";

/** When an op gives back its first input; `true` for always. Only types and attributes decide. */
const IDENTITIES: Readonly<Record<string, (node: Node) => boolean>> = {
  Identity: () => true,
  Dropout: () => true,
  Cast: keepsType,
  Reshape: keepsType,
  Flatten: keepsType,
  Squeeze: keepsType,
  Unsqueeze: keepsType,
  Expand: keepsType,
  Concat: ({ inputs }) => inputs.length === 1,
  Transpose: ({ attributes }) =>
    (attributes["perm"] as readonly number[] | undefined)?.every((axis, i) => axis === i) ?? false,
  Pad: ({ attributes }) => (attributes["pads"] as readonly number[] | undefined)?.every((size) => size === 0) ?? false,
};

/** `graph` without such nodes; one between a graph input or constant and a graph output stays, since an output needs a node that computes it. */
export function removeIdentities(graph: Graph): Graph {
  const outputs = new Set(graph.outputs);
  const taken = new Set<Value>();
  return rewrite(graph, {
    node: (node, inputs, target) => {
      const [x] = inputs;
      const [y, ...others] = node.outputs as readonly [Value, ...Value[]];
      if (x === undefined || !isIdentity(node) || others.some((value) => isRead(value))) return undefined;
      if (outputs.has(y)) {
        // Two outputs may not be one value, and an output has its own name.
        const source = inputOf(node);
        if (target.producer(x) === undefined || outputs.has(source) || taken.has(x)) return undefined;
        taken.add(x);
      }
      return [x];
    },
  }).graph;

  function isRead(value: Value): boolean {
    return outputs.has(value) || graph.nodes.some(({ inputs }) => inputs.includes(value));
  }
}

function isIdentity(node: Node): boolean {
  return node.op.domain === undefined && IDENTITIES[node.op.type]?.(node) === true;
}

function keepsType({ inputs: [x], outputs: [y] }: Node): boolean {
  return x !== undefined && y !== undefined && x.type.elementType === y.type.elementType &&
    sameShape(x.type.shape, y.type.shape);
}
