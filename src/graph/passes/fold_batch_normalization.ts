/** Folds normalization with running averages into the convolution beside it: w · (x·s + t) is again a convolution. */
import type { Graph, Node } from "../graph.ts";
import type { Attributes, Inputs, Value } from "../op.ts";
import { conv, convTranspose } from "../ops/convolution.ts";
import { batchNormalization } from "../ops/normalization.ts";
import { elementCount, floats, numbersOf, type TensorData } from "../tensor_type.ts";
import { rewrite } from "./rewrite.ts";

/** x · slope + shift, one number of each per channel. */
interface Affine {
  readonly slope: readonly number[];
  readonly shift: readonly number[];
}

/** What {@link foldBatchNormalization} made. */
export interface FoldedNormalization {
  readonly graph: Graph;
  /** How many normalization nodes are gone. */
  readonly folded: number;
  /** Why each of the others stays. */
  readonly notes: readonly string[];
}

interface Plan {
  /** Convolutions and the affine maps that they take in: of their input, of their output. */
  readonly before: Map<Node, Node>;
  readonly after: Map<Node, Node>;
  readonly absorbed: Set<Node>;
  readonly notes: string[];
}

/**
 * Folds every BatchNormalization of `graph` whose numbers are constant into the Conv or ConvTranspose that alone feeds it, or
 * into the unpadded Conv that alone reads it (padding would see 0 where the normalized map has its shift). Computed in float64.
 *
 * @throws {RangeError} where a running variance with epsilon is not positive.
 */
export function foldBatchNormalization(graph: Graph): FoldedNormalization {
  const plan = planFolding(graph);
  const consumers = graph.consumers();
  const folded = new Map<Node, { w: TensorData; b: TensorData }>();
  const replaced = new Map<Value, TensorData>();
  for (const node of new Set([...plan.before.keys(), ...plan.after.keys()])) {
    const parts = foldedConvolution(node, plan);
    folded.set(node, parts);
    const [, w, b] = node.inputs as readonly [Value, Value, Value?];
    // A constant that nobody else reads keeps its name.
    if (consumers.get(w)?.length === 1) replaced.set(w, parts.w);
    if (b !== undefined && consumers.get(b)?.length === 1) replaced.set(b, parts.b);
  }
  const rewritten = rewrite(graph, {
    source: (value, target) => {
      const data = replaced.get(value);
      return data === undefined ? undefined : target.constant(data, value.name);
    },
    node: (node, inputs, target) => {
      if (plan.absorbed.has(node)) return inputs.slice(0, 1);
      const parts = folded.get(node);
      if (parts === undefined) return undefined;
      const [, oldW, oldB] = node.inputs as readonly [Value, Value, Value?];
      const [x, newW, newB] = inputs as readonly [Value, Value, Value?];
      const w = replaced.has(oldW) ? newW : target.constant(parts.w, oldW.name);
      const b = oldB !== undefined && replaced.has(oldB)
        ? newB
        : target.constant(parts.b, oldB?.name ?? `${node.name}.bias`);
      return target.applyAll(node.op, [x, w, b] as Inputs, node.attributes, node.name);
    },
  });
  return { graph: rewritten.graph, folded: plan.absorbed.size, notes: plan.notes };
}

/** The normalization nodes that {@link foldBatchNormalization} would fold, for callers that count nodes and need no weights. */
export function foldableNormalization(graph: Graph): ReadonlySet<Node> {
  return planFolding(graph).absorbed;
}

function planFolding(graph: Graph): Plan {
  const plan: Plan = { before: new Map(), after: new Map(), absorbed: new Set(), notes: [] };
  const consumers = graph.consumers();
  const outputs = new Set(graph.outputs);
  for (const node of graph.nodes) {
    if (!isOp(node, batchNormalization)) continue;
    const reason = placeNormalization(node);
    if (reason !== undefined) plan.notes.push(`normalization ${node.name} stays: ${reason}`);
  }
  return plan;

  function placeNormalization(node: Node): string | undefined {
    const [x, ...numbers] = node.inputs as readonly [Value, ...Value[]];
    if (node.attributes["training_mode"] === 1) return "it is in training mode";
    if (numbers.some(({ constant }) => constant === undefined)) return "its numbers are computed from data";
    const feeder = graph.producer(x);
    const alone = consumers.get(x)?.length === 1 && !outputs.has(x);
    if (feeder !== undefined && alone && isConvolution(feeder) && !plan.after.has(feeder)) {
      plan.after.set(feeder, node);
      plan.absorbed.add(node);
      return undefined;
    }
    const y = node.outputs[0];
    const [reader, ...others] = consumers.get(y) ?? [];
    const { shift } = affineOf(node);
    const foldable = reader !== undefined && others.length === 0 && !outputs.has(y) && isOp(reader, conv) &&
      reader.inputs[0] === y && hasConstantWeights(reader) && !plan.before.has(reader) &&
      (!isPadded(reader) || shift.every((value) => value === 0));
    if (foldable) {
      plan.before.set(reader, node);
      plan.absorbed.add(node);
      return undefined;
    }
    if (feeder !== undefined && isConvolution(feeder)) return `the output of ${feeder.name} is also read elsewhere`;
    return `it follows ${feeder === undefined ? "a graph input" : feeder.op.type}, not a convolution`;
  }
}

