/** The work of a graph's layers as an engine runs them: activations inside the layer before. */
import type { Graph, Node } from "../graph/graph.ts";
import type { Value } from "../graph/op.ts";
import { copiedInputs } from "./kernels.ts";
import { nodeFlops } from "../graph/passes/flops.ts";
import { ELEMENT_ARRAYS, elementCount, sameShape } from "../graph/tensor_type.ts";
import type { LayerWork } from "./roofline.ts";

/** FLOPs and memory traffic by layer for one run; a node with one data input and its shape joins the node before, where nobody else reads that one; a Concat moves only what no kernel writes in place. */
export function layerWork(graph: Graph): LayerWork[] {
  const consumers = graph.consumers();
  const outputs = new Set(graph.outputs);
  const layers: { name: string; flops: number; inputBytes: number; outputBytes: number }[] = [];
  const layerOf = new Map<Value, (typeof layers)[number]>();
  for (const node of graph.nodes) {
    if (node.op.type === "Concat") {
      const copied = sumBytes(copiedInputs(graph, node));
      layers.push({ name: node.name, flops: 0, inputBytes: copied, outputBytes: copied });
      continue;
    }
    const flops = nodeFlops(node);
    const data = new Set(node.inputs.filter((input): input is Value => input !== undefined));
    const inputBytes = sumBytes([...data]);
    const outputBytes = sumBytes(
      node.outputs.filter((value, i) => i === 0 || consumers.has(value) || outputs.has(value)),
    );
    const x = dataInput(node);
    const before = node.outputs.length === 1 ? joined(node, x) : undefined;
    if (before === undefined) {
      const layer = { name: node.name, flops, inputBytes, outputBytes };
      layers.push(layer);
      for (const output of node.outputs) layerOf.set(output, layer);
    } else {
      before.flops += flops;
      // The map between both never reaches memory.
      before.inputBytes += inputBytes - sumBytes(x === undefined ? [] : [x]);
      before.outputBytes = outputBytes;
      layerOf.set(node.outputs[0], before);
    }
  }
  return layers.map(({ name, flops, inputBytes, outputBytes }) => ({ name, flops, bytes: inputBytes + outputBytes }));

  function joined(node: Node, x: Value | undefined) {
    if (x === undefined || outputs.has(x) || consumers.get(x)?.length !== 1) return undefined;
    return sameShape(x.type.shape, node.outputs[0].type.shape) && isPointwise(node) ? layerOf.get(x) : undefined;
  }
}

// Windows, reductions and permutations carry attributes that say over what; activations do not move anything.
function isPointwise(node: Node): boolean {
  return !["kernel_shape", "axis", "axes", "perm", "pads"].some((name) => name in node.op.attributes);
}

function dataInput(node: Node): Value | undefined {
  const data = node.inputs.filter((input): input is Value => input !== undefined && input.constant === undefined);
  return data.length === 1 ? data[0] : undefined;
}

function sumBytes(values: readonly Value[]): number {
  return values.reduce(
    (sum, { type }) => sum + elementCount(type.shape) * ELEMENT_ARRAYS[type.elementType].BYTES_PER_ELEMENT,
    0,
  );
}
