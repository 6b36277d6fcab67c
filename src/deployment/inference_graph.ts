/** From a network as it was trained to one that only computes answers. */
import type { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/op.ts";
import { sigmoid } from "../graph/ops/elementwise.ts";
import { softmax } from "../graph/ops/softmax.ts";
import { foldBatchNormalization } from "../graph/passes/fold_batch_normalization.ts";
import { removeIdentities } from "../graph/passes/remove_identities.ts";
import { rewrite } from "../graph/passes/rewrite.ts";
import { shareConstants } from "../graph/passes/share_constants.ts";
import { toFloat32 } from "../graph/passes/to_float32.ts";
import { cutFinalArgMax } from "./device_forms.ts";

/** What is computed after the logits. */
export type OutputActivation = "none" | "sigmoid" | "softmax";

/** How {@link inferenceGraph} treats a network. */
export interface InferenceGraphOptions {
  /** Names of the outputs to keep, in this order (default: all). */
  readonly outputs?: readonly string[];
  /** Folds normalization into convolutions (default: true). */
  readonly foldNormalization?: boolean;
  /** Turns every output `[N, C, ...]` into probabilities over its channels (default: "none"). */
  readonly activation?: OutputActivation;
  /** Ends in front of a final ArgMax (default: false). */
  readonly cutArgMax?: boolean;
  /** Receives a sentence for everything that a reader may want to know. */
  readonly note?: (text: string) => void;
}

/**
 * The network for inference: float32, the chosen outputs, no normalization that can be folded, no node or constant that they do not need.
 *
 * @throws {RangeError} where an output does not exist, or normalization has a negative variance.
 */
export function inferenceGraph(graph: Graph, options: InferenceGraphOptions = {}): Graph {
  const note = options.note ?? (() => {});
  const kept = rewrite(graph, { outputs: chosenOutputs(graph, options.outputs) }).graph;
  const ended = options.cutArgMax === true ? cutFinalArgMax(kept, note) : kept;
  const single = toFloat32(ended);
  if (single !== ended) note("float16 and float64 numbers became float32");
  const plain = removeIdentities(single);
  const folded = foldingOf(plain, options);
  folded.notes.forEach(note);
  if (folded.folded > 0) note(`${folded.folded} normalization layers folded into convolutions`);
  return shareConstants(withActivation(folded.graph, options.activation ?? "none"));
}

function foldingOf(graph: Graph, { foldNormalization = true }: InferenceGraphOptions) {
  return foldNormalization ? foldBatchNormalization(graph) : { graph, folded: 0, notes: [] };
}

function chosenOutputs(graph: Graph, names: readonly string[] | undefined): readonly Value[] {
  if (names === undefined) return graph.outputs;
  return [...new Set(names)].map((name) => {
    const found = graph.outputs.find((output) => output.name === name);
    if (found === undefined) {
      throw new RangeError(
        `no output is called ${name}: choose from ${graph.outputs.map((output) => output.name).join(", ")}`,
      );
    }
    return found;
  });
}

function withActivation(graph: Graph, activation: OutputActivation): Graph {
  if (activation === "none") return graph;
  const logits = [...graph.outputs];
  graph.setOutputs([]);
  for (const value of logits) {
    const probabilities = activation === "sigmoid"
      ? graph.apply(sigmoid, [value])
      : graph.apply(softmax, [value], { axis: 1 });
    graph.output(probabilities, logits.length === 1 ? "probabilities" : `${value.name}_probabilities`);
  }
  return graph;
}