function isOp(node: Node, op: { readonly type: string; readonly domain?: string }): boolean {
  return node.op.type === op.type && node.op.domain === op.domain;
}

function isConvolution(node: Node): boolean {
  return (isOp(node, conv) || isOp(node, convTranspose)) && hasConstantWeights(node);
}

function hasConstantWeights({ inputs: [, w, b] }: Node): boolean {
  return w?.constant !== undefined && (b === undefined || b.constant !== undefined);
}

function isPadded({ attributes }: Node): boolean {
  const { pads, auto_pad } = attributes as { readonly pads?: readonly number[]; readonly auto_pad?: string };
  return (pads ?? []).some((size) => size !== 0) || (auto_pad ?? "NOTSET").startsWith("SAME");
}

// y = (x − mean) · scale / √(variance + epsilon) + bias
function affineOf(node: Node): Affine {
  const { epsilon = 1e-5 } = node.attributes as Attributes<{ epsilon: "float" }>;
  const [scale, bias, mean, variance] = node.inputs.slice(1).map((value) =>
    numbersOf(value?.constant as TensorData)
  ) as [
    number[],
    number[],
    number[],
    number[],
  ];
  const slope = scale.map((value, c) => {
    const spread = (variance[c] as number) + epsilon;
    if (!(spread > 0)) {
      throw new RangeError(
        `Normalization ${node.name} has variance ${variance[c]} in channel ${c}: it must not be negative`,
      );
    }
    return value / Math.sqrt(spread);
  });
  return { slope, shift: bias.map((value, c) => value - (mean[c] as number) * (slope[c] as number)) };
}

function foldedConvolution(node: Node, plan: Plan): { w: TensorData; b: TensorData } {
  const [, wValue, bValue] = node.inputs as readonly [Value, Value, Value?];
  const { group = 1 } = node.attributes as Attributes<{ group: "int" }>;
  const { shape } = wValue.type;
  const transposed = isOp(node, convTranspose);
  const w = doublesOf(wValue.constant as TensorData);
  const outputs = transposed ? group * (shape[1] as number) : shape[0] as number;
  const b = bValue === undefined ? new Array<number>(outputs).fill(0) : numbersOf(bValue.constant as TensorData);
  const before = plan.before.get(node);
  const after = plan.after.get(node);
  const taps = elementCount(shape.slice(2));
  const perGroup = outputs / group;
  const rows = shape[0] as number;
  const columns = shape[1] as number;
  const input = before === undefined ? undefined : affineOf(before);
  const output = after === undefined ? undefined : affineOf(after);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      // Conv: w [O, I / group, ...]; ConvTranspose: w [I, O / group, ...] (ONNX Conv-11, ConvTranspose-11).
      const o = transposed ? Math.floor(row / (rows / group)) * perGroup + column : row;
      const i = transposed ? row : Math.floor(row / perGroup) * columns + column;
      const start = (row * columns + column) * taps;
      let sum = 0;
      const factor = (input?.slope[i] ?? 1) * (output?.slope[o] ?? 1);
      for (let tap = start; tap < start + taps; tap++) {
        sum += w[tap] as number;
        w[tap] = (w[tap] as number) * factor;
      }
      if (input !== undefined) b[o] = (b[o] as number) + sum * (input.shift[i] as number);
    }
  }
  if (output !== undefined) {
    b.forEach((value, o) => b[o] = value * (output.slope[o] as number) + (output.shift[o] as number));
  }
  return { w: floats(w, shape), b: floats(b) };
}

function doublesOf(data: TensorData): Float64Array {
  return data.values instanceof Float32Array ? new Float64Array(data.values) : Float64Array.from(numbersOf(data));
}
